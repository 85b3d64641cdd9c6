"""The environment variables of job processes: private Keras settings, pinned threads, quiet logs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

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


def in_environment(environment: Mapping[str, str], function: Callable[..., None], *arguments: Any) -> None:
    """Call a function in a job process that has exactly these variables, as if it had been started with them.

    A process of the fork server has the server's variables, and libraries that were imported under them. What those
    have taken from the environment is set anew here, before the framework starts.

    Args:
        environment: All variables, among them those of ``job_environment``.
        function: What the process is for.
        arguments: The function's.
    """
    threads = environment["OMP_NUM_THREADS"]
    pinned = os.environ.get("OMP_NUM_THREADS") == threads
    os.environ.clear()
    os.environ.update(environment)
    if not pinned:
        threadpool_limits(int(threads))
    if "keras" in sys.modules:
        from hpbench.engine.framework import use_home

        use_home(environment["KERAS_HOME"])
    function(*arguments)
