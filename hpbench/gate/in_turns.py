"""The frame of ``hpbench ab``: two environments whose trials took turns."""

from __future__ import annotations

from collections.abc import Mapping

from hpbench.gate.frame import Frame
from hpbench.gate.sides import Side
from hpbench.report.markup import Markup, bullets, code, join, table


def frame(specs: Mapping[str, str], sides: tuple[Side, Side], profile: str, order_seed: int) -> Frame:
    """What is told around the verdicts.

    Args:
        specs: What each side is called, old and new, to its environment as the person named it.
        sides: What was measured in each.
        profile: Of all runs.
        order_seed: What the order of the turns was drawn with.
    """
    rounds, differing = _rounds(*sides), _differing(*sides)
    counted = ", ".join(f"{benchmark}: {number}" for benchmark, number in rounds.items()) or "none"
    old, new = specs
    told = [
        *(Markup(f"{name}: {code(spec)}") for name, spec in specs.items()),
        f"profile {profile}; rounds, in each of which both run the same seed: {counted}",
        f"who comes first in a round was drawn with the seed {order_seed}",
    ]
    facts = {
        "specs": dict(specs),
        "profile": profile,
        "rounds": rounds,
        "order_seed": order_seed,
        "environments": {fact: {old: one, new: other} for fact, one, other in differing},
    }
    return Frame("ab", "Old and new in turns", (old, new), join(bullets(told), _table(differing, (old, new))), facts)


def _rounds(old: Side, new: Side) -> dict[str, int]:
    """Benchmark to the number of seeds that both were asked for."""
    return {
        name: min(side.selection.seeds or 0, new.benchmarks[name].selection.seeds or 0)
        for name, side in old.benchmarks.items()
        if name in new.benchmarks
    }


def _differing(old: Side, new: Side) -> list[tuple[str, str, str]]:
    """Facts about machine and software that are not the same on both sides, each once."""
    found: dict[tuple[str, str, str], None] = {}
    for benchmark, a in old.benchmarks.items():
        there = new.benchmarks[benchmark].machine if benchmark in new.benchmarks else {}
        for fact in {**a.machine, **there} if there else ():
            one, other = a.machine.get(fact, "none"), there.get(fact, "none")
            if one != other:
                found[fact, one, other] = None
    return list(found)


def _table(differing: list[tuple[str, str, str]], names: tuple[str, str]) -> str:
    if not differing:
        return "Of machine and software nothing that is recorded differs."
    return table(("differs", *names), [list(row) for row in differing])
