"""Data sets prepared once: arrays and a manifest in a folder, known by a fingerprint of their content.

Layout: ``<folder>/<name>-<12 hexadecimal digits>/`` with ``arrays.npz`` (uncompressed) and ``manifest.json``;
the digits begin the SHA-256 of the canonical JSON of the parameters without ``scale``, applied later. A data set of
one's own has the file of its module in it: those of two working folders lie apart.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.sources import library_version, module_file
from hpbench.parts.datasets.arrays import ARRAY_NAMES, SPLITS, Arrays, DataError, SourceFile, fingerprint
from hpbench.parts.datasets.folders import remove_leftovers
from hpbench.records.trial import canonical_json

__all__ = ["Arrays", "DataError", "PreparedData", "prepare", "prepare_dataset", "prepared_sets"]

FORMAT = 4
MANIFEST = "manifest.json"
ARRAYS = "arrays.npz"
ATTEMPTS = 10
_HERE = Path(__file__).resolve().parent
_SHARED = tuple(_HERE / name for name in ("arrays.py", "checks.py", "tfds_process.py"))
"""What turns the arrays that a part reads into those that are stored."""


@dataclass(frozen=True)
class PreparedData:
    """A prepared data set, as its manifest describes it.

    Attributes:
        folder: Where it lies.
        parameters: What it was prepared with; ``name`` and all others but ``scale``.
        title: The name to be shown.
        source: Where the data comes from, in words.
        generated: Whether the images were made up.
        classes: Number of classes, those of all heads together.
        counts: Number of images by split: ``train``, ``validation``, ``test``.
        image_shape: Height, width and channels.
        dtype: Of the stored images: ``uint8`` or ``float32``.
        fingerprint: SHA-256 of the content, see ``hpbench.parts.datasets.arrays.fingerprint``.
        heads: Name of each head to the names of its classes; none if there is one label an image.
        pictures: Names of the pictures of it, PNG files in the folder.
    """

    folder: Path
    parameters: Mapping[str, Any]
    title: str
    source: str
    generated: bool
    classes: int
    counts: Mapping[str, int]
    image_shape: tuple[int, int, int]
    dtype: str
    fingerprint: str
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()

    def picture(self, name: str) -> bytes:
        """A picture's PNG file; empty if it cannot be read."""
        try:
            return (self.folder / f"{name}.png").read_bytes()
        except OSError:
            return b""

    def load(self) -> dict[str, tuple[NDArray[Any], NDArray[np.int32]]]:
        """Read the arrays and check them against the fingerprint.

        Returns:
            Split to images (n, height, width, channels), not scaled, and labels int32 (n,) or (n, heads).

        Raises:
            DataError: The stored arrays are missing, damaged or not those that were prepared.
        """
        path = self.folder / ARRAYS
        remedy = f"Delete the folder {self.folder} to prepare the data again."
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in ARRAY_NAMES}
        except Exception as error:  # a damaged file makes zipfile and NumPy raise nearly anything
            raise DataError(f"{path}: cannot be read ({error}). {remedy}") from error
        if fingerprint(arrays) != self.fingerprint:
            raise DataError(f"{path}: holds other data than its manifest says. {remedy}")
        return {split: (arrays[f"x_{split}"], arrays[f"y_{split}"]) for split in SPLITS}


def is_prepared(parameters: Mapping[str, Any], folder: Path) -> bool:
    """Whether a data set is there, so that ``prepare_dataset`` only finds it.

    Args:
        parameters: As ``prepare_dataset`` takes them.
        folder: Where prepared data sets are kept.
    """
    name = parameters["name"]
    settings = {key: value for key, value in parameters.items() if key != "scale"}
    return _current(_place(name, settings, folder), _code(name)) is not None


def _place(name: str, settings: Mapping[str, Any], folder: Path) -> Path:
    """Where a set with these parameters lies, or would."""
    digest = hashlib.sha256(canonical_json({**settings, "name": _whole_name(name)}).encode()).hexdigest()
    return folder / f"{name.replace(':', '-')}-{digest[:12]}"


def prepare_dataset(parameters: Mapping[str, Any], folder: Path, origin: object = None) -> PreparedData:
    """Prepare a data set of the catalogue, or find it prepared.

    Args:
        parameters: The data set's parameter model, dumped, with its ``name``.
        folder: Where prepared data sets are kept; made if it is not there.
        origin: From where a set is read that is not known by its parameters alone; it is not kept.

    Raises:
        DataError: The data cannot be read or stored.
    """
    name = parameters["name"]

    def read(parameters: Mapping[str, Any], folder: Path) -> Arrays:
        return DATASETS.load(name)(dict(parameters) if origin is None else {**parameters, "origin": origin}, folder)

    return prepare(name, parameters, folder, read, _code(name), again=origin is not None)


def prepare(
    name: str,
    parameters: Mapping[str, Any],
    folder: Path,
    read: Callable[[Mapping[str, Any], Path], Arrays],
    code: str = "",
    *,
    again: bool = False,
) -> PreparedData:
    """Store what ``read`` gives, or find it stored; then only the manifest is read.

    A set is prepared again when a file it was read from has another size or time of change, or is gone, and when it
    was prepared by other code. Several processes may prepare the same set at once.

    Args:
        name: The data set's name; the folder's name begins with it, a colon becoming a hyphen.
        parameters: What ``read`` is called with; all but ``scale`` tell prepared sets apart.
        folder: Where prepared data sets are kept; made if it is not there. ``read`` gets it too.
        read: The part's function.
        code: What tells its code from other code.
        again: Whether to read it again, if it is found, too.

    Raises:
        DataError: The data cannot be read or stored.
    """
    settings = {key: value for key, value in parameters.items() if key != "scale"}
    place = _place(name, settings, folder)
    found = _current(place, code)
    if found is not None and not again:
        return found
    remove_leftovers(folder)
    arrays = read(parameters, folder)
    try:
        return _store(arrays, settings, place, code, again)
    except OSError as error:
        raise DataError(f"{place}: the prepared data cannot be written ({error.strerror or error}).") from error


def prepared_sets(folder: Path) -> list[PreparedData]:
    """What is prepared in a folder and would be used as it is, by the names of the sets' folders."""
    found = (_current(path.parent) for path in sorted(folder.glob(f"[!.]*/{MANIFEST}")))
    return [prepared for prepared in found if prepared is not None]


def _whole_name(name: str) -> str:
    """A data set's name; the module of one's own by its file, because each working folder may have one so named."""
    module, colon, function = name.partition(":")
    return f"{module_file(module)}:{function}" if colon else name


def _code(name: str) -> str:
    """SHA-256 over the source files of a data set, and for one's own over the places where they lie.

    A set whose file lies in a folder of its own comes from those files, too, that it imports from there.
    """
    version = library_version(name.partition(":")[0]) if ":" in name else None
    digest = hashlib.sha256(canonical_json([_whole_name(name), version]).encode())
    own = DATASETS.sources(name)
    beside = {other for path in own if path.parent.parent == _HERE for other in _imported(path)}
    for path in sorted({*own, *beside, *_SHARED}):
        digest.update(f"\0{path.name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _imported(path: Path) -> set[Path]:
    """The files of its own folder that a file imports, and those that they import."""
    package = f"hpbench.parts.datasets.{path.parent.name}"
    names = re.findall(rf"^from {re.escape(package)}\.(\w+) import", path.read_text(encoding="utf-8"), re.MULTILINE)
    found = {path.with_name(f"{name}.py") for name in names}
    return found.union(*map(_imported, found))


def _current(place: Path, code: str | None = None) -> PreparedData | None:
    """What is prepared there, if it is complete, of this format and code, and its source files are unchanged.

    The code is that of the named data set as it is now, if it is not given.
    """
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        if manifest.pop("format") != FORMAT:
            return None
        if manifest.pop("code") != (_code(manifest["parameters"]["name"]) if code is None else code):
            return None
        files = [SourceFile(**file) for file in manifest.pop("files")]
        manifest["image_shape"] = tuple(manifest["image_shape"])
        manifest["heads"] = {head: tuple(names) for head, names in manifest["heads"].items()}
        manifest["pictures"] = tuple(manifest["pictures"])
        found = PreparedData(folder=place, **manifest)
        unchanged = all(SourceFile.of(Path(file.path)) == file for file in files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, DataError):
        return None
    return found if unchanged and (place / ARRAYS).is_file() else None


def _store(arrays: Arrays, settings: Mapping[str, Any], place: Path, code: str, again: bool) -> PreparedData:
    """Write beside the place, then move there in one step; ``again``, also where something current stands."""
    named = arrays.by_name
    prepared = PreparedData(
        folder=place,
        parameters=settings,
        title=arrays.title,
        source=arrays.source,
        generated=arrays.generated,
        classes=arrays.classes,
        counts={split: len(named[f"y_{split}"]) for split in SPLITS},
        image_shape=(arrays.x_train.shape[1], arrays.x_train.shape[2], arrays.x_train.shape[3]),
        dtype=str(arrays.x_train.dtype),
        fingerprint=fingerprint(named),
        heads=arrays.heads,
        pictures=tuple(arrays.pictures),
    )
    written = _beside(place)
    written.mkdir(parents=True)
    try:
        np.savez(written / ARRAYS, allow_pickle=False, **named)
        for name, picture in arrays.pictures.items():
            (written / f"{name}.png").write_bytes(picture)
        (written / MANIFEST).write_text(_manifest(prepared, arrays.files, code), encoding="utf-8")
        return _install(written, place, None if again else code) or prepared
    finally:
        shutil.rmtree(written, ignore_errors=True)


def _manifest(prepared: PreparedData, files: tuple[SourceFile, ...], code: str) -> str:
    described = asdict(prepared)
    del described["folder"]
    manifest = {"format": FORMAT, "code": code, **described, "files": [asdict(file) for file in files]}
    return json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)


def _install(written: Path, place: Path, code: str | None) -> PreparedData | None:
    """Move a finished folder to its place; what stands there and is not current, or for no code, gives way.

    Returns:
        What another process put there meanwhile, if that is current; then the finished folder stays.
    """
    for _ in range(ATTEMPTS):
        with suppress(OSError):  # a folder cannot replace one that is not empty
            written.replace(place)
            return None
        found = _current(place, code) if code is not None else None
        if found is not None:
            return found
        outdated = _beside(place)
        with suppress(FileNotFoundError):
            place.replace(outdated)
            shutil.rmtree(outdated, ignore_errors=True)
    raise OSError(f"another process keeps changing {place}")


def _beside(place: Path) -> Path:
    """A new hidden name in the same parent, so that a move stays within one file system."""
    return place.with_name(f".{place.name}-{uuid.uuid4().hex[:12]}")
