"""A document's table: its cells as cases, its rows and columns as groups, and what came of it."""

import math

import numpy as np
import pytest
from pydantic import TypeAdapter

from hpbench.analysis.claims import findings
from hpbench.analysis.document_table import document_table
from hpbench.analysis.evidence import default_evidence, evidence_by_reading
from hpbench.analysis.statistics import prediction_interval
from hpbench.analysis.verdicts import Verdict, decide
from hpbench.catalogue.claims import CLAIMS
from hpbench.catalogue.takes import Final

CASES = """cases:
  A: {batch_size: 64, learning_rate: 0.01}
  B: {batch_size: 32, learning_rate: 0.02}
  C: {batch_size: 128, learning_rate: 0.01}
"""
TABLE = (
    CASES
    + """table:
  title: Table 1
  where: page 3
  rows:
    small: {batch_size: 32}
    large: {batch_size: 128}
  columns:
    slow: {learning_rate: 0.01}
    fast: {learning_rate: 0.1}
  reported:
    test_accuracy: {small: [0.5, 0.7], large: [0.6, 0.9]}
  also: [weight_norm]
  by_reading: [small-slow]
groups:
  all-slow: ["*-slow"]
"""
)
SLOW_SMALL, FAST_SMALL = [0.50, 0.52, 0.48, 0.51], [0.70, 0.71, 0.69, 0.72]
SLOW_LARGE, FAST_LARGE = [0.60, 0.64, 0.58, 0.60], [0.50, 0.51, 0.52, 0.49]


@pytest.fixture
def run(planted_as):
    run = planted_as(CASES, TABLE)
    for case, values in {
        "small-slow": SLOW_SMALL,
        "small-fast": FAST_SMALL,
        "large-slow": SLOW_LARGE,
        "large-fast": FAST_LARGE,
    }.items():
        run.whole(case, "test_accuracy", values)
    return run


@pytest.fixture
def evidence(run):
    return evidence_by_reading(run.tables(), run.resolved)


def test_each_cell_has_the_changes_of_its_row_and_its_column(run):
    settings = {item.case: item.settings.training for item in run.resolved.planned_cases() if item.reading == "default"}
    assert (settings["large-fast"].batch_size, settings["large-fast"].learning_rate) == (128, 0.1)
    assert list(settings)[:7] == ["A", "B", "C", "small-slow", "small-fast", "large-slow", "large-fast"]


def test_a_row_a_column_and_a_group_are_the_means_of_their_cases(run):
    evidence = default_evidence(run.tables(), run.resolved)
    for name, cases in {
        "small": (SLOW_SMALL, FAST_SMALL),
        "slow": (SLOW_SMALL, SLOW_LARGE),
        "all-slow": (SLOW_SMALL, SLOW_LARGE),
    }.items():
        found = evidence.values(name, "test_accuracy", Final())
        assert list(found.values()) == pytest.approx(np.mean(cases, axis=0))


def test_a_group_with_a_case_that_was_not_run_is_not_measured(planted_as):
    run = planted_as(CASES, TABLE)
    run.whole("small-slow", "test_accuracy", SLOW_SMALL)
    evidence = default_evidence(run.tables(), run.resolved)
    assert evidence.values("small", "test_accuracy", Final()) == {}
    assert "small-fast was not run" in evidence.why_missing("small", "test_accuracy", Final())


def test_a_claim_speaks_of_groups(run):
    cases = {"cases": ["large", "small-fast"], "to": ["small", "fast"]}
    test = {"name": "paired_equal", "metric": "test_accuracy", "tolerance": 0.2} | cases
    parsed = TypeAdapter(CLAIMS.specification).validate_python(test)
    quantities = CLAIMS.load("paired_equal")(parsed, default_evidence(run.tables(), run.resolved))
    expected = np.mean([SLOW_LARGE, FAST_LARGE], axis=0) - np.mean([SLOW_SMALL, FAST_SMALL], axis=0)
    assert quantities[0].values == pytest.approx(expected)
    assert quantities[1].values == pytest.approx(np.array(FAST_SMALL) - np.mean([FAST_SMALL, FAST_LARGE], axis=0))
    assert decide(quantities).verdict is Verdict.SUPPORTED


def test_a_cell_says_whether_the_document_s_number_is_one_of_ours(evidence):
    cells = document_table(evidence).cells
    inside = {(row, column): cell.inside for (_, row, column), cell in cells.items()}
    assert inside == {
        ("small", "slow"): True,
        ("small", "fast"): True,
        ("large", "slow"): True,
        ("large", "fast"): False,
    }
    assert cells["test_accuracy", "large", "fast"].reported == 0.9
    assert cells["test_accuracy", "large", "fast"].interval.mean == pytest.approx(np.mean(FAST_LARGE))


def test_a_column_is_compared_over_its_draws(evidence):
    columns = document_table(evidence).columns
    slow = columns["test_accuracy", "slow"]
    expected = prediction_interval(np.mean([SLOW_SMALL, SLOW_LARGE], axis=0))
    assert (slow.predicted.low, slow.predicted.high) == pytest.approx((expected.low, expected.high))
    assert slow.reported == pytest.approx(0.55)
    assert (slow.inside, slow.cells_inside, slow.cells) == (True, 2, 2)
    fast = columns["test_accuracy", "fast"]
    assert (fast.inside, fast.cells_inside, fast.cells) == (False, 1, 2)


def test_numbers_of_the_table_are_reported_numbers(run):
    reported = run.resolved.definition.reported_values["test_accuracy"]
    assert reported.values["large-fast"] == 0.9
    assert reported.values["A"] == 0.9
    assert "page 3" in reported.where


def test_a_value_that_is_not_finite_leaves_its_cell_and_column_undecided(planted_as):
    run = planted_as(CASES, TABLE)
    for case in ("small-slow", "small-fast", "large-slow", "large-fast"):
        run.whole(case, "test_accuracy", [0.5, 0.51, math.nan])
    table = document_table(evidence_by_reading(run.tables(), run.resolved))
    assert {cell.inside for cell in table.cells.values()} == {None}
    assert table.columns == {}


def test_without_a_table_there_is_none(planted):
    planted.whole("A", "test_accuracy", [0.9, 0.9, 0.9])
    assert document_table(evidence_by_reading(planted.tables(), planted.resolved)) is None
    assert findings(planted.tables(), planted.resolved)
