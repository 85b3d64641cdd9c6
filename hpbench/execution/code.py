"""Fingerprint of the source of the parts that a trial uses, and of the engine."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.work import BACKENDS, PROCEDURES
from hpbench.definition.schema import Settings

_ENGINE = Path(__file__).resolve().parents[1] / "engine"


def code_fingerprint(settings: Settings) -> str:
    """Short SHA-256 over the source files that decide what a trial with these settings computes."""
    training, compute = settings.training, settings.compute
    used = {
        MODELS.source(settings.model.name),
        OPTIMIZERS.source(training.optimizer.name),
        SCHEDULES.source(training.schedule.name),
        PROCEDURES.source(training.procedure.name),
        BACKENDS.source(compute.backend.name),
        _ENGINE / "batches.py",
        *(CALLBACKS.source(callback.name) for callback in training.callbacks),
    }
    return _hash(tuple(sorted(used)))


@lru_cache(maxsize=256)
def _hash(files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
