"""What is wrong with a definition, where, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpbench.errors import UserError


@dataclass(frozen=True, order=True)
class Fault:
    """One fault; line and column count from 1, 0 where the place is not in the file."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


class DefinitionError(UserError):
    """A definition that cannot be used; carries every fault found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))
