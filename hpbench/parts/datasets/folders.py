"""Where data sets lie: the data folder, and in which folders sets of TensorFlow Datasets are looked for."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_DESCRIPTION = "dataset_info.json"
_UNFINISHED = re.compile(r"\.fetch-\w{8}|\..+-[0-9a-f]{12}-[0-9a-f]{12}")
_DAY = 24 * 3600


@dataclass(frozen=True)
class TfdsFolder:
    """A set that TensorFlow Datasets has prepared.

    Attributes:
        set: Its name, with its configuration if it has any: ``"cifar10_corrupted/fog_1"``.
        version: Such as ``"3.0.1"``.
        path: The folder with its files.
    """

    set: str
    version: str
    path: Path


def default_data_folder() -> Path:
    """The user's cache folder for prepared data sets."""
    return user_cache_path("hpbench", appauthor=False) / "data"


def size_on_disk(folder: Path) -> int:
    """Bytes of all files in a folder and below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def remove_leftovers(data_folder: Path) -> None:
    """Remove what killed processes left unfinished: hidden folders in which nothing has changed for a day."""
    for place in data_folder.glob(".*"):
        if _UNFINISHED.fullmatch(place.name) and time.time() - _last_change(place) > _DAY:
            shutil.rmtree(place, ignore_errors=True)


def _last_change(folder: Path) -> float:
    """When anything in a folder was last changed, in seconds since the epoch; now, if that changes while it is read."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:
        return time.time()


def tfds_root(data_folder: Path) -> Path:
    """Where ``hpbench data prepare`` puts sets of TensorFlow Datasets."""
    return data_folder / "tensorflow_datasets"


def tfds_roots(data_folder: Path) -> tuple[Path, ...]:
    """Where sets of TensorFlow Datasets are looked for, first to last: the data folder, then the library's own."""
    own = Path("~/tensorflow_datasets").expanduser()
    variable = os.environ.get("TFDS_DATA_DIR")
    roots = [tfds_root(data_folder), *([Path(variable).expanduser()] if variable else []), own]
    return tuple(dict.fromkeys(roots))


def tfds_folders(data_folder: Path) -> Iterator[TfdsFolder]:
    """All prepared sets, in the order in which they are to be taken: by root, newest version first."""
    for root in tfds_roots(data_folder):
        found = (*root.glob(f"*/*/{_DESCRIPTION}"), *root.glob(f"*/*/*/{_DESCRIPTION}"))
        places = [path.parent for path in found if _VERSION.fullmatch(path.parent.name)]
        for place in sorted(places, key=_newest_first):
            yield TfdsFolder(place.parent.relative_to(root).as_posix(), place.name, place)


def find_tfds(name: str, data_folder: Path) -> TfdsFolder | None:
    """The prepared set of that name, ``NAME[/configuration][:version]``; the newest version if none is given."""
    wanted, _, version = name.partition(":")
    for folder in tfds_folders(data_folder):
        if folder.set == wanted and version in ("", folder.version):
            return folder
    return None


def _newest_first(place: Path) -> tuple[str, list[int]]:
    return str(place.parent), [-int(number) for number in place.name.split(".")]
