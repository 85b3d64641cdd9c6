"""Checks of the arrays that a data set was read as, and the split of its validation images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.parts.datasets.arrays import Arrays, DataError, SourceFile, split_off


def assemble(
    arrays: Mapping[str, NDArray[Any]],
    named: Mapping[str, str],
    validation: int,
    title: str,
    source: str,
    files: tuple[SourceFile, ...] = (),
    generated: bool = False,
) -> Arrays:
    """Check the arrays, each by itself and against the others, and split off validation images.

    Args:
        arrays: Images and labels by name, as stored.
        named: What to call each of them in a message.
        validation: Number of training images to split off; 0 if there are validation images of its own.
        title: As in ``Arrays``.
        source: As in ``Arrays``.
        files: As in ``Arrays``.
        generated: As in ``Arrays``.

    Raises:
        DataError: An array is not what it should be, or does not fit the others.
    """
    images = {name: _images(arrays[name], named[name]) for name in arrays if name.startswith("x_")}
    labels = {name: _labels(arrays[name], named[name]) for name in arrays if name.startswith("y_")}
    for name, stack in images.items():
        if stack.shape[1:] != images["x_train"].shape[1:] or stack.dtype != images["x_train"].dtype:
            raise DataError(
                f"{named[name]}: its images are {stack.shape[1:]} of {stack.dtype}, those for training "
                f"{images['x_train'].shape[1:]} of {images['x_train'].dtype}; they must be alike."
            )
        if len(stack) != len(labels[f"y_{name[2:]}"]):
            raise DataError(
                f"{named[name]}: {len(stack)} images, but {len(labels[f'y_{name[2:]}'])} labels in "
                f"{named[f'y_{name[2:]}']}."
            )
    classes = _classes(labels, named)
    parts: dict[str, Any] = images | {name: label.astype(np.int32) for name, label in labels.items()}
    if "x_validation" in parts:
        if validation:
            raise DataError(
                f"{named['x_validation']}: the set has validation images of its own; set validation to 0 to use them."
            )
        kept, _ = split_off(len(parts["x_train"]), 0)
        parts |= {"x_train": parts["x_train"][kept], "y_train": parts["y_train"][kept]}
    else:
        parts |= _with_validation(parts["x_train"], parts["y_train"], validation, named["x_train"])
    return Arrays(**parts, title=title, source=source, generated=generated, classes=classes, files=files)


def _with_validation(
    images: NDArray[Any], labels: NDArray[Any], validation: int, where: str
) -> dict[str, NDArray[Any]]:
    if validation >= len(images):
        raise DataError(f"{where}: {len(images)} images are too few to split off {validation}; lower validation.")
    kept, chosen = split_off(len(images), validation)
    return {
        "x_train": images[kept],
        "y_train": labels[kept],
        "x_validation": images[chosen],
        "y_validation": labels[chosen],
    }


def _images(array: NDArray[Any], where: str) -> NDArray[Any]:
    """Images as (n, height, width, channels) of uint8 or float32."""
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise DataError(
            f"{where}: images must be (n, height, width) or (n, height, width, channels), none of them 0; "
            f"the shape is {array.shape}."
        )
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise DataError(f"{where}: images must be uint8 or floating, not {array.dtype}.")
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise DataError(f"{where}: holds values that are not finite in float32.")
    return array if array.ndim == 4 else array[..., np.newaxis]


def _labels(array: NDArray[Any], where: str) -> NDArray[Any]:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(f"{where}: labels must be integers of shape (n,), not {array.dtype} of {array.shape}.")
    if array.size and int(array.min()) < 0:
        raise DataError(f"{where}: labels count from 0; the smallest is {array.min()}.")
    return array


def _classes(labels: Mapping[str, NDArray[Any]], named: Mapping[str, str]) -> int:
    """Largest training label plus one. No other label may reach it, and half of the classes must occur."""
    occurring = np.unique(labels["y_train"])
    classes = int(occurring[-1]) + 1
    if len(occurring) < max(2, classes / 2):
        raise DataError(
            f"{named['y_train']}: labels must number two or more classes from 0 without large gaps; "
            f"{len(occurring)} different labels occur, the largest is {classes - 1}."
        )
    for name, array in labels.items():
        if array.size and int(array.max()) >= classes:
            raise DataError(f"{named[name]}: label {array.max()} does not occur in training (0 to {classes - 1}).")
    return classes
