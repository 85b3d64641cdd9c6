"""LeNet has the layers, sizes and initial weights of its sources."""

import keras
import numpy as np
import pytest

from hpbench.parts.models.lenet import VARIANTS, lenet

# (inputs x outputs + biases) of each layer, counted by hand from the sources for 28 x 28 x 1 images.
COUNTS = {
    "caffe": [5 * 5 * 1 * 20 + 20, 5 * 5 * 20 * 50 + 50, 4 * 4 * 50 * 500 + 500, 500 * 10 + 10],
    "lenet-5": [5 * 5 * 1 * 6 + 6, 5 * 5 * 6 * 16 + 16, 5 * 5 * 16 * 120 + 120, 120 * 84 + 84, 84 * 10 + 10],
}
MAPS = {
    "caffe": [(24, 24, 20), (12, 12, 20), (8, 8, 50), (4, 4, 50), (800,), (500,), (10,)],
    "lenet-5": [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,), (10,)],
}


@pytest.fixture(params=list(VARIANTS))
def variant(request):
    return request.param


def make(variant, shape=(28, 28, 1), classes=10):
    return lenet({"variant": variant}, shape, classes)


def test_layers_have_the_sizes_of_the_source(variant):
    model = make(variant)
    assert [layer.output.shape[1:] for layer in model.layers] == MAPS[variant]
    assert [layer.count_params() for layer in model.layers if layer.count_params()] == COUNTS[variant]


@pytest.mark.parametrize(("variant", "total"), [("caffe", 431_080), ("lenet-5", 61_706)])
def test_the_number_of_parameters_is_that_of_the_source(variant, total):
    assert make(variant).count_params() == total == sum(COUNTS[variant])


def test_the_output_is_logits(variant):
    model = make(variant, shape=(20, 24, 3), classes=7)
    logits = keras.ops.convert_to_numpy(model(np.random.default_rng(0).random((5, 20, 24, 3), np.float32)))
    assert logits.shape == (5, 7)
    assert np.isfinite(logits).all()
    assert (logits < 0).any()
    assert not np.allclose(logits.sum(axis=1), 1)


@pytest.mark.parametrize(("variant", "nonlinear"), [("caffe", ["ip1"]), ("lenet-5", ["c1", "c3", "c5", "f6"])])
def test_only_these_layers_have_an_activation(variant, nonlinear):
    activation = {"caffe": keras.activations.relu, "lenet-5": keras.activations.tanh}[variant]
    used = {layer.name: layer.activation for layer in make(variant).layers if hasattr(layer, "activation")}
    assert {name for name, function in used.items() if function is not keras.activations.linear} == set(nonlinear)
    assert all(used[name] is activation for name in nonlinear)


def weighted(model):
    return [layer for layer in model.layers if layer.weights]


def fans(kernel):
    field = int(np.prod(kernel.shape[:-2]))
    return field * kernel.shape[-2], field * kernel.shape[-1]


def bound(variant, kernel):
    fan_in, fan_out = fans(kernel)
    return {"caffe": np.sqrt(3 / fan_in), "lenet-5": np.sqrt(6 / (fan_in + fan_out))}[variant]


def test_kernels_are_uniform_within_the_source_s_bounds_and_biases_zero(variant):
    keras.utils.set_random_seed(5)
    for layer in weighted(make(variant)):
        kernel, bias = layer.get_weights()
        limit = bound(variant, kernel)
        assert not bias.any()
        # Of n uniform draws the largest misses the bound by about bound / n; the standard error of
        # their variance, limit^2 / 3, is about 0.9 / sqrt(n) of it.
        assert limit * (1 - 10 / kernel.size) <= np.abs(kernel).max() <= limit * (1 + 1e-6)
        assert kernel.var() == pytest.approx(limit**2 / 3, rel=4 * 0.9 / np.sqrt(kernel.size))
        assert abs(kernel.mean()) < 4 * limit / np.sqrt(3 * kernel.size)


def test_the_seed_determines_the_initial_weights(variant):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return make(variant).get_weights()

    first, again, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_layers_draw_different_weights(variant):
    keras.utils.set_random_seed(1)
    starts = [layer.get_weights()[0].ravel()[:20] for layer in weighted(make(variant))]
    scaled = {tuple(np.round(start / start[0], 4)) for start in starts}
    assert len(scaled) == len(starts)


def test_the_smallest_image_passes_and_a_smaller_one_is_refused_in_words(variant):
    side = VARIANTS[variant].smallest
    assert make(variant, shape=(side, side, 1)).output_shape == (None, 10)
    for shape in [(side - 1, 40, 1), (40, side - 1, 1)]:
        with pytest.raises(ValueError, match=rf"at least {side} x {side} pixels; these have {shape[0]} x {shape[1]}"):
            make(variant, shape=shape)


def map_size(variant, side):
    """Side of the last feature map, by hand: 5 x 5 convolutions (valid but lenet-5's first), pooling by 2."""
    if variant == "caffe":
        first = -(-(side - 4) // 2)
        return -(-(first - 4) // 2)
    return (side // 2 - 4) // 2


def test_the_stated_smallest_image_really_is_the_smallest(variant):
    side = VARIANTS[variant].smallest
    assert map_size(variant, side) >= 1
    assert map_size(variant, side - 1) < 1
    flattened = next(layer for layer in make(variant, shape=(side, side, 1)).layers if "flatten" in layer.name)
    assert flattened.input.shape[1:3] == (map_size(variant, side),) * 2
