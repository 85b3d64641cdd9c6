"""What instruments read of trained models: whether predictions differ from image to image, confusion, examples."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hpbench.analysis.statistics import Interval, mean_interval_or_undefined
from hpbench.definition import readings
from hpbench.records.tables import RunTables

SAME = 0.01
"""Nat of information of an image on its prediction up to which all images count as given the same distribution."""
_ALIKE = ("prediction_entropy", "prediction_information", "most_frequent_prediction", "dead_unit_share")
Labels = Mapping[str, str]
_Value = tuple[str, str, int, Labels, float]
"""Case, reading, seed, labels, value."""


@dataclass(frozen=True)
class Alike:
    """How alike the predictions of a case are.

    Attributes:
        case: Its name.
        reading: Name of the reading.
        n: Number of seeds.
        same: Of these, how many give all images the same distribution, in every head.
        dead: Of those, how many have a layer whose units are all dead.
        entropy: Head to the entropy of the predicted classes, in nat.
        information: Head to the information of an image on its prediction, in nat.
        most_frequent: Head to the share of the most frequent prediction.
        dead_units: Layer to the share of dead units.
    """

    case: str
    reading: str
    n: int
    same: int
    dead: int
    entropy: Mapping[str, Interval]
    information: Mapping[str, Interval]
    most_frequent: Mapping[str, Interval]
    dead_units: Mapping[str, Interval]


@dataclass(frozen=True)
class Example:
    """What an image is taken for by one model.

    Attributes:
        true: Head to the true class.
        predicted: Head to the predicted class.
        probability: Head to the probability of the predicted class.
        of_true: Head to the probability of the true one.
    """

    true: Mapping[str, str]
    predicted: Mapping[str, str]
    probability: Mapping[str, float]
    of_true: Mapping[str, float]


def alike(tables: RunTables) -> list[Alike]:
    """Every case and reading that was read by the instruments, in the order of the trials."""
    found: dict[tuple[str, str], dict[str, dict[str, dict[int, float]]]] = {}
    for metric in _ALIKE:
        for case, reading, seed, labels, value in _read(tables, metric):
            place = found.setdefault((case, reading), {name: {} for name in _ALIKE})
            place[metric].setdefault(" ".join(labels.values()), {})[seed] = value
    return [_alike(case, reading, values) for (case, reading), values in found.items()]


def _alike(case: str, reading: str, values: Mapping[str, Mapping[str, Mapping[int, float]]]) -> Alike:
    information, layers = values["prediction_information"], values["dead_unit_share"]
    seeds = sorted({seed for found in information.values() for seed in found})
    same = [seed for seed in seeds if all(found.get(seed, math.inf) <= SAME for found in information.values())]
    dead = [seed for seed in same if any(found.get(seed) == 1.0 for found in layers.values())]
    means = {
        metric: {label: mean_interval_or_undefined(found.values()) for label, found in by_label.items()}
        for metric, by_label in values.items()
    }
    return Alike(case, reading, len(seeds), len(same), len(dead), *(means[metric] for metric in _ALIKE))


def confusions(tables: RunTables) -> dict[str, dict[str, dict[tuple[str, str], float]]]:
    """Head to case to (true, predicted) class to the share of the true class's images, all seeds together.

    Default reading; the classes in the order of the data set.
    """
    counts: dict[str, dict[str, dict[tuple[str, str], float]]] = {}
    for case, reading, _, labels, value in _read(tables, "confusion"):
        if reading == readings.DEFAULT:
            cell = counts.setdefault(labels.get("head", ""), {}).setdefault(case, {})
            key = labels["true"], labels["predicted"]
            cell[key] = cell.get(key, 0.0) + value
    return {
        head: {case: _shares(cell, classes(tables, head, cell)) for case, cell in by_case.items()}
        for head, by_case in counts.items()
    }


def _shares(counts: Mapping[tuple[str, str], float], names: Sequence[str]) -> dict[tuple[str, str], float]:
    totals = {name: sum(counts.get((name, other), 0.0) for other in names) for name in names}
    return {
        (true, predicted): counts.get((true, predicted), 0.0) / totals[true]
        for true in names
        for predicted in names
        if totals[true]
    }


def classes(tables: RunTables, head: str, found: Mapping[tuple[str, str], float]) -> list[str]:
    """Names of a head's classes; of one without names those that occur."""
    named = (tables.data.get("heads") or {}).get(head)
    return (
        list(named) if named else sorted({name for pair in found for name in pair}, key=lambda name: (len(name), name))
    )


def examples(tables: RunTables) -> dict[str, list[Example]]:
    """Case to its examples, of the first seed under the default reading."""
    parts: dict[str, dict[str, dict[str, tuple[Labels, dict[str, float]]]]] = {}
    for metric in ("example_probability", "example_probability_of_true"):
        for case, reading, seed, labels, value in _read(tables, metric):
            if reading == readings.DEFAULT and seed == 0:
                of_image = parts.setdefault(case, {}).setdefault(labels["example"], {})
                of_image.setdefault(labels.get("head", ""), (labels, {}))[1][metric] = value
    return {case: [_example(images[key]) for key in sorted(images, key=int)] for case, images in parts.items()}


def _example(by_head: Mapping[str, tuple[Labels, Mapping[str, float]]]) -> Example:
    return Example(
        {head: labels["true"] for head, (labels, _) in by_head.items()},
        {head: labels["predicted"] for head, (labels, _) in by_head.items()},
        {head: found["example_probability"] for head, (_, found) in by_head.items()},
        {head: found["example_probability_of_true"] for head, (_, found) in by_head.items()},
    )


def _read(tables: RunTables, metric: str) -> Iterator[_Value]:
    """The observations of a metric of the trial as a whole."""
    observations = tables.observations[tables.observations["metric"] == metric]
    parsed = lru_cache(maxsize=None)(json.loads)
    columns = ("case", "reading", "seed", "labels", "value")
    for case, reading, seed, labels, value in zip(*(observations[name].tolist() for name in columns), strict=True):
        yield case, reading, int(seed), parsed(labels), float(value)
