"""The data that the protocol examines: arrays, or a loader of one's own that is passed over epoch by epoch."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from hpbench.execution.interrupts import heed_interrupt
from hpbench.parts.own import faults_told
from hpbench.protocol.step import ProtocolError

Array = NDArray[Any]
Batch = tuple[Array, Array]

FEW = 100
"""Validation examples below which one of them is more than a per cent of accuracy."""

RIGHT = (
    "it has to be ((x_train, y_train), (x_validation, y_validation)), NumPy arrays; in place of the first pair a "
    "keras.utils.PyDataset, an iterable of batches (x, y), or a function that returns one of these for each epoch"
)


class Source(Protocol):
    """Training batches, epoch by epoch."""

    in_memory: bool

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one pass over the data; the number counts from 0."""
        ...


class ArraySource:
    """Arrays, cut into batches in an order that depends on seed and epoch alone; an incomplete last batch is left out.

    Args:
        x: Inputs (n, ...).
        y: Labels (n,) or (n, classes).
        batch_size: Examples in a batch; all examples, if they are fewer.
        seed: Of the order.
    """

    in_memory = True

    def __init__(self, x: Array, y: Array, batch_size: int, seed: int) -> None:
        self.x, self.y, self._seed = x, y, seed
        self._size = min(batch_size, len(x))

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one pass; the same number gives the same batches."""
        order = np.random.default_rng([self._seed, number]).permutation(len(self.x))
        for start in range(0, len(order) - self._size + 1, self._size):
            rows = order[start : start + self._size]
            yield self.x[rows], self.y[rows]


class LoaderSource:
    """A loader of one's own: its batches as it gives them.

    Args:
        train: A ``keras.utils.PyDataset``, an iterable of batches, or a function, of the epoch's number or of nothing,
            that returns one of these or a pair of arrays.
        name: Of the data, for messages.
        batch_size: Where a function returns arrays.
        seed: Of the order in which such arrays are cut into batches.
    """

    in_memory = False

    def __init__(self, train: Any, name: str, batch_size: int, seed: int) -> None:
        self._train, self._name, self._batch_size, self._seed = train, name, batch_size, seed

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one pass, checked one by one.

        Raises:
            OwnCodeError: The loader's code fails.
            ProtocolError: It gives something else than batches.
        """
        train = self._train
        with faults_told(self._name):
            if _is_function(train):
                train = train(number) if _takes_argument(train) else train()
        if _is_pair(train):
            x, y = _pair(train, self._name, f"the training data of epoch {number}")
            yield from ArraySource(x, y, self._batch_size, self._seed).epoch(number)
            return
        batches = iter(_passes(train, self._name))
        count = 0
        while True:
            heed_interrupt()
            with faults_told(self._name):
                batch = next(batches, None)
            if batch is None:
                break
            x, y = _pair(batch, self._name, f"batch {count} of epoch {number}")
            yield x.copy(), y.copy()  # a loader may shuffle in place what it has handed out
            count += 1
        if not count:
            raise ProtocolError(
                f"{self._name}: epoch {number} has no batches. An iterator can be passed over only once: return a "
                "function that makes a new one for each epoch, or a keras.utils.PyDataset"
            )


@dataclass(frozen=True)
class Data:
    """What a model is trained on and judged by.

    Attributes:
        name: For messages and the report.
        train: Training batches.
        x_validation: Inputs (n, ...).
        y_validation: Labels (n,) or one-hot (n, classes).
    """

    name: str
    train: Source
    x_validation: Array
    y_validation: Array

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader has to know of it."""
        count = len(self.x_validation)
        if count >= FEW:
            return ()
        return (f"There are {count} validation examples only: one of them is {1 / count:.0%} of accuracy.",)

    def first(self, count: int, epoch: int = 0) -> list[Batch]:
        """The first batches of an epoch: fewer, if it has fewer."""
        return list(islice(self.train.epoch(epoch), count))

    def examined(self, batches: list[Batch]) -> list[Batch]:
        """Inputs and labels to be looked at: arrays as a whole, of a loader these batches; and the validation data."""
        train = [(self.train.x, self.train.y)] if isinstance(self.train, ArraySource) else batches
        return [*train, (self.x_validation, self.y_validation)]

    def endless(self) -> Iterator[Batch]:
        """Batch after batch, epoch after epoch."""
        number = 0
        while True:
            yield from self.train.epoch(number)
            number += 1


def data_of(given: Any, name: str = "data", batch_size: int = 32, seed: int = 0) -> Data:
    """Bring data to the form that the steps use.

    Args:
        given: Returned as it is if it is a ``Data``; else the data, or a function of no arguments that returns it:
            ((x_train, y_train), (x_validation, y_validation)), where the first pair may be a loader (see
            ``LoaderSource``).
        name: For messages and the report.
        batch_size: Of arrays; a loader makes its own batches.
        seed: Of the order of arrays.

    Raises:
        OwnCodeError: The function fails.
        ProtocolError: It is something else.
    """
    if isinstance(given, Data):
        return given
    if callable(given):
        keras.utils.set_random_seed(seed)  # a tf.data.Dataset that shuffles asks for one where operations repeat
        with faults_told(name):
            given = given()
    if not (isinstance(given, (tuple, list)) and len(given) == 2):
        raise ProtocolError(f"{name}: {RIGHT}; found {_kind(given)}")
    train, validation = given
    x, y = _pair(validation, name, "the validation data")
    if _is_pair(train):
        x_train, y_train = _pair(train, name, "the training data")
        for part, train_part, other in (("inputs", x_train, x), ("labels", y_train, y)):
            if train_part.shape[1:] != other.shape[1:]:
                raise ProtocolError(
                    f"{name}: training {part} have shape {train_part.shape[1:]} each, validation {part} "
                    f"{other.shape[1:]}; they have to be alike"
                )
        return Data(name, ArraySource(x_train, y_train, batch_size, seed), x, y)
    if not _is_function(train):
        _passes(train, name)
    return Data(name, LoaderSource(train, name, batch_size, seed), x, y)


def key_of(example: Array) -> bytes:
    """A digest of one input: equal for equal inputs."""
    return hashlib.blake2b(np.ascontiguousarray(example).tobytes(), digest_size=16).digest()


def _passes(train: Any, name: str) -> Iterable[Any]:
    """One pass over a loader."""
    if isinstance(train, keras.utils.PyDataset):
        return _of_dataset(train)
    if isinstance(train, Iterable) and not isinstance(train, (str, bytes, dict)):
        return train
    raise ProtocolError(f"{name}: {RIGHT}; found {_kind(train)} for training")


def _of_dataset(dataset: Any) -> Iterator[Any]:
    """The batches of a PyDataset, with its methods of an epoch called as ``fit`` calls them."""
    dataset.on_epoch_begin()
    count = dataset.num_batches
    index = 0
    while count is None or index < count:
        yield dataset[index]
        index += 1
    dataset.on_epoch_end()


def _pair(given: Any, name: str, where: str) -> Batch:
    """Inputs and labels as arrays of numbers, as many of the one as of the other."""
    if not (isinstance(given, (tuple, list)) and len(given) == 2):
        count = f" of {len(given)}" if isinstance(given, (tuple, list)) else ""
        raise ProtocolError(f"{name}: {where} has to be a pair (inputs, labels); found {_kind(given)}{count}")
    arrays = []
    for part, value in zip(("inputs", "labels"), given, strict=True):
        try:
            array = np.asarray(value)
        except Exception as error:  # whatever the library of such an array raises
            raise ProtocolError(f"{name}: the {part} of {where} are no array of one shape ({error})") from error
        if array.dtype.kind not in "biuf" or array.ndim < 1:
            raise ProtocolError(
                f"{name}: the {part} of {where} have to be one array of numbers; found {_kind(value)} of "
                f"{array.dtype} with shape {array.shape}"
            )
        arrays.append(array)
    x, y = arrays
    if len(x) != len(y) or not len(x):
        raise ProtocolError(f"{name}: {where} has {len(x)} inputs and {len(y)} labels; one label an input is needed")
    return x, y


def _is_pair(given: Any) -> bool:
    """Whether it is a pair of arrays, and not a list of two batches."""
    return (
        isinstance(given, (tuple, list))
        and len(given) == 2
        and not any(isinstance(part, (tuple, list)) and len(part) == 2 for part in given)
    )


def _is_function(given: Any) -> bool:
    return callable(given) and not isinstance(given, (Iterable, keras.utils.PyDataset))


def _takes_argument(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(0)
    except (TypeError, ValueError):
        return False
    return True


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
