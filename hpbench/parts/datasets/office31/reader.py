"""Office-31's photographs (Saenko, Kulis, Fritz and Darrell 2010), read from the published folders.

``FOLDER/DOMAIN/images/CLASS/NAME.jpg``, where the domains are amazon, dslr and webcam. They are decoded once, into
arrays; afterwards the folder is not needed any more, until this code itself changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from hpbench.measure.machine import usable_cores
from hpbench.parts.datasets.arrays import Arrays, DataError
from hpbench.parts.datasets.office31.counts import DOMAINS, IMAGES
from hpbench.parts.datasets.office31.labelled import office_arrays

SUFFIXES = (".jpg", ".jpeg", ".png")
MOST_FAULTS = 10
"""Faults that a message lists; of the others it gives the number."""
_OF_THE_SYSTEM = ("thumbs.db", "desktop.ini")
_PREPARE = "hpbench data prepare office31 --from FOLDER"
_LAYOUT = "FOLDER/amazon/images/back_pack/frame_0001.jpg"

Progress = Callable[[int, int], None]
"""Called with the number of images read, and of all."""


@dataclass(frozen=True)
class FromFolder:
    """Where to read a set that is prepared from a folder.

    Args:
        folder: Holds the domains' folders.
        progress: Told how far the reading is.
    """

    folder: Path
    progress: Progress = lambda done, of: None


class Photograph(NamedTuple):
    """A file with the numbers of its domain and of its class."""

    path: Path
    domain: int
    item: int


def office31(parameters: Mapping[str, Any], folder: Path) -> Arrays:
    """The photographs of a folder, each resized bilinearly to a square, whatever its proportions.

    Args:
        parameters: Fields of the catalogue's ``Office31``: ``size``, the images' side; and ``origin``, a
            ``FromFolder``.
        folder: The data folder; not used.

    Returns:
        Images uint8 (n, size, size, 3) with two labels, domain and item.

    Raises:
        DataError: There is no folder to read from, or something in it is not as it should be; the message names the
            files and folders.
    """
    origin, size = parameters.get("origin"), parameters["size"]
    if origin is None:
        other_size = "" if size == 100 else f" --set size={size}"
        raise DataError(
            "office31: its photographs cannot be passed on and are not prepared here. Get the published set, unpack "
            f"it, and give its folder once: {_PREPARE}{other_size}. (office31_like is drawn and needs nothing.)"
        )
    found = photographs(origin.folder)
    images = _decoded(found, size, origin)
    return office_arrays(
        images,
        np.array([one.domain for one in found]),
        np.array([one.item for one in found]),
        title=f"Office-31 ({size} x {size} pixels)",
        source=f"Office-31 (Saenko, Kulis, Fritz and Darrell 2010), {len(found):,} photographs read from the folder "
        f"{origin.folder.resolve().name}",
        generated=False,
    )


def photographs(folder: Path) -> list[Photograph]:
    """The photographs below a folder of the published layout, by domain, class and name.

    Raises:
        DataError: A folder is missing, is empty or is none of the set's, or a file is no picture by its name.
    """
    folder = folder.expanduser()
    _require_domains(folder)
    found: list[Photograph] = []
    faults = list(_strays(folder, DOMAINS, "domain"))
    for domain, name in enumerate(DOMAINS):
        inside = folder / name / "images"
        if not inside.is_dir():
            faults.append(f"{inside}: there is no such folder; the layout is {_LAYOUT}")
            continue
        faults += _strays(folder / name, ("images",), "folder")
        faults += _strays(inside, tuple(IMAGES), "class")
        for item, label in enumerate(IMAGES):
            paths, wrong = _pictures(inside / label)
            faults += wrong
            found += (Photograph(path, domain, item) for path in paths)
    _require_none(folder, faults)
    return found


def _require_domains(folder: Path) -> None:
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder. Give the one that holds {', '.join(DOMAINS)}.")
    if any((folder / name).is_dir() for name in DOMAINS):
        return
    below = next((path for path in sorted(folder.iterdir()) if (path / DOMAINS[0]).is_dir()), None)
    hint = f" The folder {below} has them: give that." if below else ""
    raise DataError(f"{folder}: there is no folder {', '.join(DOMAINS)} in it; the layout is {_LAYOUT}.{hint}")


def _strays(folder: Path, known: Sequence[str], what: str) -> Iterator[str]:
    """What lies in a folder and is not expected there; hidden files and those of the system are nobody's fault."""
    for path in sorted(folder.iterdir()):
        if path.name not in known and not _is_of_the_system(path):
            kind = "folder" if path.is_dir() else "file"
            yield f"{path}: a {kind} that is no {what} of the set; take it away, or give it its right name"


def _pictures(folder: Path) -> tuple[list[Path], list[str]]:
    """The pictures of a class by name, and what is wrong with its folder."""
    if not folder.is_dir():
        return [], [f"{folder}: there is no such folder"]
    found, wrong = [], []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            found.append(path)
        elif not _is_of_the_system(path):
            kind = "folder" if path.is_dir() else "file"
            wrong.append(f"{path}: a {kind} that is no picture; pictures end in {', '.join(SUFFIXES)}")
    if not found:
        wrong.append(f"{folder}: holds no pictures")
    return found, wrong


def _is_of_the_system(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _OF_THE_SYSTEM


def _decoded(found: Sequence[Photograph], size: int, origin: FromFolder) -> NDArray[np.uint8]:
    """All images (n, size, size, 3), decoded on all cores.

    Raises:
        DataError: Files that cannot be read as pictures.
    """
    images = np.empty((len(found), size, size, 3), np.uint8)
    faults = []
    with ThreadPoolExecutor(usable_cores()) as pool:
        for index, one in enumerate(pool.map(lambda photograph: _read(photograph.path, size), found)):
            if isinstance(one, str):
                faults.append(one)
            else:
                images[index] = one
            origin.progress(index + 1, len(found))
    _require_none(origin.folder, faults)
    return images


def _read(path: Path, size: int) -> NDArray[np.uint8] | str:
    """One image (size, size, 3), or what is wrong with its file."""
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as picture:
            return np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
    except UnidentifiedImageError:
        return f"{path}: is neither JPEG nor PNG inside, whatever its name says"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return f"{path}: cannot be decoded; cut off or damaged? ({error})"


def _require_none(folder: Path, faults: Sequence[str]) -> None:
    if not faults:
        return
    more = [f"... and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    listed = "\n".join(f"  {line}" for line in [*islice(faults, MOST_FAULTS), *more])
    raise DataError(f"{folder}: nothing was prepared; {len(faults)} found that should not be so:\n{listed}")


def differences(counts: Mapping[tuple[int, int], int]) -> list[str]:
    """Where the images of a domain and a class are not as many as published.

    Args:
        counts: Numbers of domain and class to number of images.
    """
    return [
        f"{domain}, {item}: {counts.get((place, number), 0)} images, published {published[place]}"
        for number, (item, published) in enumerate(IMAGES.items())
        for place, domain in enumerate(DOMAINS)
        if counts.get((place, number), 0) != published[place]
    ]
