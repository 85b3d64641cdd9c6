"""The index of the reports in a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpbench.analysis.verdicts import Verdict
from hpbench.definition.readings import DEFAULT
from hpbench.report.files import write_whole
from hpbench.report.json_export import FORMAT
from hpbench.report.markup import Markup, escape, join, table
from hpbench.report.verdict_words import WORDS, count

NAME = "README.md"
MARKER = "<!-- hpbench: index of reports -->"
"""The first line of an index: a file without it is somebody's own, and stays."""
COLUMNS = 5 + len(Verdict)
_BORDER = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\[[^\]]+\]\(([a-z0-9-]+)\.md\)")
AFTER_CLAIMS = '"comparisons": [\n'
"""The line of an export with which what the index does not need begins."""


@dataclass(frozen=True)
class Entry:
    """A report in the index: ``data`` is the name of its data, ``counts`` verdict to number of claims."""

    benchmark: str
    version: int
    title: str
    profile: str
    created: str
    data: str
    counts: Mapping[str, int]


def write_index(folder: Path) -> Path | None:
    """Write the folder's index; None if a file of somebody else's stands in its place."""
    path = folder / NAME
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARKER):
        return None
    write_whole(path, [index(folder)])
    return path


def index(folder: Path) -> str:
    """The index as Markdown: a row for every export of a known format.

    The row of a report whose export is not there any more stays as the index has it.
    """
    entries = [entry for path in sorted(folder.glob("*.json")) if (entry := read_entry(path))]
    verdicts = [WORDS[verdict] for verdict in Verdict]
    known = {entry.benchmark for entry in entries}
    kept = {name: row for name, row in _rows_before(folder) if name not in known and (folder / f"{name}.md").exists()}
    named = {entry.benchmark: _row(folder, entry) for entry in entries} | kept
    rows = [named[name] for name in sorted(named)]
    return (
        join(
            MARKER,
            "# Reports",
            "Number of claims by verdict, under the default reading of each benchmark.",
            table(["benchmark", "title", "profile", "data", *verdicts, "run"], rows) if rows else "No report yet.",
        )
        + "\n"
    )


def _rows_before(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Benchmark and cells of each row of the index as it is, that links to a report."""
    path = folder / NAME
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for line in text.splitlines() if text.startswith(MARKER) else ():
        cells = [Markup(cell.strip()) for cell in _BORDER.split(line)[1:-1]]
        link = _LINK.fullmatch(cells[0]) if len(cells) == COLUMNS else None
        if link:
            yield link[1], list(cells)


def _row(folder: Path, entry: Entry) -> list[str]:
    file = f"{entry.benchmark}.md"
    name = escape(entry.benchmark)
    link = Markup(f"[{name}]({file})") if (folder / file).exists() else name
    counts = [str(entry.counts[verdict.value]) for verdict in Verdict]
    return [link, entry.title, entry.profile, entry.data, *counts, entry.created]


def read_entry(path: Path) -> Entry | None:
    """What the index tells of an export; None if the file is not an export of a known format."""
    try:
        found = _beginning(path)
        if found.get("format") != FORMAT or found["benchmark"] != path.stem:
            return None
        counts = count(claim["verdict"] for claim in found["claims"] if claim["reading"] == DEFAULT)
        data = str(found["data"]["name"]) + (" (generated)" if found["data"]["generated"] else "")
        title, profile, created = (str(found[key]) for key in ("title", "profile", "created"))
        return Entry(path.stem, int(found["version"]), title, profile, created, data, counts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _beginning(path: Path) -> Any:
    """An export up to its claims; what follows, raw values among it, may be a hundred times as much."""
    lines: list[str] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line == AFTER_CLAIMS:
                return json.loads("".join(lines).rstrip().removesuffix(",") + "}")
            lines.append(line)
    return json.loads("".join(lines))
