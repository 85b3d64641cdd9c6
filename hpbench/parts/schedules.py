"""Learning-rate schedules. The step counts updates from 0, so the first update uses the base rate.

Every schedule is the base rate times a factor that depends on the step alone. Formulas marked Caffe are
those of ``SGDSolver::GetLearningRate`` (Jia et al. 2014, Caffe). Steps are exact up to 2^24.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import keras
import numpy as np
from keras import ops


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Base of all schedules: ``learning_rate`` x ``factor(step)``.

    Args:
        learning_rate: The base rate, the rate of the first update.
    """

    def __init__(self, learning_rate: float) -> None:
        super().__init__()
        self.learning_rate = float(learning_rate)

    @classmethod
    def for_training(cls, parameters: Mapping[str, Any], learning_rate: float, iterations: int) -> Self:
        """Make the schedule of one training.

        Args:
            parameters: The fields of the schedule's catalogue model without ``name``.
            learning_rate: The base rate.
            iterations: Updates of the whole training; used by schedules that depend on its length.
        """
        return cls(learning_rate, **parameters)

    def factor(self, step: Any) -> Any:
        """What the base rate is multiplied by.

        Args:
            step: Updates done so far, float32 tensor of shape ().

        Returns:
            Float32 tensor of shape ().
        """
        raise NotImplementedError

    def __call__(self, step: Any) -> Any:
        """Rate of the update after ``step`` updates.

        Args:
            step: Integer, or integer tensor of shape ().

        Returns:
            Float32 tensor of shape ().
        """
        return ops.multiply(self.learning_rate, self.factor(ops.cast(step, "float32")))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"learning_rate": self.learning_rate}


class FiniteSchedule(Schedule):
    """Base of schedules that depend on the training's length; after its end the last rate holds.

    Args:
        learning_rate: The base rate.
        iterations: Updates of the whole training.

    Raises:
        ValueError: ``iterations`` is not positive.
    """

    def __init__(self, learning_rate: float, iterations: int) -> None:
        super().__init__(learning_rate)
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1, not {iterations}")
        self.iterations = int(iterations)

    @classmethod
    def for_training(cls, parameters: Mapping[str, Any], learning_rate: float, iterations: int) -> Self:
        """Make the schedule of one training of ``iterations`` updates; see ``Schedule.for_training``."""
        return cls(learning_rate, iterations=iterations, **parameters)

    def within(self, step: Any) -> Any:
        """The step, or the training's last one where that is over; float32 tensor of shape ()."""
        return ops.minimum(step, float(self.iterations))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"iterations": self.iterations}


@keras.saving.register_keras_serializable(package="hpbench")
class Constant(Schedule):
    """The base rate throughout (Caffe's ``fixed``)."""

    def factor(self, step: Any) -> Any:
        """One."""
        return ops.ones_like(step)


@keras.saving.register_keras_serializable(package="hpbench")
class Step(Schedule):
    """base x factor^floor(step / every) (Caffe's ``step``).

    Args:
        learning_rate: The base rate.
        factor: What the rate is multiplied by at every drop.
        every: Updates between two drops.
    """

    def __init__(self, learning_rate: float, factor: float, every: int) -> None:
        super().__init__(learning_rate)
        self.drop = float(factor)
        self.every = int(every)

    def factor(self, step: Any) -> Any:
        """``drop``^(number of drops so far)."""
        return ops.power(self.drop, ops.floor(ops.divide(step, self.every)))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"factor": self.drop, "every": self.every}


@keras.saving.register_keras_serializable(package="hpbench")
class Exponential(Schedule):
    """base x factor^step (Caffe's ``exp``).

    Args:
        learning_rate: The base rate.
        factor: What the rate is multiplied by at every update.
    """

    def __init__(self, learning_rate: float, factor: float) -> None:
        super().__init__(learning_rate)
        self.decay = float(factor)

    def factor(self, step: Any) -> Any:
        """``decay``^step."""
        # A float32 power would raise the rounding error of the decay itself to the power of the step.
        return ops.exp(ops.multiply(step, float(np.log(self.decay))))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"factor": self.decay}


@keras.saving.register_keras_serializable(package="hpbench")
class InversePower(Schedule):
    """base x (1 + gamma x step)^-power (Caffe's ``inv``).

    Args:
        learning_rate: The base rate.
        gamma: How fast the rate falls, per update.
        power: Exponent of the fall.
    """

    def __init__(self, learning_rate: float, gamma: float = 0.001, power: float = 0.75) -> None:
        super().__init__(learning_rate)
        self.gamma = float(gamma)
        self.power = float(power)

    def factor(self, step: Any) -> Any:
        """(1 + gamma x step)^-power."""
        return ops.power(ops.add(1.0, ops.multiply(self.gamma, step)), -self.power)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"gamma": self.gamma, "power": self.power}


@keras.saving.register_keras_serializable(package="hpbench")
class RecursiveInversePower(FiniteSchedule):
    """rate(step + 1) = rate(step) x (1 + gamma x step)^-power: the factors multiply up.

    So rate(n) = base x prod_{k<n} (1 + gamma x k)^-power: with the defaults 2.7 % of the base at n = 100.

    Args:
        learning_rate: The base rate.
        iterations: Updates of the whole training.
        gamma: How fast the rate falls, per update.
        power: Exponent of the fall.
    """

    def __init__(self, learning_rate: float, iterations: int, gamma: float = 0.001, power: float = 0.75) -> None:
        super().__init__(learning_rate, iterations)
        self.gamma = float(gamma)
        self.power = float(power)
        logarithms = np.log1p(self.gamma * np.arange(self.iterations, dtype=np.float64))
        products = np.exp(-self.power * np.concatenate([[0.0], np.cumsum(logarithms)]))
        self._factors = products.astype(np.float32)

    def factor(self, step: Any) -> Any:
        """The product up to ``step``, from a table of ``iterations`` + 1 products taken in float64."""
        return ops.take(self._factors, ops.cast(self.within(step), "int32"))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"gamma": self.gamma, "power": self.power}


@keras.saving.register_keras_serializable(package="hpbench")
class Polynomial(FiniteSchedule):
    """base x (1 - step / iterations)^power (Caffe's ``poly``).

    Args:
        learning_rate: The base rate.
        iterations: Updates of the whole training.
        power: Exponent of the fall; 1 is a straight line to zero.
    """

    def __init__(self, learning_rate: float, iterations: int, power: float = 1.0) -> None:
        super().__init__(learning_rate, iterations)
        self.power = float(power)

    def factor(self, step: Any) -> Any:
        """(1 - step / iterations)^power."""
        # Whole numbers subtract exactly; the share done would lose digits near the end.
        remaining = ops.subtract(float(self.iterations), self.within(step))
        return ops.power(ops.divide(remaining, self.iterations), self.power)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"power": self.power}


@keras.saving.register_keras_serializable(package="hpbench")
class Cosine(FiniteSchedule):
    """base x (1 + cos(pi x step / iterations)) / 2 (Loshchilov and Hutter 2017, equation 5, no restarts)."""

    def factor(self, step: Any) -> Any:
        """(1 + cos(pi x step / iterations)) / 2."""
        angle = ops.multiply(np.pi, ops.divide(self.within(step), self.iterations))
        return ops.multiply(0.5, ops.add(1.0, ops.cos(angle)))
