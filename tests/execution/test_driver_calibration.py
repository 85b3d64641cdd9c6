"""Calibration beside a run: where timed trials are, before the first and after the last of them."""

import math
import os
import signal
from pathlib import Path

import pytest

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.execution.driver import Driver, Options
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Started
from hpbench.execution.local import LocalExecutor
from hpbench.records.calibration import AFTER, BEFORE
from hpbench.records.choose import load
from hpbench.records.store import Store
from tests.conftest import QUICK, SMALL


class Watching:
    """Notes which moments were stored when trials began and ended."""

    def __init__(self, store):
        self.store = store
        self.noted = []
        self.said = []

    def note(self, text):
        self.said.append(text)

    def begin(self, benchmark, todo, cells, shares):
        self.timed = {trial.identity: timed for trial, timed in todo.trials}

    def show(self, message):
        if isinstance(message, Started):
            self.noted.append((self.timed[message.trial], "started", *self.store.calibration(1)))
        if isinstance(message, Ended):
            self.noted.append((self.timed[message.result.trial], "ended", *self.store.calibration(1)))

    def end(self):
        pass


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results.sqlite", create=True) as opened:
        yield opened


def run(store, **changes):
    changes |= QUICK
    resolved = parse(SMALL, "small.yaml", Selection(cases=("fast",), readings=("default",), changes=changes))
    display = Watching(store)
    Driver(resolved, store, display, Options(store.path.parent, workers=1)).run("hpbench run small.yaml")
    return display


def test_readings_are_taken_before_the_first_timed_trial_and_after_the_last(store):
    display = run(store)
    assert display.noted == [
        (True, "started", BEFORE), (True, "ended", BEFORE),
        (False, "started", AFTER, BEFORE), (False, "ended", AFTER, BEFORE),
    ]  # fmt: skip
    tables = load(store, store.runs()[0])
    for readings in tables.calibration.values():
        cpu = [reading for reading in readings if "," not in reading.name]
        assert [(reading.name, reading.unit) for reading in cpu] == [
            ("matrix product", "GFLOP/s"), ("convolution", "GFLOP/s"), ("triad", "GB/s"),
        ]  # fmt: skip
        assert all(0 < reading.value < math.inf and 0 <= reading.spread < math.inf for reading in readings)
    assert set(tables.resolved) >= {"compile", "devices", "memory"}


def test_without_timed_trials_nothing_is_calibrated_and_data_that_is_not_there_yet_is_said_to_be_prepared(store):
    display = run(store, timed_seeds=0)
    assert [note[1:] for note in display.noted] == [("started",), ("ended",)] * 2
    assert store.calibration(1) == {}
    assert display.said == ["preparing the data set digits, once"]
    assert run(store, timed_seeds=0).said == []


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_workload_that_fails_or_takes_too_long_gives_no_readings_and_ends(tmp_path, monkeypatch, seconds):
    monkeypatch.setattr("hpbench.execution.local.CALIBRATION_SECONDS", seconds)
    if seconds:
        monkeypatch.setattr("hpbench.execution.local.usable_cores", lambda: -1)  # no number of threads
    with job_environment("tensorflow", 1) as folder:
        executor = LocalExecutor(1, Path(folder))
        assert executor.calibrate() == []


def test_ctrl_c_ends_the_workload(monkeypatch):
    started = []

    def interrupt(process):
        start(process)
        if len(started) == 1:  # the first one warms the fork server up
            os.kill(os.getpid(), signal.SIGINT)
        started.append(process)

    with job_environment("tensorflow", 1) as folder:
        executor = LocalExecutor(1, Path(folder))
        kind = executor._context.Process
        start = kind.start
        monkeypatch.setattr(kind, "start", interrupt)
        with pytest.raises(KeyboardInterrupt):
            executor.calibrate()
    assert [process.is_alive() for process in started] == [False, False]
