"""What the history keeps of a gate."""

import pytest

from hpbench.gate.compare import compare
from hpbench.gate.history_entries import entries
from tests.gate.sides import ACCURACY, benchmark, case, side

GOOD, BAD = [0.90, 0.91, 0.92, 0.91], [0.50, 0.52, 0.51, 0.53]


def one(values, **facts):
    return benchmark({"base": case(f"{values[0]}", test_accuracy=values, weight_norm=[1.0] * len(values))}, **facts)


def test_an_entry_a_benchmark_with_its_own_outcome():
    reference = side("reference", fine=one(GOOD), worse=one(GOOD), gone=one(GOOD))
    now = side("now", fine=one(GOOD), worse=one(BAD, machine={"commit": "0123456789ab"}, machine_id="n"))
    found = {entry.benchmark: entry for entry in entries(compare(reference, now))}
    assert {name: entry.outcome for name, entry in found.items()} == {"fine": "fine", "worse": "regression"}
    assert (found["worse"].commit, found["worse"].machine) == ("0123456789ab", "n")


def test_values_are_those_of_the_run_and_only_what_is_followed_or_gated():
    weights = ACCURACY.model_copy(update={"metric": "weight_norm", "threshold": 1.0})
    for gated, names in (((ACCURACY,), ["test_accuracy"]), ((weights,), ["test_accuracy", "weight_norm"])):
        (entry,) = entries(compare(side(small=one(GOOD, gated=gated)), side(small=one(BAD))))
        assert [value.metric for value in entry.values] == names
        assert entry.values[0].mean == pytest.approx(sum(BAD) / 4)
        assert entry.values[0].n == 4


def test_a_group_that_is_gated_has_a_series_of_its_own():
    cases = {"a": case(test_accuracy=GOOD), "b": case(test_accuracy=BAD)}
    gated = (ACCURACY.model_copy(update={"cases": ("both",)}),)
    whole = benchmark(cases, gated, groups={"both": ("a", "b")})
    (entry,) = entries(compare(side(small=whole), side(small=whole)))
    means = {value.case: value.mean for value in entry.values}
    assert means["both"] == pytest.approx((means["a"] + means["b"]) / 2)


def test_each_value_has_its_settings_and_a_group_those_of_its_cases():
    gated = (ACCURACY.model_copy(update={"cases": ("both",)}),)
    digests = []
    for settings in ("s", "t"):
        cases = {"a": case(test_accuracy=GOOD), "b": case(test_accuracy=BAD, settings=settings)}
        whole = side(small=benchmark(cases, gated, groups={"both": ("a", "b")}))
        (entry,) = entries(compare(whole, whole))
        digests.append({value.case: value.settings for value in entry.values})
    assert [found["a"] for found in digests] == ["s", "s"]
    assert [found["b"] for found in digests] == ["s", "t"]
    assert digests[0]["both"] != digests[1]["both"]


def test_failed_trials_and_a_machine_that_could_not_go_on_are_an_outcome():
    reference, failed = side(small=one(GOOD)), side(small=one(GOOD, failures=("base, seed 4: out of memory",)))
    assert [entry.outcome for entry in entries(compare(reference, failed))] == ["failed"]
    assert [entry.outcome for entry in entries(compare(reference, reference), ["the disk is full"])] == ["failed"]


def test_a_run_without_values_has_no_entry():
    assert entries(compare(side(small=one(GOOD)), side(small=benchmark({})))) == []
