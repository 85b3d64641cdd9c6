"""Data sets read from the user's own files: IDX and NPZ.

Whatever is wrong with a file ends in a ``DataError`` that names it.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.parts.datasets.arrays import Arrays, DataError, SourceFile, split_off

IDX_STEMS = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
_UNSIGNED_BYTE = 0x08


def idx(parameters: Mapping[str, Any]) -> Arrays:
    """A folder of four IDX files in MNIST's naming, plain or gzip (where both are there, the plain one).

    Args:
        parameters: Fields of the catalogue's ``Idx``: ``folder``, ``title`` (the folder's name if none) and
            ``validation``, the number of training images split off by a fixed permutation.

    Returns:
        Images uint8 (n, height, width, 1).

    Raises:
        DataError: The folder or a file is missing or damaged, or the files do not fit together.
    """
    folder = Path(parameters["folder"]).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"{folder}: there is no such folder. Give one with {', '.join(IDX_STEMS.values())}, plain or .gz."
        )
    paths = {name: _plain_or_gzip(folder, stem) for name, stem in IDX_STEMS.items()}
    files = tuple(SourceFile.of(path) for path in paths.values())
    arrays = {
        name: parse_idx(_content(path), 3 if name.startswith("x") else 1, str(path)) for name, path in paths.items()
    }
    named = {name: str(path) for name, path in paths.items()}
    title = parameters.get("title") or folder.resolve().name
    source = f"IDX files in the folder {folder.resolve().name}"
    return _assemble(arrays, named, parameters.get("validation", 0), title, source, files)


def parse_idx(content: bytes, dimensions: int, where: str) -> NDArray[np.uint8]:
    """Read the IDX format (LeCun, Cortes and Burges: "The IDX file format", on the page of MNIST).

    Two zero bytes, the code of the element type, the number of dimensions, each dimension as a big-endian
    32-bit integer, then the elements row by row. Nothing may be missing or left over.

    Args:
        content: The whole file, decompressed.
        dimensions: How many dimensions there must be.
        where: The file, for messages.

    Returns:
        Array of unsigned bytes with ``dimensions`` axes.

    Raises:
        DataError: The content is not such an array.
    """
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DataError(f"{where}: too short for an IDX file: {len(content)} bytes, the header alone has {start}.")
    if content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE or content[3] != dimensions:
        raise DataError(
            f"{where}: not an IDX file of unsigned bytes with {dimensions} dimension(s): it starts with "
            f"{content[:4].hex(' ')} instead of 00 00 08 {dimensions:02x}."
        )
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise DataError(
            f"{where}: {' x '.join(map(str, shape))} bytes of data make a file of {expected} bytes; "
            f"this one has {len(content)}."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def npz(parameters: Mapping[str, Any]) -> Arrays:
    """An NPZ file with x_train, y_train, x_test, y_test and, if wanted, x_validation and y_validation.

    Images are (n, height, width) or (n, height, width, channels), uint8 or floating; labels are integers from
    0. Floating images are kept as float32: the definition's ``scale`` has to fit them.

    Args:
        parameters: Fields of the catalogue's ``Npz``: ``path``, ``title`` (the file's name if none) and
            ``validation``, the number of training images split off by a fixed permutation.

    Returns:
        Images uint8 or float32 (n, height, width, channels).

    Raises:
        DataError: The file is missing or damaged, or its arrays are not such.
    """
    path = Path(parameters["path"]).expanduser()
    files = (SourceFile.of(path),)
    arrays = _npz_arrays(path)
    named = {name: f"{path}, array {name}" for name in arrays}
    validation = parameters.get("validation", 0)
    if validation and "x_validation" in arrays:
        raise DataError(f"{path}: has validation images of its own; set validation to 0 to use them.")
    title = parameters.get("title") or path.stem
    return _assemble(arrays, named, validation, title, f"NPZ file {path.name}", files)


def _plain_or_gzip(folder: Path, stem: str) -> Path:
    for name in (stem, f"{stem}.gz"):
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{folder / stem}: there is no such file, nor {stem}.gz.")


def _content(path: Path) -> bytes:
    """All bytes of a file, decompressed if its name ends in .gz."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                return stream.read()
        return path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read; damaged or cut off? ({error})") from error


def _npz_arrays(path: Path) -> dict[str, NDArray[Any]]:
    required = {"x_train", "y_train", "x_test", "y_test"}
    both = {"x_validation", "y_validation"}
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            names = set(stored.files)
            arrays = {name: np.asarray(stored[name]) for name in sorted(names & (required | both))}
    except Exception as error:  # a damaged file makes zipfile and NumPy raise nearly anything
        raise DataError(f"{path}: not a sound NPZ file of plain arrays ({error}).") from error
    wanted = required | both if names & both else required
    if missing := sorted(wanted - names):
        raise DataError(f"{path}: lacks {', '.join(missing)}; it has {', '.join(sorted(names)) or 'nothing'}.")
    return arrays


def _assemble(
    arrays: Mapping[str, NDArray[Any]],
    named: Mapping[str, str],
    validation: int,
    title: str,
    source: str,
    files: tuple[SourceFile, ...],
) -> Arrays:
    """Check the arrays, each by itself and against the others, and split off validation images.

    Args:
        arrays: Images and labels by name, as stored.
        named: What to call each of them in a message.
        validation: Number of training images to split off.
        title: As in ``Arrays``.
        source: As in ``Arrays``.
        files: As in ``Arrays``.
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
    parts = images | {name: label.astype(np.int32) for name, label in labels.items()}
    if "x_validation" in parts:
        kept, _ = split_off(len(parts["x_train"]), 0)
        parts |= {"x_train": parts["x_train"][kept], "y_train": parts["y_train"][kept]}
    else:
        parts |= _with_validation(parts["x_train"], parts["y_train"], validation, named["x_train"])
    return Arrays(**parts, title=title, source=source, generated=False, classes=classes, files=files)


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
