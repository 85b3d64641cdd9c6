"""Sides of a comparison as a person names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.gate.sides import Side

_NUMBERED = re.compile(r"(?P<file>.*)#(?P<number>\d+)")


def side(text: str, results: Path) -> Side:
    """A reference file, a results file (the newest run of each benchmark), ``FILE#12`` or ``#12``: run 12 of a file.

    Args:
        text: What the person wrote.
        results: The results file of ``#12``.

    Raises:
        UserError: If there is no such thing, in words.
    """
    from hpbench.gate import reference, runs
    from hpbench.records.store import Store

    found = _NUMBERED.fullmatch(text)
    if found:
        with Store(Path(found["file"] or results)) as store:
            return runs.numbered(store, text, int(found["number"]))
    path = Path(text)
    if not path.is_file():
        raise UserError(
            f"there is no file {text}; name a results file, a reference file, or a run of a results file as FILE#12"
        )
    if is_store(path):
        with Store(path) as store:
            return runs.newest(store, text)
    return reference.read(path)


def is_store(path: Path) -> bool:
    """Whether a file begins as SQLite's do."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"
