"""Instruments that look at a model layer by layer: gradients, and how large it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from hpbench.catalogue.instruments import GradientNorms, Size
from hpbench.engine.trial_run import Phase, TrialRun
from hpbench.records.trial import Observation

_COUNTED = (
    *(keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D),
    *(keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D),
)
"""Layers with a kernel, each of whose weights is used once at every position of the output."""


def gradient_norms(spec: GradientNorms, model: Any, run: TrialRun, phase: Phase) -> Iterator[Observation]:
    """Euclidean norm of the gradient of the training loss with respect to each layer's kernel, in the layers' order.

    On the first training images of the phase, all as one batch, in training mode; nothing of the model's state changes.
    Layers that are frozen have none; of one layer alone there is no ratio.
    """
    images, labels = (part[phase.rows[: spec.images]] for part in run.splits["train"])
    gradients = run.backend.gradients(model, images, labels, run.heads)
    norms = {name: _norm(one) for name, one in zip(_names(model), gradients, strict=True) if name}
    for name, norm in norms.items():
        yield Observation("gradient_norm", norm, None, {"layer": name})
    if len(norms) > 1:
        ends = list(norms.values())
        ratio = ends[0] / ends[-1] if ends[-1] else math.nan
        yield Observation("log10_gradient_ratio", math.log10(ratio) if ratio > 0 else math.nan)


def _norm(gradient: Any) -> float:
    return float(np.sqrt(np.sum(np.square(gradient, dtype=np.float64))))


def size(_spec: Size, model: Any, _run: TrialRun, _phase: Phase) -> Iterator[Observation]:
    """All weights, and the multiply-adds of convolutions and dense layers; other layers' work is not counted."""
    yield Observation("parameters", float(sum(np.prod(weight.shape) for weight in model.weights)))
    yield Observation("multiply_adds", float(sum(map(multiply_adds, model.layers))))


def multiply_adds(layer: Any) -> int:
    """Of one forward pass of a layer over one image."""
    if not isinstance(layer, _COUNTED):
        return 0
    return int(np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:-1]))


def _names(model: Any) -> Iterator[str]:
    """Of each trainable weight the name of its layer, if it is its kernel; else nothing."""
    kernels = {id(layer.kernel): layer.name for layer in model.layers if getattr(layer, "kernel", None) is not None}
    return (kernels.get(id(weight), "") for weight in model.trainable_variables)
