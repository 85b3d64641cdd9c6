"""What a procedure needs of a backend."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Split = tuple[NDArray[Any], NDArray[np.int32]]
"""Images (n, height, width, channels), float32, and labels (n,)."""


class Stretch(NamedTuple):
    """What a stretch of iterations gave: mean loss over it, and accuracy on its last batch before its update."""

    loss: float
    batch_accuracy: float


class Program(Protocol):
    """A model with its optimizer, compiled for one batch size, over data that lies on the device."""

    def reset(self, fresh: Any) -> None:
        """Take the state of a model just made (weights, statistics, seeds), and the optimizer's state at its start."""

    def run(self, batches: NDArray[np.int32]) -> Stretch:
        """Do one update a row of ``batches`` (iterations, batch size), indices into the training images."""

    def evaluate(self, split: str, batch_size: int) -> tuple[float, float]:
        """Mean loss and accuracy on a split."""


class Backend(Protocol):
    """A framework, configured once for the process."""

    def __init__(self, *, threads: int, deterministic: bool) -> None: ...

    def compile(self, model: Any, optimizer: Any, data: dict[str, Split], mode: str) -> Program:
        """Put the data on the device and compile training and evaluation."""

    def resolve(self, mode: str, model: Any) -> str:
        """What a requested compile mode means for this model."""

    def synchronise(self) -> None:
        """Wait until the device has done all its work."""

    def device_memory(self) -> list[int]:
        """Peak bytes that the allocator held, one a GPU in the framework's order; empty on the CPU."""

    def reset_device_memory(self) -> None:
        """Set the allocator's peaks back to the present level."""

    def describe(self) -> dict[str, str]:
        """Devices and determinism, to be recorded."""
