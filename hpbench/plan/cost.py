"""What a plan will cost, before anything is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hpbench.definition.schema import Settings
from hpbench.records.trial import Cell, canonical_json

NOMINAL_SPEED = 60e9
"""Floating-point operations a second and thread, assumed where nothing was measured yet."""
FIXED_SECONDS = 3.0
"""Start, build and compile of a trial, assumed likewise."""
SHARED_SECONDS = 0.3
"""The same of a trial that finds its program compiled, assumed likewise."""
TRAINING_IMAGES, CLASSES = 5000, 10
"""Of a data set, assumed before it is prepared."""


@dataclass(frozen=True)
class Cost:
    """Estimated cost of some trials.

    Args:
        seconds: Wall time with ``workers`` jobs side by side; isolated trials run alone.
        measured: Share of the trials whose time was measured before on this machine.
    """

    seconds: float
    measured: float


def nominal_seconds(settings: Settings) -> float:
    """Rough seconds of one trial: forward and backward are three forward passes (2 operations a multiply-add)."""
    training = settings.training
    drawn = TRAINING_IMAGES if training.images_per_class is None else CLASSES * training.images_per_class
    iterations = training.updates(drawn)
    images = iterations * training.batch_size
    evaluated = iterations // (training.evaluate_every or iterations) * (training.train_sample + 1000) / 3
    operations = 6 * (settings.model.multiply_adds(settings.dataset.shape) or 1e6) * (images + evaluated)
    return FIXED_SECONDS + float(operations) / (NOMINAL_SPEED * settings.compute.threads)


def search_seconds(settings: Settings, trials: int, workers: int) -> float:
    """Rough wall time of a search's trials, whose points are not drawn yet, from the settings they start from."""
    if not trials:
        return 0.0
    return FIXED_SECONDS + trials * (nominal_seconds(settings) - FIXED_SECONDS + SHARED_SECONDS) / max(1, workers)


def seconds_by_trial(cells: Iterable[Cell], measured: Mapping[str, float]) -> dict[str, float]:
    """Trial identity to expected seconds.

    Args:
        cells: The plan.
        measured: Canonical JSON of settings to seconds that a trial with them took before.
    """
    seconds: dict[str, float] = {}
    known: dict[str, float] = {}
    for cell in cells:
        key = canonical_json(cell.trial.settings)
        if key not in known:
            known[key] = measured.get(key) or nominal_seconds(Settings.model_validate(cell.trial.settings))
        seconds[cell.trial.identity] = known[key]
    return seconds


def estimate(cells: Iterable[Cell], measured: Mapping[str, float], workers: int) -> Cost:
    """The cost of running these cells, each trial once."""
    cells = list(cells)
    seconds = seconds_by_trial(cells, measured)
    timed = {cell.trial.identity for cell in cells if cell.timed}
    alone = sum(value for identity, value in seconds.items() if identity in timed)
    together = sum(value for identity, value in seconds.items() if identity not in timed)
    known = sum(canonical_json(cell.trial.settings) in measured for cell in cells)
    return Cost(alone + together / max(1, workers), known / len(cells) if cells else 0.0)
