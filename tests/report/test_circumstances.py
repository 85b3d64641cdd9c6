"""What trials were run under, as a report tells it."""

import json
import math
from dataclasses import replace

import pandas as pd
import pytest

from hpbench.records.calibration import AFTER, BEFORE, Reading
from hpbench.records.metrics import NOT_ALONE
from hpbench.report.circumstances import drifts
from hpbench.report.facts import gather
from hpbench.report.figures import Figures
from hpbench.report.json_export import text
from hpbench.report.markdown import markdown
from tests.report import example
from tests.report.reading import section, tables

CALIBRATION = {
    BEFORE: [Reading("matrix product", 200.0, "GFLOP/s", 2.0), Reading("triad", 16.0, "GB/s", 0.5)],
    AFTER: [Reading("matrix product", 150.0, "GFLOP/s", 4.0)],
}
RESOLVED = {
    "compile": {"graph": (("CASE1", "default"), ("CASE1", "sgd=plain")), "xla": (("CASE8", "default"),)},
    "devices": {"CPU": (("CASE1", "default"), ("CASE1", "sgd=plain"), ("CASE8", "default"))},
    "memory": {"VmHWM": (("CASE1", "sgd=plain"),)},
}


def run_with(loads=(), **changes):
    """A run of two cases with loads by (case, reading, seed)."""
    resolved = example.resolved(cases=("CASE1", "CASE8"), changes={"timed_seeds": 3})
    run = example.tables(resolved)
    rows = [(*place, "other_load", math.nan, cores, "{}") for place, cores in dict(loads).items()]
    observed = (
        pd.concat([run.observations, pd.DataFrame(rows, columns=run.observations.columns)])
        if rows
        else run.observations
    )
    return gather(replace(run, observations=observed, **changes), resolved)


def report(facts):
    """The text, without figures."""
    return markdown(facts, Figures())


def test_readings_before_and_after_stand_with_their_change():
    facts = run_with(calibration=CALIBRATION)
    ((product, triad),) = tables(section(report(facts), "### Calibration"))
    assert list(product.values()) == ["matrix product", "GFLOP/s", "200 (2.00)", "150 (4.00)", "-25.0 %"]
    assert list(triad.values()) == ["triad", "GB/s", "16.0 (0.500)", "–", "–"]
    found = json.loads(text(facts))["calibration"]
    assert found[0] == {
        "name": "matrix product", "unit": "GFLOP/s", "before": {"value": 200.0, "spread": 2.0},
        "after": {"value": 150.0, "spread": 4.0}, "change": -0.25,
    }  # fmt: skip
    assert (found[1]["after"], found[1]["change"]) == (None, None)


def test_a_reading_that_was_taken_after_only_is_told():
    (drift,) = drifts({AFTER: CALIBRATION[AFTER]})
    assert (drift.before, drift.after) == (None, CALIBRATION[AFTER][0])
    assert math.isnan(drift.change)


def test_a_run_without_readings_says_so_where_it_has_timed_trials(run):
    assert "Not taken" in section(run.markdown, "### Calibration")
    assert json.loads(run.json)["calibration"] == []
    untimed = replace(run.tables, trials=run.tables.trials.assign(timed=False))
    assert "### Calibration" not in report(gather(untimed, run.resolved))


def test_what_jobs_resolved_is_told_by_case():
    (rows,) = tables(section(report(run_with(resolved=RESOLVED)), "### What the trials resolved to"))
    assert [list(row.values()) for row in rows] == [
        ["compile", "graph", "CASE1"],
        ["compile", "xla", "CASE8"],
        ["devices", "CPU", "all"],
        ["memory", "VmHWM", "CASE1 under sgd=plain"],
    ]


def test_of_many_cases_the_rest_is_counted():
    places = tuple((f"grid/{number}", "default") for number in range(20))
    resolved = {"compile": {"xla": places, "graph": (("CASE1", "default"),)}}
    (rows,) = tables(section(report(run_with(resolved=resolved)), "### What the trials resolved to"))
    assert rows[0]["trials of"].endswith("grid/7 and 12 more")


def test_trials_that_were_not_alone_are_counted_with_the_worst():
    loads = {
        ("CASE1", "default", 0): NOT_ALONE, ("CASE1", "default", 1): 0.9 * NOT_ALONE,
        ("CASE8", "default", 0): 0.625, ("CASE8", "default", 1): 0.0,
    }  # fmt: skip
    facts = run_with(loads)
    shown = report(facts)
    warning = (
        "**Not alone:** during 2 of 4 timed trials other processes kept 0.1 cores or more busy, "
        "at worst 0.625 cores (CASE8, seed 0)"
    )
    assert warning in section(shown, "## Wall time")
    assert warning in shown.split("## What was asked")[0]
    trials = {(row["case"], row["reading"], row["seed"]): row for row in json.loads(text(facts))["trials"]}
    assert len(trials) == len(facts.tables.trials)
    assert {place: trials[place]["alone"] for place in loads} == dict(
        zip(loads, (False, True, False, True), strict=True)
    )
    assert trials["CASE8", "default", 0]["other_load"] == 0.625
    assert trials["CASE1", "default", 2]["alone"] is None


def test_a_trial_that_readings_share_counts_once():
    facts = run_with()
    places = [("CASE1", reading) for reading in example.READINGS]
    settings = facts.tables.settings | dict.fromkeys(places, facts.tables.settings[places[0]])
    loads = {(*place, 0): 0.5 for place in places}
    shown = report(run_with(loads, settings=settings))
    assert "during 1 of 1 timed trial other processes" in shown


@pytest.mark.parametrize("loads", [{}, {("CASE1", "default", 0): 0.0}, {("CASE1", "default", 0): math.nan}])
def test_without_others_there_is_no_warning(loads):
    assert "Not alone" not in report(run_with(loads))


def test_a_metric_by_the_name_it_had_in_older_files_is_shown():
    facts = run_with()
    older = ("CASE8", "default", 1, "diverged_by_iteration", math.nan, 300.0, "{}")
    observed = pd.concat([facts.tables.observations, pd.DataFrame([older], columns=facts.tables.observations.columns)])
    facts = gather(replace(facts.tables, observations=observed), facts.resolved)
    assert report(facts)
    assert [row["mean"] for row in json.loads(text(facts))["rows"] if row["metric"] == older[3]] == [300.0]
