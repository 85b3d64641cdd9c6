"""What runs TensorFlow Datasets, in a process of its own: ``python -m hpbench.parts.datasets.tfds_process``."""

from __future__ import annotations

import contextlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from hpbench.parts.datasets.arrays import SPLITS, DataError

_TIMEOUT_SECONDS = 15


def read(place: str, copy: str) -> dict[str, str]:
    """Write the images and labels of a prepared set to an NPZ file, in the order in which they are stored.

    Args:
        place: The folder of one version of a set; nothing in it changes, and nothing else is looked at.
        copy: The NPZ file, with ``x_train``, ``y_train``, ``x_test``, ``y_test`` and, if the set has them,
            ``x_validation`` and ``y_validation``.

    Returns:
        ``homepage``, and the first line of the ``citation`` that says something.

    Raises:
        DataError: The set is not one of images of one size with classes.
    """
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(place)
    image, label = _image_and_label(builder.info, place)
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        if split in builder.info.splits:
            stored = _whole_split(builder, split)
            arrays |= {f"x_{split}": stored[image], f"y_{split}": stored[label]}
    np.savez(copy, allow_pickle=False, **arrays)
    return {"homepage": builder.info.homepage or "", "citation": _title(builder.info.citation)}


def fetch(name: str, root: str) -> dict[str, str]:
    """Download a set and prepare it below ``root``; progress goes to the standard error.

    Returns:
        ``folder``: where it lies.

    Raises:
        DataError: There is no network, the set has to be fetched by hand, or its configuration is not named.
    """
    import tensorflow_datasets as tfds

    builder = tfds.builder(name, data_dir=root)
    if builder.builder_config is not None and "/" not in name:
        example = f"{builder.name}/{builder.builder_config.name}"
        raise DataError(f"{name}: has several configurations; name one of them, such as {example}.")
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        raise DataError(
            f"{name}: has to be downloaded by hand. Prepare it with TensorFlow Datasets itself; hpbench finds it in "
            f"~/tensorflow_datasets or $TFDS_DATA_DIR. {' '.join(builder.MANUAL_DOWNLOAD_INSTRUCTIONS.split())}"
        )
    _require_network(name, builder.url_infos)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return {"folder": str(builder.data_path)}


def _image_and_label(info: Any, place: str) -> tuple[str, str]:
    """Keys of the image and its class in every example of a set that has them, and a training and a test split."""
    from tensorflow_datasets import features

    if missing := sorted({"train", "test"} - set(info.splits)):
        raise DataError(
            f"{place}: has no split {' and no split '.join(missing)}; it has {', '.join(sorted(info.splits))}."
        )
    known = dict(info.features.items()) if isinstance(info.features, features.FeaturesDict) else {}
    keys = info.supervised_keys if len(info.supervised_keys or ()) == 2 else ("image", "label")
    image, label = (known.get(key) if isinstance(key, str) else None for key in keys)
    if not isinstance(image, features.Image) or not isinstance(label, features.ClassLabel):
        raise DataError(
            f"{place}: is not a set of images with classes: an example has to have an image and a class label; "
            f"it has {', '.join(f'{key} ({type(feature).__name__})' for key, feature in known.items()) or 'neither'}."
        )
    if None in image.shape:
        raise DataError(f"{place}: its images differ in size, {image.shape}; hpbench needs one size.")
    return keys[0], keys[1]


def _whole_split(builder: Any, split: str) -> Mapping[str, Any]:
    import tensorflow_datasets as tfds

    config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    stored: Mapping[str, Any] = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, read_config=config))
    return stored


def _require_network(name: str, urls: Iterable[str]) -> None:
    """Try the first of the addresses, because the library itself tries each for minutes."""
    for url in list(urls)[:1]:
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()
        except urllib.error.HTTPError:
            return  # there is a server; what it says of the file is for the library to see
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise DataError(f"{name}: {url} cannot be reached ({reason}). Is there a network?") from error


def _title(citation: str) -> str:
    """The title that a BibTeX entry gives, or the first line of any other text."""
    lines = [line.strip() for line in citation.splitlines() if line.strip()]
    titles = [line.partition("=")[2].strip(' {},"') for line in lines if line.lower().startswith("title")]
    return (titles or lines or [""])[0]


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]


def main(arguments: list[str]) -> None:
    """Run the named task and print its answer as JSON; what libraries print goes to the standard error.

    Args:
        arguments: The task, what it works on, and what else it takes.
    """
    tasks: dict[str, Callable[..., dict[str, str]]] = {"read": read, "fetch": fetch}
    with contextlib.redirect_stdout(sys.stderr):
        try:
            answer = tasks[arguments[0]](*arguments[1:])
        except DataError as error:
            answer = {"error": str(error)}
        except Exception as error:  # damaged files, the network, the code of a set: nearly anything is raised
            reason = _first_line(error.__cause__ or error)
            answer = {"error": f"{arguments[1]}: TensorFlow Datasets cannot {arguments[0]} it ({reason})."}
    print(json.dumps(answer))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
