from types import SimpleNamespace

import pytest

from hpbench.definition.load import parse
from hpbench.definition.order import seed_major
from hpbench.definition.resolve import Selection
from hpbench.definition.shards import whole
from hpbench.records.rows import StoredCell
from tests.conftest import SMALL


def shard(**asked):
    """A run of the small benchmark and its plan, as stored."""
    selection = Selection(**asked)
    resolved = parse(SMALL, "small.yaml", selection)
    cells = [
        StoredCell(
            item.case, item.reading, seed, f"{item.case} {item.reading} {seed}", seed < item.timed_seeds, "", None
        )
        for item, seed in seed_major(resolved.planned_cases())
    ]
    return SimpleNamespace(definition=SMALL, file="small.yaml", selection=selection.as_dict()), cells


def joined(*shards):
    runs, plans = zip(*shards, strict=True)
    return whole(runs, plans)


@pytest.mark.parametrize(
    "parts",
    [
        ({"cases": ("slow",)}, {"cases": ("fast",)}),
        ({"cases": ("fast",)}, {"cases": ("slow",)}),
        ({"readings": ("default",)}, {"readings": ("model=caffe",)}),
        ({"cases": ("slow",)}, {"claims": ("fast-is-better",)}, {"cases": ("fast",)}),
    ],
)
def test_parts_that_cover_the_whole_plan_are_the_run_of_everything(parts):
    found = joined(*(shard(**part) for part in parts))
    selection = {**found.selection.as_dict(), "readings": ()}
    assert selection == Selection().as_dict()
    _, cells = shard(readings=found.selection.readings)
    assert [cell[:3] for cell in found.cells] == [cell[:3] for cell in cells]
    if not found.selection.readings and not any("claims" in part for part in parts):
        assert found.cells == cells


def test_fewer_and_more_seeds_are_the_run_of_more_seeds():
    found = joined(shard(seeds=4), shard(seeds=3))
    assert found.selection.seeds == 4
    assert found.cells == shard(seeds=4)[1]


def test_parts_of_a_part_are_a_run_of_the_cases_that_they_name():
    found = joined(
        shard(cases=("fast",), readings=("default",)), shard(cases=("fast",), readings=("default",), seeds=5)
    )
    assert found.selection == Selection(cases=("fast",), readings=("default",), seeds=5)


def test_a_plan_that_no_one_command_could_have_asked_for_is_no_run():
    run, cells = shard(cases=("slow",))
    assert joined((run, cells)).cells == cells
    assert joined((run, cells[1:])) is None


def test_what_a_planner_added_to_a_part_is_in_the_whole():
    added = StoredCell("fast, model.width=8", "default", 0, "searched", True, "", None)
    run, cells = shard(cases=("slow",))
    other, more = shard(cases=("fast",))
    assert joined((run, [*cells, added]), (other, more)).cells == [*shard()[1], added]


def test_a_cell_of_two_parts_is_timed_if_one_of_them_timed_it():
    timed, untimed = shard(), shard(claims=("fast-is-better",))
    assert any(cell.timed for cell in timed[1])
    assert not any(cell.timed for cell in untimed[1])
    assert joined(timed, untimed).cells == timed[1]
    assert joined(untimed, timed).cells == timed[1]
