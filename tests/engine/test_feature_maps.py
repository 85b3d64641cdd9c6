"""Sizes of feature maps: as Keras' own layers have them, and by the closed form of a stack of one filter."""

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpbench.catalogue.work import Layer
from hpbench.engine.feature_maps import sides

LAYERS = st.builds(
    Layer, filter_size=st.integers(1, 9), stride=st.integers(1, 4), padding=st.sampled_from(["valid", "same"])
)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.lists(LAYERS, min_size=1, max_size=6))
def test_every_side_is_that_of_a_convolution_of_keras(side, layers):
    shape = (None, side, side, 1)
    for found, layer in zip(sides(side, layers), layers, strict=False):
        convolution = keras.layers.Conv2D(1, layer.filter_size, layer.stride, padding=layer.padding)
        shape = convolution.compute_output_shape(shape)
        assert shape[1:3] == (found, found)


@given(st.integers(1, 200), st.integers(2, 11))
def test_filters_without_padding_run_out_of_pixels_at_the_closed_form(side, size):
    layer = Layer(filter_size=size)
    assert len(list(sides(side, [layer] * 300))) == (side - 1) // (size - 1)


def test_one_pixel_filters_and_padding_never_run_out():
    assert list(sides(5, [Layer(filter_size=1)] * 20)) == [5] * 20
    assert list(sides(5, [Layer(filter_size=7, padding="same")] * 20)) == [5] * 20


def test_vgg_as_published():
    """Five stages of padded 3 x 3 convolutions, each ended by a pooling of 2: 224 pixels become 7 (Simonyan 2015)."""
    stage = [Layer(filter_size=3, padding="same")] * 2 + [Layer(filter_size=2, stride=2)]
    assert list(sides(224, stage * 5))[2::3] == [112, 56, 28, 14, 7]


def test_alexnet_s_first_layers():
    """227 pixels, 11 x 11 by 4 and pooling 3 by 2: 55 and 27 (Krizhevsky et al. 2012)."""
    assert list(sides(227, [Layer(filter_size=11, stride=4), Layer(filter_size=3, stride=2)])) == [55, 27]


@pytest.mark.parametrize(
    "wrong", [{"filter_size": 0}, {"filter_size": 3, "stride": 0}, {"filter_size": 3, "padding": "full"}]
)
def test_layers_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        Layer(**wrong)
