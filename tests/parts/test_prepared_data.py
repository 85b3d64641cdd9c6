"""Prepared data sets: stored once, known by content, verified when loaded."""

import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from hpbench.parts.datasets import prepared as module
from hpbench.parts.datasets.arrays import ARRAY_NAMES, Arrays, DataError, fingerprint, fixed_order
from hpbench.parts.datasets.prepared import PreparedData, prepare, prepare_dataset, prepared_sets
from hpbench.records.trial import canonical_json

PARAMETERS = {"name": "tiny", "scale": 0.5, "size": 3}


def tiny(parameters, folder):
    """Eight images of 4 x 3 pixels; a stand-in for a part's function."""
    images = np.arange(8 * 4 * 3, dtype=np.uint8).reshape(8, 4, 3, 1)
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1], np.int32)
    return Arrays(
        images[:4],
        labels[:4],
        images[4:6],
        labels[4:6],
        images[6:],
        labels[6:],
        title="tiny",
        source="a test",
        generated=True,
        classes=2,
    )


def never(parameters, folder):
    raise AssertionError("read although prepared")


def prepared(folder, read=tiny):
    return prepare("tiny", PARAMETERS, folder, read)


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def rewrite(data, **changed):
    """Store other arrays under the same manifest."""
    with np.load(data.folder / "arrays.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(data.folder / "arrays.npz", **(arrays | changed))


def test_the_manifest_describes_what_is_stored(tmp_path):
    data = prepared(tmp_path)
    assert (data.title, data.source, data.generated, data.classes) == ("tiny", "a test", True, 2)
    assert (data.counts, data.image_shape) == ({"train": 4, "validation": 2, "test": 2}, (4, 3, 1))
    assert data.dtype == "uint8"
    manifest = json.loads((data.folder / "manifest.json").read_text())
    assert manifest["fingerprint"] == data.fingerprint
    assert contents(data.folder) == ["arrays.npz", "manifest.json"]
    assert contents(tmp_path) == [data.folder.name]


def test_loading_gives_back_every_split(tmp_path):
    splits = prepared(tmp_path).load()
    expected = tiny({}, None)
    assert list(splits) == ["train", "validation", "test"]
    for split, (images, labels) in splits.items():
        np.testing.assert_array_equal(images, getattr(expected, f"x_{split}"))
        np.testing.assert_array_equal(labels, getattr(expected, f"y_{split}"))
        assert (images.dtype, labels.dtype) == (np.uint8, np.int32)


def test_the_folder_is_named_after_the_parameters_without_the_scale(tmp_path):
    digest = hashlib.sha256(canonical_json({"name": "tiny", "size": 3}).encode()).hexdigest()
    assert prepared(tmp_path).folder == tmp_path / f"tiny-{digest[:12]}"
    other_scale = prepare("tiny", PARAMETERS | {"scale": 1.0}, tmp_path, never)
    other_size = prepare("tiny", PARAMETERS | {"size": 4}, tmp_path, tiny)
    assert other_scale.folder == prepared(tmp_path).folder != other_size.folder


def test_a_second_call_reads_neither_data_nor_arrays(tmp_path, monkeypatch):
    first = prepared(tmp_path)
    monkeypatch.setattr(np, "load", never)
    assert prepared(tmp_path, read=never) == first


def test_the_fingerprint_is_that_of_the_content_by_its_definition(tmp_path):
    digest = hashlib.sha256()
    for name in ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test"):
        array = getattr(tiny({}, None), name)
        kind = "|u1" if name.startswith("x") else "<i4"
        digest.update(json.dumps([name, kind, list(array.shape)], separators=(",", ":")).encode())
        digest.update(array.tobytes())
    assert prepared(tmp_path).fingerprint == digest.hexdigest()


def test_the_fingerprint_is_the_same_in_two_folders(tmp_path):
    assert prepared(tmp_path / "a").fingerprint == prepared(tmp_path / "b" / "c").fingerprint


def test_the_fingerprint_does_not_depend_on_the_layout_in_memory():
    arrays = tiny({}, None).by_name
    fortran = {name: np.asfortranarray(array) for name, array in arrays.items()}
    big_endian = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in arrays.items()}
    assert fingerprint(arrays) == fingerprint(fortran) == fingerprint(big_endian)


@pytest.mark.parametrize("name", ARRAY_NAMES)
def test_one_changed_value_changes_the_fingerprint(name):
    arrays = tiny({}, None).by_name
    changed = arrays[name].copy()
    changed.flat[0] ^= 1
    assert fingerprint(arrays | {name: changed}) != fingerprint(arrays)


def test_another_shape_or_type_of_the_same_bytes_changes_the_fingerprint():
    arrays = tiny({}, None).by_name
    reshaped = arrays["x_test"].reshape(2, 3, 4, 1)
    retyped = arrays["y_test"].view(np.uint32)
    assert len({fingerprint(arrays | change) for change in ({}, {"x_test": reshaped}, {"y_test": retyped})}) == 3


def test_an_empty_validation_split_is_stored(tmp_path):
    arrays = tiny({}, None)
    empty = replace(arrays, x_validation=arrays.x_validation[:0], y_validation=arrays.y_validation[:0])
    data = prepared(tmp_path, read=lambda parameters, folder: empty)
    assert data.counts["validation"] == 0
    assert data.load()["validation"][0].shape == (0, 4, 3, 1)


def test_one_flipped_pixel_in_the_stored_arrays_is_refused(tmp_path):
    data = prepared(tmp_path)
    pixel = tiny({}, None).x_test.copy()
    pixel[1, 2, 2, 0] += 1
    rewrite(data, x_test=pixel)
    with pytest.raises(DataError, match=f"other data than its manifest says. Delete the folder {data.folder}"):
        data.load()


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"", lambda b: b.replace(b"x_test", b"x_tset")])
def test_damaged_arrays_are_refused(tmp_path, damage):
    path = prepared(tmp_path).folder / "arrays.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="Delete the folder"):
        prepared(tmp_path, read=never).load()


def test_a_flipped_byte_is_refused(tmp_path):
    path = prepared(tmp_path).folder / "arrays.npz"
    content = bytearray(path.read_bytes())
    content[content.index(bytes(range(20)))] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="Delete the folder"):
        prepared(tmp_path, read=never).load()


@pytest.mark.parametrize("fault", ["{", "[]", '{"format": 2}', '{"format": 0, "files": []}', "null"])
def test_an_unusable_manifest_is_prepared_again(tmp_path, fault):
    first = prepared(tmp_path)
    (first.folder / "manifest.json").write_text(fault)
    assert prepared(tmp_path) == first
    assert prepared(tmp_path, read=never) == first
    assert contents(tmp_path) == [first.folder.name]


def test_what_other_code_prepared_is_prepared_again(tmp_path, monkeypatch):
    parameters = {"name": "digits", "size": 8}
    first = prepare_dataset(parameters, tmp_path)
    assert prepared_sets(tmp_path) == [first]
    before = (first.folder / "manifest.json").read_text()
    changed = tmp_path / "checks.py"
    changed.write_text("# other code\n")
    monkeypatch.setattr(module, "_SHARED", (changed,))
    assert prepared_sets(tmp_path) == []
    assert prepare_dataset(parameters, tmp_path) == first
    assert (first.folder / "manifest.json").read_text() != before
    assert prepared_sets(tmp_path) == [first]


def test_a_folder_left_half_written_is_prepared_again(tmp_path):
    first = prepared(tmp_path)
    (first.folder / "arrays.npz").unlink()
    assert prepared(tmp_path).load().keys() == {"train", "validation", "test"}


def test_a_failed_preparation_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(DataError, match=r"cannot be written \(No space left"):
        prepared(tmp_path)
    assert contents(tmp_path) == []


HOUR = 3600


@pytest.mark.parametrize(
    ("name", "changed", "inside", "removed"),
    [
        (".fetch-a1b2c3d4", 25, 25, True),
        (".tiny-0123456789ab-0123456789ab", 25, 25, True),
        (".tiny-0123456789ab-0123456789ab", 1, 1, False),
        (".fetch-a1b2c3d4", 25, 1, False),
        (".mine", 25, 25, False),
    ],
    ids=["download", "data set", "of today", "written into today", "not of hpbench"],
)
def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path, name, changed, inside, removed):
    left = tmp_path / name
    left.mkdir()
    (left / "half").write_text("half")
    for path, hours in ((left / "half", inside), (left, changed)):
        os.utime(path, (time.time() - hours * HOUR,) * 2)
    prepared(tmp_path)
    assert left.exists() != removed


def test_a_place_that_is_no_folder_is_an_error_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        prepared(tmp_path / "file")


def prepare_at_once(folder, barrier, results):
    barrier.wait()
    data = prepared(folder)
    data.load()
    results.put(data.fingerprint)


@pytest.mark.parametrize("outdated", [False, True], ids=["nothing there", "outdated there"])
def test_processes_preparing_at_once_all_succeed(tmp_path, outdated):
    if outdated:
        (prepared(tmp_path).folder / "manifest.json").write_text("{}")
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    workers = [context.Process(target=prepare_at_once, args=(tmp_path, barrier, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    prints = {results.get(timeout=300) for _ in workers}
    for worker in workers:
        worker.join()
    assert prints == {fingerprint(tiny({}, None).by_name)}
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(contents(tmp_path)) == 1


def test_a_set_put_there_by_another_process_meanwhile_is_kept(tmp_path):
    def overtaken(parameters, folder):
        other.append(prepared(tmp_path))
        other.append((other[0].folder / "manifest.json").stat().st_ino)
        return tiny(parameters, folder)

    other = []
    data = prepared(tmp_path, read=overtaken)
    assert data == other[0]
    assert (data.folder / "manifest.json").stat().st_ino == other[1]
    assert contents(tmp_path) == [data.folder.name]


def test_the_reader_comes_from_the_catalogue(tmp_path, write_idx):
    parameters = {"name": "idx", "folder": str(write_idx()), "title": None, "validation": 5, "scale": 1 / 256}
    data = prepare_dataset(parameters, tmp_path / "data")
    assert isinstance(data, PreparedData)
    assert data.counts == {"train": 15, "validation": 5, "test": 8}
    assert data.folder.name.startswith("idx-")
    shutil.rmtree(data.folder)
    assert prepare_dataset(parameters, tmp_path / "data") == data


def test_the_fixed_order_is_a_permutation_that_never_changes():
    assert fixed_order(8).tolist() == [4, 1, 7, 5, 6, 0, 3, 2]
    assert sorted(fixed_order(1000).tolist()) == list(range(1000))
    assert fixed_order(8, stream=1).tolist() != fixed_order(8).tolist()


def test_reading_data_does_not_import_keras():
    modules = "hpbench.parts.datasets." + ", hpbench.parts.datasets.".join(
        ["prepared", "embedded", "files", "tfds", "tfds_process"]
    )
    code = f"import sys, {modules}; print([m for m in ('keras', 'tensorflow', 'sklearn') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
