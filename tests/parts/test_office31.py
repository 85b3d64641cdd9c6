"""Office-31: the reader on a small tree of generated JPEGs with planted faults, and the drawn stand-in."""

import numpy as np
import pytest
from PIL import Image

from hpbench.parts.datasets.arrays import DataError
from hpbench.parts.datasets.office31.counts import IMAGES
from hpbench.parts.datasets.office31.drawn import draw, office31_like
from hpbench.parts.datasets.office31.labelled import HEADS
from hpbench.parts.datasets.office31.reader import FromFolder, differences, office31, photographs
from hpbench.parts.datasets.prepared import prepare_dataset
from tests.office31_tree import ITEMS, colour, write_tree

SIZE = 12


@pytest.fixture
def tree(tmp_path):
    """A folder of the published layout."""
    return write_tree(tmp_path / "office31")


def read(folder, size=SIZE, **more):
    return office31({"name": "office31", "size": size, "origin": FromFolder(folder, **more)}, folder)


def refused(folder, *words):
    """Reading fails with a message that holds all the words."""
    with pytest.raises(DataError) as caught:
        read(folder)
    for word in words:
        assert str(word) in str(caught.value)
    return str(caught.value)


def test_every_picture_comes_back_with_its_labels(tree):
    data = read(tree)
    seen = set()
    for x, y in ((data.x_train, data.y_train), (data.x_validation, data.y_validation), (data.x_test, data.y_test)):
        assert x.shape[1:] == (SIZE, SIZE, 3)
        for image, (domain, item) in zip(x, y.tolist(), strict=True):
            np.testing.assert_allclose(image.mean(axis=(0, 1)), colour(domain, item), atol=4)  # JPEG's rounding
            seen.add((domain, item))
    assert len(seen) == 93
    assert (len(data.y_train), len(data.y_validation), len(data.y_test)) == (74, 5, 14)
    assert (data.classes, data.generated, data.heads) == (34, False, HEADS)
    assert data.pictures == {}


def test_the_reading_tells_how_far_it_is(tree):
    told = []
    read(tree, progress=lambda done, of: told.append((done, of)))
    assert told == [(number, 93) for number in range(1, 94)]


def test_pictures_of_other_modes_become_rgb(tree):
    path = tree / "amazon" / "images" / "mug" / "frame_0001.png"
    path.unlink(missing_ok=True)
    Image.new("L", (20, 20), 77).save(tree / "amazon" / "images" / "mug" / "grey.png")
    assert read(tree).x_train.dtype == np.uint8


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("empty class", ["amazon/images/mug: holds no pictures"]),
        ("missing class", ["dslr/images/pen: there is no such folder"]),
        ("missing images", ["webcam/images: there is no such folder", "FOLDER/amazon/images/back_pack/frame_0001.jpg"]),
        ("truncated", ["amazon/images/bike/frame_0001.jpeg: cannot be decoded; cut off or damaged?"]),
        ("not a picture", ["amazon/images/bike/frame_0002.jpg: is neither JPEG nor PNG inside"]),
        ("wrong extension", ["dslr/images/ruler/frame_0009.gif: a file that is no picture", ".jpg, .jpeg, .png"]),
        ("stray class", ["webcam/images/mugs: a folder that is no class of the set"]),
        ("stray domain", ["caltech: a folder that is no domain of the set"]),
        ("folder in a class", ["amazon/images/pen/more: a folder that is no picture"]),
        ("stray file", ["amazon/readme.txt: a file that is no folder of the set"]),
    ],
)
def test_a_planted_fault_is_named(tree, fault, words):
    plant(tree, fault)
    assert "nothing was prepared" in refused(tree, *words)


def plant(tree, fault):
    def clear(folder):
        for path in folder.iterdir():
            path.unlink()

    match fault:
        case "empty class":
            clear(tree / "amazon/images/mug")
        case "missing class":
            clear(tree / "dslr/images/pen")
            (tree / "dslr/images/pen").rmdir()
        case "missing images":
            (tree / "webcam/images").rename(tree / "webcam/pictures")
        case "truncated":
            path = tree / "amazon/images/bike/frame_0001.jpeg"
            path.write_bytes(path.read_bytes()[:-200])
        case "not a picture":
            (tree / "amazon/images/bike/frame_0002.jpg").write_text("<html>")
        case "wrong extension":
            Image.new("RGB", (9, 9)).save(tree / "dslr/images/ruler/frame_0009.gif")
        case "stray class":
            (tree / "webcam/images/mugs").mkdir()
        case "stray domain":
            (tree / "caltech").mkdir()
        case "folder in a class":
            (tree / "amazon/images/pen/more").mkdir()
        case "stray file":
            (tree / "amazon/readme.txt").write_text("hello")


def test_all_faults_are_told_at_once_and_many_are_counted(tree):
    for label in ITEMS[:12]:
        (tree / "amazon/images" / label / "x.gif").write_text("")
    message = refused(tree, "12 found that should not be so", "... and 2 more")
    assert message.count("x.gif") == 10


def test_files_of_the_system_are_nobodys_fault(tree):
    (tree / ".DS_Store").write_text("")
    (tree / "amazon/images/mug/Thumbs.db").write_text("")
    assert len(photographs(tree)) == 93


def test_the_folder_above_or_another_one_is_told_apart(tree, tmp_path):
    refused(tmp_path, f"The folder {tree} has them: give that")
    refused(tmp_path / "nowhere", "there is no such folder")
    (tmp_path / "other").mkdir()
    refused(tmp_path / "other", "there is no folder amazon, dslr, webcam in it")


def test_prepared_once_the_folder_is_not_needed_any_more(tree, tmp_path):
    parameters = {"name": "office31", "size": SIZE, "scale": 1.0}
    first = prepare_dataset(parameters, tmp_path / "data", FromFolder(tree))
    tree.rename(tmp_path / "elsewhere")
    again = prepare_dataset(parameters, tmp_path / "data")
    assert (again.fingerprint, again.heads) == (first.fingerprint, HEADS)
    assert again.load()["train"][1].shape == (74, 2)


def test_given_a_folder_again_it_is_read_again(tree, tmp_path):
    parameters = {"name": "office31", "size": SIZE, "scale": 1.0}
    first = prepare_dataset(parameters, tmp_path / "data", FromFolder(tree))
    Image.new("RGB", (30, 30), "white").save(tree / "amazon/images/mug/frame_0002.jpg")
    second = prepare_dataset(parameters, tmp_path / "data", FromFolder(tree))
    assert second.fingerprint != first.fingerprint
    assert sum(second.counts.values()) == 94


def test_without_a_folder_the_command_is_told(tmp_path):
    with pytest.raises(DataError, match="hpbench data prepare office31 --from FOLDER"):
        prepare_dataset({"name": "office31", "size": SIZE, "scale": 1.0}, tmp_path)


# --- how many there are


def test_the_published_counts_add_up():
    assert [sum(counts[place] for counts in IMAGES.values()) for place in range(3)] == [2817, 498, 795]
    assert len(IMAGES) == 31


def test_differences_from_the_published_counts_are_named():
    counts = {(place, item): published[place] for item, published in enumerate(IMAGES.values()) for place in range(3)}
    assert differences(counts) == []
    counts[1, ITEMS.index("mug")] -= 1
    assert differences(counts) == ["dslr, mug: 7 images, published 8"]


# --- the stand-in


@pytest.fixture(scope="module")
def drawn():
    return office31_like({"size": 16, "share": 0.2}, None)


def test_the_stand_in_has_the_published_counts():
    """Counted without drawing."""
    from hpbench.parts.datasets.office31.drawn import _numbered

    counts = {}
    for domain, item, _ in _numbered(1.0):
        counts[domain, item] = counts.get((domain, item), 0) + 1
    assert differences(counts) == []


def test_the_same_numbers_give_the_same_picture_and_others_another():
    np.testing.assert_array_equal(draw(2, 17, 3), draw(2, 17, 3))
    assert (draw(2, 17, 3) != draw(2, 17, 4)).mean() > 0.2
    assert draw(0, 0, 0).shape == (100, 100, 3)


def test_the_stand_in_is_generated_and_shown(drawn):
    assert drawn.generated
    assert drawn.heads == HEADS
    assert set(drawn.pictures) == {"contact-sheet", "examples"}
    assert all(picture.startswith(b"\x89PNG") for picture in drawn.pictures.values())


def test_domains_look_as_they_should():
    """Articles on white; photographs that are not; the webcam's have little detail."""
    corners, detail = [], []
    for domain in range(3):
        images = np.stack([draw(domain, item, 1) for item in range(31)]).astype(float)
        corners.append(images[:, :5, :5].mean())
        detail.append(np.abs(np.diff(images, axis=2)).mean() / images.std())
    assert corners[0] > 245
    assert max(corners[1:]) < 215
    assert detail[2] < detail[1]


@pytest.mark.parametrize("reference", ["nearest neighbour", "logistic regression"])
def test_items_are_neither_trivial_nor_hopeless(drawn, reference):
    """The bounds that were set before any model of a benchmark was trained: 0.15 to 0.5 on pixels.

    On a fifth of the images at 16 x 16; with all at 100 x 100 the references reach 0.295 and 0.294.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    regression = LogisticRegression(C=0.01, max_iter=1000, tol=1e-3)  # 0.211, and with 1e-4 0.187
    model = KNeighborsClassifier(1) if reference == "nearest neighbour" else regression
    train, test = (part.reshape(len(part), -1) / 255 for part in (drawn.x_train, drawn.x_test))
    model.fit(train, drawn.y_train[:, 1])
    assert 0.15 <= model.score(test, drawn.y_test[:, 1]) <= 0.5
