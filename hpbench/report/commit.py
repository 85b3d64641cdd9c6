"""The commit that a run was made with, as its machine's facts have it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_COMMIT = re.compile(r"([0-9a-f]{7,40})( \(changed\))?")


class Commit(NamedTuple):
    """A commit.

    Args:
        id: The first 12 digits; empty for an installed package and where it is not known.
        dirty: Whether the checkout had changes beside it.
    """

    id: str
    dirty: bool


def commit_of(machine: Mapping[str, str]) -> Commit:
    """The commit of a run's machine facts.

    >>> commit_of({"commit": "cfefcc3a0b1c (changed)"})
    Commit(id='cfefcc3a0b1c', dirty=True)
    """
    found = _COMMIT.fullmatch(machine.get("commit", ""))
    return Commit(found[1], bool(found[2])) if found else Commit("", False)
