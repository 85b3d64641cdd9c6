"""What a procedure needs of a backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hpbench.engine.heads import Heads
from hpbench.engine.steps import Step

Rows = NDArray[np.int32]
"""Indices of images, shape (n,)."""
Split = tuple[NDArray[Any], NDArray[np.int32]]
"""Images (n, height, width, channels), float32, and labels (n,), or (n, heads)."""
Accuracies = tuple[float, ...]
"""One a head."""


class Stretch(NamedTuple):
    """What a stretch of iterations gave.

    Args:
        loss: Mean loss over the iterations done.
        batch_accuracy: Accuracy of each head on the last batch, before its update.
        accuracy: Mean accuracy of each head over the batches, each before its update.
        iterations: Iterations done; fewer than asked for when the loss was not finite: the last is that one.
        finite: Whether every loss, and every weight after the last iteration, was finite. Kernels such as ReLU's or
            pooling's can hide a weight that is not a number from the loss.
    """

    loss: float
    batch_accuracy: Accuracies
    accuracy: Accuracies
    iterations: int
    finite: bool


class Trainable(Protocol):
    """What the loop of stretches needs of a program."""

    def run(self, batches: NDArray[np.int32]) -> Stretch:
        """Do one update a row of ``batches`` (iterations, batch size), indices into the training images."""

    def evaluate(
        self, split: str, batch_size: int, images: int | None = None, rows: Rows | None = None
    ) -> tuple[float, Accuracies]:
        """Mean loss, and accuracy of each head, on a split, on its first ``images``, or on those of ``rows``."""

    def observed(self) -> Mapping[str, float]:
        """What the step wants to be observed of what it keeps, after the last iteration."""


class Program(Trainable, Protocol):
    """A model with its optimizer, compiled for one batch size, over data that lies on the device.

    Attributes:
        mode: How it is compiled: ``xla``, ``graph`` or ``eager``.
        reason: Why so, in words.
    """

    mode: str
    reason: str

    def reset(
        self, fresh: Any, rows: Rows | None = None, step: Step | None = None, optimizer: Any | None = None
    ) -> None:
        """Take the state of a model just made (weights, statistics, seeds), and the optimizer's state at its start.

        Args:
            fresh: The model.
            rows: Indices of the training images, for a step that asks for all of them.
            step: What to begin with what it keeps, if not the compiled one, from which it differs in nothing else.
            optimizer: One not built, whose rate and other variables are taken from now on.
        """

    def warm_up(self, batch_size: int) -> None:
        """Evaluate a batch of that size and make two updates, then put all state back."""


class Unrolled(NamedTuple):
    """What some iterations of plain SGD gave, and how the loss after them hangs on the hyperparameters.

    Args:
        losses: Training loss of each iteration, before its update, (iterations,).
        right: Right answers of each head in each iteration's batch, (iterations, heads).
        validation_loss: Mean loss after the last iteration, in evaluation mode.
        gradient: Of the validation loss with respect to the natural logarithms of learning rate and weight decay, (2,).
        finite: Whether every weight after the last iteration is finite.
    """

    losses: NDArray[Any]
    right: NDArray[Any]
    validation_loss: float
    gradient: NDArray[np.float64]
    finite: bool


class ValidationGradient(Protocol):
    """Iterations of plain SGD with weight decay, unrolled, and the gradient of a validation loss through them."""

    def __call__(self, batches: NDArray[np.int32], rows: Rows, learning_rate: float, weight_decay: float) -> Unrolled:
        """Move the model on by w = w - learning_rate (g + weight_decay w), a row of ``batches`` after the other.

        Args:
            batches: Indices of training images (iterations, batch size).
            rows: Of the validation images, (n,).
            learning_rate: Of all these iterations.
            weight_decay: What a weight is multiplied by before it is added to its gradient.
        """

    def warm_up(self, shape: tuple[int, int], images: int) -> None:
        """Compile for batches of this shape (iterations, batch size) and as many validation images; nothing changes."""


class Backend(Protocol):
    """A framework, configured once for the process."""

    def __init__(self, *, threads: int, deterministic: bool) -> None: ...

    def place(self, data: dict[str, Split]) -> dict[str, Any]:
        """Put data on the device."""

    def compile(
        self,
        model: Any,
        optimizer: Any,
        data: dict[str, Any],
        mode: str,
        *,
        batch_size: int,
        stretch: int,
        step: Step,
        rows: Rows | None = None,
        heads: Heads | None = None,
    ) -> Program:
        """Compile training and evaluation.

        Args:
            model: A Keras model from images to logits.
            optimizer: A Keras optimizer, not yet built.
            data: What ``place`` gave, or the arrays themselves; ``train`` is trained on.
            mode: ``auto``, ``xla``, ``graph`` or ``eager``.
            batch_size: Images of an update.
            stretch: Iterations that are compiled as one loop, at most.
            step: What an iteration does.
            rows: Indices of the training images, all if not given; for a step that asks for all of them.
            heads: Which logits answer which question; one head if not given.

        Raises:
            CannotCompileError: The mode asked for is not possible with this model, optimizer or step.
        """

    def gradients(
        self, model: Any, images: NDArray[Any], labels: NDArray[np.int32], heads: Heads
    ) -> list[NDArray[Any]]:
        """Of the mean training loss over these images, one a trainable weight; the model stays as it is."""

    def validation_gradient(
        self, model: Any, training: Any, validation: Any, mode: str, heads: Heads
    ) -> ValidationGradient:
        """What the validation loss after some iterations says of their learning rate and weight decay.

        Args:
            model: A Keras model from images to logits, which it trains.
            training: Images and labels, as ``place`` gave them.
            validation: The same of the validation split.
            mode: ``xla``, ``graph`` or ``eager``.
            heads: Which logits answer which question.
        """

    def forward(self, model: Any, images: NDArray[Any], mode: str) -> Callable[[], None]:
        """A compiled forward pass over these images, which lie on the device; it returns when it is done."""

    def synchronise(self) -> None:
        """Wait until the device has done all its work."""

    def device_memory(self) -> list[int]:
        """Peak bytes that the allocator held, one a GPU in the framework's order; empty on the CPU."""

    def reset_device_memory(self) -> None:
        """Set the allocator's peaks back to the present level."""

    def describe(self) -> dict[str, str]:
        """Devices and determinism, to be recorded."""


class CannotCompileError(RuntimeError):
    """A compile mode was asked for that is not possible; the message says why and what is."""
