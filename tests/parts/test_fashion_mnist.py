"""The real Fashion-MNIST, 70,000 images: from its IDX files, and as TensorFlow Datasets would download it."""

import http.server
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from hpbench.catalogue.datasets import DATASETS
from hpbench.parts.datasets.arrays import SPLITS, fingerprint
from hpbench.parts.datasets.files import idx
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.parts.datasets.tfds import fetch

FOLDER = Path("/usr/share/datasets/fashion-mnist")
PUBLISHED = {
    "train-images-idx3-ubyte": 1504176606,
    "train-labels-idx1-ubyte": 1504176606,
    "t10k-images-idx3-ubyte": 1504176627,
    "t10k-labels-idx1-ubyte": 1504176627,
}
"""When the published files were compressed, in seconds since the epoch."""

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"Fashion-MNIST is not in {FOLDER}: install Debian's package dataset-fashion-mnist"
)


@pytest.fixture(scope="module")
def fashion():
    return idx({"folder": str(FOLDER), "validation": 5000}, FOLDER)


def test_every_image_is_there_and_the_classes_are_balanced(fashion):
    assert fashion.x_train.shape == (55_000, 28, 28, 1)
    assert fashion.x_validation.shape == (5_000, 28, 28, 1)
    assert fashion.x_test.shape == (10_000, 28, 28, 1)
    assert np.bincount(np.concatenate([fashion.y_train, fashion.y_validation])).tolist() == [6_000] * 10
    assert np.bincount(fashion.y_test).tolist() == [1_000] * 10


def test_the_pixels_have_the_published_mean_and_deviation(fashion):
    """0.2860 and 0.3530 over the 60,000 training images, of values divided by 255."""
    pixels = np.concatenate([fashion.x_train, fashion.x_validation]) / np.float32(255)
    assert pixels.mean(dtype=np.float64) == pytest.approx(0.2860, abs=5e-5)
    assert pixels.std(dtype=np.float64) == pytest.approx(0.3530, abs=5e-5)


def test_the_content_and_the_split_never_change(fashion):
    assert fingerprint(fashion.by_name) == "fc86142c116bb940399993132ed85e63910fb69291650a10ba5b5a05acb26292"


class _Site(http.server.BaseHTTPRequestHandler):
    """The site of Fashion-MNIST. Debian's files lack but the name and the time in the gzip header (RFC 1952)."""

    def do_HEAD(self):
        name = self.path.rpartition("/")[2].removesuffix(".gz")
        content = (FOLDER / f"{name}.gz").read_bytes()[10:]
        header = b"\x1f\x8b\x08\x08" + struct.pack("<I", PUBLISHED[name]) + b"\0\3" + name.encode() + b"\0"
        self.send_response(200)
        self.send_header("Content-Length", str(len(header + content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(header + content)

    do_GET = do_HEAD  # noqa: N815 - the base class wants this name

    def log_message(self, *arguments):
        pass


@pytest.fixture
def _site(monkeypatch, tmp_path):
    """Every address is answered by this machine; nothing of the user's is read."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("_site")
def test_what_is_downloaded_with_its_checksums_are_the_same_images(fashion, tmp_path):
    parameters = DATASETS["fashion_mnist"](name="fashion_mnist").model_dump()
    fetch(parameters, tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["tensorflow_datasets"]
    prepared = prepare_dataset(parameters, tmp_path / "data")
    assert prepared.counts == {"train": 55_000, "validation": 5_000, "test": 10_000}
    splits = prepared.load()
    for wanted in (SPLITS[:2], SPLITS[2:]):
        fetched = [pair for split in wanted for pair in labelled(*splits[split])]
        read = [
            pair for split in wanted for pair in labelled(fashion.by_name[f"x_{split}"], fashion.by_name[f"y_{split}"])
        ]
        assert sorted(fetched) == sorted(read)


def labelled(images, labels):
    return zip(labels.tolist(), (image.tobytes() for image in images), strict=True)
