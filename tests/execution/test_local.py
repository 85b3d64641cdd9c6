"""Real job processes: how they end, whatever happens to them."""

import math
import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Job, Progressed, Started, _outcome
from hpbench.execution.limits import Limits
from hpbench.execution.local import LocalExecutor
from hpbench.parts.datasets.prepared import DataError, prepare_dataset
from hpbench.plan.cases import cells
from hpbench.records.trial import Outcome
from tests.conftest import QUICK, SMALL


@pytest.fixture(scope="module")
def executor():
    with job_environment("tensorflow", 1) as folder:
        yield LocalExecutor(2, Path(folder))


ENDLESS = {"training.iterations": 2_000_000, "training.evaluate_every": 4}


def trials(count, folder, **changes):
    """Trials of the small benchmark, changed, over data that is prepared in ``folder``, where there is any."""

    def fingerprint(settings):
        try:
            return prepare_dataset(settings.dataset.model_dump(), folder).fingerprint
        except DataError:
            return "none"

    selection = Selection(seeds=count, cases=("fast",), readings=("default",), changes=changes)
    return tuple(cell.trial for cell in cells(parse(SMALL, "small.yaml", selection), fingerprint))


def run(executor, jobs, limit=60.0, also=lambda message: None):
    messages = []

    def listen(message):
        messages.append(message)
        also(message)

    executor.run(jobs, Limits(limit), listen)
    return messages, {message.result.trial: message.result for message in messages if isinstance(message, Ended)}


def kill_workers():
    for child in psutil.Process().children(recursive=True):
        if any("forkserver" in part for part in child.cmdline()) and child.parent().pid != os.getpid():
            os.kill(child.pid, signal.SIGKILL)


def test_a_shared_job_reports_each_trial_and_gives_the_bits_of_isolated_ones(executor, tmp_path):
    todo = trials(2, tmp_path)
    messages, shared = run(executor, [Job(todo, False, str(tmp_path), "code")])
    kinds = [type(message) for message in messages if message.__class__ is not Progressed]
    assert kinds == [Started, Ended, Started, Ended]
    assert [message.iteration for message in messages if isinstance(message, Progressed)] == [4, 8, 12] * 2
    assert {result.outcome for result in shared.values()} == {Outcome.OK}
    assert {item.name for item in shared[todo[0].identity].observations}.isdisjoint(
        {"seconds_training", "host_memory_peak"}
    )
    _, alone = run(executor, [Job((trial,), True, str(tmp_path), "code") for trial in todo])
    for trial in todo:
        both = [
            {(item.name, item.iteration): item.value for item in results[trial.identity].observations}
            for results in (shared, alone)
        ]
        assert both[0] == {key: both[1][key] for key in both[0]}
        assert {"seconds_training", "seconds_per_100_iterations", "seconds_compile", "seconds_total"} <= {
            name for name, _ in both[1]
        }
        assert {"host_memory_before", "host_memory_peak", "host_memory_mean", "host_memory_training"} <= {
            name for name, _ in both[1]
        }


def test_a_trial_over_its_limit_is_ended_and_the_rest_go_on(executor, tmp_path):
    endless = trials(1, tmp_path, **QUICK, **ENDLESS)
    quick = trials(1, tmp_path, **QUICK)
    messages, _ = run(executor, [Job(quick, False, str(tmp_path), "code")])
    limit = math.ceil(max(5, 8 * messages[-1].elapsed))  # the machine may be slow
    _, results = run(executor, [Job(endless + quick, False, str(tmp_path), "code")], limit=limit)
    assert results[endless[0].identity].outcome is Outcome.TIMED_OUT
    assert f"limit of {limit} s" in results[endless[0].identity].message
    assert results[quick[0].identity].outcome is Outcome.OK


def test_a_killed_job_loses_only_the_trial_under_way(executor, tmp_path):
    first, last = trials(2, tmp_path, **QUICK)
    (endless,) = trials(1, tmp_path, **QUICK, **ENDLESS)
    killed = []

    def kill_endless(message):
        if isinstance(message, Progressed) and message.trial == endless.identity and not killed:
            killed.append(True)
            kill_workers()

    _, results = run(executor, [Job((first, endless, last), False, str(tmp_path), "code")], also=kill_endless)
    assert [results[trial.identity].outcome for trial in (first, last)] == [Outcome.OK] * 2
    assert results[endless.identity].outcome is Outcome.FAILED
    assert "killed by signal 9" in results[endless.identity].message


def test_a_trial_that_raises_is_recorded_in_words(executor, tmp_path):
    bad = trials(1, tmp_path, **{"dataset": {"name": "npz", "path": str(tmp_path / "none.npz")}})
    _, results = run(executor, [Job(bad, False, str(tmp_path), "code")])
    result = results[bad[0].identity]
    assert result.outcome is Outcome.FAILED
    assert "none.npz" in result.message
    assert "\n" not in result.message


def test_data_that_changed_since_the_plan_is_refused(executor, tmp_path):
    planned = trials(1, tmp_path)[0]
    changed = replace(planned, data="another fingerprint")
    _, results = run(executor, [Job((changed,), False, str(tmp_path), "code")])
    assert results[changed.identity].outcome is Outcome.FAILED
    assert "has changed since the run was planned" in results[changed.identity].message


def test_a_diverged_trial_keeps_its_last_accuracy_to_the_end(executor, tmp_path):
    wild = trials(1, tmp_path, **QUICK, **{"training.learning_rate": 3e38, "dataset.scale": 1e6, "cases.fast": {}})
    _, results = run(executor, [Job(wild, False, str(tmp_path), "code")])
    result = results[wild[0].identity]
    assert result.outcome is Outcome.DIVERGED
    assert "not finite at iteration" in result.message
    curve = [(item.iteration, item.value) for item in result.observations if item.name == "test_accuracy"]
    assert [iteration for iteration, _ in curve] == [4, 8, 12]
    assert len({value for _, value in curve}) == 1


def test_running_out_of_memory_is_told_apart():
    resource_exhausted = type("ResourceExhaustedError", (Exception,), {})
    assert _outcome(MemoryError()) is _outcome(resource_exhausted()) is Outcome.OUT_OF_MEMORY
    assert _outcome(ValueError()) is Outcome.FAILED


def test_an_interrupt_records_the_running_trials(executor, tmp_path):
    endless = trials(2, tmp_path, **QUICK, **ENDLESS)
    ended = []

    def listen(message):
        if isinstance(message, Ended):
            ended.append(message.result)
        if isinstance(message, Progressed):
            raise KeyboardInterrupt

    jobs = [Job((trial,), False, str(tmp_path), "code") for trial in endless]
    with pytest.raises(KeyboardInterrupt):
        executor.run(jobs, Limits(60.0), listen)
    assert {result.outcome for result in ended} == {Outcome.INTERRUPTED}
    assert not [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() == "running" and child.cpu_percent(0.1) > 50
    ]
