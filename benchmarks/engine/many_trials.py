"""A results file with thousands of trials that were never run: real plan, real store, generated values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hpbench.definition.load import find, read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.schema import Settings
from hpbench.execution.jobs import pending
from hpbench.measure.machine import describe, fingerprint
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.plan.cases import cells
from hpbench.records.store import Store
from hpbench.records.trial import Cell, Observation, Outcome, TrialResult

CURVES = ("test_accuracy", "train_accuracy", "batch_accuracy", "test_loss", "train_loss", "batch_loss")
COSTS = {
    "seconds_per_100_iterations": 1.0,
    "seconds_per_100_iterations_spread": 0.01,
    "seconds_build": 0.1,
    "seconds_compile": 0.5,
    "seconds_training": 10.0,
    "seconds_evaluation": 1.0,
    "seconds_callbacks": 0.01,
    "seconds_start": 0.05,
    "seconds_total": 12.0,
    "host_memory_before": 4e8,
    "host_memory_peak": 5e8,
    "host_memory_mean": 4.5e8,
    "host_memory_training": 1e8,
}


def fill(results: Path, data: Path, benchmark: str, selection: Selection) -> int:
    """Store a result for every trial of a selection, as if all had been run on this machine; returns their number."""
    resolved = Resolved(read(find(benchmark)), selection)

    def fingerprint_of(settings: Settings) -> str:
        return prepare_dataset(settings.dataset.model_dump(mode="json"), data).fingerprint

    planned = cells(resolved, fingerprint_of)
    code = pending(planned, {}).code
    machine = fingerprint(describe())
    generator = np.random.default_rng(0)
    with Store(results, create=True) as store:
        for cell in planned:
            identity = cell.trial.identity
            values = tuple(_observations(cell, generator))
            result = TrialResult(identity, Outcome.OK, values, cell.timed, code[identity])
            store.add_result(result, machine, 12.0)
    return len(planned)


def _observations(cell: Cell, generator: np.random.Generator) -> Iterator[Observation]:
    training = cell.trial.settings["training"]
    every = training["evaluate_every"]
    for iteration in range(every, training["iterations"] + 1, every):
        reached = 0.95 - 0.85 * math.exp(-iteration * training["learning_rate"] / 2)
        for name in CURVES:
            value = reached if "accuracy" in name else 2.3 * (1 - reached)
            yield Observation(name, value + 0.01 * generator.standard_normal(), iteration)
        if cell.timed:
            yield Observation("training_clock", 10.0 * iteration / training["iterations"], iteration)
    if cell.timed:
        for name, value in COSTS.items():
            yield Observation(name, value * (1 + 0.02 * generator.standard_normal()))
