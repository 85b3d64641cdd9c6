"""What is wrong with a definition, where, and what would be right."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpbench.errors import UserError

Location = tuple[str | int, ...]
"""Names of fields and positions in lists that lead to a value."""
Found = tuple[Location, str]
"""A fault before it is known where in the file it stands: its location and its message."""

_LONGEST_LIST = 30


@dataclass(frozen=True, order=True)
class Fault:
    """One fault; line and column count from 1, 0 where the place is not in the file."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """One line that any terminal can show: what cannot be printed is escaped."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in f"{place}: {self.message}")


class DefinitionError(UserError):
    """A definition that cannot be used; carries every fault found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, searched among the first 500; None if none is near."""
    candidates = list(itertools.islice(known, 500))
    return next(iter(difflib.get_close_matches(name[:200], candidates, n=1, cutoff=0.6)), None)


def instead(name: str, known: Sequence[str], listed: Sequence[str] | None = None) -> str:
    """What could have been meant by an unknown name: the nearest known one, and the names to choose from.

    Args:
        name: The unknown one.
        known: All names that would do.
        listed: Those to list, where all would be too many.
    """
    close = nearest(name, known)
    listed = known if listed is None else listed
    names = ", ".join(listed[:_LONGEST_LIST]) or "none"
    more = f" and {len(listed) - _LONGEST_LIST} more" if len(listed) > _LONGEST_LIST else ""
    hint = f"did you mean '{close}'? " if close else ""
    return f"{hint}there are: {names}{more}"
