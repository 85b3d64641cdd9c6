"""What a forward pass takes: of the cases that measure it, and of cases matched in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hpbench.analysis.evidence import Evidence
from hpbench.analysis.statistics import Interval, mean_interval_or_undefined
from hpbench.catalogue.takes import Final
from hpbench.catalogue.work import MatchedLatency
from hpbench.definition.readings import DEFAULT

LATENCY, RATIO = "seconds_per_image", "inference_ratio"
SEARCH = 0
"""Seed of the trials of the search; those that measure anew what it found have others."""
SIZES = ("parameters", "multiply_adds")


@dataclass(frozen=True)
class Inference:
    """A case that measures a forward pass.

    Attributes:
        case: Its name.
        n: Number of trials.
        seconds: Batch size to seconds an image, over the trials.
        sizes: Weights, and multiply-adds an image.
    """

    case: str
    n: int
    seconds: Mapping[int, Interval]
    sizes: Mapping[str, float]


@dataclass(frozen=True)
class Matched:
    """A case trained at that value of a setting at which a forward pass takes as long as the reference's.

    Attributes:
        case: Its name.
        value: The setting it was trained with.
        tried: Each value that was measured, in the order in which it was, to that ratio in the search.
        inference: Measured anew at the value found.
        ratio: Of its latency to that of the reference measured beside it.
        near: Whether the mean of these is as near as was asked for.
        accuracies: Metric to its mean over the seeds, trained.
    """

    case: str
    value: int
    tried: Mapping[int, float]
    inference: Inference
    ratio: Interval
    near: bool
    accuracies: Mapping[str, Interval]


def inferences(evidence: Evidence) -> Iterator[Inference]:
    """Every case of the definition that measures a forward pass, under the default reading."""
    for case in _cases(evidence):
        if case in evidence.definition.all_cases:
            yield _inference(evidence, case, frozenset())


def matched(evidence: Evidence) -> tuple[Matched, ...]:
    """The cases of the planner ``matched_latency`` that were trained; empty with another planner."""
    planner = evidence.definition.planner
    if not isinstance(planner, MatchedLatency):
        return ()
    cases = [case for case in evidence.definition.all_cases if case.startswith(f"{planner.study}/")]
    found = {case: evidence.setting(case, planner.setting) for case in cases}
    return tuple(_matched(evidence, planner, case, value) for case, value in found.items() if value is not None)


def _matched(evidence: Evidence, planner: MatchedLatency, case: str, value: int) -> Matched:
    name = planner.measuring(case, value)
    ratios = evidence.values(name, f"{RATIO}.{planner.batch}", Final())
    ratio = mean_interval_or_undefined(one for seed, one in ratios.items() if seed != SEARCH)
    accuracies = {
        metric: mean_interval_or_undefined(evidence.values(case, metric, Final()).values())
        for metric in ("train_accuracy", "test_accuracy", "seconds_per_100_iterations")
    }
    return Matched(
        case,
        value,
        _tried(evidence, planner, case),
        _inference(evidence, name, frozenset({SEARCH})),
        ratio,
        abs(ratio.mean - 1) <= planner.within,
        accuracies,
    )


def _tried(evidence: Evidence, planner: MatchedLatency, case: str) -> dict[int, float]:
    """Values measured in the search."""
    tried = {}
    for name in _cases(evidence):
        value = evidence.setting(name, planner.setting)
        if name == planner.measuring(case, value):
            tried[int(value)] = evidence.values(name, f"{RATIO}.{planner.batch}", Final()).get(SEARCH, math.nan)
    return tried


def _inference(evidence: Evidence, case: str, without: frozenset[int]) -> Inference:
    procedure = evidence.setting(case, "training.procedure") or {}
    seconds = {}
    for batch in procedure.get("batch_sizes", ()):
        found = evidence.values(case, f"{LATENCY}.{batch}", Final())
        seconds[int(batch)] = mean_interval_or_undefined(one for seed, one in found.items() if seed not in without)
    sizes = {name: next(iter(evidence.values(case, name, Final()).values()), math.nan) for name in SIZES}
    return Inference(case, max((one.n for one in seconds.values()), default=0), seconds, sizes)


def _cases(evidence: Evidence) -> list[str]:
    """Names of all trials' cases that measure a forward pass, in the order in which they were first run."""
    return [
        case
        for (case, reading), settings in evidence.tables.settings.items()
        if reading == DEFAULT and settings["training"]["procedure"]["name"] == "latency"
    ]
