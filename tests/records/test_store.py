import math
import os
import platform
import shutil
import sqlite3
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpbench.records.calibration import AFTER, BEFORE, Reading
from hpbench.records.choose import best, load
from hpbench.records.hold import StoreHeldError
from hpbench.records.layout import StoreFullError
from hpbench.records.results import StoredResults
from hpbench.records.store import SCHEMA_VERSION, Attempt, Store, StoreError
from hpbench.records.trial import Cell, Observation, Outcome, Trial, TrialResult

RUN = {
    "benchmark": "small", "version": 1, "profile": "quick", "definition": "text", "file": "small.yaml",
    "selection": {"profile": "quick"},
    "command": "hpbench run", "machine": {"CPU": "x"}, "machine_id": "here", "data": {"name": "digits"},
}  # fmt: skip


READINGS = [Reading("triad", 17.5, "GB/s", 0.5), Reading("convolution", 108.0, "GFLOP/s", 2.0)]
CODE = defaultdict(lambda: "code")


def trial(seed, rate=0.1):
    return Trial("small", 1, {"training": {"learning_rate": rate}}, seed, "data")


def result(item, *observations, outcome=Outcome.OK, timed=False, code="code"):
    return TrialResult(item.identity, outcome, observations, timed, code)


def accuracy(value, iteration=10):
    return Observation("test_accuracy", value, iteration)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results.sqlite", create=True) as opened:
        yield opened


def test_what_is_stored_comes_back(store):
    cells = [
        Cell("a", "default", trial(0), True),
        Cell("b", "default", trial(0, 0.2)),
        Cell("b", "other", trial(0, 0.2)),
    ]
    number = store.add_run(RUN)
    store.add_cells(number, cells, CODE)
    seconds = Observation("seconds_training", 1.5)
    store.add_result(result(cells[0].trial, accuracy(0.5), accuracy(0.75, 20), seconds, timed=True), "here", 2.0)
    store.add_result(result(cells[1].trial, accuracy(math.nan), outcome=Outcome.DIVERGED), "here", 1.0)
    tables = load(store, store.runs("small")[0])
    assert number == 1
    assert tables.trials[["case", "reading", "outcome", "timed"]].to_dict("records") == [
        {"case": "a", "reading": "default", "outcome": "ok", "timed": True},
        {"case": "b", "reading": "default", "outcome": "diverged", "timed": False},
        {"case": "b", "reading": "other", "outcome": "diverged", "timed": False},
    ]
    a = tables.observations.query("case == 'a'")
    assert a["value"].tolist() == [0.5, 0.75, 1.5]
    assert np.isnan(a["iteration"].iloc[2])
    assert tables.observations.query("case == 'b'")["value"].isna().all()
    assert tables.settings["b", "other"] == {"training": {"learning_rate": 0.2}}


def test_calibration_stands_beside_its_run_and_its_newest_reading_of_a_moment_counts(store):
    for _ in range(2):
        store.add_cells(store.add_run(RUN), [Cell("a", "default", trial(0), True)], CODE)
    store.set_calibration(1, BEFORE, READINGS)
    for readings in ([], READINGS, READINGS[1:]):
        store.set_calibration(1, AFTER, readings)
    tables = [load(store, run) for run in store.runs()]
    assert tables[0].calibration == {BEFORE: READINGS, AFTER: READINGS[1:]}
    assert tables[1].calibration == {}


def test_what_jobs_resolved_is_told_by_case_and_reading_of_the_attempts_that_count(store):
    cells = [
        *(Cell("a", "default", trial(seed)) for seed in range(2)),
        Cell("b", "default", trial(0, 0.2)),
        Cell("a", "other", trial(0)),
        Cell("c", "default", trial(0, 0.3)),
    ]
    store.add_cells(store.add_run(RUN), cells, CODE)
    for cell, mode in zip(cells[:3], ("xla", "xla", "graph"), strict=True):
        store.add_result(replace(result(cell.trial), resolved={"compile": "eager"}), "here", 1.0)
        store.add_result(replace(result(cell.trial), resolved={"compile": mode, "devices": "CPU"}), "here", 1.0)
    assert load(store, store.runs()[0]).resolved == {
        "compile": {"xla": (("a", "default"), ("a", "other")), "graph": (("b", "default"),)},
        "devices": {"CPU": (("a", "default"), ("b", "default"), ("a", "other"))},
    }


def test_untimed_rows_carry_no_time_or_memory(store):
    cell = Cell("a", "default", trial(0))
    store.add_cells(store.add_run(RUN), [cell], CODE)
    store.add_result(
        result(
            cell.trial,
            accuracy(0.5),
            Observation("seconds_training", 1.0),
            Observation("host_memory_peak", 1e6),
            Observation("other_load", 0.5),
        ),
        "here",
        1.0,
    )
    assert load(store, store.runs()[0]).observations["metric"].tolist() == ["test_accuracy"]


def test_two_machines_stand_side_by_side(store):
    cell = Cell("a", "default", trial(0))
    store.add_cells(store.add_run(RUN), [cell], CODE)
    store.add_cells(store.add_run(RUN | {"machine_id": "there"}), [cell], CODE)
    store.add_result(result(cell.trial, accuracy(0.5)), "here", 1.0)
    store.add_result(result(cell.trial, accuracy(0.6)), "there", 1.0)
    values = [load(store, run).observations["value"].tolist() for run in store.runs()]
    assert values == [[0.5], [0.6]]


def test_an_attempt_with_a_result_counts_before_a_later_failure_and_a_timed_one_before_an_untimed():
    ok = Attempt(1, "t", Outcome.OK, False, "c", "")
    timed = Attempt(2, "t", Outcome.OK, True, "c", "")
    newer = Attempt(3, "t", Outcome.OK, True, "c", "")
    failed = Attempt(4, "t", Outcome.FAILED, True, "c", "")
    assert best([ok, failed]) is ok
    assert best([ok, timed, newer, failed]) is newer
    assert best([failed]) is failed
    assert best([]) is None


def test_results_of_older_code_do_not_stand_in_for_newer_ones():
    older = Attempt(1, "t", Outcome.OK, True, "older", "")
    newer = Attempt(2, "t", Outcome.OK, False, "newer", "")
    failed = Attempt(3, "t", Outcome.FAILED, False, "newest", "")
    assert best([older, newer]) is newer
    assert best([older, newer, failed]) is failed


def test_a_result_is_kept_whole_or_not_at_all(store):
    cell = Cell("a", "default", trial(0))
    store.add_cells(store.add_run(RUN), [cell], CODE)
    bad = Observation("test_accuracy", "not a number", 1)
    with pytest.raises((ValueError, sqlite3.Error)):
        store.add_result(result(cell.trial, accuracy(0.5), bad), "here", 1.0)
    assert store.attempts("here", [cell.trial.identity]) == {}


def test_a_run_without_a_plan_is_not_listed(store):
    store.add_run(RUN)
    assert store.runs() == []


def test_a_planner_sees_the_results_as_they_were_stored(store):
    cell = Cell("a", "default", trial(0))
    store.add_cells(store.add_run(RUN), [cell], CODE)
    kept = result(cell.trial, accuracy(0.5), Observation("device_memory_peak", 1e9, None, {"device": "GPU-1"}))
    results = StoredResults(store)
    assert not results
    results.add([store.add_result(kept, "here", 1.0)])
    assert list(results) == results[:] == [kept]


def test_mean_seconds_by_settings(store):
    cells = [Cell("a", "default", trial(seed)) for seed in range(2)]
    store.add_cells(store.add_run(RUN), cells, CODE)
    for cell, seconds in zip(cells, (1.0, 3.0), strict=True):
        store.add_result(result(cell.trial), "here", seconds)
    assert store.seconds_by_settings("here") == {'{"training":{"learning_rate":0.1}}': 2.0}
    assert store.seconds_by_settings("there") == {}


def test_files_that_are_no_results_file_are_refused_in_words(tmp_path):
    with pytest.raises(StoreError, match="no results in"):
        Store(tmp_path / "none.sqlite")
    text = tmp_path / "text.sqlite"
    text.write_text("this is not a database, but text that is long enough to look like a file" * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(text, create=True)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE x (y)")
    connection.close()
    with pytest.raises(StoreError, match="not a results file"):
        Store(other, create=True)
    assert text.read_text().startswith("this is not a database")


def test_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer than this hpbench"):
        Store(path, create=True)


def older_file(path, version):
    """A results file as an older version had it, with one run, one cell and one result."""
    item = trial(0)
    with Store(path, create=True) as store:
        store.add_cells(store.add_run(RUN), [Cell("a", "default", item)], CODE)
        store.add_result(result(item, accuracy(0.5), code="first"), "here", 1.0)
        store.connection.executescript(f"DROP TABLE calibration; PRAGMA user_version={version};")
        if version == 1:
            store.connection.executescript(
                "ALTER TABLE cell DROP COLUMN code; ALTER TABLE cell DROP COLUMN stands;"
                "DROP TABLE output; DROP TABLE holder;"
            )
    return path


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("version", [1, 2])
def test_an_older_file_is_brought_up_to_date_and_loses_nothing(tmp_path, version, create):
    with Store(older_file(tmp_path / "old.sqlite", version), create=create) as store:
        tables = load(store, store.runs()[0])
        assert tables.observations["value"].tolist() == [0.5]
        assert tables.trials["stale"].tolist() == [version == 2]
        assert tables.calibration == {}
        store.set_calibration(1, BEFORE, READINGS)
        assert store.calibration(1) == {BEFORE: READINGS}
        assert store.failures() == []
        store.add_result(result(trial(0), outcome=Outcome.FAILED), "here", 1.0, "its output")
        assert [failure.output for failure in store.failures()] == ["its output"]


def test_a_result_of_other_code_than_the_run_s_is_stale(store):
    cells = [Cell("a", "default", trial(seed)) for seed in range(2)]
    store.add_cells(store.add_run(RUN), cells, CODE)
    store.add_result(result(cells[0].trial, accuracy(0.5), code="older"), "here", 1.0)
    store.add_result(result(cells[1].trial, accuracy(0.5)), "here", 1.0)
    assert load(store, store.runs()[0]).trials["stale"].tolist() == [True, False]


def test_a_result_of_the_run_s_own_code_counts_though_other_code_came_later(store):
    cell = Cell("a", "default", trial(0))
    store.add_cells(store.add_run(RUN), [cell], CODE)
    store.add_result(result(cell.trial, accuracy(0.5)), "here", 1.0)
    store.add_result(result(cell.trial, accuracy(0.75), code="later"), "here", 1.0)
    tables = load(store, store.runs()[0])
    assert tables.observations["value"].tolist() == [0.5]
    assert tables.trials["stale"].tolist() == [False]


def test_a_run_keeps_the_result_that_it_took_over_whatever_came_before_or_after(store):
    """Older code gave a result, then newer code failed: a run that keeps stale results shows the former, stale."""
    cell = Cell("a", "default", trial(0), True)
    taken = store.add_result(result(cell.trial, accuracy(0.5), timed=True, code="older"), "here", 1.0)
    store.add_result(result(cell.trial, accuracy(0.25), code="newer"), "here", 1.0)
    store.add_result(result(cell.trial, outcome=Outcome.FAILED), "here", 1.0)
    stands = store.attempts("here", [cell.trial.identity])[cell.trial.identity][:1]
    assert stands[0].id == taken
    store.add_cells(store.add_run(RUN), [cell], CODE, stands)
    tables = load(store, store.runs()[0])
    assert tables.observations["value"].tolist() == [0.5]
    assert tables.trials[["outcome", "timed", "stale"]].values.tolist() == [["ok", True, True]]
    store.add_cells(store.add_run(RUN), [cell], CODE)
    assert load(store, store.runs()[1]).trials[["outcome", "stale"]].values.tolist() == [["failed", False]]


def test_a_store_in_a_folder_that_cannot_be_written_is_read_with_what_is_beside_it(tmp_path, monkeypatch):
    """What a killed driver left in the write-ahead log is not lost; the files are copied while it is open."""
    path = tmp_path / "results.sqlite"
    cell = Cell("a", "default", trial(0))
    with Store(path, create=True) as store:
        store.add_cells(store.add_run(RUN), [cell], CODE)
        store.add_result(result(cell.trial, accuracy(0.5)), "here", 1.0)
        left = tmp_path / "left"
        left.mkdir()
        for name in ("results.sqlite", "results.sqlite-wal", "results.sqlite-shm"):
            shutil.copy(tmp_path / name, left / name)
    monkeypatch.setattr("hpbench.records.layout.os.access", lambda folder, mode: False)
    for folder in (left, tmp_path):
        with Store(folder / "results.sqlite") as store:
            assert load(store, store.runs()[0]).observations["value"].tolist() == [0.5]


def test_a_store_is_held_under_whatever_name(store, tmp_path):
    link = tmp_path / "link.sqlite"
    link.symlink_to(tmp_path / "results.sqlite")
    with store.held("hpbench run"), Store(link, create=True) as second, pytest.raises(StoreHeldError):
        second.held("hpbench run").__enter__()


def test_failures_are_found_by_the_beginning_of_the_trial(store):
    cells = [Cell(name, "default", trial(seed)) for seed, name in enumerate("ab")]
    store.add_cells(store.add_run(RUN), cells, CODE)
    for cell in cells:
        store.add_result(result(cell.trial, outcome=Outcome.TIMED_OUT), "here", 1.0, f"output of {cell.case}")
    store.add_result(result(cells[0].trial, accuracy(1.0)), "here", 1.0)
    assert [(item.cell, item.outcome, item.output) for item in store.failures(cells[1].trial.identity[:8])] == [
        ("b, default", "timed_out", "output of b")
    ]
    assert [item.cell for item in store.failures()] == ["b, default"], "the other one has a result since"


def test_fingerprints_of_the_data_that_results_used(store):
    def on(data, seed, name="digits"):
        return Trial("small", 1, {"dataset": {"name": name}}, seed, data)

    done = [on("one", 0), on("one", 1), on("other", 2, "npz")]
    planned = [on("three", 3)]
    store.add_cells(store.add_run(RUN), [Cell("a", "default", item) for item in done + planned], CODE)
    for item in done:
        store.add_result(result(item), "here", 1.0)
    assert store.data_fingerprints("small", 1) == {'{"name":"digits"}': {"one"}, '{"name":"npz"}': {"other"}}
    assert store.data_fingerprints("small", 2) == {}


def test_a_full_disk_ends_in_words_and_loses_nothing(store):
    """SQLite gives the same error for a full disk and for its own limit of pages."""
    cell = Cell("a", "default", trial(0))
    store.add_cells(store.add_run(RUN), [cell], CODE)
    store.add_result(result(cell.trial, accuracy(0.5)), "here", 1.0)
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count={pages}")
    large = [accuracy(0.5, iteration) for iteration in range(10_000)]
    with pytest.raises(StoreFullError, match=r"results.sqlite cannot be written: database or disk is full"):
        store.add_result(result(cell.trial, *large), "here", 1.0)
    store.connection.execute("PRAGMA max_page_count=1000000")
    assert len(store.attempts("here", [cell.trial.identity])[cell.trial.identity]) == 1
    store.add_result(result(cell.trial, *large), "here", 1.0)


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="a folder nobody can write is taken from /sys")
def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(StoreError, match=r"/sys/kernel/results.sqlite cannot be used .* name another with --results"):
        Store(Path("/sys/kernel/results.sqlite"), create=True)


def test_a_file_is_held_by_one_driver_at_a_time(store, tmp_path):
    path = tmp_path / "results.sqlite"
    with store.held("hpbench run small"), Store(path, create=True) as second:
        with pytest.raises(StoreHeldError) as caught, second.held("hpbench run other"):
            pass
        assert f"process {os.getpid()} on host {platform.node()} (hpbench run small, since 20" in str(caught.value)
    with Store(path, create=True) as third, third.held("hpbench run other"):
        pass
