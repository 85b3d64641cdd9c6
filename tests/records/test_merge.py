import sqlite3
from collections import defaultdict

import numpy as np
import pytest

from hpbench.records.calibration import AFTER, BEFORE, Reading
from hpbench.records.choose import load
from hpbench.records.contradictions import ContradictionError
from hpbench.records.merge import merge
from hpbench.records.store import SCHEMA_VERSION, Store, StoreError
from hpbench.records.trial import Cell, Observation, Outcome, Trial, TrialResult

CODE = defaultdict(lambda: "code")
RUN = {
    "benchmark": "small", "version": 1, "profile": "quick", "definition": "text", "file": "small.yaml",
    "selection": {"profile": "quick"}, "command": "hpbench run", "machine": {"CPU": "x"}, "machine_id": "here",
    "data": {"name": "digits"},
}  # fmt: skip


def trial(seed, data="data", **compute):
    return Trial("small", 1, {"dataset": {"name": "digits"}, "compute": compute}, seed, data)


def result(item, value=0.5, outcome=Outcome.OK, code="code", seconds=1.0, timed=True):
    seen = (Observation("test_accuracy", value, 10), Observation("seconds_training", seconds))
    return TrialResult(item.identity, outcome, seen, timed, code)


def no_joining(store, newest):
    return []


@pytest.fixture
def made(tmp_path):
    """A function that makes a results file with one run of some trials and their results."""

    def make(name, results, machine="here", trials=(), ended=None):
        trials = trials or [trial(seed) for seed in range(len(results))]
        path = tmp_path / name
        with Store(path, create=True) as store:
            number = store.add_run(RUN | {"machine_id": machine})
            store.add_cells(number, [Cell("a", "default", item, True) for item in trials], CODE)
            for one in results:
                store.add_result(one, machine, 2.0, "printed")
            store.set_calibration(number, BEFORE, [Reading("triad", 17.5, "GB/s", 0.5)])
            if ended:
                store.connection.execute("UPDATE attempt SET ended = ?", (ended,))
                store.connection.execute("UPDATE run SET created = ?", (ended,))
                store.connection.commit()
        return path

    return make


def merged(*paths):
    target = paths[0].with_name("merged.sqlite")
    return merge(paths, target, no_joining), target


def test_everything_of_every_file_is_there_and_the_files_stay_to_the_byte(made, tmp_path):
    a = made("a.sqlite", [result(trial(0), 0.25)])
    b = made("b.sqlite", [result(trial(1), 0.75)], trials=[trial(1)])
    before = {path.name: path.read_bytes() for path in (a, b)}
    found, target = merged(a, b)
    assert (found.attempts, found.twice, found.runs, set(found.machines)) == (2, 0, 2, {"here"})
    assert {path.name: path.read_bytes() for path in (a, b)} == before
    assert {path.name for path in tmp_path.iterdir()} == {"a.sqlite", "b.sqlite", "merged.sqlite"}
    with Store(target) as store:
        one, two = (load(store, run) for run in store.runs())
        assert store.calibration(2) == {BEFORE: [Reading("triad", 17.5, "GB/s", 0.5)]}
        assert store.connection.execute("SELECT text FROM output").fetchall() == [("printed",)] * 2
    assert one.observations["value"].tolist() == [0.25, 1.0]
    assert two.observations["value"].tolist() == [0.75, 1.0]


def test_the_same_trial_on_two_machines_stays_two(made):
    a = made("a.sqlite", [result(trial(0), 0.25)])
    b = made("b.sqlite", [result(trial(0), 0.75)], machine="there")
    found, target = merged(a, b)
    assert (found.attempts, set(found.machines)) == (2, {"here", "there"})
    assert found.machines_told() == ["--machine here: x", "--machine there: x"]
    with Store(target) as store:
        values = {run.machine_id: load(store, run).observations["value"].iloc[0] for run in store.runs()}
    assert values == {"here": 0.25, "there": 0.75}


def test_the_same_attempt_twice_is_kept_once_and_so_is_its_run(made, tmp_path):
    a = made("a.sqlite", [result(trial(0)), result(trial(1))])
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(a.read_bytes())
    found, target = merged(a, copy)
    assert (found.attempts, found.twice, found.runs) == (2, 2, 1)
    again = merge([target, a], tmp_path / "again.sqlite", no_joining)
    assert (again.attempts, again.twice, again.runs) == (2, 2, 1)


def test_a_trial_run_again_with_other_times_is_no_contradiction_and_the_newest_counts(made):
    late = made("late.sqlite", [result(trial(0), seconds=3.0)], ended="2025-02-02T00:00:00+00:00")
    early = made("early.sqlite", [result(trial(0), seconds=2.0)], ended="2025-01-01T00:00:00+00:00")
    found, target = merged(late, early)
    assert (found.attempts, found.twice, found.runs) == (2, 0, 2)
    with Store(target) as store:
        assert [run.created[:7] for run in store.runs()] == ["2025-01", "2025-02"]
        tables = load(store, store.runs()[0])
    assert tables.observations["value"].tolist() == [0.5, 3.0]


def test_what_a_run_took_over_is_still_what_it_took_over(made):
    a = made("a.sqlite", [result(trial(1))], ended="2025-01-01T00:00:00+00:00", trials=[trial(1)])
    b = made("b.sqlite", [result(trial(0), 0.25)], ended="2025-01-02T00:00:00+00:00")
    with Store(b, create=True) as store:
        (attempt,) = store.attempts("here", [trial(0).identity])[trial(0).identity]
        store.add_cells(store.add_run(RUN), [Cell("a", "default", trial(0), True)], CODE, [attempt])
    _, target = merged(a, b)
    with Store(target) as store:
        (cell,) = store.cells(store.runs()[-1].id)
        (kept,) = store.attempts("here", [trial(0).identity])[trial(0).identity]
    assert (cell.trial, cell.stands) == (kept.trial, kept.id)
    assert kept.id == 2


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (result(trial(0), 0.75), "test_accuracy at iteration 10 is 0.5 in {a} but 0.75 in {b}"),
        (result(trial(0), float("nan")), "test_accuracy at iteration 10 is 0.5 in {a} but nan in {b}"),
        (result(trial(0), outcome=Outcome.DIVERGED), "ok in {a} ("),
        (TrialResult(trial(0).identity, Outcome.OK, (), True, "code"), "is 0.5 in {a} but not observed in {b}"),
    ],
)
def test_another_value_or_outcome_of_the_same_trial_machine_and_code_is_said_with_both_sides(
    other, said, made, tmp_path
):
    a, b = made("a.sqlite", [result(trial(0))]), made("b.sqlite", [other])
    with pytest.raises(ContradictionError) as error:
        merged(a, b)
    assert said.format(a=a, b=b) in str(error.value)
    assert "small, a, default, seed 0" in str(error.value)
    assert {path.name for path in tmp_path.iterdir()} == {"a.sqlite", "b.sqlite"}


@pytest.mark.parametrize(
    "other",
    [
        result(trial(0), 0.75, code="newer code"),
        result(trial(0), 0.75, outcome=Outcome.FAILED),
        result(trial(0), 0.75, timed=False),
    ],
)
def test_other_code_and_failed_attempts_are_no_contradiction(other, made):
    found, _ = merged(made("a.sqlite", [result(trial(0))]), made("b.sqlite", [other]))
    assert found.attempts == 2


def test_trials_that_are_not_deterministic_may_differ(made):
    loose = trial(0, deterministic=False)
    a, b = (made(f"{value}.sqlite", [result(loose, value)], trials=[loose]) for value in (0.25, 0.75))
    assert merged(a, b)[0].attempts == 2


def test_other_data_for_the_same_data_set_is_said_with_both_sides(made):
    a = made("a.sqlite", [result(trial(0))])
    b = made("b.sqlite", [result(trial(1, "other data"))], trials=[trial(1, "other data")])
    with pytest.raises(ContradictionError, match=r"fingerprint data in .*a\.sqlite but other data in .*b\.sqlite"):
        merged(a, b)


def test_data_on_which_no_trial_gave_a_result_is_no_contradiction(made):
    broken, good = trial(0, "broken"), trial(0)
    results = [result(broken, outcome=Outcome.FAILED), result(good)]
    found, _ = merged(made("a.sqlite", results, trials=[broken, good]), made("b.sqlite", [result(good)]))
    assert found.attempts == 2


def test_ratios_of_times_are_times(made):
    """The ratio of two latencies, which is never the same twice."""
    files = []
    for name, ratio in (("a.sqlite", 1.03), ("b.sqlite", 1.05)):
        seen = (Observation("inference_ratio", ratio, None, {"batch": "32"}),)
        files.append(made(name, [TrialResult(trial(0).identity, Outcome.OK, seen, True, "code")], trials=[trial(0)]))
    assert merged(*files)[0].attempts == 2


def test_many_contradictions_are_counted(made):
    a, b = (made(f"{value}.sqlite", [result(trial(seed), value) for seed in range(13)]) for value in (0.25, 0.75))
    with pytest.raises(ContradictionError, match="and 3 more"):
        merged(a, b)


def test_a_file_of_a_newer_version_or_none_at_all_is_refused_and_nothing_is_written(made, tmp_path):
    a, newer = made("a.sqlite", [result(trial(0))]), made("newer.sqlite", [])
    with sqlite3.connect(newer) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    (tmp_path / "text.sqlite").write_text("no database, but long enough to be one " * 50, encoding="utf-8")
    for name, said in {"newer.sqlite": "newer than this hpbench", "text.sqlite": "text.sqlite", "none": "none"}.items():
        with pytest.raises(StoreError, match=said):
            merged(a, tmp_path / name)
    assert not (tmp_path / "merged.sqlite").exists()
    assert not list(tmp_path.glob(".merging-*"))


def test_a_file_of_version_1_is_read_and_stays_of_version_1(made, tmp_path):
    old = tmp_path / "old.sqlite"
    old.write_bytes(made("new.sqlite", [result(trial(0))]).read_bytes())
    with sqlite3.connect(old) as connection:
        connection.executescript(
            """DROP TABLE calibration; DROP TABLE output; DROP TABLE holder; ALTER TABLE cell DROP COLUMN code;
               ALTER TABLE cell DROP COLUMN stands; PRAGMA user_version=1;"""
        )
    connection.close()
    before = old.read_bytes()
    found, _ = merged(made("a.sqlite", [result(trial(1))], trials=[trial(1)]), old)
    assert found.attempts == 2
    assert old.read_bytes() == before


def test_a_file_that_exists_is_not_written_over(made, tmp_path):
    a = made("a.sqlite", [result(trial(0))])
    before = a.read_bytes()
    with pytest.raises(StoreError, match="exists"):
        merge([a], a, no_joining)
    assert a.read_bytes() == before


def test_more_files_than_sqlite_attaches_at_once(made):
    paths = [made(f"{seed}.sqlite", [result(trial(seed))], trials=[trial(seed)]) for seed in range(14)]
    found, target = merged(*paths)
    assert (found.attempts, found.runs) == (14, 14)
    with Store(target) as store:
        assert np.allclose([load(store, run).observations["value"].iloc[0] for run in store.runs()], 0.5)


def test_joining_that_fails_leaves_nothing(made, tmp_path):
    def failing(store, newest):
        raise StoreError("no")

    a = made("a.sqlite", [result(trial(0))])
    with pytest.raises(StoreError, match="no"):
        merge([a], tmp_path / "out.sqlite", failing)
    assert {path.name for path in tmp_path.iterdir()} == {"a.sqlite"}


def test_the_newest_run_of_each_benchmark_and_profile_of_each_file_may_be_a_shard(made):
    seen = []
    a = made("a.sqlite", [result(trial(0))], ended="2025-01-01T00:00:00+00:00")
    with Store(a, create=True) as store:
        for profile in ("quick", "smoke"):
            store.add_cells(store.add_run(RUN | {"profile": profile}), [Cell("a", "default", trial(0), True)], CODE)
        store.set_calibration(2, AFTER, [])
    merge([a], a.with_name("out.sqlite"), lambda store, newest: seen.extend(newest) or [])
    assert seen == [2, 3]
