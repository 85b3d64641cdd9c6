import math

import pytest

from hpbench.analysis.statistics import mean_interval, prediction_interval
from hpbench.analysis.summary import comparisons, rows


def test_a_row_holds_the_last_value_over_the_seeds(planted):
    for seed, last in enumerate((0.8, 0.9, 0.7)):
        planted.curve("A", seed, "test_accuracy", [0.1, last])
    (row,) = rows(planted.tables(), planted.resolved)
    expected = mean_interval([0.8, 0.9, 0.7])
    assert (row.case, row.reading, row.metric, row.unit) == ("A", "default", "test_accuracy", "fraction")
    assert (row.n, row.mean, row.low, row.high) == (3, expected.mean, expected.low, expected.high)
    assert (row.reported, row.device, row.diverged) == (0.9, None, 0)
    assert row.settings["training"]["batch_size"] == 64


def test_the_last_value_is_by_iteration_not_by_place(planted):
    planted.curve("A", 0, "test_accuracy", [0.9, 0.1, 0.5], iterations=[300, 100, 200])
    assert rows(planted.tables(), planted.resolved)[0].mean == 0.9


def test_a_diverged_trial_counts_and_is_marked_among_the_seeds_of_the_metric(planted):
    planted.trial("A", 1, outcome="diverged")
    planted.whole("A", "test_accuracy", [0.9, 0.1, 0.8])
    planted.whole("A", "seconds_training", [5.0])
    by_metric = {row.metric: row for row in rows(planted.tables(), planted.resolved)}
    assert (by_metric["test_accuracy"].n, by_metric["test_accuracy"].diverged) == (3, 1)
    assert (by_metric["seconds_training"].n, by_metric["seconds_training"].diverged) == (1, 0)


def test_a_loss_that_is_not_finite_in_one_seed_has_no_mean(planted):
    planted.whole("A", "test_loss", [0.1, math.nan, 0.2])
    (row,) = rows(planted.tables(), planted.resolved)
    assert row.n == 3
    assert math.isnan(row.mean)


def test_devices_have_a_row_each(planted):
    planted.whole("A", "device_memory_peak", [1.0, 2.0], device="GPU-1")
    planted.whole("A", "device_memory_peak", [3.0], device="GPU-2")
    found = rows(planted.tables(), planted.resolved)
    assert [(row.device, row.n, row.mean, row.unit) for row in found] == [
        ("GPU-1", 2, 1.5, "B"),
        ("GPU-2", 1, 3.0, "B"),
    ]


def test_rows_stand_in_the_definitions_order(planted):
    for reading in ("words=by", "default"):
        for case in ("crossed/batch_size=32,learning_rate=0.01", "C", "A"):
            planted.whole(case, "seconds_training", [1.0], reading)
            planted.whole(case, "test_accuracy", [1.0], reading)
    found = [(row.reading, row.case, row.metric) for row in rows(planted.tables(), planted.resolved)]
    assert found == [
        (reading, case, metric)
        for reading in ("default", "words=by")
        for case in ("A", "C", "crossed/batch_size=32,learning_rate=0.01")
        for metric in ("test_accuracy", "seconds_training")
    ]


def test_reported_beside_reproduced(planted):
    planted.whole("A", "test_accuracy", [0.90, 0.92, 0.94])
    planted.whole("B", "test_accuracy", [0.85, 0.86, 0.88])
    planted.whole("C", "host_memory_training", [2.6, 3.9])
    planted.whole("A", "host_memory_training", [2.0, 3.0])
    of_a, difference, ratio = comparisons(planted.tables(), planted.resolved)
    assert (of_a.key, of_a.n, of_a.inside, of_a.where) == ("A", 3, True, "table 1")
    predicted = prediction_interval([0.90, 0.92, 0.94])
    assert (of_a.predicted_low, of_a.predicted_high) == (predicted.low, predicted.high)
    assert difference.mean == pytest.approx((0.05 + 0.06 + 0.06) / 3)
    assert (difference.reported, difference.unit, difference.inside) == (0.1, "fraction", False)
    assert (ratio.key, ratio.unit, ratio.n, ratio.inside) == ("C / A", "1", 2, None)
    assert ratio.mean == pytest.approx(1.3)
    assert math.isnan(ratio.low)


def test_a_reading_may_change_the_reported_number(planted):
    for reading in ("default", "words=by"):
        planted.whole("A", "host_memory_training", [1.0], reading)
        planted.whole("C", "host_memory_training", [1.3], reading)
    found = {(c.key, c.reading): c.reported for c in comparisons(planted.tables(), planted.resolved)}
    assert (found["C / A", "default"], found["C / A", "words=by"]) == (1.26, 2.26)


def test_what_was_not_measured_is_compared_with_nothing(planted):
    planted.whole("B", "test_accuracy", [0.8])
    found = comparisons(planted.tables(), planted.resolved)
    assert [comparison.n for comparison in found] == [0, 0, 0]
    assert all(math.isnan(comparison.mean) and comparison.inside is None for comparison in found)


def test_an_empty_run_has_no_rows(planted):
    assert rows(planted.tables(), planted.resolved) == []
    assert comparisons(planted.tables(), planted.resolved) == []
