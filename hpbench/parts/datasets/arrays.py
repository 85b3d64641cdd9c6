"""What a data set is in memory, its fingerprint, and how it is split."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hpbench.errors import UserError
from hpbench.records.trial import canonical_json

SPLITS = ("train", "validation", "test")
ARRAY_NAMES = tuple(f"{kind}_{split}" for split in SPLITS for kind in "xy")
_SPLIT_SEED = 1998


class DataError(UserError):
    """A data set cannot be used. The message says which file, what is wrong and what would be right."""


@dataclass(frozen=True)
class SourceFile:
    """A file a data set was read from, as it was when it was read.

    Attributes:
        path: As the definition gives it.
        size: In bytes.
        modified: Time of the last change, in nanoseconds since the epoch.
    """

    path: str
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The file's state now.

        Raises:
            DataError: The file cannot be found.
        """
        try:
            status = path.stat()
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
        return cls(str(path), status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class Arrays:
    """A data set, split.

    Attributes:
        x_train: Images (n, height, width, channels), uint8 or float32; so too the other ``x_``.
        y_train: Class of each image from 0, int32 (n,), or one of each head, int32 (n, heads); so too the other ``y_``.
        title: The name to be shown.
        source: Where the data comes from, in words.
        generated: Whether the images were made up rather than taken from the world.
        classes: Number of classes, those of all heads together.
        files: The files the data was read from; none if it came inside a library.
        heads: Name of each head to the names of its classes, in the order of the labels; none if there is one label.
        pictures: Name to a PNG file that shows some of it; none of data that may not be passed on.
    """

    x_train: NDArray[Any]
    y_train: NDArray[np.int32]
    x_validation: NDArray[Any]
    y_validation: NDArray[np.int32]
    x_test: NDArray[Any]
    y_test: NDArray[np.int32]
    title: str
    source: str
    generated: bool
    classes: int
    files: tuple[SourceFile, ...] = ()
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def by_name(self) -> dict[str, NDArray[Any]]:
        """The six arrays, in the order of ``ARRAY_NAMES``."""
        return {name: getattr(self, name) for name in ARRAY_NAMES}


def fingerprint(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 in hexadecimal over name, dtype, shape and bytes (little-endian, row by row) of the arrays."""
    digest = hashlib.sha256()
    for name in ARRAY_NAMES:
        array = arrays[name]
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(canonical_json([name, array.dtype.str, list(array.shape)]).encode())
        digest.update(array.data)
    return digest.hexdigest()


def fixed_order(count: int, stream: int = 0) -> NDArray[np.int64]:
    """A permutation of 0..count - 1 that is the same on every machine and with every NumPy.

    It sorts the raw words of PCG64, which NumPy guarantees for a seed (NEP 19), unlike its ``permutation``.

    Args:
        count: Length of the permutation.
        stream: Number of the permutation; different numbers give independent ones.
    """
    words = np.random.PCG64([_SPLIT_SEED, stream]).random_raw(count)
    return np.argsort(words, kind="stable").astype(np.int64)


def split_by_class(
    labels: NDArray[Any], validation: float, test: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Split so that every class has the same shares of each part.

    Args:
        labels: Class of each image from 0, (n,).
        validation: Share of every class for validation, rounded to whole images.
        test: Share of every class for the test, rounded to whole images.

    Returns:
        Indices of the training, validation and test images, each in a fixed shuffled order.
    """
    parts: tuple[list[NDArray[np.int64]], ...] = ([], [], [])
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        members = members[fixed_order(len(members), 1 + label)]
        ends = np.cumsum([round(validation * len(members)), round(test * len(members))])
        kept_for_validation, kept_for_test, rest = np.split(members, ends)
        for part, indices in zip(parts, (rest, kept_for_validation, kept_for_test), strict=True):
            part.append(indices)
    train, held_out, tested = (np.concatenate(part) for part in parts)
    return (
        train[fixed_order(len(train))],
        held_out[fixed_order(len(held_out))],
        tested[fixed_order(len(tested))],
    )


def split_off(count: int, validation: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose ``validation`` of ``count`` images by a fixed permutation.

    Returns:
        Indices of the images that stay, and of those chosen, in the permutation's order: the first images are a
        sample of all, however the file is sorted.
    """
    order = fixed_order(count)
    return order[validation:], order[:validation]
