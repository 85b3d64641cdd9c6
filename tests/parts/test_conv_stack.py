"""Stacks of convolutions: their size is what was counted by hand, and residual connections are what they say."""

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from hpbench.catalogue.models import MODELS, ConvStack
from hpbench.parts.models.conv_stack import PaddedShortcut, conv_stack

SHAPES = [(32, 32, 3), (14, 14, 1), (15, 9, 2)]
FAMILIES = [
    {},
    {"residual": True},
    {"filter_size": 5, "width": 3},
    {"normalisation": "none", "activation": "sigmoid"},
    {"depth": 14, "dropout": 0.5, "initial_scale": 0.1},
]


def parameters(**given):
    return ConvStack.model_validate({"name": "conv_stack", "depth": 8, "width": 4} | given)


def built(shape=(14, 14, 1), classes=10, seed=0, **given):
    keras.utils.set_random_seed(seed)
    return conv_stack(parameters(**given).model_dump(exclude={"name"}), shape, classes)


def counted(model):
    """Multiply-adds of a Keras model, layer by layer."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:3]))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


def test_a_stack_of_eight_layers_counted_by_hand():
    """Width 4 on 14 x 14 x 1: stages of 14 x 14, 7 x 7 and 4 x 4 positions with 4, 8 and 16 filters of 3 x 3."""
    kernels = [9 * 1 * 4, 9 * 4 * 4, 9 * 4 * 4, 9 * 4 * 8, 9 * 8 * 8, 9 * 8 * 16, 9 * 16 * 16]
    positions = [196, 196, 196, 49, 49, 16, 16]
    filters = [4, 4, 4, 8, 8, 16, 16]
    size = parameters()
    assert size.multiply_adds((14, 14, 1)) == sum(k * p for k, p in zip(kernels, positions, strict=True)) + 160
    assert size.parameters((14, 14, 1), 10) == sum(kernels) + 4 * sum(filters) + 170


def test_the_residual_net_of_20_layers_has_the_published_size():
    """He et al. 2016, table 6: 0.27 M; 269,722 to the weight, without the two moving averages of 688 filters."""
    size = parameters(depth=20, width=16, residual=True)
    assert size.parameters((32, 32, 3), 10) - 2 * 688 == 269_722


@pytest.mark.parametrize(
    ("shape", "family"),
    [*((SHAPES[2], family) for family in FAMILIES), *((s, FAMILIES[1]) for s in SHAPES[:2])],
    ids=str,
)
def test_counts_are_those_of_keras(family, shape):
    model, size = built(shape, 7, **family), parameters(**family)
    assert size.parameters(shape, 7) == sum(int(np.prod(weight.shape)) for weight in model.weights)
    assert size.multiply_adds(shape, 7) == counted(model)


def test_depth_is_the_number_of_weighted_layers():
    model = built(depth=20)
    weighted = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)]
    assert len(weighted) == 20
    assert [layer.name for layer in weighted[:2]] == ["conv-001", "conv-002"]


@pytest.mark.parametrize("depth", [7, 9, 19, 21])
def test_another_depth_is_refused_with_the_next_ones(depth):
    with pytest.raises(
        ValidationError, match=r"depth is 6 n \+ 2, such as \d+ or \d+; found|greater than or equal to 8"
    ):
        parameters(depth=depth)


def test_the_shortcut_keeps_every_second_pixel_and_adds_channels_of_zeros():
    x = np.arange(2 * 4 * 4 * 3, dtype=np.float32).reshape(2, 4, 4, 3)
    y = np.asarray(PaddedShortcut(5, 2)(x))
    np.testing.assert_array_equal(y[..., :3], x[:, ::2, ::2])
    assert not y[..., 3:].any()


def test_a_residual_block_of_zero_weights_passes_its_input_on():
    """With the convolutions of the blocks at zero what comes out is what the first convolution gave."""
    model = built(residual=True, normalisation="none")
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.name != "conv-001":
            layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    images = np.random.default_rng(0).normal(size=(3, 14, 14, 1)).astype(np.float32)
    first = keras.Model(model.inputs[0], model.get_layer("conv-001").output)
    pooled = keras.Model(model.inputs[0], model.layers[-2].output)
    expected = np.maximum(first(images), 0)[:, ::4, ::4].mean(axis=(1, 2))
    np.testing.assert_allclose(np.asarray(pooled(images))[:, :4], expected, rtol=1e-5, atol=1e-6)
    assert not np.asarray(pooled(images))[:, 4:].any()


def test_a_plain_stack_of_zero_weights_does_not():
    model = built(normalisation="none")
    model.get_layer("conv-003").set_weights([np.zeros_like(w) for w in model.get_layer("conv-003").get_weights()])
    images = np.random.default_rng(0).normal(size=(3, 14, 14, 1)).astype(np.float32)
    assert np.ptp(np.asarray(model(images)), axis=0).max() == 0


def test_the_initial_scale_multiplies_the_weights():
    one, tenth = built(depth=8), built(depth=8, initial_scale=0.1)
    for a, b in zip(one.get_weights()[:1], tenth.get_weights()[:1], strict=True):
        np.testing.assert_allclose(b, 0.1 * a, rtol=1e-5)


def test_a_model_comes_back_from_its_configuration():
    model = built(residual=True)
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    images = np.ones((2, 14, 14, 1), np.float32)
    np.testing.assert_array_equal(np.asarray(model(images)), np.asarray(again(images)))


def test_the_catalogue_makes_it():
    made = MODELS.load("conv_stack")(parameters().model_dump(), (14, 14, 1), 10)
    assert made.output_shape == (None, 10)
