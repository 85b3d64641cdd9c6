"""Where two results files contradict each other, said with both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from hpbench.errors import MachineError
from hpbench.records.contents import Contents, Place

SHOWN = 10
"""Contradictions that are told one by one."""


class ContradictionError(MachineError):
    """Results files contradict each other; the message says where, with both sides."""


def contradictions(contents: Sequence[Contents]) -> None:
    """Hold that no two files contradict each other.

    Two results contradict each other if they are of the same trial, machine and code, but ended otherwise or observed
    other values, times and memory aside. Two files do if they have used other data for the same data set.

    Raises:
        ContradictionError: If they do.
    """
    found = [text for a, b in combinations(contents, 2) for text in (*_data(a, b), *_results(a, b))]
    if not found:
        return
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    raise ContradictionError(
        "\n".join(
            [
                "the results contradict each other, so nothing was written:",
                *(f"- {text}" for text in [*found[:SHOWN], *more]),
                "Leave one of the files out, or run the trials again where the results are wrong.",
            ]
        )
    )


def _data(a: Contents, b: Contents) -> Iterator[str]:
    for key in a.data:
        benchmark, version, dataset = key
        if key in b.data and a.data[key] != b.data[key]:
            sides = (f"{', '.join(sorted(x[:12] for x in one.data[key]))} in {one.name}" for one in (a, b))
            yield f"{benchmark}, version {version}: data with the fingerprint {' but '.join(sides)}, of {dataset}"


def _results(a: Contents, b: Contents) -> Iterator[str]:
    for place, mine in a.results.items():
        other = b.results.get(place)
        if other is None or (mine.outcome, mine.digest) == (other.outcome, other.digest):
            continue
        ends = (f"{found.outcome} in {one.name} ({found.ended})" for one, found in ((a, mine), (b, other)))
        difference = " but ".join(ends) if mine.outcome != other.outcome else _difference(a, b, place)
        yield f"{a.where(place.trial)} (trial {place.trial[:12]}, one machine, the same code): {difference}"


def _difference(a: Contents, b: Contents, place: Place) -> str:
    """The first value that differs, with both sides."""
    found = [one.values(one.results[place].attempt) for one in (a, b)]
    missing = object()
    for key in (*found[0], *found[1]):
        sides = [values.get(key, missing) for values in found]
        if repr(sides[0]) != repr(sides[1]):
            metric, iteration, _ = key
            at = "" if iteration is None else f" at iteration {iteration}"
            told = (
                f"{'not observed' if side is missing else 'nan' if side is None else side} in {one.name}"
                for one, side in zip((a, b), sides, strict=True)
            )
            return f"{metric}{at} is {' but '.join(told)}"
    return f"observed in another order in {a.name} than in {b.name}"
