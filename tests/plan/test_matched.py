"""The planner of equal latency, fed with latencies from a formula."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.yaml_tree import YamlTree
from hpbench.plan.matched import next_round
from hpbench.records.trial import Observation, Outcome, TrialResult

DEFINITION = """\
schema: 1
id: matched
version: 1
title: Equal time
question: Which is better at equal time?
source: {title: A document}
dataset: {name: digits}
model: {name: conv_stack, depth: 8, width: 4}
training: {optimizer: {name: sgd}, schedule: {name: constant}, learning_rate: 0.05, batch_size: 16, iterations: 12}
planner: {name: matched_latency, study: equal-time, reference: deep}
cases: {alone: {}}
studies:
  equal-time:
    why: To compare.
    seeds: 2
    cases:
      deep: {model.depth: 20, model.width: 8}
      wide: {model.depth: 8, model.width: 4}
      large: {model.depth: 8, model.width: 64, model.filter_size: 5}
"""


def seconds(model, fixed=1e-4):
    """Of a forward pass: a fixed cost, and work that grows with depth, filter size and the square of the width."""
    return fixed + 1e-6 * model["depth"] * model["filter_size"] ** 2 * model["width"] ** 2


def ratio(settings, fixed):
    return seconds(settings["model"], fixed) / seconds(settings["training"]["procedure"]["beside"], fixed)


@cache
def tree(text):
    return YamlTree(text, "m.yaml")


def play(fixed=1e-4, text=DEFINITION, broken="", selection=None):
    """All rounds; the latency trials of cases whose name begins as ``broken`` fail."""
    resolved, results, rounds = Resolved(tree(text), selection or Selection()), [], []
    while cells := next_round(resolved, lambda settings: "data", results):
        rounds.append(cells)
        for cell in cells:
            settings, outcome = cell.trial.settings, Outcome.OK
            found = (Observation("test_accuracy", settings["training"]["learning_rate"], 12),)
            if settings["training"]["procedure"]["name"] == "latency":
                found = (Observation("inference_ratio", ratio(settings, fixed), None, {"batch": "32"}),)
            if broken and cell.case.startswith(broken):
                found, outcome = (), Outcome.FAILED
            results.append(TrialResult(cell.trial.identity, outcome, found, cell.timed, "code"))
        assert len(rounds) < 20
    return rounds


def trained(rounds):
    """Case to the model it is trained with in the last round."""
    return {
        cell.case: cell.trial.settings["model"]
        for cell in rounds[-1]
        if cell.trial.settings["training"]["procedure"]["name"] == "train"
    }


def near_or_between(model, target, fixed):
    """Whether the latency is within 10 %, or no other width's is."""
    around = [seconds({**model, "width": max(1, model["width"] + step)}, fixed) / target - 1 for step in (-1, 0, 1)]
    return abs(around[1]) <= 0.1 or (around[0] <= 0 <= around[2] and abs(around[1]) == min(map(abs, around)))


@pytest.mark.parametrize("fixed", [0.0, 1e-4, 5e-3])
def test_widths_are_searched_until_latencies_agree(fixed):
    models = trained(play(fixed))
    assert models.keys() == {"equal-time/deep", "equal-time/wide", "equal-time/large"}
    for case, model in models.items():
        assert near_or_between(model, seconds(models["equal-time/deep"], fixed), fixed), case
    assert seconds(models["equal-time/wide"], fixed) == pytest.approx(
        seconds(models["equal-time/deep"], fixed), rel=0.1
    )


def test_what_was_found_is_measured_anew_and_trained_with_the_study_s_seeds():
    last = play()[-1]
    measured = [cell for cell in last if ", model.width=" in cell.case]
    assert sorted({cell.trial.seed for cell in measured}) == [1, 2, 3]
    assert len(measured) == 9
    assert len(last) - len(measured) == 6


def test_the_reference_keeps_its_width_and_other_cases_are_in_the_first_round():
    rounds = play()
    assert trained(rounds)["equal-time/deep"]["width"] == 8
    assert "alone" in {cell.case for cell in rounds[0]}
    assert all(cell.timed for cell in rounds[0] if ", model.width=" in cell.case)


def test_latency_trials_are_named_by_their_width():
    assert {cell.case for cell in play()[0]} >= {"equal-time/wide, model.width=4", "equal-time/large, model.width=64"}


def test_where_no_width_agrees_the_nearest_is_taken():
    """A reference that is faster than one filter of the other."""
    text = DEFINITION.replace("deep: {model.depth: 20, model.width: 8}", "deep: {model.depth: 8, model.width: 1}")
    text = text.replace("model.filter_size: 5", "model.filter_size: 28")
    assert trained(play(0.0, text))["equal-time/large"]["width"] == 1


def test_a_measurement_that_fails_ends_the_search_and_not_the_run():
    models = trained(play(broken="equal-time/wide"))
    assert models["equal-time/wide"]["width"] == 4
    assert models["equal-time/large"]["width"] < 64


def test_without_the_reference_nothing_is_searched():
    rounds = play(selection=Selection(cases=("alone",)))
    assert [[cell.case for cell in cells] for cells in rounds] == [["alone"] * 3]


def test_searches_of_other_studies_are_run_beside():
    search = """  rates:
    why: To see.
    seeds: 1
    search: {strategy: random, trials: 3, again: 2, space: {learning_rate: {name: log, low: 0.01, high: 1}}}
"""
    rounds = play(text=DEFINITION + search)
    assert {"rates/1", "rates/2", "rates/3"} <= {cell.case for cell in rounds[0]}
    assert [cell.trial.seed for cell in rounds[-1] if cell.case == "rates/winner"] == [1, 2]
    assert not any(cell.case == "rates/winner" for cells in rounds[:-1] for cell in cells)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("reference: deep", "reference: dep"), "equal-time/deep"),
        (("study: equal-time", "study: equal-tim"), "no case"),
        (("reference: deep}", "reference: deep, setting: model.widht}"), "no setting"),
    ],
)
def test_a_planner_that_names_what_is_not_there_is_told(change, said, tmp_path):
    file = tmp_path / "m.yaml"
    file.write_text(DEFINITION.replace(*change))
    with pytest.raises(DefinitionError) as caught:
        read(file)
    assert said in str(caught.value)
    assert "m.yaml:10:" in str(caught.value)


@given(st.floats(0.0, 1e-2), st.integers(1, 200), st.sampled_from([1, 3, 5, 7]))
def test_any_search_ends_near_or_between_two_widths(fixed, width, size):
    case = {"model.depth": 8, "model.width": width, "model.filter_size": size}
    models = trained(play(fixed, selection=Selection(changes={"studies.equal-time.cases.large": case})))
    large = models["equal-time/large"]
    assert near_or_between(large, seconds(models["equal-time/deep"], fixed), fixed) or large["width"] == 1
