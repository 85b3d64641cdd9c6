"""Instruments: what is read of a trained model, written in ``keras.ops`` and NumPy.

Each is a function of its parameters, the model, the trial and the rows of the test images (None for all), and gives
observations.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from hpbench.catalogue.instruments import Confusion, DeadUnits, Examples, Predictions
from hpbench.engine.backend import Rows, Split
from hpbench.engine.heads import head_label
from hpbench.engine.trial_run import TrialRun
from hpbench.parts.datasets.arrays import example_rows
from hpbench.records.trial import Observation

Floats = NDArray[np.float64]
_BATCH = 256


def predictions(_spec: Predictions, model: Any, run: TrialRun, tested: Rows | None) -> Iterator[Observation]:
    """Entropy of the predicted classes, and what an image tells of its prediction, in nat; the most frequent answer.

    ``prediction_information`` is the mutual information of image and class under the model's probabilities, the entropy
    of the mean distribution less the mean entropy of the distributions (their Jensen-Shannon divergence; Lin 1991): 0
    exactly when all images get the same distribution.
    """
    for head, logits, _ in _by_head(model, run, *_tested(run, tested)):
        probabilities = softmax(logits)
        classes = probabilities.shape[1]
        shares = np.bincount(probabilities.argmax(axis=1), minlength=classes) / len(probabilities)
        information = entropy(probabilities.mean(axis=0)) - float(np.mean([entropy(one) for one in probabilities]))
        found = {
            "prediction_entropy": entropy(shares),
            "prediction_information": max(0.0, information),
            "most_frequent_prediction": float(shares.max()),
        }
        yield from (Observation(name, value, None, head_label(head)) for name, value in found.items())


def dead_units(_spec: DeadUnits, model: Any, run: TrialRun, tested: Rows | None) -> Iterator[Observation]:
    """Of each layer with ReLU the share of units, and over all positions of a map, that are 0 for all images."""
    layers = [layer for layer in model.layers if getattr(layer, "activation", None) is keras.activations.relu]
    if not layers:
        return
    inner = keras.Model(model.inputs[0], [layer.output for layer in layers])
    images, _ = _tested(run, tested)
    largest: list[Any] = [None] * len(layers)
    for batch in _batches(images):
        outputs = inner(batch, training=False)
        for place, output in enumerate(outputs if isinstance(outputs, list | tuple) else [outputs]):
            peak = ops.convert_to_numpy(ops.max(output, axis=tuple(range(len(output.shape) - 1))))
            largest[place] = peak if largest[place] is None else np.maximum(largest[place], peak)
    for number, peak in enumerate(largest, 1):
        yield Observation("dead_unit_share", float(np.mean(~(peak > 0))), None, {"layer": f"hidden-{number}"})


def confusion(spec: Confusion, model: Any, run: TrialRun, tested: Rows | None) -> Iterator[Observation]:
    """Test images by true and predicted class; pairs that do not occur are left out."""
    for head, logits, answers in _by_head(model, run, *_tested(run, tested)):
        if spec.heads and head not in spec.heads:
            continue
        name = class_names(run, head)
        counts = Counter(zip(answers.tolist(), logits.argmax(axis=1).tolist(), strict=True))
        for (true, predicted), count in sorted(counts.items()):
            seen = {"true": name(true), "predicted": name(predicted)}
            yield Observation("confusion", float(count), None, head_label(head) | seen)


def examples(_spec: Examples, model: Any, run: TrialRun, _tested: Rows | None) -> Iterator[Observation]:
    """Of each example image and head: the probability of the predicted class, and that of the true one."""
    images, labels = run.splits["test"]
    rows = example_rows(labels)
    for head, logits, answers in _by_head(model, run, images[rows], labels[rows]):
        name = class_names(run, head)
        for number, (given, true) in enumerate(zip(softmax(logits), answers.tolist(), strict=True), 1):
            best = int(given.argmax())
            labelled = head_label(head) | {"example": str(number), "true": name(true), "predicted": name(best)}
            yield Observation("example_probability", float(given[best]), None, labelled)
            yield Observation("example_probability_of_true", float(given[true]), None, labelled)


def class_names(run: TrialRun, head: str) -> Callable[[int], str]:
    """From the number of a class of a head to its name; to the number itself if it has none."""
    names = run.heads.classes.get(head)
    return (lambda number: names[number]) if names else str


def softmax(logits: NDArray[Any]) -> Floats:
    """Probabilities (n, classes) in double precision."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    probabilities: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities


def entropy(distribution: Floats) -> float:
    """In nat; of a distribution (classes,)."""
    positive = distribution[distribution > 0]
    return max(0.0, -math.fsum(positive * np.log(positive)))


def _tested(run: TrialRun, rows: Rows | None) -> Split:
    images, labels = run.splits["test"]
    return (images, labels) if rows is None else (images[rows], labels[rows])


def _by_head(model: Any, run: TrialRun, images: NDArray[Any], labels: NDArray[np.int32]) -> Iterator[tuple[Any, ...]]:
    """Name, logits (n, classes) and true classes (n,) of each head."""
    logits = np.concatenate([ops.convert_to_numpy(model(batch, training=False)) for batch in _batches(images)])
    return zip(run.heads.names, run.heads.parts(logits), run.heads.answers(labels), strict=True)


def _batches(images: NDArray[Any]) -> Iterator[NDArray[Any]]:
    ends = [*range(0, len(images), _BATCH), len(images)]
    return (images[start:end] for start, end in pairwise(ends))
