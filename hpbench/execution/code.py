"""Fingerprint of the code that a trial's result comes from: its parts, the engine, the libraries' versions."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple, Self

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.instruments import INSTRUMENTS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.sources import library_version
from hpbench.catalogue.steps import STEPS
from hpbench.catalogue.work import BACKENDS, PROCEDURES
from hpbench.definition.schema import Settings
from hpbench.measure.machine import variables

_PACKAGE = Path(__file__).resolve().parents[1]
_SHARED = (
    *("engine/batches.py", "engine/hooks.py", "engine/trial_run.py", "execution/job.py", "records/seeds.py"),
    *("engine/stateless.py", "engine/steps.py", "engine/tensorflow_program.py", "engine/tensorflow_state.py"),
    *("engine/train.py", "engine/fitting.py", "engine/heads.py", "engine/loop.py", "engine/selection.py"),
    *("engine/tensorflow_unrolled.py", "parts/datasets/examples.py"),
    *("measure/clock.py", "measure/gpu.py", "measure/load.py", "measure/memory.py"),
)
"""What every trial goes through, whatever parts it names."""
_LIBRARIES = ("keras", "numpy", "tensorflow")


def code_fingerprint(settings: Settings) -> str:
    """Short SHA-256 over the source files that decide what a trial with these settings gives, and over versions.

    A change of code, an upgrade of Python or a library, or a variable that acts on the framework makes stored results
    stale.
    """
    training, compute = settings.training, settings.compute
    used = {
        *MODELS.sources(settings.model.name),
        *OPTIMIZERS.sources(training.optimizer.name),
        *SCHEDULES.sources(training.schedule.name),
        *STEPS.sources(training.step.name),
        *PROCEDURES.sources(training.procedure.name),
        *BACKENDS.sources(compute.backend.name),
        *(_PACKAGE / name for name in _SHARED),
        *(path for callback in training.callbacks for path in CALLBACKS.sources(callback.name)),
        *(path for instrument in training.instruments for path in INSTRUMENTS.sources(instrument.name)),
    }
    libraries = {
        name: library_version(name.partition(":")[0]) or ""
        for name in settings.own_parts
        if name != settings.dataset.name
    }
    return _hash(tuple(_State.of(path) for path in sorted(used)), tuple((variables() | libraries).items()))


class _State(NamedTuple):
    """A file as it is now, so that its content is read once."""

    path: Path
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> Self:
        status = path.stat()
        return cls(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash(files: tuple[_State, ...], variables: tuple[tuple[str, str], ...]) -> str:
    digest = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        digest.update(metadata.version(library).encode())
    for name, value in variables:
        digest.update(f"{name}={value}".encode(errors="surrogateescape"))
    for file in files:
        digest.update(file.path.name.encode())
        digest.update(file.path.read_bytes())
    return digest.hexdigest()[:16]
