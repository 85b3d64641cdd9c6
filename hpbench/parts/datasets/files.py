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

from hpbench.parts.datasets.arrays import Arrays, DataError, SourceFile
from hpbench.parts.datasets.checks import assemble

IDX_STEMS = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
_UNSIGNED_BYTE = 0x08


def idx(parameters: Mapping[str, Any], folder: Path) -> Arrays:
    """A folder of four IDX files in MNIST's naming, plain or gzip (where both are there, the plain one).

    Args:
        parameters: Fields of the catalogue's ``Idx``: ``folder``, ``title`` (the folder's name if none) and
            ``validation``, the number of training images split off by a fixed permutation.
        folder: The data folder; not used.

    Returns:
        Images uint8 (n, height, width, 1).

    Raises:
        DataError: The folder or a file is missing or damaged, or the files do not fit together.
    """
    place = Path(parameters["folder"]).expanduser()
    if not place.is_dir():
        raise DataError(
            f"{place}: there is no such folder. Give one with {', '.join(IDX_STEMS.values())}, plain or .gz."
        )
    paths = {name: _plain_or_gzip(place, stem) for name, stem in IDX_STEMS.items()}
    files = tuple(SourceFile.of(path) for path in paths.values())
    arrays = {
        name: parse_idx(_content(path), 3 if name.startswith("x") else 1, str(path)) for name, path in paths.items()
    }
    named = {name: str(path) for name, path in paths.items()}
    title = parameters.get("title") or place.resolve().name
    source = f"IDX files in the folder {place.resolve().name}"
    return assemble(arrays, named, parameters.get("validation", 0), title, source, files)


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


def npz(parameters: Mapping[str, Any], folder: Path) -> Arrays:
    """An NPZ file with x_train, y_train, x_test, y_test and, if wanted, x_validation and y_validation.

    Images are (n, height, width) or (n, height, width, channels), uint8 or floating; labels are integers from
    0. Floating images are kept as float32: the definition's ``scale`` has to fit them.

    Args:
        parameters: Fields of the catalogue's ``Npz``: ``path``, ``title`` (the file's name if none) and
            ``validation``, the number of training images split off by a fixed permutation.
        folder: The data folder; not used.

    Returns:
        Images uint8 or float32 (n, height, width, channels).

    Raises:
        DataError: The file is missing or damaged, or its arrays are not such.
    """
    path = Path(parameters["path"]).expanduser()
    files = (SourceFile.of(path),)
    arrays = _npz_arrays(path)
    named = {name: f"{path}, array {name}" for name in arrays}
    title = parameters.get("title") or path.stem
    return assemble(arrays, named, parameters.get("validation", 0), title, f"NPZ file {path.name}", files)


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
