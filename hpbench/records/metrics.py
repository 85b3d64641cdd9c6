"""The metrics that hpbench itself observes: unit and title of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Metric(NamedTuple):
    """How a metric is shown: ``unit`` is SI or ``fraction``; ``title`` starts a table's column."""

    unit: str
    title: str


METRICS = {
    "test_accuracy": Metric("fraction", "test accuracy"),
    "train_accuracy": Metric("fraction", "train accuracy"),
    "batch_accuracy": Metric("fraction", "accuracy on the current training batch"),
    "test_loss": Metric("nat", "test loss"),
    "train_loss": Metric("nat", "train loss"),
    "batch_loss": Metric("nat", "mean training loss since the last evaluation"),
    "learning_rate": Metric("1", "learning rate"),
    "diverged_at_iteration": Metric("1", "iteration at which the loss was not finite"),
    "diverged_by_iteration": Metric("1", "iteration by which a weight was not finite"),
    "worse_than_chance": Metric("1", "ended with a train loss worse than chance"),
    "weight_norm": Metric("1", "norm of the weights"),
    "gradient_norm": Metric("1", "norm of the gradient"),
    "parameters": Metric("1", "weights"),
    "multiply_adds": Metric("1", "multiply-adds an image"),
    "log10_gradient_ratio": Metric("1", "log10 of the gradient's norm in the first layer over that in the last"),
    "seconds_per_image": Metric("s", "inference, per image"),
    "inference_ratio": Metric("1", "inference over that of the reference"),
    "seconds_per_image_spread": Metric("s", "inference, interquartile range of the windows"),
    "feature_map_side": Metric("pixel", "side of the feature map"),
    "layers_that_fit": Metric("1", "layers that fit on the image"),
    "trainable_weights": Metric("1", "trainable weights"),
    "prediction_entropy": Metric("nat", "entropy of the predicted classes"),
    "prediction_information": Metric("nat", "information on the prediction"),
    "most_frequent_prediction": Metric("1", "share of the most frequent prediction"),
    "dead_unit_share": Metric("1", "share of dead units"),
    "majority_prediction": Metric("1", "share predicted as the most frequent class"),
    "generalisation_gap": Metric("nat", "test loss less train loss"),
    "confusion": Metric("1", "test images taken for a class"),
    "example_probability": Metric("1", "probability of the predicted class"),
    "example_probability_of_true": Metric("1", "probability of the true class"),
    "chosen_rate": Metric("1", "learning rate of the last update"),
    "chosen_weight_decay": Metric("1", "weight decay of the last update"),
    "validation_loss": Metric("nat", "validation loss after the last inner loop"),
    "rate_bound": Metric("1", "bound of the learning rate, delta"),
    "search_rounds": Metric("1", "rounds until the bound was found"),
    "search_shrinks": Metric("1", "of these, rounds in which the proposals shrank"),
    "search_updates": Metric("1", "of these, rounds with an update"),
    "full_bound_share": Metric("1", "share of updates that took delta rather than delta / 2"),
    "seconds_training": Metric("s", "training"),
    "seconds_per_100_iterations": Metric("s", "per 100 iterations"),
    "seconds_per_100_iterations_spread": Metric("s", "interquartile range of the windows"),
    "seconds_compile": Metric("s", "compile"),
    "seconds_build": Metric("s", "build"),
    "seconds_evaluation": Metric("s", "evaluation"),
    "seconds_callbacks": Metric("s", "callbacks"),
    "seconds_start": Metric("s", "process start"),
    "seconds_total": Metric("s", "total"),
    "training_clock": Metric("s", "training time so far"),
    "host_memory_before": Metric("B", "before the model"),
    "host_memory_peak": Metric("B", "peak after warm-up"),
    "host_memory_mean": Metric("B", "mean after warm-up"),
    "host_memory_training": Metric("B", "training"),
    "device_memory_peak": Metric("B", "peak after warm-up, allocator"),
    "device_memory_driver": Metric("B", "at the end, driver"),
    "other_load": Metric("core", "cores busy with other processes"),
}
OF_HEADS = ("test_accuracy", "train_accuracy", "batch_accuracy", "prediction_entropy", "prediction_information")
"""Metrics that stand for a head each, where an image has several labels."""
OF_TIMES = {"inference_ratio"}
"""Metrics without a unit that are ratios of times, and so never the same twice."""
NOT_ALONE = 0.1
"""Cores busy with other processes (``other_load``) from which a trial counts as not alone on the machine."""


def metric(name: str) -> Metric:
    """The metric's unit and title; one that a part observes by its own name has unit 1."""
    if name not in METRICS and (base := base_name(name)) in METRICS:
        unit, title = METRICS[base]
        return Metric(unit, f"{title}, {name.removeprefix(base)[1:].replace('.', ', ')}")
    return METRICS.get(name, Metric("1", name.replace("_", " ")))


def dotted(name: str, labels: Mapping[str, str]) -> str:
    """How a definition names a metric with labels: ``test_accuracy.item`` for that of the head ``item``.

    Several labels stand in the order of their names.
    """
    return ".".join([name, *(labels[key] for key in sorted(labels))])


def base_name(name: str) -> str:
    """A metric's name without labels."""
    return name.partition(".")[0]


def is_cost(name: str) -> bool:
    """Whether the metric is of times, memory or the load beside them, which only an isolated trial may report."""
    return metric(name).unit in {"s", "B", "core"} or base_name(name) in OF_TIMES
