"""Stacks of cells: their size is what was counted by hand and what was published, and their cells are the published."""

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from hpbench.catalogue.models import MODELS, CellStack
from hpbench.engine.layers import multiply_adds
from hpbench.parts.models.cell_stack import NORMAL, REDUCTION, cell_stack

SIZES = [
    *(((32, 32, 3), {}), ((14, 14, 1), {}), ((15, 9, 2), {})),
    *(((32, 32, 3), {"depth": 4, "width": 2}), ((15, 9, 2), {"depth": 6, "width": 3})),
]


def parameters(**given):
    return CellStack.model_validate({"name": "cell_stack", "depth": 3, "width": 4} | given)


def built(shape=(14, 14, 1), classes=10, seed=0, **given):
    keras.utils.set_random_seed(seed)
    return cell_stack(parameters(**given).model_dump(exclude={"name"}), shape, classes)


def counted(model):
    """Multiply-adds of a Keras model, layer by layer: the weights of a kernel at every position of the output."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:3]))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


def test_a_stack_of_three_cells_counted_by_hand():
    """Width 4 on 14 x 14 x 1: a cell at 14 x 14 with 4 filters, one from there to 7 x 7 with 8, one to 4 x 4 with 16.

    A cell gives four times its filters; the first sees the stem's 12 channels twice.
    """
    stem = 9 * 1 * 12
    inputs = [12 * 4, 12 * 4, 12 * 8, 16 * 8, 16 * 16, 32 * 16]
    pairs = 11 * (9 * 4 + 4 * 4)  # five separable convolutions of two each, and a dilated one
    positions = [196, 196, 196, 196, 49, 49]
    size = parameters()
    found = 196 * (stem + pairs) + sum(k * p for k, p in zip(inputs, positions, strict=True)) + 64 * 10
    assert size.multiply_adds((14, 14, 1)) == found
    normalised = 12 + 4 + 4 + 11 * 4 + 8 + 8 + 16 + 16
    assert size.parameters((14, 14, 1), 10) == stem + pairs + sum(inputs) + 4 * normalised + 65 * 10


def test_twenty_cells_have_the_published_size():
    """Liu et al. 2019, table 1: 3.3 M, trainable ones without the auxiliary classifier."""
    size = parameters(depth=20, width=36)
    moving = 2 * sum(filters for _, _, filters in size.convolutions((32, 32, 3)))
    assert size.parameters((32, 32, 3), 10) - moving == 3_349_342


@pytest.mark.parametrize(("shape", "family"), SIZES, ids=str)
def test_counts_are_those_of_keras(shape, family):
    model, size = built(shape, 7, **family), parameters(**family)
    assert size.parameters(shape, 7) == model.count_params()
    assert size.multiply_adds(shape, 7) == counted(model) == sum(map(multiply_adds, model.layers))


def test_the_cells_are_the_published_ones():
    """The genotype as its authors write it: pairs of operation and node, two a node."""
    written = {
        "sep_conv_3x3": "separable",
        "dil_conv_3x3": "dilated",
        "skip_connect": "skip",
        "max_pool_3x3": "maximum",
    }
    normal = "sep_conv_3x3 0 sep_conv_3x3 1 sep_conv_3x3 0 sep_conv_3x3 1 sep_conv_3x3 1 skip_connect 0"
    normal += " skip_connect 0 dil_conv_3x3 2"
    reduction = "max_pool_3x3 0 max_pool_3x3 1 skip_connect 2 max_pool_3x3 1 max_pool_3x3 0 skip_connect 2"
    reduction += " skip_connect 2 max_pool_3x3 1"
    for cell, words in ((NORMAL, normal.split()), (REDUCTION, reduction.split())):
        expected = [(written[name], int(node)) for name, node in zip(words[::2], words[1::2], strict=True)]
        assert [tuple(edge) for node in cell for edge in node] == expected


def test_the_image_is_halved_and_the_filters_are_doubled_at_a_third_and_two_thirds():
    model = built((16, 16, 1), depth=6, width=2)
    joined = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    cells = [layer.output.shape[1:] for layer in joined if len(layer.input) == 4]
    assert cells == [(16, 16, 8), (16, 16, 8), (8, 8, 16), (8, 8, 16), (4, 4, 32), (4, 4, 32)]


def test_a_halved_image_is_seen_at_even_and_at_odd_pixels():
    """With kernels of ones the two halves give the sums over channels of pixels (0, 0) and (1, 1) of every four."""
    from hpbench.parts.models.cell_stack import _Builder

    build = _Builder(0.99)
    build.begin("cell")
    for shape in ((4, 6, 2), (5, 3, 2)):
        inputs = keras.Input(shape)
        model = keras.Model(inputs, build.halved(inputs, 4))
        model.set_weights([np.ones_like(w) if w.ndim == 4 else w for w in model.get_weights()])
        x = np.random.default_rng(0).random((3, *shape)).astype(np.float32)
        found = np.asarray(model(x, training=False)) * np.sqrt(1.001)  # variance 1, and the epsilon of normalisation
        padded = np.pad(x, ((0, 0), (0, shape[0] % 2), (0, shape[1] % 2), (0, 0))).sum(-1, keepdims=True)
        np.testing.assert_allclose(found[..., :2], np.repeat(padded[:, ::2, ::2], 2, -1), rtol=1e-5)
        np.testing.assert_allclose(found[..., 2:], np.repeat(padded[:, 1::2, 1::2], 2, -1), rtol=1e-5)


def test_a_node_is_the_sum_of_its_operations():
    """The last reduction cell, by its own layers: with inputs known, its nodes are maxima and sums of them."""
    model = built((12, 12, 1), depth=3, width=2)
    convolutions = [layer for layer in model.layers if layer.name.startswith("cell-03")]
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    cell = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)][-1]
    assert len(convolutions) == 3  # the first input is halved by two
    first, second = normalisations[-2:]
    x = np.random.default_rng(1).normal(size=(2, 12, 12, 1)).astype(np.float32)
    s0, s1, found = (
        np.asarray(part) for part in keras.Model(model.inputs[0], [first.output, second.output, cell.output])(x)
    )
    m0, m1 = (np.asarray(keras.ops.max_pool(part, 3, 2, "same")) for part in (s0, s1))
    a = m0 + m1
    nodes = [a, a + m1, m0 + a, a + m1]
    np.testing.assert_allclose(found, np.concatenate(nodes, -1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wrong", [{"depth": 2}, {"width": 1}])
def test_a_stack_too_small_to_be_halved_twice_is_refused(wrong):
    with pytest.raises(ValidationError, match="greater than or equal to"):
        parameters(**wrong)


def test_a_model_comes_back_from_its_configuration():
    model = built(width=2)
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    images = np.ones((2, 14, 14, 1), np.float32)
    np.testing.assert_array_equal(np.asarray(model(images)), np.asarray(again(images)))


def test_the_catalogue_makes_it():
    made = MODELS.load("cell_stack")(parameters().model_dump(), (14, 14, 1), 10)
    assert made.output_shape == (None, 10)
