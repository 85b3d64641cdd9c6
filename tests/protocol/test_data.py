"""Data of one's own: arrays, loaders of every kind, and what is said of what is neither."""

import keras
import numpy as np
import pytest

from hpbench.parts.own import OwnCodeError
from hpbench.protocol import ProtocolError
from hpbench.protocol.data import data_of

X, Y = np.arange(40, dtype=np.float32).reshape(20, 2), np.arange(20) % 3
BATCHES = [(X[:10], Y[:10]), (X[10:], Y[10:])]


class Batches(keras.utils.PyDataset):
    ended = 0

    @property
    def num_batches(self):
        return 2

    def __getitem__(self, index):
        return BATCHES[index]

    def on_epoch_end(self):
        self.ended += 1


def generator(number):
    yield from BATCHES[: number + 1]


@pytest.mark.parametrize(
    "train",
    [
        (X, Y),
        [X.tolist(), Y.tolist()],
        BATCHES,
        Batches(),
        lambda: BATCHES,
        lambda number: BATCHES,
        lambda: (X, Y),
        lambda number: generator(1),
    ],
)
def test_every_kind_of_training_data_gives_all_examples(train):
    data = data_of((train, (X, Y)), batch_size=5)
    for number in (0, 1):
        batches = list(data.train.epoch(number))
        assert sorted(np.concatenate([x for x, _ in batches])[:, 0].tolist()) == X[:, 0].tolist()
        assert all(np.array_equal(Y[(x[:, 0] / 2).astype(int)], y) for x, y in batches)


def test_a_dataset_is_told_when_an_epoch_ends():
    dataset = Batches()
    data = data_of((dataset, (X, Y)))
    list(data.train.epoch(0))
    assert dataset.ended == 1


def test_the_order_of_arrays_depends_on_seed_and_epoch_alone():
    def order(seed, number):
        batches = data_of(((X, Y), (X, Y)), "data", 5, seed).train.epoch(number)
        return [x[:, 0].tolist() for x, _ in batches]

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)


def test_a_tensorflow_dataset_is_a_loader():
    import tensorflow as tf

    data = data_of((tf.data.Dataset.from_tensor_slices((X, Y)).batch(10), (X, Y)))
    assert [len(x) for x, _ in data.train.epoch(0)] == [10, 10]


def broken():
    raise RuntimeError("no file")


def breaks_later():
    yield BATCHES[0]
    raise RuntimeError("no more")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "has to be"),
        (((X, Y),), "has to be"),
        (((X, Y), (X, Y, Y)), "the validation data has to be a pair"),
        (((X, Y[:5]), (X, Y)), "20 inputs and 5 labels"),
        (((X[:, :1], Y), (X, Y)), "training inputs have shape (1,) each, validation inputs (2,)"),
        (((X, Y), (X, np.eye(3)[Y])), "training labels have shape () each, validation labels (3,)"),
        (((X, Y), (X, [str(y) for y in Y])), "one array of numbers"),
        ((7, (X, Y)), "a int for training"),
        (broken, "RuntimeError: no file"),
        ((lambda: breaks_later(), (X, Y)), "RuntimeError: no more"),
        ((iter([]), (X, Y)), "only once"),
        (([(X, Y, Y)], (X, Y)), "batch 0 of epoch 0 has to be a pair"),
    ],
)
def test_what_is_no_data_is_told_why(given, words):
    with pytest.raises((ProtocolError, OwnCodeError)) as told:
        list(data_of(given, "mine:data").train.epoch(0))
    assert words in str(told.value)
    assert "mine:data" in str(told.value)


def test_arrays_are_looked_at_as_a_whole_and_loaders_by_their_first_batches():
    arrays = data_of(((X, Y), (X[:5], Y[:5])), batch_size=5)
    assert [len(x) for x, _ in arrays.examined(arrays.first(1))] == [20, 5]
    loader = data_of((BATCHES, (X[:5], Y[:5])))
    assert [len(x) for x, _ in loader.examined(loader.first(1))] == [10, 5]


def test_few_validation_examples_are_remarked():
    assert "5 validation examples only: one of them is 20% of accuracy" in data_of(((X, Y), (X[:5], Y[:5]))).remarks[0]
