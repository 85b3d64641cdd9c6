"""What a comparison of environments runs: the gated cases, timed where a time or memory of them is gated."""

import pytest

from hpbench.cli.options import parse_change
from hpbench.cli.run import command
from hpbench.definition.load import bundled, parse, read
from hpbench.definition.resolve import Resolved, Selection, SelectionError
from hpbench.execution.gated_trials import gated_trials
from hpbench.plan.cases import cells
from hpbench.records.metrics import is_cost
from tests.conftest import SMALL

SEEDS = 4
GATED = """\
gated:
  - {metric: test_accuracy, direction: higher, threshold: 0.02, cases: [slow, both]}
  - {metric: host_memory_training, direction: lower, threshold: 3.0e+7, cases: [study/other]}
groups:
  both: ["study/*"]
studies:
  study:
    why: Why not?
    cases: {one: {batch_size: 8}, other: {batch_size: 4}}
"""


def as_run(plan, profile):
    """The benchmark as ``hpbench run`` is asked for it."""
    given = command.make_context("run", plan.arguments(SEEDS, ["--profile", profile]), resilient_parsing=True).params
    asked = given["profile"], dict(map(parse_change, given["changes"])), given["seeds"]
    selection = Selection(*asked, tuple(given["cases"]), tuple(given["readings"]), tuple(given["claims"]))
    (file,) = given["benchmarks"]
    return Resolved(read(type(plan.file)(file)), selection)


@pytest.mark.parametrize("profile", ["smoke", "quick", "standard"])
@pytest.mark.parametrize("name", bundled())
def test_of_every_bundled_benchmark_just_what_is_gated_is_run(name, profile):
    whole = Resolved(read(bundled()[name]), Selection(profile))
    definition = whole.definition
    gated = {}
    for entry in definition.gated:
        for group in entry.cases or definition.own_cases:
            for case in definition.members.get(group, (group,)):
                gated.setdefault(case, set()).add(is_cost(entry.metric))
    resolved = as_run(gated_trials(whole), profile)
    planned = cells(resolved, lambda settings: "data")
    assert {cell.case for cell in planned} == set(gated)
    assert {cell.reading for cell in planned} == {"default"}
    assert not resolved.searches
    for case, costs in gated.items():
        seeds = {cell.trial.seed: cell.timed for cell in planned if cell.case == case}
        assert sorted(seeds) == list(range(SEEDS))
        assert not any(costs) or all(seeds.values()), case
        assert len(set(seeds.values())) == 1, case


def test_groups_are_their_cases_and_each_block_is_timed_by_itself():
    plan = gated_trials(parse(SMALL + GATED, "small.yaml", Selection()))
    assert plan.cases == ("slow", "study/one", "study/other")
    assert plan.timed == {"timed_seeds": False, "studies.study.timed_seeds": True}
    words = plan.arguments(3, ["--profile", "quick", "--set", "timed_seeds=1"])
    assert words[-6:] == [
        "--set",
        "timed_seeds=0",
        "--set",
        "studies.study.timed_seeds=3",
        "--no-report",
        "--no-calibration",
    ]
    assert words[0] == str(plan.file)
    assert plan.file.is_absolute()


def test_an_entry_without_cases_gates_the_document_s_own():
    entry = "gated: [{metric: seconds_training, direction: lower, threshold: 0.1, relative: true}]\n"
    plan = gated_trials(parse(SMALL + entry, "small.yaml", Selection()))
    assert (plan.cases, plan.timed) == (("slow", "fast"), {"timed_seeds": True})


def test_cases_asked_for_take_their_place():
    resolved = parse(SMALL + GATED, "small.yaml", Selection())
    assert gated_trials(resolved, ("slow", "fast")).cases == ("slow", "fast")
    assert gated_trials(resolved, ("slow",)).timed == {"timed_seeds": False}
    with pytest.raises(SelectionError, match="small gates of fast nothing; it gates both, slow, study/other"):
        gated_trials(resolved, ("fast",))
    assert gated_trials(resolved, ("both",)).cases == ("study/one", "study/other")
    assert gated_trials(resolved, ("both",)).timed == {"studies.study.timed_seeds": True}
    with pytest.raises(SelectionError, match="small gates of study/one nothing"):
        gated_trials(resolved, ("study/one",))  # one of a group whose mean is gated
    with pytest.raises(SelectionError, match="small gates nothing"):
        gated_trials(parse(SMALL, "small.yaml", Selection()))
