"""The committed reference is one of the bundled definitions as they are, and small enough to be read in a review."""

from pathlib import Path

import pytest

from hpbench.definition.load import bundled, find, read
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import Resolved, Selection
from hpbench.gate import reference
from hpbench.gate.runs import protocol

PATH = Path(__file__).parents[2] / "references" / "ci.json"
SIDES = reference.read(PATH).benchmarks


def test_it_has_every_benchmark_and_is_small():
    assert set(SIDES) == set(bundled())
    assert PATH.stat().st_size < 100_000


@pytest.mark.parametrize("name", bundled())
def test_it_is_of_the_definition_as_it_is(name):
    """Otherwise the gate would refuse to compare."""
    side, resolved = SIDES[name], Resolved(read(find(name)), Selection("smoke", seeds=5, gated=True))
    assert Selection(side.profile, **dict(side.selection)) == resolved.selection
    assert (side.version, side.gated) == (resolved.definition.version, resolved.definition.gated)
    planned = {item.case: protocol(item.settings.model_dump(mode="json")) for item in resolved.planned_cases()}
    assert {case: readings[DEFAULT].settings for case, readings in side.cases.items()} == planned
    assert all(list(readings) == [DEFAULT] for readings in side.cases.values())


@pytest.mark.parametrize("name", bundled())
def test_every_accuracy_that_is_gated_has_five_seeds_and_nothing_is_stale(name):
    side = SIDES[name]
    assert "changed" not in side.machine["commit"]
    assert not any(readings[DEFAULT].stale for readings in side.cases.values())
    for gated in side.gated:
        if gated.metric.startswith("test_accuracy"):
            for case in side.gated_cases(gated):
                assert list(side.values(case, DEFAULT, gated.metric)) == list(range(5))
