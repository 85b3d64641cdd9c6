"""IDX and NPZ files are read strictly: what is sound comes back as it was, all else is a DataError."""

import gzip
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from hypothesis.extra.numpy import arrays as numpy_arrays

from hpbench.parts.datasets.arrays import DataError, fixed_order
from hpbench.parts.datasets.files import idx, npz, parse_idx

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
UNUSED = Path("data folder")
quick = settings(deadline=None, database=None, max_examples=60)


def header(*shape, code=8):
    return bytes([0, 0, code, len(shape)]) + b"".join(length.to_bytes(4, "big") for length in shape)


def refused(read, parameters, *words):
    """The read fails with a message that holds all the words."""
    with pytest.raises(DataError) as caught:
        read(parameters, UNUSED)
    for word in words:
        assert str(word) in str(caught.value)


# --- IDX: sound files


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_idx_files_are_read_back(write_idx, arrays, compressed):
    data = idx({"folder": str(write_idx(compressed)), "title": None, "validation": 0}, UNUSED)
    orders = {"train": fixed_order(len(arrays["x_train"])), "test": np.arange(len(arrays["x_test"]))}
    for split, order in orders.items():
        images, labels = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        np.testing.assert_array_equal(images, arrays[f"x_{split}"][order][..., np.newaxis])
        np.testing.assert_array_equal(labels, arrays[f"y_{split}"][order])
        assert (images.dtype, labels.dtype) == (np.uint8, np.int32)
    assert data.x_validation.shape == (0, 16, 18, 1)
    assert (data.title, data.classes, data.generated) == ("tiny", 4, False)


def test_idx_images_split_off_for_validation_are_chosen_by_a_fixed_permutation(write_idx, arrays):
    data = idx({"folder": str(write_idx()), "title": "Tiny", "validation": 5}, UNUSED)
    assert (len(data.x_train), len(data.x_validation), data.title) == (15, 5, "Tiny")
    original = [image.tobytes() for image in arrays["x_train"]]
    train = [original.index(image.tobytes()) for image in data.x_train]
    validation = [original.index(image.tobytes()) for image in data.x_validation]
    assert sorted(train + validation) == list(range(20))
    assert validation + train == fixed_order(20).tolist()
    np.testing.assert_array_equal(data.y_validation, arrays["y_train"][validation])


def test_the_plain_file_is_read_where_both_are_there(write_idx, arrays):
    write_idx(compressed=True)
    data = idx({"folder": str(write_idx(x_test=255 - arrays["x_test"])), "validation": 0}, UNUSED)
    np.testing.assert_array_equal(data.x_test[..., 0], 255 - arrays["x_test"])
    assert not any(file.path.endswith(".gz") for file in data.files)


@quick
@given(numpy_arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, max_side=5)))
def test_any_array_survives_the_idx_format(array):
    content = header(*array.shape) + array.tobytes()
    np.testing.assert_array_equal(parse_idx(content, array.ndim, "file"), array)


# --- IDX: faults


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "too short"),
        (header(20)[:7], "too short"),
        (b"\1" + header(20)[1:] + bytes(20), "01 00 08 01 instead of 00 00 08 01"),
        (header(20, code=0x0D) + bytes(80), "00 00 0d 01 instead of 00 00 08 01"),
        (header(20, 1) + bytes(20), "00 00 08 02 instead of 00 00 08 01"),
        (header(20) + bytes(19), "28 bytes; this one has 27"),
        (header(20) + bytes(21), "28 bytes; this one has 29"),
        (header(2**32 - 1) + bytes(20), "this one has 28"),
    ],
)
def test_a_damaged_idx_file_is_named_with_its_fault(write_idx, content, words):
    folder = write_idx()
    (folder / TRAIN_LABELS).write_bytes(content)
    refused(idx, {"folder": str(folder)}, folder / TRAIN_LABELS, words)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"no gzip", lambda b: b[:40] + b"xx" + b[42:]]
)
def test_a_damaged_gzip_file_is_named(write_idx, damage):
    folder = write_idx(compressed=True)
    path = folder / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    refused(idx, {"folder": str(folder)}, path, "damaged")


def test_a_missing_folder_is_named_with_what_belongs_there(tmp_path):
    refused(idx, {"folder": str(tmp_path / "nowhere")}, tmp_path / "nowhere", "no such folder", TRAIN_IMAGES)


def test_a_missing_idx_file_is_named(write_idx):
    folder = write_idx()
    (folder / TRAIN_LABELS).unlink()
    refused(idx, {"folder": str(folder)}, folder / TRAIN_LABELS, f"nor {TRAIN_LABELS}.gz")


def test_images_and_labels_that_do_not_agree_are_named_with_their_counts(write_idx):
    folder = write_idx(y_train=np.arange(19) % 4)
    refused(idx, {"folder": str(folder)}, folder / TRAIN_IMAGES, "20 images", "19 labels", folder / TRAIN_LABELS)


def test_test_images_of_another_size_are_refused(write_idx):
    folder = write_idx(x_test=np.zeros((8, 16, 17)))
    refused(idx, {"folder": str(folder)}, "t10k-images", "(16, 17, 1)", "(16, 18, 1)")


def test_a_test_label_unknown_to_training_is_refused(write_idx):
    folder = write_idx(y_test=np.array([0, 1, 2, 3, 0, 1, 2, 4]))
    refused(idx, {"folder": str(folder)}, "t10k-labels", "label 4", "0 to 3")


@pytest.mark.parametrize("labels", [np.zeros(20), np.array([0, 200] * 10)], ids=["one class", "large gap"])
def test_labels_that_do_not_number_classes_are_refused(write_idx, labels):
    refused(idx, {"folder": str(write_idx(y_train=labels))}, TRAIN_LABELS, "two or more classes from 0")


def test_a_missing_class_is_no_fault(write_idx):
    folder = write_idx(y_train=np.arange(20) % 3 + 1)
    assert idx({"folder": str(folder)}, UNUSED).classes == 4


def test_empty_images_are_refused(write_idx):
    folder = write_idx(x_train=np.zeros((20, 0, 18)))
    refused(idx, {"folder": str(folder)}, TRAIN_IMAGES, "(20, 0, 18)")


def test_too_many_validation_images_are_refused(write_idx):
    refused(idx, {"folder": str(write_idx()), "validation": 20}, TRAIN_IMAGES, "20 images", "split off 20")


@quick
@given(st.binary(max_size=64), st.sampled_from([1, 3]))
@example(header(0), 1)
@example(header(2**32 - 1, 2**32 - 1, 2**32 - 1), 3)
def test_random_bytes_are_an_array_or_a_data_error(content, dimensions):
    try:
        assert parse_idx(content, dimensions, "file").ndim == dimensions
    except DataError as error:
        assert "file" in str(error)  # noqa: PT017 - either way is right


# --- NPZ: sound files


def test_an_npz_file_is_read_back(write_npz, arrays):
    data = npz({"path": str(write_npz()), "title": None, "validation": 0}, UNUSED)
    np.testing.assert_array_equal(data.x_train, arrays["x_train"][fixed_order(20)][..., np.newaxis])
    np.testing.assert_array_equal(data.y_test, arrays["y_test"])
    assert (data.title, data.classes, data.x_train.dtype, data.y_train.dtype) == (
        "tiny",
        4,
        np.uint8,
        np.int32,
    )


def test_floating_images_with_channels_become_float32(write_npz):
    images = np.linspace(-1, 1, 20 * 16 * 18 * 3).reshape(20, 16, 18, 3)
    data = npz({"path": str(write_npz(x_train=images, x_test=images[:8]))}, UNUSED)
    assert data.x_train.dtype == np.float32
    np.testing.assert_array_equal(data.x_train, images.astype(np.float32)[fixed_order(len(images))])


def test_validation_images_of_the_file_are_used(write_npz, arrays):
    path = write_npz(x_validation=arrays["x_test"][:3], y_validation=np.array([3, 2, 1]))
    data = npz({"path": str(path), "validation": 0}, UNUSED)
    assert len(data.x_train) == 20
    np.testing.assert_array_equal(data.x_validation[..., 0], arrays["x_test"][:3])
    np.testing.assert_array_equal(data.y_validation, [3, 2, 1])
    refused(npz, {"path": str(path), "validation": 2}, path, "validation images of its own")


def test_the_first_training_images_of_a_sorted_file_are_a_sample_of_all_classes(write_npz, arrays):
    labels = np.sort(arrays["y_train"])
    data = npz({"path": str(write_npz(y_train=labels)), "validation": 0}, UNUSED)
    assert len(set(data.y_train[:10].tolist())) > 2
    assert data.y_train.tolist() != sorted(data.y_train.tolist())


def test_validation_images_are_split_off_an_npz_file(write_npz):
    data = npz({"path": str(write_npz()), "validation": 4}, UNUSED)
    assert (len(data.y_train), len(data.y_validation)) == (16, 4)


# --- NPZ: faults


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"x_test": None}, ["lacks x_test"]),
        ({"x_validation": np.zeros((2, 16, 18), np.uint8)}, ["lacks y_validation"]),
        ({"x_train": np.zeros((20, 16), np.uint8)}, ["array x_train", "(20, 16)"]),
        ({"x_train": np.zeros((20, 16, 18), np.int64)}, ["array x_train", "int64"]),
        ({"x_train": np.zeros((20, 16, 18), bool)}, ["array x_train", "bool"]),
        ({"x_train": np.full((20, 16, 18), np.nan)}, ["array x_train", "not finite"]),
        ({"x_train": np.full((20, 16, 18), 1e300)}, ["array x_train", "not finite"]),
        ({"x_test": np.zeros((8, 16, 18), np.float32)}, ["array x_test", "float32", "uint8"]),
        ({"y_train": np.zeros(20)}, ["array y_train", "float64"]),
        ({"y_train": np.zeros((20, 1), int)}, ["array y_train", "(20, 1)"]),
        ({"y_train": np.arange(20) % 4 - 1}, ["array y_train", "the smallest is -1"]),
        ({"y_train": np.arange(20) * 10**12}, ["array y_train", "two or more classes"]),
        ({"y_test": np.zeros(7, int)}, ["array x_test", "8 images", "7 labels"]),
        ({"y_train": np.array([[0, 1], "cat"] * 10, dtype=object)}, ["plain arrays"]),
        (
            {"x_train": np.zeros((0, 16, 18), np.uint8), "y_train": np.zeros(0, int)},
            ["array x_train", "(0, 16, 18)"],
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_faulty_npz_file_is_named_with_its_fault(write_npz, replaced, words):
    path = write_npz(**replaced)
    refused(npz, {"path": str(path)}, path, *words)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 broken", b"\x93NUMPY", b"any text"])
def test_what_is_no_npz_file_is_named(tmp_path, content):
    path = tmp_path / "wrong.npz"
    path.write_bytes(content)
    refused(npz, {"path": str(path)}, path, "not a sound NPZ file")


def test_a_single_array_is_not_an_npz_file(tmp_path, arrays):
    path = tmp_path / "wrong.npz"
    with path.open("wb") as stream:
        np.save(stream, arrays["x_train"])
    refused(npz, {"path": str(path)}, path, "not a sound NPZ file")


def test_a_missing_npz_file_is_named(tmp_path):
    refused(npz, {"path": str(tmp_path / "nowhere.npz")}, tmp_path / "nowhere.npz", "No such file")


def sound_npz():
    with tempfile.TemporaryFile() as stream:
        images, labels = np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1])
        np.savez_compressed(stream, x_train=images, y_train=labels, x_test=images, y_test=labels)
        stream.seek(0)
        return stream.read()


SOUND_NPZ = sound_npz()


@quick
@given(st.data())
def test_damaged_npz_files_raise_nothing_but_data_errors(data):
    content = bytearray(SOUND_NPZ)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.npz"
        path.write_bytes(content)
        try:
            npz({"path": str(path)}, UNUSED)
        except DataError as error:
            assert re.search("fuzz.npz", str(error))  # noqa: PT017 - either way is right


@quick
@given(st.binary(max_size=80), st.booleans())
def test_random_folders_raise_nothing_but_data_errors(content, compressed):
    with tempfile.TemporaryDirectory() as folder:
        for stem in (TRAIN_IMAGES, TRAIN_LABELS, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            (Path(folder) / f"{stem}.gz").write_bytes(gzip.compress(content) if compressed else content)
        with pytest.raises(DataError, match="idx"):
            idx({"folder": folder}, UNUSED)
