"""Sets of TensorFlow Datasets: read where they are prepared, fetched only when that is asked for.

The library runs in a process of its own: it starts TensorFlow, which would take the memory of every GPU.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import hpbench
from hpbench.parts.datasets.arrays import Arrays, DataError, SourceFile
from hpbench.parts.datasets.checks import assemble
from hpbench.parts.datasets.folders import default_data_folder, find_tfds, remove_leftovers, tfds_root, tfds_roots

_ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def read(parameters: Mapping[str, Any], folder: Path) -> Arrays:
    """A set that is prepared in the data folder or in one of the library's own; nothing is downloaded.

    Args:
        parameters: Fields of the catalogue's ``FromTfds``: ``validation``, the number of training images split off
            by a fixed permutation; and of ``Tfds``: ``set`` (else the set has the part's name) and ``title``.
        folder: The data folder.

    Returns:
        Images uint8 or float32 (n, height, width, channels).

    Raises:
        DataError: The set is not prepared, cannot be read, or is not one of images with classes.
    """
    name = _set_name(parameters)
    found = find_tfds(name, folder)
    if found is None:
        places = ", ".join(map(str, tfds_roots(folder)))
        raise DataError(f"{name}: not prepared in {places}. To fetch it: {_prepare_command(parameters, folder)}")
    files = tuple(SourceFile.of(path) for path in sorted(found.path.iterdir()))
    with tempfile.TemporaryDirectory(prefix="hpbench-") as scratch:
        copy = Path(scratch) / "arrays.npz"
        facts = _in_fresh_process("read", str(found.path), str(copy))
        with np.load(copy, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
    described = f"{found.set} {found.version}"
    return assemble(
        arrays,
        {key: f"{found.path}, {key}" for key in arrays},
        parameters["validation"],
        parameters.get("title") or f"{described} (TensorFlow Datasets)",
        ", ".join(filter(None, (f"TensorFlow Datasets, {described}", facts["homepage"], facts["citation"]))),
        files,
    )


def fetch(parameters: Mapping[str, Any], folder: Path) -> None:
    """Download a set and let TensorFlow Datasets prepare it in the data folder, unless it is prepared somewhere.

    What is not finished is removed; what a killed process could not remove, by ``remove_leftovers``.

    Raises:
        DataError: There is no such set, no network, no space, or the set cannot be fetched without the person.
    """
    name = _set_name(parameters)
    if find_tfds(name, folder) is not None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder, ignore_cleanup_errors=True) as scratch:
            made = Path(_in_fresh_process("fetch", name, scratch, progress=True)["folder"])
            place = tfds_root(folder) / made.relative_to(scratch)
            place.parent.mkdir(parents=True, exist_ok=True)
            made.rename(place)
    except OSError as error:
        raise DataError(f"{folder}: the set {name} cannot be stored there ({error.strerror or error}).") from error


def _set_name(parameters: Mapping[str, Any]) -> str:
    return str(parameters.get("set", parameters["name"]))


def _prepare_command(parameters: Mapping[str, Any], folder: Path) -> str:
    chosen = f" --set set={parameters['set']}" if "set" in parameters else ""
    other = "" if folder.resolve() == default_data_folder().resolve() else f" --data {folder}"
    return f"hpbench data prepare {parameters['name']}{chosen}{other}"


def _in_fresh_process(*arguments: str, progress: bool = False) -> dict[str, str]:
    """Run ``hpbench.parts.datasets.tfds_process`` and return what it answers.

    Args:
        arguments: Name of the task and what it takes.
        progress: Whether what the library prints is shown.

    Raises:
        DataError: As the task says, or when its process dies.
    """
    paths = [str(Path(hpbench.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hpbench.parts.datasets.tfds_process", *arguments],
        env=os.environ | _ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stdout=subprocess.PIPE,
        stderr=None if progress else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr or "").strip().splitlines()[-1:]
        raise DataError(": ".join([f"TensorFlow Datasets ended with status {done.returncode}", *last]))
    answer: dict[str, str] = json.loads(done.stdout)
    if "error" in answer:
        raise DataError(answer["error"])
    return answer
