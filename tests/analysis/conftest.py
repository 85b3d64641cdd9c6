"""Runs made by hand: a throw-away definition, and trials whose observations are planted."""

import json
from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.records.tables import OBSERVATION_COLUMNS, TRIAL_COLUMNS, RunTables

DEFINITION = """\
schema: 1
id: planted
version: 1
title: A benchmark with planted results
question: Does the analysis find what was planted?
source: {title: A document}
dataset: {name: digits}
model: {name: lenet, variant: lenet-5}
training:
  optimizer: {name: sgd}
  schedule: {name: constant}
  learning_rate: 0.01
  batch_size: 64
  iterations: 400
  evaluate_every: 100
cases:
  A: {batch_size: 64, learning_rate: 0.01}
  B: {batch_size: 32, learning_rate: 0.02}
  C: {batch_size: 128, learning_rate: 0.01}
open:
  accuracy:
    why: Which accuracy is meant is not said.
    answers:
      test: {}
      batch: {claims.a-high.test.metric: batch_accuracy}
  words:
    why: '"Grows by" or "grows to".'
    answers:
      to: {}
      by: {reported.host_memory_training.values: {C / A: 2.26}}
studies:
  crossed:
    why: The cases do not cross batch size and rate.
    grid: {batch_size: [32, 64], learning_rate: [0.01, 0.02, 0.04]}
    read_at: [200, 400]
reported:
  test_accuracy: {values: {A: 0.9, A - B: 0.1}, where: table 1}
  host_memory_training: {values: {C / A: 1.26}, where: figure 7}
claims:
  - id: a-high
    text: A is high.
    where: p. 1
    tolerance_from: none
    test: {name: between, metric: test_accuracy, cases: [A], low: 0.8}
  - id: a-beats-b
    text: A beats B.
    where: p. 2
    tolerance_from: none
    test: {name: greater, metric: test_accuracy, cases: [A], than: [B]}
  - id: a-takes-longer
    text: A takes twice as long.
    where: p. 3
    tolerance_from: none
    test: {name: ratio, metric: test_accuracy, take: {name: seconds_to, value: 0.5}, case: A, to: [B], low: 2}
advice: {targets: [0.5, 0.99], within: 0.01}
"""


class PlantedRun:
    """Collects trials and gives them as a run's tables."""

    def __init__(self, definition: str = DEFINITION) -> None:
        self.resolved = parse(definition, "planted.yaml", Selection())
        self.trials: list[tuple] = []
        self.observations: list[tuple] = []

    def trial(self, case: str, seed: int, reading: str = "default", outcome: str = "ok", timed: bool = False) -> None:
        self.trials.append((case, reading, seed, outcome, timed, "", False, 1.5))

    def curve(
        self,
        case: str,
        seed: int,
        metric: str,
        values: Sequence[float],
        reading: str = "default",
        iterations: Sequence[float] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Values at iterations 100, 200, ... unless said otherwise; the trial is added when it is new."""
        if not any(row[:3] == (case, reading, seed) for row in self.trials):
            self.trial(case, seed, reading)
        text = json.dumps(dict(labels or {}), sort_keys=True, separators=(",", ":"))
        places = iterations or [100.0 * (1 + position) for position in range(len(values))]
        for iteration, value in zip(places, values, strict=True):
            self.observations.append((case, reading, seed, metric, float(iteration), float(value), text))

    def whole(self, case: str, metric: str, by_seed: Sequence[float], reading: str = "default", **labels: str) -> None:
        """One value a seed for the trial as a whole."""
        for seed, value in enumerate(by_seed):
            self.curve(case, seed, metric, [value], reading, [float("nan")], labels)

    def tables(self) -> RunTables:
        settings = {
            (item.case, item.reading): item.settings.model_dump(mode="json") for item in self.resolved.planned_cases()
        }
        return RunTables(
            trials=pd.DataFrame(self.trials, columns=TRIAL_COLUMNS),
            observations=pd.DataFrame(self.observations, columns=OBSERVATION_COLUMNS),
            settings=settings,
            data={"classes": 10},
            machine={},
            command="hpbench run planted",
            created="2024-01-01T00:00:00Z",
        )


@pytest.fixture
def planted() -> PlantedRun:
    return PlantedRun()


@pytest.fixture
def planted_as():
    """A run of a changed definition: give its text, with ``DEFINITION`` as the start."""
    return lambda *replace: PlantedRun(DEFINITION.replace(*replace))
