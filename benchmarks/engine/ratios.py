"""Ratios of times paired by round, and what a step computes and moves."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from benchmarks.engine.program import Network
from hpbench.analysis.statistics import FEWEST, Interval, student_quantile

BYTES = 4
"""Of a float32."""


def ratio(rival: Mapping[int, float], suite: Mapping[int, float]) -> Interval:
    """Geometric mean, and its 95 % interval, of rival / suite over the rounds that both have.

    Student's t on the logarithms: they are paired, and what slows the machine multiplies both.

    Args:
        rival: Time a step by round.
        suite: Likewise.
    """
    logs = np.array([math.log(rival[turn] / suite[turn]) for turn in sorted(rival) if turn in suite])
    mean, n = float(logs.mean()), logs.size
    if n < FEWEST:
        return Interval(math.exp(mean), math.nan, math.nan, n)
    half = student_quantile(n - 1) * float(logs.std(ddof=1)) / math.sqrt(n)
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), n)


def operations(network: Network, batch_size: int) -> int:
    """Floating-point operations of a step in its dense layers and convolutions; a multiply-add is two.

    Forward, gradient of the kernel, gradient of the input: three times the forward pass, but for the first layer, whose
    input needs no gradient.
    """
    forward = [math.prod(layer.kernel) * layer.places for layer in network.layers if layer.kernel]
    return 2 * batch_size * (3 * sum(forward) - sum(forward[:1]))


def state_bytes(network: Network) -> int:
    """Bytes of weights, gradients and slots that a step reads and writes, if no two passes over them are fused.

    The forward pass reads the weights, the backward pass writes the gradients, and the update reads those, and reads
    and writes the weights and each slot. Images and activations are left out.
    """
    return BYTES * (5 * network.trainable + 2 * network.slots)
