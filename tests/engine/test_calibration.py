"""The workload's operations and bytes, counted one by one on small shapes."""

import itertools

import numpy as np

from hpbench.engine import calibration
from hpbench.engine.calibration import convolution_operations, product_operations, triad, triad_bytes


def counted_product(first, second):
    """The product, and how many multiplications and additions it took."""
    result, count = np.zeros((len(first), second.shape[1])), 0
    for row, column, inner in itertools.product(*map(range, (*result.shape, len(second)))):
        result[row, column] += first[row, inner] * second[inner, column]
        count += 2
    return result, count


def counted_convolution(images, weights):
    """The convolution without padding, and how many multiplications and additions it took."""
    kernel, _, inputs, outputs = weights.shape
    side = images.shape[1] - kernel + 1
    result, count = np.zeros((len(images), side, side, outputs)), 0
    for n, y, x, o in itertools.product(*map(range, result.shape)):
        for j, i, c in itertools.product(range(kernel), range(kernel), range(inputs)):
            result[n, y, x, o] += images[n, y + j, x + i, c] * weights[j, i, c, o]
            count += 2
    return result, count


def test_operations_of_the_matrix_product():
    work = calibration._product(7)
    first, second = (array.numpy() for array in work.args)
    result, count = counted_product(first, second)
    assert product_operations(7) == count
    np.testing.assert_allclose(work(), result, rtol=1e-5, atol=1e-5)


def test_operations_of_the_convolution():
    shape = (2, 4, 3, 3, 5)
    work = calibration._convolution(*shape)
    images, weights = (array.numpy() for array in work.args)
    result, count = counted_convolution(images, weights)
    assert convolution_operations(*shape) == count
    np.testing.assert_allclose(work(), result, rtol=1e-5, atol=1e-5)


def test_the_triad_and_its_bytes():
    count = 2 * calibration.BLOCK + 3
    random = np.random.default_rng(0)
    a, b, c = (random.random(count, dtype=np.float32) for _ in range(3))
    triad(a, b, c)
    np.testing.assert_allclose(a, b + 3.0 * c, rtol=1e-6)
    assert triad_bytes(count) == a.nbytes + b.nbytes + c.nbytes


def test_the_triad_on_a_device():
    work = calibration._device_triad(1000)
    b, c = (array.numpy() for array in work.args)
    np.testing.assert_allclose(work(), b + 3.0 * c, rtol=1e-6)
