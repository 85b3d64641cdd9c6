"""Sets of TensorFlow Datasets are read as its own writer stored them, and never fetched by a reader."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from hpbench.catalogue.datasets import DATASETS
from hpbench.parts.datasets import tfds_process
from hpbench.parts.datasets.arrays import DataError, fixed_order
from hpbench.parts.datasets.folders import find_tfds, tfds_folders, tfds_root
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.parts.datasets.tfds import fetch, read
from tests import tfds_sets


def parameters(name="mnist", **given):
    return DATASETS[name](name=name, **{"validation": 0, **given}).model_dump()


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    """Nothing of the user's is read."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A data folder with 200 + 100 images under the name mnist."""
    folder = tmp_path_factory.mktemp("data")
    tfds_sets.write(tfds_root(folder))
    return folder


@pytest.fixture(scope="module")
def arrays(written):
    """What the reader makes of it, with 40 images for validation."""
    before = state(written)
    arrays = read(parameters(validation=40), written)
    assert state(written) == before, "reading changed something where the set lies"
    return arrays


@pytest.fixture
def data(written, tmp_path):
    """A copy of that folder, to be changed."""
    return Path(shutil.copytree(written, tmp_path / "data"))


def answer(capsys, *arguments):
    """What the process that runs the library answers, run here."""
    capsys.readouterr()
    tfds_process.main([str(argument) for argument in arguments])
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def refused(tmp_path, capsys):
    """Reading a set's folder ends in a message with all the words."""

    def check(place, *words):
        error = answer(capsys, "read", place, tmp_path / "copy.npz")["error"]
        assert error.startswith(f"{place}: ")
        for word in words:
            assert word in error
        assert not (tmp_path / "copy.npz").exists()

    return check


def state(folder):
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


# --- what is read


def test_every_image_comes_back_as_it_was_written(arrays):
    originals = {"train": tfds_sets.real_images(0, 20), "test": tfds_sets.real_images(20, 30)}
    for split, (images, labels) in originals.items():
        wanted = sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))
        parts = [split, "validation"] if split == "train" else [split]
        read_back = [
            (int(label), image.tobytes())
            for part in parts
            for image, label in zip(getattr(arrays, f"x_{part}"), getattr(arrays, f"y_{part}"), strict=True)
        ]
        assert sorted(read_back) == wanted
    assert (len(arrays.x_train), len(arrays.x_validation), len(arrays.x_test)) == (160, 40, 100)
    assert (arrays.x_train.dtype, arrays.y_train.dtype, arrays.classes, arrays.generated) == (
        np.uint8,
        np.int32,
        10,
        False,
    )


def test_the_images_are_those_of_tfds_load_in_its_order(written, arrays):
    loaded = tfds.as_numpy(tfds.load("mnist:3.0.1", data_dir=tfds_root(written), download=False, batch_size=-1))
    order = fixed_order(200)
    np.testing.assert_array_equal(arrays.x_validation, loaded["train"]["image"][order[:40]])
    np.testing.assert_array_equal(arrays.y_train, loaded["train"]["label"][order[40:]])
    np.testing.assert_array_equal(arrays.x_test, loaded["test"]["image"])


@pytest.mark.usefixtures("_tfds_imported")
def test_the_order_is_that_of_the_files_and_within_them(tmp_path):
    place = tfds_sets.write(tfds_root(tmp_path), shards=5)
    arrays = read(parameters(), tmp_path)
    decode = tfds.features.FeaturesDict(tfds_sets.FEATURES).deserialize_example
    for split, order in (("train", fixed_order(200)), ("test", np.arange(100))):
        files = sorted(map(str, place.glob(f"mnist-{split}.tfrecord-*-of-00005")))
        assert len(files) == 5
        stored = [decode(record)["image"].numpy() for file in files for record in tf.data.TFRecordDataset(file)]
        np.testing.assert_array_equal(getattr(arrays, f"x_{split}"), np.stack(stored)[order])


def test_the_set_is_named_with_its_version_and_source(written, arrays):
    assert arrays.title == "mnist 3.0.1 (TensorFlow Datasets)"
    assert arrays.source == (
        "TensorFlow Datasets, mnist 3.0.1, http://yann.lecun.com/exdb/mnist/, MNIST handwritten digit database"
    )
    place = tfds_root(written) / "mnist" / "3.0.1"
    assert [Path(file.path) for file in arrays.files] == sorted(place.iterdir())


@pytest.mark.usefixtures("_tfds_imported")
def test_any_set_is_read_by_its_name_and_may_have_a_title(written, arrays):
    general = read(parameters("tfds", set="mnist:3.0.1", title="Mine", validation=40), written)
    assert (general.title, general.source) == ("Mine", arrays.source)
    np.testing.assert_array_equal(general.x_train, arrays.x_train)


@pytest.mark.usefixtures("_tfds_imported")
def test_validation_images_of_the_set_itself_are_used(tmp_path):
    train, validation, test = (tfds_sets.examples(*tfds_sets.real_images(*ends)) for ends in ((0, 4), (4, 6), (6, 8)))
    tfds_sets.write(tfds_root(tmp_path), train=train, validation=validation, test=test)
    arrays = read(parameters(), tmp_path)
    assert (len(arrays.x_train), len(arrays.x_validation)) == (40, 20)
    assert {image.tobytes() for image in arrays.x_validation} == {item["image"].tobytes() for item in validation}
    with pytest.raises(DataError, match=r"validation images of its own; set validation to 0"):
        read(parameters(validation=3), tmp_path)


@pytest.mark.usefixtures("_tfds_imported")
def test_a_set_is_prepared_again_when_its_files_change(data, tmp_path):
    first = prepare_dataset(parameters(), data)
    assert prepare_dataset(parameters(), data) == first
    shutil.rmtree(tfds_root(data))
    tfds_sets.write(tfds_root(data), train=some_images(), test=some_images())
    second = prepare_dataset(parameters(), data)
    assert (second.folder, second.counts["train"]) == (first.folder, 100)
    assert second.fingerprint != first.fingerprint


def some_images():
    return tfds_sets.examples(*tfds_sets.real_images(20, 30))


# --- where sets are found


def test_sets_in_the_library_s_own_folders_are_found(written, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    assert find_tfds("mnist", empty) is None
    shutil.copytree(tfds_root(written), tmp_path / "home" / "tensorflow_datasets")
    assert find_tfds("mnist", empty).path == tmp_path / "home/tensorflow_datasets/mnist/3.0.1"
    monkeypatch.setenv("TFDS_DATA_DIR", str(tfds_root(written)))
    assert find_tfds("mnist", empty).path == tfds_root(written) / "mnist/3.0.1"


def test_the_newest_version_is_taken_unless_one_is_named(tmp_path):
    for name in ("mnist/9.0.0", "mnist/10.0.0", "mnist/incomplete.X_11.0.0", "noise/fog/1.0.0", "noise/rain/1.0.0"):
        place = tfds_root(tmp_path) / name
        place.mkdir(parents=True)
        (place / "dataset_info.json").write_text("{}")
    assert [(item.set, item.version) for item in tfds_folders(tmp_path)] == [
        ("mnist", "10.0.0"),
        ("mnist", "9.0.0"),
        ("noise/fog", "1.0.0"),
        ("noise/rain", "1.0.0"),
    ]
    assert find_tfds("mnist", tmp_path).version == "10.0.0"
    assert find_tfds("mnist:9.0.0", tmp_path).version == "9.0.0"
    assert find_tfds("noise/rain", tmp_path).set == "noise/rain"
    assert find_tfds("noise", tmp_path) is None
    assert find_tfds("mnist:1.0.0", tmp_path) is None


# --- never from the network


def test_a_set_that_is_not_there_is_refused_without_starting_the_library(tmp_path):
    code = f"""
import socket, sys
from pathlib import Path
sys.addaudithook(lambda event, arguments: print(event) if event.startswith(("socket.", "subprocess.")) else None)
from hpbench.parts.datasets.prepared import DataError, prepare_dataset
try:
    prepare_dataset({parameters()!r}, Path({str(tmp_path)!r}))
except DataError as error:
    print(error)
print([name for name in ("tensorflow", "tensorflow_datasets") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message, modules = done.stdout.splitlines()
    assert message.startswith(f"mnist: not prepared in {tmp_path}/tensorflow_datasets, ")
    assert message.endswith(f"To fetch it: hpbench data prepare mnist --data {tmp_path}")
    assert modules == "[]"


def test_the_command_to_fetch_a_set_names_what_is_not_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    default = tmp_path / "hpbench" / "data"
    with pytest.raises(DataError, match=r"To fetch it: hpbench data prepare cifar10$"):
        read(parameters("cifar10"), default)
    with pytest.raises(DataError, match=r"hpbench data prepare tfds --set set=kmnist:3.0.1 --data elsewhere$"):
        read(parameters("tfds", set="kmnist:3.0.1"), Path("elsewhere"))


def test_reading_a_prepared_set_reaches_for_no_network(written, tmp_path, monkeypatch):
    def refuse(*arguments, **keywords):
        raise AssertionError(f"network used: {arguments}")

    for target, name in ((socket.socket, "connect"), (socket, "getaddrinfo"), (socket, "create_connection")):
        monkeypatch.setattr(target, name, refuse)
    place = tfds_root(written) / "mnist" / "3.0.1"
    facts = tfds_process.read(str(place), str(tmp_path / "copy.npz"))
    assert facts["homepage"] == "http://yann.lecun.com/exdb/mnist/"
    with np.load(tmp_path / "copy.npz") as stored:
        assert stored["x_train"].shape == (200, 28, 28, 1)


def test_without_a_network_fetching_ends_in_words_and_leaves_nothing(tmp_path, monkeypatch):
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("no_proxy", "")
    folder = tmp_path / "data"
    with pytest.raises(DataError, match=r"^cifar10: http.* cannot be reached .*Is there a network"):
        fetch(parameters("cifar10"), folder)
    assert list(folder.iterdir()) == []


def test_a_set_that_is_prepared_is_not_fetched(data):
    before = state(data)
    fetch(parameters(), data)
    assert state(data) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_such_set", "TensorFlow Datasets cannot fetch it (Dataset no_such_set not found"),
        ("mnist:9.9.9", "cannot be loaded at version 9.9.9"),
        ("cifar10_corrupted", "name one of them, such as cifar10_corrupted/brightness_1"),
        ("imagenet2012", "has to be downloaded by hand"),
    ],
)
def test_what_cannot_be_fetched_is_named_with_the_reason(name, words, tmp_path, capsys):
    error = answer(capsys, "fetch", name, tmp_path / "root")["error"]
    assert error.startswith(f"{name}: ")
    assert words in error


# --- faults


def test_a_set_without_a_test_split_is_refused(tmp_path, refused):
    place = tfds_sets.write(tfds_root(tmp_path), train=some_images())
    refused(place, "has no split test; it has train")


def test_a_set_without_classes_is_refused(tmp_path, refused):
    images = [{"image": item["image"]} for item in some_images()]
    features = {"image": tfds_sets.FEATURES["image"]}
    place = tfds_sets.write(tfds_root(tmp_path), features=features, train=images, test=images)
    refused(place, "not a set of images with classes", "it has image (Image)")


def test_images_of_different_sizes_are_refused(tmp_path, refused):
    cropped = [item | {"image": item["image"][: 20 + number % 8]} for number, item in enumerate(some_images())]
    features = tfds_sets.FEATURES | {"image": tfds.features.Image(shape=(None, 28, 1))}
    place = tfds_sets.write(tfds_root(tmp_path), features=features, train=cropped, test=cropped)
    refused(place, "differ in size, (None, 28, 1)")


@pytest.mark.parametrize("name", ["mnist-train.tfrecord-00000-of-00001", "features.json", "dataset_info.json"])
@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"no such thing"])
def test_damaged_files_are_refused(data, refused, name, damage):
    place = tfds_root(data) / "mnist" / "3.0.1"
    path = place / name
    path.write_bytes(damage(path.read_bytes()))
    refused(place, "TensorFlow Datasets cannot read it")


def test_a_process_that_dies_is_an_error_in_words(written, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import os, sys\nprint('last words', file=sys.stderr)\nos._exit(9)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    with pytest.raises(DataError, match="ended with status 9: last words"):
        read(parameters(), written)
