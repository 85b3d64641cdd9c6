import json
import math
from dataclasses import replace

import pandas as pd

from hpbench.report.facts import gather
from hpbench.report.json_export import text
from tests.report import example

KEYS = {"format", "benchmark", "version", "title", "profile", "created", "command", "stale", "data"}
KEYS |= {"machine", "calibration", "resolved"}
LISTS = {"claims", "comparisons", "trials", "rows", "curves"}


def refuse(word):
    raise AssertionError(f"{word} is not JSON")


def strict(document):
    return json.loads(document, parse_constant=refuse)


def null(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value


def test_it_is_strict_and_has_its_keys(run):
    found = strict(run.json)
    assert set(found) == KEYS | LISTS
    assert found["format"] == 1
    assert set(found["data"]) == {"name", "fingerprint", "generated"}


def test_rows_come_back_as_they_were(run):
    found = strict(run.json)["rows"]
    assert len(found) == len(run.facts.rows)
    for row, back in zip(run.facts.rows, found, strict=True):
        assert back == {name: null(getattr(row, name)) for name in row.__dataclass_fields__}


def test_curves_are_all_observations_with_an_iteration(run):
    observations = run.tables.observations
    expected = observations[observations["iteration"].notna()]
    found = strict(run.json)["curves"]
    assert len(found) == len(expected)
    key = ["case", "reading", "metric", "seed", "iteration"]
    merged = pd.DataFrame(found).drop(columns="labels").merge(expected, on=key, suffixes=("", "_stored"))
    assert len(merged) == len(expected)
    assert merged["value"].astype(float).equals(merged["value_stored"])


def test_curves_do_not_depend_on_the_order_of_the_table(run):
    shuffled = run.tables.observations.sample(frac=1, random_state=0).reset_index(drop=True)
    assert text(gather(replace(run.tables, observations=shuffled), run.resolved)) == run.json


def test_evidence_has_what_was_found_and_what_is_allowed(run):
    found = {(claim["id"], claim["reading"]): claim for claim in strict(run.json)["claims"]}
    assert set(found) == set(run.facts.findings)
    (quantity,) = found["time-follows-batch", "default"]["evidence"]["quantities"]
    assert (quantity["allowed_low"], quantity["allowed_high"], quantity["n"]) == (0.8, 1.2, 3)
    assert set(quantity) == {"label", "values", "n", "undefined", "mean", "low", "high", "allowed_low", "allowed_high"}


def test_labels_of_a_device_are_kept():
    resolved = example.resolved(cases=("CASE1",))
    found = strict(text(gather(example.tables(resolved), resolved)))
    devices = [row["device"] for row in found["rows"] if row["metric"] == "device_memory_peak"]
    assert devices == list(example.GPUS)
