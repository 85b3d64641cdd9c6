"""Callbacks in a real trial: those that change the rate, those that stop it."""

import pytest

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.definition.schema import Settings
from hpbench.execution.code import code_fingerprint
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Job
from hpbench.execution.limits import Limits
from hpbench.execution.local import LocalExecutor
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.plan.cases import cells
from hpbench.records.trial import Outcome
from tests.conftest import SMALL

CODE = """
import keras

class StopAt(keras.callbacks.Callback):
    def __init__(self, evaluation):
        super().__init__()
        self.evaluation = evaluation

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch + 1 == self.evaluation

class Epochs(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.05 / (epoch + 1)

    def on_epoch_end(self, epoch, logs=None):
        logs["rate"] = keras.ops.max(self.model.optimizer.learning_rate)
"""
PLATEAU = {"name": "reduce_on_plateau", "factor": 0.5, "patience": 1, "min_delta": 100.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs the small benchmark's case ``fast`` with these callbacks; its result, and its values by metric."""
    folder = tmp_path_factory.mktemp("callbacks")
    (folder / "stopping.py").write_text(CODE)

    def result(callbacks, seeds=1):
        selection = Selection(
            seeds=seeds, cases=("fast",), readings=("default",), changes={"training.callbacks": callbacks}
        )
        planned = cells(
            parse(SMALL, "small.yaml", selection),
            lambda settings: prepare_dataset(settings.dataset.model_dump(), folder).fingerprint,
        )
        job_trials = tuple(cell.trial for cell in planned)
        ended = []
        with job_environment("tensorflow", 1) as place, pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            code = code_fingerprint(Settings.model_validate(job_trials[0].settings))
            job = Job(job_trials, False, str(folder), code, ("stopping",))
            LocalExecutor(1, folder / place).run([job], Limits(60.0), ended.append)
        results = [message.result for message in ended if isinstance(message, Ended)]
        return results, [_values(item) for item in results]

    return result


def _values(result):
    found = {}
    for item in result.observations:
        found.setdefault(item.name, []).append((item.iteration, item.value))
    return found


def test_the_rate_falls_on_a_plateau_and_starts_anew_with_the_next_trial_of_the_job(run):
    """Nothing improves by 100, so every evaluation after the first halves the rate."""
    results, values = run([PLATEAU, {"name": "record_learning_rate"}], seeds=2)
    assert [result.outcome for result in results] == [Outcome.OK] * 2
    for observed in values:
        assert dict(observed["learning_rate"]) == pytest.approx({4: 0.05, 8: 0.025, 12: 0.0125})


def test_a_constant_rate_gives_the_same_bits_with_and_without_callbacks(run):
    (plain,), (recorded,) = run([])[1], run([{"name": "record_weight_norm"}])[1]
    assert plain == {name: curve for name, curve in recorded.items() if name != "weight_norm"}


def test_a_callback_that_stops_leaves_its_values_to_the_end(run):
    (result,), (observed,) = run([{"name": "stopping:StopAt", "evaluation": 2}])
    assert (result.outcome, result.message) == (Outcome.OK, "stopped by a callback at iteration 8")
    curve = observed["test_accuracy"]
    assert [iteration for iteration, _ in curve] == [4, 8, 12]
    assert curve[1][1] == curve[2][1]


def test_a_callback_may_act_before_a_stretch_as_keras_learning_rate_scheduler_does_and_log_tensors(run):
    (observed,) = run([{"name": "stopping:Epochs"}])[1]
    assert dict(observed["rate"]) == pytest.approx({4: 0.05, 8: 0.025, 12: 0.05 / 3})
