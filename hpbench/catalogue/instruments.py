"""Instruments a definition may name: what is read of the trained model, once, outside of every clock."""

from __future__ import annotations

from typing import Literal

from hpbench.catalogue.part import Parameters, Register


class Predictions(Parameters):
    """How much the predictions on the test images differ from image to image, each head for itself.

    Observes ``prediction_entropy``, ``prediction_information`` and ``most_frequent_prediction``: near 0, 0 and 1 where
    every image gets the same answer.
    """

    name: Literal["predictions"]


class DeadUnits(Parameters):
    """Observes ``dead_unit_share``: of each layer with ReLU, the share of units that are 0 for every test image."""

    name: Literal["dead_units"]


class Confusion(Parameters):
    """Observes ``confusion``: how many test images of each class are taken for each class; of ``heads``, or of all."""

    name: Literal["confusion"]
    heads: tuple[str, ...] = ()


class Examples(Parameters):
    """Observes of an image of each class of the first head what it is taken for and with what probability."""

    name: Literal["examples"]


INSTRUMENTS = Register(
    "instrument",
    {
        Predictions: "hpbench.engine.instruments:predictions",
        DeadUnits: "hpbench.engine.instruments:dead_units",
        Confusion: "hpbench.engine.instruments:confusion",
        Examples: "hpbench.engine.instruments:examples",
    },
)
