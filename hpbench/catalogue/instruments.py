"""Instruments a definition may name: what is read of the model, at its end or on its way, outside of every clock."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hpbench.catalogue.numbers import WHOLE, Whole
from hpbench.catalogue.part import Parameters, Register


class Instrument(Parameters):
    """What every instrument has: the iterations ``at`` which it reads, 0 before the first; none for the end only."""

    at: tuple[Annotated[int, Field(ge=0), WHOLE], ...] = ()


class Predictions(Instrument):
    """How much the predictions on the test images differ from image to image, each head for itself.

    Observes ``prediction_entropy``, ``prediction_information`` and ``most_frequent_prediction``: near 0, 0 and 1 where
    every image gets the same answer.
    """

    name: Literal["predictions"]


class DeadUnits(Instrument):
    """Observes ``dead_unit_share``: of each layer with ReLU, the share of units that are 0 for every test image."""

    name: Literal["dead_units"]


class Confusion(Instrument):
    """Observes ``confusion``: how many test images of each class are taken for each class; of ``heads``, or of all."""

    name: Literal["confusion"]
    heads: tuple[str, ...] = ()


class Examples(Instrument):
    """Observes of an image of each class of the first head what it is taken for and with what probability."""

    name: Literal["examples"]


class GradientNorms(Instrument):
    """Observes, on ``images`` of the training's, ``gradient_norm`` of each layer, and ``log10_gradient_ratio``.

    That is the logarithm of the first layer's over the last one's: its magnitudes differ from net to net.
    """

    name: Literal["gradient_norms"]
    images: Whole = Field(default=64, ge=1)


class Size(Instrument):
    """Observes ``parameters`` and ``multiply_adds`` of a forward pass over one image, counted layer by layer."""

    name: Literal["size"]


INSTRUMENTS = Register(
    "instrument",
    {
        Predictions: "hpbench.engine.instruments:predictions",
        DeadUnits: "hpbench.engine.instruments:dead_units",
        Confusion: "hpbench.engine.instruments:confusion",
        Examples: "hpbench.engine.instruments:examples",
        GradientNorms: "hpbench.engine.layers:gradient_norms",
        Size: "hpbench.engine.layers:size",
    },
)
