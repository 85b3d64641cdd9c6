"""What a verb that judges puts around the verdicts: names, and how the two sides were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Frame:
    """Of one verb.

    Attributes:
        verb: Names the files.
        title: Of the Markdown.
        sides: What the first and the second side are called.
        circumstances: Markdown on how the two were made; empty for none.
        facts: The same for JSON.
    """

    verb: str
    title: str
    sides: tuple[str, str]
    circumstances: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


GATE = Frame("gate", "Gate", ("reference", "now"))
