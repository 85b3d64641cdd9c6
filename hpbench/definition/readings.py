"""Readings: which answer each open point takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from hpbench.definition.document import OpenPoint

DEFAULT = "default"
Reading = Mapping[str, str]
"""Open point to answer, only where the answer is not the default one."""


def name(reading: Reading) -> str:
    """``default``, or ``point=answer`` joined by commas in the definition's order."""
    return ",".join(f"{point}={answer}" for point, answer in reading.items()) or DEFAULT


def parse(text: str, points: Mapping[str, OpenPoint]) -> Reading:
    """The reading of that name.

    Raises:
        ValueError: Naming the open point or answer that does not exist, and those that do.
    """
    chosen: dict[str, str] = {}
    for part in [] if text == DEFAULT else text.split(","):
        point, _, answer = (piece.strip() for piece in part.partition("="))
        if point not in points:
            raise ValueError(f"no open point '{point}'; there are: {', '.join(points) or 'none'}")
        if answer not in points[point].answers:
            raise ValueError(
                f"open point '{point}' has no answer '{answer}'; it has: {', '.join(points[point].answers)}"
            )
        chosen[point] = answer
    return {p: chosen[p] for p in points if p in chosen and chosen[p] != next(iter(points[p].answers))}


def expand(which: str | Iterable[str], points: Mapping[str, OpenPoint]) -> list[Reading]:
    """The readings to run, the default one first.

    Args:
        which: ``default``; ``one-at-a-time``, each other answer alone; ``all`` combinations; or readings by name.
        points: The definition's open points.
    """
    if which == DEFAULT:
        return [{}]
    if which == "one-at-a-time":
        return [
            {},
            *({point: answer} for point, open_point in points.items() for answer in list(open_point.answers)[1:]),
        ]
    if which == "all":
        combinations = itertools.product(*(open_point.answers for open_point in points.values()))
        return [
            parse(",".join(f"{p}={a}" for p, a in zip(points, c, strict=True)) or DEFAULT, points) for c in combinations
        ]
    listed = {name(reading): reading for reading in (parse(text, points) for text in which)}
    return [{}, *(reading for key, reading in listed.items() if key != DEFAULT)]


def changes(reading: Reading, points: Mapping[str, OpenPoint]) -> dict[str, Any]:
    """All that the reading's answers change, by dotted path."""
    merged: dict[str, Any] = {}
    for point, answer in reading.items():
        merged |= points[point].answers[answer]
    return merged
