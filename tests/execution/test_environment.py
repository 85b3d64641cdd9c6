"""What a job's process has of its own: variables, threads, Keras' folder, memory, state."""

import contextlib
import json
import os
from pathlib import Path

import numpy as np
import psutil
import pytest

from hpbench.engine.framework import OtherBackendError, require_backend
from hpbench.execution.environment import EnvironmentRefusedError, job_environment
from hpbench.execution.job import Ended
from hpbench.execution.limits import Limits
from hpbench.execution.local import LocalExecutor
from hpbench.records.trial import Outcome

CODE = """
import json, os
from pathlib import Path
import keras
from keras.src.backend.config import keras_home
from threadpoolctl import threadpool_info

def high_water():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

class Report(keras.callbacks.Callback):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_train_begin(self, logs=None):
        keras.jobs_seen = getattr(keras, "jobs_seen", 0) + 1
        seen = {
            "process": os.getpid(),
            "variables": dict(os.environ),
            "home": keras_home(),
            "home_there": Path(keras_home()).is_dir(),
            "threads": sorted({pool["num_threads"] for pool in threadpool_info()}),
            "high_water": high_water(),
            "jobs_seen": keras.jobs_seen,
        }
        os.environ["LEFT_BY_A_JOB"] = "1"
        Path(self.path).write_text(json.dumps(seen))
"""


@pytest.fixture
def look(tmp_path, job_with):
    """Runs a job in an executor; what it saw, and its result."""
    number = iter(range(100))

    def seen(executor):
        path = tmp_path / f"seen-{next(number)}.json"
        job = job_with(CODE, {"name": "mine:Report", "path": str(path)})
        messages = []
        executor.run([job], Limits(60.0), messages.append)
        result = next(message.result for message in messages if isinstance(message, Ended))
        assert (result.outcome, result.message) == (Outcome.OK, "")
        return json.loads(path.read_text()), result

    return seen


def test_each_executor_of_a_process_has_its_own_environment(look, monkeypatch):
    """They share a fork server, which had one environment when it imported the libraries."""
    with contextlib.ExitStack() as stack:
        executors, folders = [], []
        for threads in (1, 2, 1):
            monkeypatch.setenv("HPBENCH_TEST_THREADS", str(threads))
            folders.append(stack.enter_context(job_environment("tensorflow", threads)))
            executors.append(LocalExecutor(1, Path(folders[-1])))
        monkeypatch.delenv("HPBENCH_TEST_THREADS")
        for threads, folder, executor in zip((1, 2, 1), folders, executors, strict=True):
            seen, _ = look(executor)
            assert seen["threads"] == [threads]
            assert seen["variables"]["OMP_NUM_THREADS"] == str(threads)
            assert seen["variables"]["HPBENCH_TEST_THREADS"] == str(threads)
            assert seen["variables"]["KERAS_HOME"] == seen["home"] == folder
            assert seen["home_there"]
    assert len(set(folders)) == 3


def test_a_job_meets_nothing_of_the_one_before_and_no_memory_of_the_driver(look):
    with job_environment("tensorflow", 1) as folder:
        executor = LocalExecutor(1, Path(folder))
        first, _ = look(executor)
        held = np.ones(2**27)
        assert psutil.Process().memory_info().rss > held.nbytes > 1e9
        second, _ = look(executor)
    assert first["process"] != second["process"]
    assert first["jobs_seen"] == second["jobs_seen"] == 1
    assert "LEFT_BY_A_JOB" not in second["variables"]
    assert abs(second["high_water"] - first["high_water"]) < 50e6, "the high-water mark of a job is its own"


def test_where_a_process_cannot_fork_it_is_spawned_and_gives_the_same(look):
    with job_environment("tensorflow", 1) as folder:
        _, forked = look(LocalExecutor(1, Path(folder)))
        seen, spawned = look(LocalExecutor(1, Path(folder), "spawn"))
    assert seen["threads"] == [1]
    assert seen["home"] == folder
    assert [item for item in spawned.observations if item.name == "test_accuracy"]
    assert spawned.observations == forked.observations


def test_a_trial_on_another_backend_than_keras_has_is_refused():
    require_backend("tensorflow")
    with pytest.raises(OtherBackendError, match="asks for the backend jax, and Keras was imported with tensorflow"):
        require_backend("jax")


def test_variables_that_change_training_silently_are_refused(monkeypatch):
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    with pytest.raises(EnvironmentRefusedError, match="KERAS_MAX_EPOCHS"), job_environment("tensorflow", 1):
        pass


def test_the_job_environment_is_private_and_taken_back(monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "/mine")
    with job_environment("tensorflow", 3) as folder:
        assert os.environ["KERAS_HOME"] == folder
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["KERAS_HOME"] == "/mine"
    assert not Path(folder).exists()
