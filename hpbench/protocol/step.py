"""What a step of the protocol checked, found and concluded; and the causes that it can name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hpbench.errors import UserError

Found = Mapping[str, float | int | str]

Tell = Callable[[str], None]
"""Takes a line of progress."""

_Facts = TypeVar("_Facts")


class ProtocolError(UserError):
    """A model or data that the protocol cannot examine: what is wrong with it, and what would be right."""


@dataclass(frozen=True)
class Cause:
    """A likely cause of what a step found.

    Attributes:
        name: Short and stable, for programs: ``logits_to_probability_loss``.
        says: What is likely wrong, in one sentence.
        advice: What to change.
    """

    name: str
    says: str
    advice: str


@dataclass(frozen=True)
class Step:
    """One step of the protocol, done.

    Attributes:
        number: 1 to 7.
        title: What it is called.
        checked: What was done, in words.
        found: The numbers, by what they are.
        concluded: What follows.
        passed: Whether the model may go on as it is.
        causes: Where it did not pass, what is likely wrong; the likeliest first.
        remarks: What else a reader has to know: what was left out, shrunk, switched off.
        unfinished: Whether it came to its end before it could tell, for want of time or by the person.
    """

    number: int
    title: str
    checked: str
    found: Found
    concluded: str
    passed: bool
    causes: tuple[Cause, ...] = ()
    remarks: tuple[str, ...] = ()
    unfinished: bool = False

    @property
    def verdict(self) -> str:
        """``passed``, ``failed`` or ``unfinished``."""
        return "unfinished" if self.unfinished else "passed" if self.passed else "failed"


def causes_of(facts: _Facts, rules: Sequence[Callable[[_Facts], Cause | None]]) -> tuple[Cause, ...]:
    """The causes that these rules see in the facts, in the order of the rules."""
    return tuple(cause for rule in rules if (cause := rule(facts)) is not None)


def shown(value: float | int | str) -> str:
    """A number as a person reads it: four significant digits; a text as it is.

    >>> shown(2.302585), shown(1e-5), shown(3), shown("none")
    ('2.303', '1e-05', '3', 'none')
    """
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "not finite"
    return str(value)


def times(ratio: float) -> str:
    """How many times, as a person says it: ``about 1000``; ``about 2.5`` where it is little.

    >>> times(1012.3), times(2.54)
    ('about 1000', 'about 2.5')
    """
    rounded = float(f"{ratio:.2g}" if ratio < 100 else f"{ratio:.1g}")
    return f"about {rounded:.0f}" if rounded >= 10 else f"about {rounded:g}"
