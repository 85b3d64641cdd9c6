"""What a contender does in its process: one training, set back to its start before every window."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_STEPS = 20_000
"""Of a window."""
SIZINGS = 3
LIKE = 1.4
"""Windows may be longer or shorter than wanted by this factor."""

Weights = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Layer:
    """A layer of a Keras model, for frameworks that have to build the same.

    Args:
        kind: Name of the Keras class.
        kernel: Shape of its kernel; empty without one.
        places: Positions of the output that the kernel is applied to for one image: 1 for a dense layer.
        output: Shape of the output for one image.
        config: Of the Keras layer.
    """

    kind: str
    kernel: tuple[int, ...]
    places: int
    output: tuple[int, ...]
    config: dict[str, Any]


@dataclass(frozen=True)
class Network:
    """A model as it starts.

    Args:
        layers: In order.
        weights: In the order of Keras, and in its layout.
        trainable: Number of trainable weights.
        slots: Numbers that the optimizer keeps beside them, such as velocities.
    """

    layers: tuple[Layer, ...]
    weights: Weights
    trainable: int
    slots: int


class Program(ABC):
    """A training that can be set back, and its windows."""

    unit = 1
    """A window's number of steps is a multiple of it."""

    @abstractmethod
    def prepare(self, steps: int) -> None:
        """Make ready for windows of that many steps."""

    @abstractmethod
    def start(self) -> None:
        """Set weights and optimizer back to their start."""

    @abstractmethod
    def run(self) -> None:
        """Train for one window; return when all is computed."""

    @abstractmethod
    def weights(self) -> Weights:
        """The weights now, in the order and layout of Keras."""

    def trained(self, steps: int) -> Weights:
        """The weights after that many steps from the start."""
        self.prepare(steps)
        self.start()
        self.run()
        return self.weights()

    def window(self) -> float:
        """Seconds of one window from the start of the training.

        Raises:
            FloatingPointError: Something was not finite at its end.
        """
        self.start()
        begun = time.perf_counter()
        self.run()
        seconds = time.perf_counter() - begun
        if not all(np.isfinite(weight).all() for weight in self.weights()):
            raise FloatingPointError("a weight was not finite at the end of a window")
        return seconds

    def size(self, steps: int, seconds: float) -> tuple[int, float]:
        """Find windows of about that length, and warm up.

        Args:
            steps: To begin with.
            seconds: Of a window.

        Returns:
            The steps of a window from now on, and the seconds that the last one took.
        """
        steps = self._whole(steps)
        taken = self._second_window(steps)
        for _ in range(SIZINGS):
            wanted = self._whole(min(steps * seconds / taken, 20 * steps, MOST_STEPS))
            if wanted / LIKE < steps < wanted * LIKE:
                break
            steps, taken = wanted, self._second_window(wanted)
        return steps, taken

    def _second_window(self, steps: int) -> float:
        """Seconds of a window of that many steps, after one in which what is compiled for them is compiled."""
        self.prepare(steps)
        self.window()
        return self.window()

    def _whole(self, steps: float) -> int:
        return max(1, round(steps / self.unit)) * self.unit
