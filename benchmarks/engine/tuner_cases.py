"""One keras-tuner process that runs the cases of a plan by ``fit``, each evaluated where hpbench evaluates it.

    python -m benchmarks.engine.tuner_cases ARRAYS.npz CASES.json BENCHMARK

The arrays are scaled already. The cases map a name to fields of hpbench's training settings; the initialisation and the
order of images are those of the benchmark's first seed. It prints the test accuracies as JSON.
"""

import json
import sys
import tempfile
from pathlib import Path

import keras
import keras_tuner
import numpy as np

from hpbench.engine.batches import batch_indices
from hpbench.parts.models.lenet import lenet
from hpbench.records.seeds import derive


class Cases(keras_tuner.GridSearch):
    """A grid with one choice, the case. ``Tuner.run_trial`` itself wants TensorBoard, which is not there."""

    def __init__(self, cases, arrays, benchmark, **options):
        self._cases = cases
        self._arrays = arrays
        self._benchmark = benchmark
        super().__init__(self._build, objective=keras_tuner.Objective("test_accuracy", "max"), **options)

    def _build(self, choices):
        case = self._cases[choices.Choice("case", list(self._cases))]
        model = lenet({"variant": "caffe"}, self._arrays["x_train"].shape[1:], 10)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(case["learning_rate"]), loss, metrics=["accuracy"])
        return model

    def run_trial(self, trial, *_, **__):
        """Stretches of ``fit``, each followed by both evaluations."""
        choices = trial.hyperparameters
        case = self._cases[choices.get("case")]
        keras.utils.set_random_seed(derive("initialisation", self._benchmark, 0) % 2**32)
        model = self._build(choices)
        x, y = self._arrays["x_train"], self._arrays["y_train"]
        size, sample, stretch = case["batch_size"], case["train_sample"], case["evaluate_every"]
        batches = batch_indices(len(x), size, case["iterations"], derive("data order", self._benchmark, 0))
        accuracy = 0.0
        for start in range(0, case["iterations"], stretch):
            rows = batches[start : start + stretch].ravel()
            model.fit(x[rows], y[rows], batch_size=size, shuffle=False, verbose=0)
            test = (self._arrays["x_test"], self._arrays["y_test"])
            _, accuracy = model.evaluate(*test, batch_size=case["test_batch_size"], verbose=0)
            model.evaluate(x[:sample], y[:sample], batch_size=case["test_batch_size"], verbose=0)
        return {"test_accuracy": accuracy}


def main(arrays_file, cases_file, benchmark):
    """Run the cases and print their accuracies."""
    with np.load(arrays_file) as file:
        arrays = dict(file)
    cases = json.loads(Path(cases_file).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        tuner = Cases(cases, arrays, benchmark, max_trials=len(cases), directory=folder, project_name="cases")
        tuner.search(verbose=0)
        trials = tuner.oracle.get_best_trials(len(cases))
    print()
    print(json.dumps({trial.hyperparameters.get("case"): trial.score for trial in trials}))


if __name__ == "__main__":
    main(*sys.argv[1:])
