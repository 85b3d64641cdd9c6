"""Learning-rate schedules a definition may name. ``iteration`` counts updates from 0."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpbench.catalogue.numbers import Number, Whole
from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register


class Constant(Parameters):
    """The base rate throughout (Caffe's ``fixed``)."""

    name: Literal["constant"]


class Step(Parameters):
    """base x factor^floor(iteration / every) (Caffe's ``step``)."""

    name: Literal["step"]
    factor: Number = Field(gt=0, le=1)
    every: Whole = Field(gt=0)


class Exponential(Parameters):
    """base x factor^iteration (Caffe's ``exp``)."""

    name: Literal["exponential"]
    factor: Number = Field(gt=0, le=1)


class InversePower(Parameters):
    """base x (1 + gamma x iteration)^-power (Caffe's ``inv``)."""

    name: Literal["inverse_power"]
    gamma: Number = Field(default=0.001, gt=0)
    power: Number = Field(default=0.75, gt=0)


class RecursiveInversePower(Parameters):
    """rate_next = rate x (1 + gamma x iteration)^-power: the factors multiply up."""

    name: Literal["recursive_inverse_power"]
    gamma: Number = Field(default=0.001, gt=0)
    power: Number = Field(default=0.75, gt=0)


class Polynomial(Parameters):
    """base x (1 - iteration / iterations)^power (Caffe's ``poly``)."""

    name: Literal["polynomial"]
    power: Number = Field(default=1.0, gt=0)


class Cosine(Parameters):
    """base x (1 + cos(pi x iteration / iterations)) / 2 (Loshchilov and Hutter 2017, without restarts)."""

    name: Literal["cosine"]


class OwnSchedule(Own):
    """A ``LearningRateSchedule`` class; its first argument is the base rate, the others are the other fields."""


SCHEDULES = Register(
    "schedule",
    {
        Constant: "hpbench.parts.schedules:Constant",
        Step: "hpbench.parts.schedules:Step",
        Exponential: "hpbench.parts.schedules:Exponential",
        InversePower: "hpbench.parts.schedules:InversePower",
        RecursiveInversePower: "hpbench.parts.schedules:RecursiveInversePower",
        Polynomial: "hpbench.parts.schedules:Polynomial",
        Cosine: "hpbench.parts.schedules:Cosine",
    },
    own=(OwnSchedule, "hpbench.parts.own:schedule"),
)
