"""Keras in a job process: what it keeps for the whole process."""

from __future__ import annotations

import random

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


def seed_initialisation(seed: int) -> None:
    """Seed what Keras' initializers and seed generators draw from: Python's and Keras' own numbers.

    ``keras.utils.set_random_seed`` seeds TensorFlow, too, and with that throws away every kernel: the next call of each
    compiled function is 30 ms slower. Where no code of one's own draws from TensorFlow, it does not matter.
    """
    random.seed(seed)
    state = keras.src.backend.common.global_state
    state.set_global_attribute("global_random_seed", seed)
    state.set_global_attribute("global_seed_generator", None)


def draws_from_global_seed() -> bool:
    """Whether something has drawn random numbers without a seed generator since ``keras.backend.clear_session``."""
    return keras.src.backend.common.global_state.get_global_attribute("global_seed_generator") is not None
