"""Keras in a job process: what it keeps for the whole process."""

from __future__ import annotations

import keras


class OtherBackendError(RuntimeError):
    """Keras was imported with another backend than a trial asks for."""


def require_backend(name: str) -> None:
    """Check that Keras runs on the backend that a trial asks for: it is chosen once, when Keras is imported.

    Raises:
        OtherBackendError: If it runs on another one.
    """
    if keras.backend.backend() != name:
        raise OtherBackendError(
            f"the trial asks for the backend {name}, and Keras was imported with {keras.backend.backend()}; "
            "one process of hpbench runs one backend"
        )


def use_home(folder: str) -> None:
    """Let Keras keep its files in this folder; it has read ``KERAS_HOME`` when it was imported."""
    keras.src.backend.config._KERAS_DIR = folder


def draws_from_global_seed() -> bool:
    """Whether something has drawn random numbers without a seed generator since ``keras.backend.clear_session``."""
    return keras.src.backend.common.global_state.get_global_attribute("global_seed_generator") is not None
