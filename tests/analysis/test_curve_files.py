"""Learning curves from CSV and from Keras histories; every mistake is told in words."""

import json
import math

import numpy as np
import pytest

from hpbench.analysis.curve_files import CurveFileError, history_curves, read_curves
from hpbench.analysis.diagnosis import diagnose


def written(folder, text, name="curves.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_log_of_keras_is_read(tmp_path):
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=["accuracy"])
    random = np.random.default_rng(0)
    images, labels = random.random((24, 3), dtype=np.float32), random.integers(0, 2, 24)
    log = tmp_path / "log.csv"
    history = model.fit(
        images,
        labels,
        epochs=4,
        validation_data=(images, labels),
        validation_freq=2,
        verbose=0,
        callbacks=[keras.callbacks.CSVLogger(str(log))],
    ).history
    dumped = tmp_path / "history.json"
    dumped.write_text(json.dumps(history))
    for found in (read_curves(log, classes=2), read_curves(dumped, classes=2), history_curves(history, classes=2)):
        np.testing.assert_allclose(found.train_loss, history["loss"])
        np.testing.assert_allclose(found.train_accuracy, history["accuracy"])
        np.testing.assert_array_equal(found.iterations, range(4))
        np.testing.assert_array_equal(np.isfinite(found.test_loss), [False, True, False, True])
        np.testing.assert_allclose(found.test_loss[1::2], history["val_loss"])
        assert found.reference == pytest.approx(math.log(2))


def test_columns_go_by_either_name_and_any_separator(tmp_path):
    text = "iteration;train_loss;test_loss;test_accuracy;lr\n10;2.0;2.1;0.2;0.1\n\n20;1.0;;0.5;0.01\n"
    found = read_curves(written(tmp_path, text))
    np.testing.assert_array_equal(found.iterations, [10, 20])
    np.testing.assert_array_equal(found.test_loss, [2.1, np.nan])
    np.testing.assert_array_equal(found.learning_rate, [0.1, 0.01])
    assert found.train_accuracy is None


def test_without_iterations_rows_are_counted_and_rows_without_a_loss_left_out(tmp_path):
    found = read_curves(written(tmp_path, "loss,other\n2,a\n,b\n1,c\n"))
    np.testing.assert_array_equal(found.iterations, [0, 1])
    np.testing.assert_array_equal(found.train_loss, [2, 1])


@pytest.mark.parametrize(("name", "text"), [("c.csv", "loss\n2.0\n1.0\nnan\n"), ("c.json", '{"loss": [2.0, NaN]}')])
def test_a_loss_written_as_nan_is_divergence(name, text, tmp_path):
    assert diagnose(read_curves(written(tmp_path, text, name))).shape == "diverged"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("c.csv", "", "is empty; it needs a line of column names, 'loss' among them"),
        ("c.csv", "\n1\n", "needs a column 'loss' or 'train_loss', the training loss; it has: none"),
        ("c.csv", "val_loss,accuracy\n1,0.5\n", "it has: val_loss, accuracy"),
        ("c.csv", "loss\n", "holds no training loss"),
        ("c.csv", "loss\n1.0\nhigh\n", "c.csv:3: 'high' in the column 'loss' is not a number"),
        ("c.csv", "epoch,loss\n0,2\n1,1\n0,2\n", "0 follows 1; iterations or epochs of one training go up"),
        ("c.csv", "epoch,loss\n,2\n1,1\n", "a row has no iteration or epoch"),
        ("c.csv", "loss,accuracy\n2,93.5\n", "an accuracy is a share from 0 to 1, such as 0.93; found 93.5"),
        ("c.json", "[1, 2]", "is to hold lists by name"),
        ("c.json", "{", "is not JSON"),
        ("c.json", '{"loss": 1}', "is to hold lists by name"),
        ("c.json", '{"loss": [1, "a"]}', "\"a\" in 'loss' is not a number"),
        ("c.json", '{"loss": [1, true]}', "is not a number"),
        ("c.json", '{"loss": [3, 2, 1], "val_loss": [1, 2]}', "'val_loss' has 2 values and the loss has 3"),
        ("c.json", '{"loss": []}', "holds no training loss"),
        ("c.json", "[" * 100_000, "is not JSON"),
        ("c.json", '{"loss": [1%s]}' % ("0" * 400), "too large"),
    ],
)
def test_a_bad_file_is_told_in_words(name, text, words, tmp_path):
    with pytest.raises(CurveFileError) as caught:
        read_curves(written(tmp_path, text, name))
    assert words in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(CurveFileError, match="cannot be read"):
        read_curves(tmp_path / "none.csv")
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"loss\n\xff\xfe\n")
    with pytest.raises(CurveFileError, match="not text in UTF-8"):
        read_curves(binary)


def test_lists_that_are_no_history_are_told_in_words():
    with pytest.raises(CurveFileError, match="the history needs a column 'loss'"):
        history_curves({"val_loss": [1.0]})
    with pytest.raises(CurveFileError, match="an accuracy is a share from 0 to 1"):
        history_curves({"loss": (1.0, 0.5), "accuracy": (50.0, 60.0)})
