"""What one iteration does with a batch: step strategies, written in ``keras.ops`` so that they run on every backend.

A strategy is a pure function of tensors: ``step(state, batch, value_and_gradient, update)``. It may take gradients and
make updates as often as it likes, on any state, and says which state stands::

    class SharpnessAware(Step):
        def __call__(self, state, batch, value_and_gradient, update):
            value, gradients = value_and_gradient(state, batch)
            ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from hpbench.parts.own import instances

Tensors = Sequence[Any]


class State(NamedTuple):
    """All that a step may change.

    Args:
        weights: The trainable variables, in the model's order.
        statistics: The others: moving averages, seeds.
        optimizer: The optimizer's variables: iterations, rate, momenta.
        own: What the strategy itself keeps, as ``Step.start`` gave it: a nested structure of tensors.
    """

    weights: Tensors
    statistics: Tensors
    optimizer: Tensors
    own: Any = ()


class Value(NamedTuple):
    """A forward pass over a batch.

    Args:
        loss: Mean loss over the batch and what the model's layers add to it, shape ().
        logits: Shape (batch size, classes).
        state: The state with the statistics that the pass has moved on.
    """

    loss: Any
    logits: Any
    state: State


class ValueAndGradient(Protocol):
    """Gives the loss of a batch at a state, and its gradient with respect to the weights."""

    def __call__(self, state: State, batch: tuple[Any, Any] | None) -> tuple[Value, Tensors]:
        """The forward pass, and one gradient a weight.

        Without a batch over all training images, for a step that ``sees_all_images``.
        """


class Update(Protocol):
    """One update by the optimizer: the state after it.

    ``learning_rate``, shape (), takes the place of the schedule's for this update.
    """

    def __call__(self, state: State, gradients: Tensors, learning_rate: Any = None) -> State:
        """The state after the update."""


class Step:
    """Base of step strategies; itself the plain step: one gradient, one update.

    Attributes:
        sees_all_images: Whether it asks for gradients over all training images; they are compiled in then.
    """

    sees_all_images = False

    def start(self) -> Any:
        """What the strategy keeps, before the first iteration: a nested structure of tensors, none here."""
        return ()

    def begin(self, weights: Tensors, learning_rate: Any) -> Any:
        """What it keeps before the first iteration, given what the training begins with; here what ``start`` gives.

        Args:
            weights: The initial weights.
            learning_rate: The optimizer's rate at the first iteration, shape ().
        """
        return self.start()

    def observe(self, own: Any) -> Mapping[str, float]:
        """What is to be observed of what it keeps, at every evaluation: name to value, nothing here.

        Args:
            own: As the last iteration left it, in NumPy arrays.
        """
        return {}

    def __call__(
        self, state: State, batch: tuple[Any, Any], value_and_gradient: ValueAndGradient, update: Update
    ) -> tuple[State, Value]:
        """Do one iteration.

        Args:
            state: Before it.
            batch: Images (batch size, height, width, channels) and labels (batch size,).
            value_and_gradient: Gives loss and gradient of a batch at a state.
            update: Makes one update of a state.

        Returns:
            The state after it, and the forward pass that is reported as the iteration's.
        """
        value, gradients = value_and_gradient(state, batch)
        return update(value.state, gradients), value


def plain() -> Step:
    """The plain step."""
    return Step()


def own(name: str) -> Callable[..., Any]:
    """A step of one's own: a subclass of ``Step``, called with the fields."""
    return instances(name, Step, "hpbench.engine.steps.Step")
