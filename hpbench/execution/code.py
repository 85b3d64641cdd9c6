"""Fingerprint of the code that a trial's result comes from: its parts, the engine, and the libraries' versions."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.work import BACKENDS, PROCEDURES
from hpbench.definition.schema import Settings

_PACKAGE = Path(__file__).resolve().parents[1]
_SHARED = (
    *("engine/batches.py", "engine/trial_run.py", "execution/job.py", "records/seeds.py"),
    *("measure/clock.py", "measure/gpu.py", "measure/memory.py"),
)
"""What every trial goes through, whatever parts it names."""
_LIBRARIES = ("keras", "numpy", "tensorflow")


def code_fingerprint(settings: Settings) -> str:
    """Short SHA-256 over the source files that decide what a trial with these settings gives, and over versions.

    A change of code, or an upgrade of Python or a library, makes stored results stale.
    """
    training, compute = settings.training, settings.compute
    used = {
        *MODELS.sources(settings.model.name),
        *OPTIMIZERS.sources(training.optimizer.name),
        *SCHEDULES.sources(training.schedule.name),
        *PROCEDURES.sources(training.procedure.name),
        *BACKENDS.sources(compute.backend.name),
        *(_PACKAGE / name for name in _SHARED),
        *(path for callback in training.callbacks for path in CALLBACKS.sources(callback.name)),
    }
    return _hash(tuple(sorted(used)))


@lru_cache(maxsize=256)
def _hash(files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        digest.update(metadata.version(library).encode())
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
