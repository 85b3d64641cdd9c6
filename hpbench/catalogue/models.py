"""Models a definition may name."""

from __future__ import annotations

from typing import Literal

from hpbench.catalogue.part import Parameters, Register


class LeNet(Parameters):
    """LeNet: ``caffe`` (20 and 50 maps, 500 units, ReLU once) or ``lenet-5`` (LeCun et al. 1998)."""

    name: Literal["lenet"]
    variant: Literal["caffe", "lenet-5"] = "caffe"


MODELS = Register("model", {LeNet: "hpbench.parts.models.lenet:lenet"})
