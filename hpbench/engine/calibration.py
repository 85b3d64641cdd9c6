"""A short fixed workload whose speed stands beside every run with timed trials: how fast was the machine just then?

A float32 matrix product and a convolution by TensorFlow's kernels, and the memory triad ``a = b + s * c`` of STREAM
(McCalpin 1995), all on all threads; on each GPU the product and the triad.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from hpbench.engine.tensorflow_backend import TensorFlowBackend
from hpbench.measure.gpu import device_names
from hpbench.records.calibration import Reading

WINDOWS = 5
"""Timed windows of each operation, after one for warm-up."""
SIZE = 1536
"""Rows and columns of the matrices."""
GPU_SIZE = 8192
LAYER = (32, 28, 3, 64, 64)
"""Batch, side of the output, side of the kernel, channels in and out: a layer such as ResNet's first stage has."""
ELEMENTS = 2**25
"""Of each array of the triad: 128 MiB, 384 MiB in all, more than caches hold."""
GPU_ELEMENTS = 2**27
BLOCK = 2**16
"""Elements that a thread takes through both steps of the triad before the next: ``a`` stays in its cache between."""
SCALE = np.float32(3)


def calibrate(threads: int) -> list[Reading]:
    """Run the workload: the CPU's readings, then each GPU's, named by its UUID. Starts TensorFlow in this process.

    Args:
        threads: Threads of one operation, at most as many as there are usable cores.
    """
    backend = TensorFlowBackend(threads=threads, deterministic=False)
    with tf.device("CPU:0"):
        readings = [
            _reading("matrix product", "GFLOP/s", product_operations(SIZE), _product(SIZE)),
            _reading("convolution", "GFLOP/s", convolution_operations(*LAYER), _convolution(*LAYER)),
        ]
    with ThreadPoolExecutor(threads) as pool:
        readings.append(_reading("triad", "GB/s", triad_bytes(ELEMENTS), _triad(pool, threads)))
    devices = tf.config.list_logical_devices("GPU")
    for device, name in zip(devices, device_names(len(devices)), strict=True):
        with tf.device(device.name):
            product, triad = _then(_product(GPU_SIZE), backend), _then(_device_triad(GPU_ELEMENTS), backend)
            readings += [
                _reading(f"matrix product, {name}", "GFLOP/s", product_operations(GPU_SIZE), product),
                _reading(f"triad, {name}", "GB/s", triad_bytes(GPU_ELEMENTS), triad),
            ]
    return readings


def product_operations(size: int) -> int:
    """Operations of the product of two square matrices; a multiplication and an addition are two."""
    return 2 * size**3


def convolution_operations(batch: int, side: int, kernel: int, inputs: int, outputs: int) -> int:
    """Operations of a convolution without padding whose output is ``side`` by ``side``, counted likewise."""
    return 2 * batch * side**2 * kernel**2 * inputs * outputs


def triad_bytes(elements: int) -> int:
    """Bytes of float32 that ``a = b + s * c`` reads and writes; as in STREAM, reading ``a`` into a cache is not one."""
    return 3 * 4 * elements


def _reading(name: str, unit: str, amount: int, work: Callable[[], Any]) -> Reading:
    """Median and interquartile range of the speed, in units of 1e9 a second, over the windows after the first."""
    speeds = []
    for _ in range(1 + WINDOWS):
        start = time.perf_counter()
        work()
        speeds.append(amount / (time.perf_counter() - start) / 1e9)
    low, median, high = np.percentile(speeds[1:], [25, 50, 75])
    return Reading(name, float(median), unit, float(high - low))


def _product(size: int) -> Callable[[], Any]:
    first, second = (tf.random.stateless_normal((size, size), (0, seed)) for seed in range(2))
    return partial(tf.linalg.matmul, first, second)


def _convolution(batch: int, side: int, kernel: int, inputs: int, outputs: int) -> Callable[[], Any]:
    images = tf.random.stateless_normal((batch, side + kernel - 1, side + kernel - 1, inputs), (0, 0))
    weights = tf.random.stateless_normal((kernel, kernel, inputs, outputs), (0, 1))
    return partial(tf.nn.conv2d, images, weights, strides=1, padding="VALID")


def _triad(pool: ThreadPoolExecutor, threads: int) -> Callable[[], Any]:
    """NumPy lets other threads run while it computes; each thread first touches the memory that it works on."""
    arrays = [np.empty(ELEMENTS, dtype=np.float32) for _ in range(3)]
    ends = [ELEMENTS * part // threads for part in range(threads + 1)]
    parts = [[array[start:end] for array in arrays] for start, end in pairwise(ends)]
    list(pool.map(_fill, parts))
    return lambda: list(pool.map(lambda part: triad(*part), parts))


def _fill(part: list[np.ndarray[Any, Any]]) -> None:
    for value, array in enumerate(part):
        array.fill(value)


def triad(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], c: np.ndarray[Any, Any]) -> None:
    """``a = b + SCALE * c`` for arrays of float32 of one length, block by block."""
    for start in range(0, len(a), BLOCK):
        block = slice(start, start + BLOCK)
        np.multiply(c[block], SCALE, out=a[block])
        np.add(a[block], b[block], out=a[block])


def _device_triad(elements: int) -> Callable[[], Any]:
    b, c = (tf.random.stateless_uniform((elements,), (0, seed)) for seed in range(2))
    return partial(tf.function(lambda b, c: b + SCALE * c, jit_compile=True, autograph=False), b, c)


def _then(work: Callable[[], Any], backend: TensorFlowBackend) -> Callable[[], None]:
    """The work, and wait until the device has done it."""

    def done() -> None:
        work()
        backend.synchronise()

    return done
