"""Sides made of numbers, as stored runs would give them."""

import numpy as np

from hpbench.definition.gated import Gated
from hpbench.gate.sides import BenchmarkSide, CaseSide, Side, Speed

ACCURACY = Gated(metric="test_accuracy", direction="higher", threshold=0.02)
TIME = Gated(metric="seconds_per_100_iterations", direction="lower", threshold=0.1, relative=True)
MEMORY = Gated(metric="host_memory_training", direction="lower", threshold=30e6)


def seeded(values):
    """Seed to value, seeds from 0."""
    return {seed: None if np.isnan(value) else float(value) for seed, value in enumerate(values)}


def case(bits="a", loads=None, settings="s", data="d", **values):
    seeds = max(map(len, values.values()), default=0)
    return CaseSide(
        settings=settings,
        data=data,
        code="c",
        curves={seed: f"{bits}{seed}" for seed in range(seeds)},
        loads=loads or {},
        values={metric: seeded(found) for metric, found in values.items()},
    )


def benchmark(cases, gated=(ACCURACY,), speed=100.0, **facts):
    given = {
        "version": 1,
        "file": "made.yaml",
        "profile": "quick",
        "selection": {},
        "created": "2026-01-01T00:00:00+00:00",
        "backend": "tensorflow",
        "precision": "float32",
        "data": "digits",
        "machine": {"CPU": "one"},
        "machine_id": "m",
        "calibration": {"triad": Speed(value=speed, unit="GB/s")},
        "gated": gated,
        "cases": {name: {"default": one} for name, one in cases.items()},
    }
    return BenchmarkSide(**given | facts)


def side(name="side", **benchmarks):
    return Side(name=name, benchmarks=benchmarks)
