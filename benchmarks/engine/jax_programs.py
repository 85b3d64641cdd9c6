"""A contender on JAX: the whole window one compiled ``lax.scan`` over pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.engine.program import Layer, Network, Program, Weights
from benchmarks.engine.workloads import Workload

__all__ = ["Scan"]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"linear": lambda x: x, "relu": jax.nn.relu, "tanh": jnp.tanh}
IMAGES = ("NHWC", "HWIO", "NHWC")


class Scan(Program):
    """Plain ``jax.numpy``; XLA's CPU device takes its number of threads from the environment."""

    def __init__(self, workload: Workload, network: Network, threads: int) -> None:
        self._workload = workload
        images, labels = workload.images()
        self._data = jnp.asarray(images), jnp.asarray(labels)
        self._start = [jnp.asarray(value) for value in network.weights]
        begin, update = _optimizer(workload)
        forward = _forward(network.layers)

        def loss(weights: Any, x: Any, y: Any) -> Any:
            logarithms = jax.nn.log_softmax(forward(weights, x))
            return -jnp.take_along_axis(logarithms, y[:, None], axis=1).mean()

        def window(weights: Any, data: Any, batches: Any) -> Any:
            def step(state: Any, rows: Any) -> Any:
                weights, slots = state
                value, gradients = jax.value_and_grad(loss)(weights, data[0][rows], data[1][rows])
                return update(weights, slots, gradients), value

            (weights, _), losses = lax.scan(step, (weights, begin(weights)), batches)
            return weights, losses[-1]

        self._window = jax.jit(window)

    def prepare(self, steps: int) -> None:
        self._batches = jnp.asarray(self._workload.batches(steps))

    def start(self) -> None:
        self._weights = self._start

    def run(self) -> None:
        self._weights, last = self._window(self._weights, self._data, self._batches)
        jax.block_until_ready((self._weights, last))

    def weights(self) -> Weights:
        return [jax.device_get(value) for value in self._weights]


def _forward(layers: tuple[Layer, ...]) -> Callable[[Any, Any], Any]:
    def forward(weights: Any, x: Any) -> Any:
        given = iter(weights)
        for layer in layers:
            x = LAYERS[layer.kind](layer.config, x, given)
        return x

    return forward


def _dense(config: Any, x: Any, weights: Any) -> Any:
    return ACTIVATIONS[config["activation"]](x @ next(weights) + next(weights))


def _convolution(config: Any, x: Any, weights: Any) -> Any:
    padding = config["padding"].upper()
    y = lax.conv_general_dilated(x, next(weights), config["strides"], padding, dimension_numbers=IMAGES)
    return ACTIVATIONS[config["activation"]](y + next(weights))


def _maximum(config: Any, x: Any, weights: Any) -> Any:
    window, strides = (1, *config["pool_size"], 1), (1, *config["strides"], 1)
    return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, config["padding"].upper())


LAYERS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "Dense": _dense,
    "Conv2D": _convolution,
    "MaxPooling2D": _maximum,
    "Flatten": lambda config, x, weights: x.reshape(len(x), -1),
}


def _optimizer(workload: Workload) -> tuple[Callable[[Any], Any], Callable[[Any, Any, Any], Any]]:
    """What is kept beside the weights at the start, and one update; the rules of Keras."""
    rate, given = workload.learning_rate, workload.optimizer
    if given["name"] == "adam":
        return lambda w: (0, *_zeros(w, 2)), lambda w, slots, g: _adam(w, slots, g, rate, given["epsilon"])
    momentum = given.get("momentum", 0.0)
    if not momentum:
        return lambda w: (), lambda w, slots, g: ([a - rate * b for a, b in zip(w, g, strict=True)], slots)
    return lambda w: _zeros(w, 1), lambda w, slots, g: _momentum(w, slots, g, rate, momentum)


def _zeros(weights: Any, count: int) -> tuple[list[Any], ...]:
    return tuple([jnp.zeros_like(value) for value in weights] for _ in range(count))


def _momentum(weights: Any, slots: Any, gradients: Any, rate: float, momentum: float) -> Any:
    velocity = [momentum * v - rate * g for v, g in zip(slots[0], gradients, strict=True)]
    return [w + v for w, v in zip(weights, velocity, strict=True)], (velocity,)


def _adam(weights: Any, slots: Any, gradients: Any, rate: float, epsilon: float) -> Any:
    """Kingma and Ba 2015 with its usual decays, and epsilon beside the uncorrected root, as Keras has it."""
    first, second = 0.9, 0.999
    count, m, v = slots[0] + 1, slots[1], slots[2]
    m = [a + (g - a) * (1 - first) for a, g in zip(m, gradients, strict=True)]
    v = [a + (g * g - a) * (1 - second) for a, g in zip(v, gradients, strict=True)]
    corrected = rate * jnp.sqrt(1 - second**count) / (1 - first**count)
    weights = [w - corrected * a / (jnp.sqrt(b) + epsilon) for w, a, b in zip(weights, m, v, strict=True)]
    return weights, (count, m, v)
