"""A prepared set follows the files it was read from."""

import os
from pathlib import Path

import numpy as np
import pytest

from hpbench.parts.datasets.arrays import DataError
from hpbench.parts.datasets.files import npz
from hpbench.parts.datasets.prepared import prepare, prepare_dataset


@pytest.fixture
def counting(write_npz):
    """Parameters of an NPZ file's set, and the number of times the file was read, as a list of reads."""
    reads = []

    def read(parameters, folder):
        reads.append(parameters)
        return npz(parameters, folder)

    return {"path": str(write_npz()), "validation": 2}, read, reads


def test_unchanged_source_files_are_not_read_again(tmp_path, counting):
    parameters, read, reads = counting
    first, second = (prepare("npz", parameters, tmp_path / "data", read) for _ in range(2))
    assert first == second
    assert len(reads) == 1


def test_a_changed_source_file_is_prepared_again(tmp_path, counting, write_npz, arrays):
    parameters, read, _ = counting
    first = prepare("npz", parameters, tmp_path / "data", read)
    write_npz(x_test=255 - arrays["x_test"])
    os.utime(parameters["path"], ns=(1, 1))
    second = prepare("npz", parameters, tmp_path / "data", read)
    assert (second.folder, second.fingerprint == first.fingerprint) == (first.folder, False)
    np.testing.assert_array_equal(second.load()["test"][0][..., 0], 255 - arrays["x_test"])


def test_a_touched_source_file_keeps_its_fingerprint(tmp_path, counting):
    parameters, read, reads = counting
    first = prepare("npz", parameters, tmp_path / "data", read)
    os.utime(parameters["path"], ns=(1, 1))
    assert prepare("npz", parameters, tmp_path / "data", read) == first
    assert len(reads) == 2


def test_a_source_file_that_is_gone_is_named(tmp_path, write_npz):
    parameters = {"name": "npz", "path": str(write_npz()), "scale": 1.0}
    prepare_dataset(parameters, tmp_path / "data")
    Path(parameters["path"]).unlink()
    with pytest.raises(DataError, match=r"tiny\.npz"):
        prepare_dataset(parameters, tmp_path / "data")
