"""Instruments: what is read of a trained model, written in ``keras.ops`` and NumPy.

Each is a function of its parameters, the model, the trial and its phase, and gives observations.
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
from hpbench.engine.trial_run import Phase, TrialRun
from hpbench.parts.datasets.examples import example_rows
from hpbench.records.trial import Observation

Floats = NDArray[np.float64]
_BATCH = 256


def predictions(_spec: Predictions, model: Any, run: TrialRun, phase: Phase) -> Iterator[Observation]:
    """Entropy of the predicted classes, and what an image tells of its prediction, in nat; the most frequent answer.

    ``prediction_information`` is the mutual information of image and class under the model's probabilities, the entropy
    of the mean distribution less the mean entropy of the distributions (their Jensen-Shannon divergence; Lin 1991): 0
    exactly when all images get the same distribution. Of logits that are not finite nothing can be said: NaN.
    ``majority_prediction`` is the share that is predicted as the class with the most training images.
    """
    answers = dict(zip(run.heads.names, run.heads.answers(run.splits["train"][1]), strict=True))
    for head, logits, _ in _by_head(model, run, *_tested(run, phase.tested)):
        for name, value in _alike(logits, int(np.bincount(answers[head]).argmax())).items():
            yield Observation(name, value, None, head_label(head))


def _alike(logits: NDArray[Any], most_frequent: int) -> dict[str, float]:
    """How alike the predictions of one head are."""
    names = ("prediction_entropy", "prediction_information", "most_frequent_prediction", "majority_prediction")
    if not np.isfinite(logits).all():
        return dict.fromkeys(names, math.nan)
    probabilities = softmax(logits)
    shares = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1]) / len(probabilities)
    information = entropy(probabilities.mean(axis=0)) - float(np.mean([entropy(one) for one in probabilities]))
    values = (entropy(shares), max(0.0, information), float(shares.max()), float(shares[most_frequent]))
    return dict(zip(names, values, strict=True))


def dead_units(_spec: DeadUnits, model: Any, run: TrialRun, phase: Phase) -> Iterator[Observation]:
    """Of each layer with ReLU the share of units that are 0 for all images, and at all positions of a map.

    A unit that is not a number is neither dead nor alive: NaN. Nothing is read of a model that is not made of layers
    one can look between, such as a subclass of ``keras.Model``.
    """
    model = getattr(model, "inner", model)
    layers = [layer for layer in model.layers if _is_relu(layer)]
    if not layers or not getattr(model, "inputs", None):
        return
    inner = keras.Model(model.inputs[0], [layer.output for layer in layers])
    images, _ = _tested(run, phase.tested)
    largest: list[Any] = [None] * len(layers)
    for batch in _batches(images):
        outputs = inner(batch, training=False)
        for place, output in enumerate(outputs if isinstance(outputs, list | tuple) else [outputs]):
            peak = ops.convert_to_numpy(ops.max(output, axis=tuple(range(len(output.shape) - 1))))
            largest[place] = peak if largest[place] is None else np.maximum(largest[place], peak)
    for number, peak in enumerate(largest, 1):
        share = float(np.mean(peak <= 0)) if np.isfinite(peak).all() else math.nan
        yield Observation("dead_unit_share", share, None, {"layer": f"hidden-{number}"})


def _is_relu(layer: Any) -> bool:
    """Whether its output is ReLU's."""
    return isinstance(layer, keras.layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu


def confusion(spec: Confusion, model: Any, run: TrialRun, phase: Phase) -> Iterator[Observation]:
    """Test images by true and predicted class; pairs that do not occur are left out."""
    for head, logits, answers in _by_head(model, run, *_tested(run, phase.tested)):
        if (spec.heads and head not in spec.heads) or not np.isfinite(logits).all():
            continue
        name = class_names(run, head)
        counts = Counter(zip(answers.tolist(), logits.argmax(axis=1).tolist(), strict=True))
        for (true, predicted), count in sorted(counts.items()):
            seen = {"true": name(true), "predicted": name(predicted)}
            yield Observation("confusion", float(count), None, head_label(head) | seen)


def examples(_spec: Examples, model: Any, run: TrialRun, _phase: Phase) -> Iterator[Observation]:
    """Of each example image and head: the probability of the predicted class, and that of the true one."""
    images, labels = run.splits["test"]
    rows = example_rows(labels)
    for head, logits, answers in _by_head(model, run, images[rows], labels[rows]):
        name = class_names(run, head)
        if not np.isfinite(logits).all():
            continue
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
