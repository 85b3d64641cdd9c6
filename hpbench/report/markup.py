"""Pieces of GitHub-flavoured Markdown. Text of a definition or a run is escaped; only ``Markup`` passes as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ACTIVE = re.compile(r"[\\`*\[\]$~|]")
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LINE_START = re.compile(r"^(?:(\d+)(?=[.)](?:\s|$))|(?=(?:#+|[-+=]+)(?:\s|$)))")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Markdown that is not to be escaped again."""

    __slots__ = ()


def clean(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(_CONTROL.sub("", text).split())


def escape(text: str) -> Markup:
    """Text on one line in which nothing acts as Markdown, as HTML, as a formula or as the border of a table's cell.

    >>> escape("a|b <script>")
    'a\\\\|b &lt;script&gt;'
    """
    if isinstance(text, Markup):
        return text
    plain = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = _UNDERSCORE.sub(r"\\_", _ACTIVE.sub(r"\\\g<0>", plain))
    return Markup(_LINE_START.sub(r"\g<1>\\", plain, count=1))


def code(text: str) -> Markup:
    """Text as an inline piece of code; not for a table's cell."""
    plain = clean(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    space = " " if "`" in plain else ""
    return Markup(f"{fence}{space}{plain}{space}{fence}")


def code_block(text: str) -> Markup:
    """Text as lines of code."""
    lines = _CONTROL.sub("", text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return Markup(f"{fence}text\n{lines}\n{fence}")


def bold(text: str) -> Markup:
    """Text in bold."""
    return Markup(f"**{escape(text)}**")


def shortened(text: str, length: int) -> str:
    """The text, cut at a word's end with an ellipsis if it is longer."""
    plain = clean(text)
    if len(plain) <= length:
        return plain
    return plain[:length].rsplit(" ", 1)[0].rstrip(" ,;:.") + " …"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], numeric: int | None = None) -> Markup:
    """A table; cells that are not ``Markup`` are escaped.

    Args:
        headers: One a column.
        rows: Cells of each row.
        numeric: From this column on, cells are aligned to the right; None for no column.
    """
    from tabulate import tabulate

    cells = [[str(escape(cell)) for cell in row] for row in rows]
    right = len(headers) if numeric is None else numeric
    align = ["left" if index < right else "right" for index in range(len(headers))]
    titles = [str(escape(header)) for header in headers]
    text = tabulate(cells, titles, tablefmt="github", disable_numparse=True, colalign=align if cells else None)
    return Markup(text)


def plain_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for a terminal: nothing is escaped."""
    from tabulate import tabulate

    return tabulate([[clean(cell) for cell in row] for row in rows], headers, tablefmt="simple", disable_numparse=True)


def bullets(items: Iterable[str]) -> Markup:
    """A list; items that are not ``Markup`` are escaped."""
    return Markup("\n".join(f"- {escape(item)}" for item in items))


def folded(summary: str, body: str) -> Markup:
    """A part that is shown when its summary is clicked."""
    return Markup(f"<details>\n<summary>{escape(summary)}</summary>\n\n{body}\n\n</details>")


def join(*parts: str) -> Markup:
    """Parts with an empty line between them; empty parts are left out."""
    return Markup("\n\n".join(part for part in parts if part))
