"""Small data sets in files, as a user would have them."""

import contextlib
import gzip
import io
import json
import struct

import numpy as np
import pytest

from hpbench.parts.datasets import tfds, tfds_process
from hpbench.parts.datasets.arrays import DataError

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def idx_bytes(array):
    """An array of unsigned bytes in the IDX format, written from its description."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", length) for length in array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def _tfds_imported(monkeypatch):
    """What is asked of TensorFlow Datasets is answered here, where it is imported, instead of in a fresh process."""

    def answer(*arguments, progress=False):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            tfds_process.main(list(arguments))
        answer = json.loads(printed.getvalue())
        if "error" in answer:
            raise DataError(answer["error"])
        return answer

    monkeypatch.setattr(tfds, "_in_fresh_process", answer)


@pytest.fixture
def arrays():
    """20 training and 8 test images of 16 x 18 pixels in 4 classes; every image is another."""
    generator = np.random.default_rng(11)
    return {
        "x_train": generator.integers(0, 256, (20, 16, 18), dtype=np.uint8),
        "y_train": np.arange(20, dtype=np.uint8) % 4,
        "x_test": generator.integers(0, 256, (8, 16, 18), dtype=np.uint8),
        "y_test": np.arange(8, dtype=np.uint8) % 4,
    }


@pytest.fixture
def write_idx(tmp_path, arrays):
    """Write the arrays, some of them replaced, as a folder of IDX files; returns the folder."""

    def write(compressed=False, **replaced):
        folder = tmp_path / "tiny"
        folder.mkdir(exist_ok=True)
        for name, array in (arrays | replaced).items():
            if compressed:
                (folder / f"{IDX_NAMES[name]}.gz").write_bytes(gzip.compress(idx_bytes(array)))
            else:
                (folder / IDX_NAMES[name]).write_bytes(idx_bytes(array))
        return folder

    return write


@pytest.fixture
def write_npz(tmp_path, arrays):
    """Write the arrays, some of them replaced, added or (None) left out, as an NPZ file; returns its path."""

    def write(**replaced):
        path = tmp_path / "tiny.npz"
        np.savez(path, **{name: array for name, array in (arrays | replaced).items() if array is not None})
        return path

    return write
