"""A contender on PyTorch: the usual eager loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.engine.program import Layer, Network, Program, Weights
from benchmarks.engine.workloads import Workload

__all__ = ["Eager"]

ACTIVATIONS: dict[str, Callable[[], nn.Module] | None] = {"linear": None, "relu": nn.ReLU, "tanh": nn.Tanh}


class Eager(Program):
    """Forward, backward and update, one after another, over images on the device.

    Args:
        workload: What to train, of layers that ``_modules`` knows, by ``sgd`` or ``adam``.
        network: The model's start.
        threads: Threads of one operation.
        arguments: Of the optimizer, such as ``fused``.
    """

    def __init__(self, workload: Workload, network: Network, threads: int, **arguments: Any) -> None:
        torch.set_num_threads(threads)
        self._workload = workload
        images, labels = workload.images()
        last = images.ndim - 1
        self._images = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, last, 1)))
        self._labels = torch.from_numpy(labels).long()
        self._model = nn.Sequential(*(module for layer in network.layers for module in _modules(layer)))
        self._model(self._images[:1])  # the layers learn their inputs' shapes
        self._layouts = _layouts(network.layers)
        self._values = [_as_torch(value, *layout) for value, layout in zip(network.weights, self._layouts, strict=True)]
        self._loss = nn.CrossEntropyLoss()
        self._optimizer = _optimizer(workload, list(self._model.parameters()), arguments)

    def prepare(self, steps: int) -> None:
        self._batches = torch.from_numpy(self._workload.batches(steps)).long()

    def start(self) -> None:
        with torch.no_grad():
            for parameter, value in zip(self._model.parameters(), self._values, strict=True):
                parameter.copy_(value)
            for state in self._optimizer.state.values():
                for name, value in state.items():
                    state[name] = torch.zeros_like(value) if torch.is_tensor(value) else value

    def run(self) -> None:
        for rows in self._batches:
            self._optimizer.zero_grad()
            loss = self._loss(self._model(self._images[rows]), self._labels[rows])
            loss.backward()
            self._optimizer.step()

    def weights(self) -> Weights:
        pairs = zip(self._model.parameters(), self._layouts, strict=True)
        return [_as_keras(parameter.detach().numpy(), *layout) for parameter, layout in pairs]


def _optimizer(workload: Workload, parameters: list[Any], arguments: dict[str, Any]) -> Any:
    given = workload.optimizer
    if given["name"] == "adam":
        return torch.optim.Adam(parameters, workload.learning_rate, eps=given["epsilon"], **arguments)
    return torch.optim.SGD(parameters, workload.learning_rate, momentum=given.get("momentum", 0.0), **arguments)


def _modules(layer: Layer) -> list[nn.Module]:
    """The same layer on images (n, channels, height, width)."""
    config = layer.config
    if layer.kind in ("MaxPooling2D", "AveragePooling2D"):
        pool: Any = nn.MaxPool2d if layer.kind == "MaxPooling2D" else nn.AvgPool2d
        return [pool(config["pool_size"], config["strides"], ceil_mode=config["padding"] == "same")]
    if layer.kind == "Flatten":
        return [nn.Flatten()]
    if layer.kind == "Dense":
        made: nn.Module = nn.LazyLinear(config["units"])
    elif layer.kind == "Conv2D":
        made = nn.LazyConv2d(config["filters"], config["kernel_size"], config["strides"], padding=config["padding"])
    else:
        raise NotImplementedError(f"no PyTorch layer is known here for Keras' {layer.kind}")
    activation = ACTIVATIONS[config["activation"]]
    return [made, activation()] if activation else [made]


def _layouts(layers: tuple[Layer, ...]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """For each weight the shape that Keras' value is seen in, and the order of its axes in PyTorch.

    Kernels have their outputs last in Keras and first in PyTorch. After a flattening, the inputs of a dense layer are
    (height, width, channels) in Keras and (channels, height, width) in PyTorch.
    """
    layouts: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    before: tuple[int, ...] = ()
    for index, layer in enumerate(layers):
        flattened = index > 0 and layers[index - 1].kind == "Flatten" and len(before) == 3
        if layer.kind == "Dense":
            seen = (*before, layer.kernel[-1]) if flattened else layer.kernel
            layouts += [(seen, (3, 2, 0, 1) if flattened else (1, 0)), (layer.kernel[-1:], (0,))]
        elif layer.kind == "Conv2D":
            layouts += [(layer.kernel, (3, 2, 0, 1)), (layer.kernel[-1:], (0,))]
        before = before if layer.kind == "Flatten" else layer.output
    return layouts


def _as_torch(value: Any, shape: tuple[int, ...], order: tuple[int, ...]) -> Any:
    turned = np.ascontiguousarray(value.reshape(shape).transpose(order))
    return torch.from_numpy(turned.reshape(len(turned), -1) if value.ndim == 2 else turned)


def _as_keras(value: Any, shape: tuple[int, ...], order: tuple[int, ...]) -> Any:
    turned = value.reshape([shape[axis] for axis in order]).transpose(np.argsort(order))
    return np.ascontiguousarray(turned.reshape(-1, shape[-1]) if value.ndim == 2 else turned)
