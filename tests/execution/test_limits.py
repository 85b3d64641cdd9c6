"""Where a trial is ended: in arithmetic, and for real, by code of one's own that hangs or eats memory."""

import math
import os

import psutil
import pytest

from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended
from hpbench.execution.limits import Limits, resident
from hpbench.execution.local import LocalExecutor
from hpbench.records.trial import Outcome

GIB = 2**30
CODE = """
import time
import keras

class Hang(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("hanging at", epoch)
        while True:
            time.sleep(0.01)

class Eat(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("eating")
        eaten = []
        while True:
            eaten.append(b"x" * 2**24)
            time.sleep(0.005)

class Linger(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        import subprocess, threading
        threading.Thread(target=time.sleep, args=(600,)).start()
        child = subprocess.Popen(["sleep", "600"])
        logs["child"] = float(child.pid)

class Die(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        import ctypes
        ctypes.string_at(0)
"""


def test_a_trial_within_its_limits_goes_on():
    assert Limits(10.0, GIB, 2 * GIB).exceeded(9.9, GIB, 2 * GIB) is None
    assert Limits(math.inf).exceeded(1e9, 2**60, 2**60) is None


def test_each_limit_ends_a_trial_in_its_own_words():
    assert Limits(10.0).exceeded(10.1, 0) == (
        Outcome.TIMED_OUT,
        "ended after its limit of 10 s (limits.seconds)",
    )
    assert Limits(10.0, GIB).exceeded(1.0, GIB + GIB // 2) == (
        Outcome.OUT_OF_MEMORY,
        "ended at 1.50 GiB, over its limit of 1.00 GiB (limits.memory_gib)",
    )


def test_the_largest_of_jobs_that_together_hold_too_much_is_ended():
    limits = Limits(10.0, memory_together=2 * GIB)
    assert limits.exceeded(1.0, GIB) is None
    outcome, words = limits.exceeded(1.0, GIB, 2 * GIB + 1)
    assert outcome is Outcome.OUT_OF_MEMORY
    assert "together held 2.00 GiB" in words


def test_memory_of_a_process_that_has_ended_is_nothing():
    assert resident(os.getpid()) > 1e6
    assert resident(None) == resident(2**22 - 1) == 0


@pytest.fixture
def run(tmp_path, job_with):
    """Runs the small benchmark's case ``fast`` with each callback of ``mine``, then without; how each ended."""

    def ends(limits, *callbacks):
        jobs = [*(job_with(CODE, {"name": f"mine:{callback}"}) for callback in callbacks), job_with(CODE)]
        messages = []
        with job_environment("tensorflow", 1) as folder:
            LocalExecutor(1, tmp_path / folder).run(jobs, limits, messages.append)
        found = {message.result.trial: message for message in messages if isinstance(message, Ended)}
        return [found[job.trials[0].identity] for job in jobs]

    return ends


def test_a_trial_that_hangs_is_ended_says_where_it_was_and_the_rest_goes_on(run):
    hung, fine = run(Limits(20.0), "Hang")
    assert hung.result.outcome is Outcome.TIMED_OUT
    assert "hanging at 0" in hung.output
    assert "mine.py" in hung.output
    assert "in on_epoch_end" in hung.output
    assert (fine.result.outcome, fine.output) == (Outcome.OK, "")


def test_a_trial_that_eats_memory_is_ended_a_crash_leaves_its_stack_and_the_rest_goes_on(run):
    full, crashed, fine = run(Limits(60.0, 1.5 * GIB), "Eat", "Die")
    assert full.result.outcome is Outcome.OUT_OF_MEMORY
    assert "over its limit of 1.50 GiB" in full.result.message
    assert "eating" in full.output
    assert crashed.result.outcome is Outcome.FAILED
    assert "killed by signal 11" in crashed.result.message
    assert "Segmentation fault" in crashed.output
    assert "in on_epoch_end" in crashed.output
    assert fine.result.outcome is Outcome.OK


def test_a_job_that_does_not_end_is_ended_with_the_processes_it_started(run, monkeypatch):
    """Its trial is done: the result stays, and the driver does not wait for the thread that own code left behind."""
    monkeypatch.setattr("hpbench.execution.local.ENDING_SECONDS", 1.0)
    lingering, fine = run(Limits(60.0), "Linger")
    assert lingering.result.outcome is Outcome.OK
    assert fine.result.outcome is Outcome.OK
    children = [int(item.value) for item in lingering.result.observations if item.name == "child"]
    assert children
    assert not any(psutil.pid_exists(child) and psutil.Process(child).status() != "zombie" for child in children)
