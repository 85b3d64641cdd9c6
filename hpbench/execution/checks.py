"""What a check of the machine found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a check ended. A problem would stop a run or change it silently; a note is worth knowing."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        mark: How it ended.
        subject: What was looked at, in a word or two.
        found: What is there.
        advice: What to do about it; empty if nothing.
    """

    mark: Mark
    subject: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.mark:8} {self.subject}: {self.found}{f'. {self.advice}' if self.advice else ''}"
