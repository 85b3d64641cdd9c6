"""Contenders on Keras and TensorFlow: the suite's own loop and ``model.fit``; and the referee, who compares losses."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.engine.program import MOST_STEPS, Layer, Network, Program, Weights
from benchmarks.engine.workloads import DENSE, Workload
from hpbench.catalogue import own
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.engine.calibration import calibrate
from hpbench.engine.tensorflow_backend import TensorFlowBackend
from hpbench.parts.datasets.folders import default_data_folder
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.records.calibration import Reading

__all__ = ["Ceilings", "Fit", "Referee", "Suite"]


def _made(workload: Workload) -> tuple[Any, Any]:
    """Model and optimizer, as a trial makes them."""
    own.allow([DENSE.partition(":")[0]])
    keras.utils.set_random_seed(0)
    model = MODELS.load(workload.model["name"])(dict(workload.model), workload.shape, workload.classes)
    parameters = {key: value for key, value in workload.optimizer.items() if key != "name"}
    optimizer = OPTIMIZERS.load(workload.optimizer["name"])(parameters, workload.learning_rate)
    optimizer.build(model.trainable_variables)
    return model, optimizer


class Ceilings:
    """What the machine reaches on all threads."""

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def readings(self) -> list[Reading]:
        """Of the calibration workload."""
        return calibrate(self._threads)


class Referee:
    """Says what is to be trained, and what came of it."""

    def __init__(self, workload: Workload, threads: int) -> None:
        TensorFlowBackend(threads=threads, deterministic=True)
        if workload.dataset is not None:
            prepared = prepare_dataset(dict(workload.dataset), default_data_folder())
            x, _ = prepared.load()["train"]
            workload = replace(workload, shape=tuple(x.shape[1:]), classes=prepared.classes)
        self._workload = workload
        self._model, self._optimizer = _made(workload)

    def workload(self) -> Workload:
        """With shape and classes of its images."""
        return self._workload

    def network(self) -> Network:
        """The model at its start."""
        return Network(
            tuple(_layer(layer) for layer in self._model.layers),
            self._model.get_weights(),
            sum(int(np.prod(variable.shape)) for variable in self._model.trainable_variables),
            sum(int(np.prod(variable.shape)) for variable in self._optimizer.variables if variable.shape),
        )

    def loss(self, weights: Weights) -> float:
        """Mean cross-entropy over all images."""
        self._model.set_weights(weights)
        images, labels = self._workload.images()
        logits = self._model(images, training=False)
        return float(tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)))


def _layer(layer: Any) -> Layer:
    kernel = tuple(layer.kernel.shape) if hasattr(layer, "kernel") else ()
    output = tuple(layer.output.shape[1:])
    return Layer(type(layer).__name__, kernel, int(np.prod(output[:-1])) if kernel else 0, output, layer.get_config())


class _OnKeras(Program):
    """What the suite and ``fit`` share: a Keras model and how it is set back."""

    def __init__(self, workload: Workload, network: Network) -> None:
        self.workload = workload
        self.network = network
        self.model, self.optimizer = _made(workload)
        self.model.set_weights(network.weights)
        self._variables = [*self.model.variables, *self.optimizer.variables]
        self._start = [variable.numpy() for variable in self._variables]

    def start(self) -> None:
        for variable, value in zip(self._variables, self._start, strict=True):
            variable.assign(value)

    def weights(self) -> Weights:
        weights: Weights = self.model.get_weights()
        return weights


class Suite(_OnKeras):
    """The suite's loop as a trial runs it: operations deterministic, ``compile: auto``; ``stretch`` steps a call."""

    def __init__(self, workload: Workload, network: Network, threads: int, stretch: int = MOST_STEPS) -> None:
        backend = TensorFlowBackend(threads=threads, deterministic=True)
        super().__init__(workload, network)
        self.unit = stretch if stretch < MOST_STEPS else 1
        self._stretch = stretch
        self._program = backend.compile(
            self.model,
            self.optimizer,
            {"train": workload.images()},
            "auto",
            batch_size=workload.batch_size,
            stretch=stretch,
        )

    def start(self) -> None:
        self._program.reset(SimpleNamespace(variables=self._start[: len(self.model.variables)]))

    def prepare(self, steps: int) -> None:
        batches = self.workload.batches(steps)
        self._calls = [batches[start : start + self._stretch] for start in range(0, steps, self._stretch)]

    def run(self) -> None:
        for batches in self._calls:
            if not self._program.run(batches).finite:
                raise RuntimeError("a loss or a weight was not finite")

    def mode(self) -> str:
        """How it was compiled."""
        return self._program.mode


class Fit(_OnKeras):
    """``model.fit`` over images that lie on the device, in the order of the batches.

    Args:
        workload: What to train.
        network: The model's start.
        threads: Threads of one operation, and operations at a time.
        epoch: Steps of an epoch, each over the first of the batches; a window is one epoch if 0.
        cached: Whether batches come from a cached, prefetched ``tf.data.Dataset``.
        arguments: Of ``model.compile``.
    """

    def __init__(
        self, workload: Workload, network: Network, threads: int, epoch: int = 0, cached: bool = False, **arguments: Any
    ) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        super().__init__(workload, network)
        self.unit = epoch or 1
        self._epoch = epoch
        self._cached = cached
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer=self.optimizer, loss=loss, **arguments)

    def prepare(self, steps: int) -> None:
        images, labels = self.workload.images()
        order = self.workload.batches(self._epoch or steps).reshape(-1)
        data = tf.constant(images[order]), tf.constant(labels[order])
        size = self.workload.batch_size
        if self._cached:
            batches = tf.data.Dataset.from_tensor_slices(data).batch(size, drop_remainder=True)
            self._arguments: dict[str, Any] = {"x": batches.cache().prefetch(tf.data.AUTOTUNE)}
        else:
            self._arguments = {"x": data[0], "y": data[1], "batch_size": size}
        self._arguments["epochs"] = steps // self._epoch if self._epoch else 1

    def run(self) -> None:
        self.model.fit(**self._arguments, shuffle=False, verbose=0)
