"""The environment variables of job processes: private Keras settings, pinned threads, quiet logs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from hpbench.errors import UserError

REFUSED = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")
"""Variables that would change training silently."""


class EnvironmentRefusedError(UserError):
    """A variable is set that would change results silently."""


@contextmanager
def job_environment(backend: str, threads: int) -> Iterator[str]:
    """Set what job processes inherit, for the time of the block; yields a private temporary folder.

    Raises:
        EnvironmentRefusedError: If a variable that changes training silently is set.
    """
    found = [name for name in REFUSED if name in os.environ]
    if found:
        raise EnvironmentRefusedError(f"{', '.join(found)} would change training silently; unset it and run again")
    with tempfile.TemporaryDirectory(prefix="hpbench-", ignore_cleanup_errors=True) as folder:
        private = {
            "KERAS_HOME": folder,
            "KERAS_BACKEND": backend,
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "OMP_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": str(threads),
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            "PYTHONSAFEPATH": "1",  # a file of the working folder takes no library's place in the fork server
        }
        before = {name: os.environ.get(name) for name in private}
        os.environ.update(private)
        try:
            yield folder
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
