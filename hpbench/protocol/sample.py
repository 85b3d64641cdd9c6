"""A few batches to be learnt by heart, as each of several passes over the data gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hpbench.protocol.data import Batch, Data, key_of
from hpbench.protocol.losses import class_numbers

BATCHES = 5
"""The document takes 5 to 10 mini-batches."""

READ = 3
"""Passes over a loader that are compared: does an input keep its label?"""

MOST_READ = 20_000
"""Examples of each such pass that are looked at."""


@dataclass(frozen=True)
class Sample:
    """A few examples, as each of several passes over the data gives them.

    Attributes:
        passes: Batches of the same inputs in each pass; one pass for arrays.
        compared: Inputs that were found again in a later pass, and so could be compared.
        changed: Of these, how many had another label.
        twice: Inputs that occur in one pass with two labels.
        examples: Inputs of one pass.
        loader: Whether the batches come from a loader.
    """

    passes: tuple[tuple[Batch, ...], ...]
    compared: int
    changed: int
    twice: int
    examples: int
    loader: bool = False


def sampled(data: Data) -> Sample:
    """The first batches, in each of several passes, and whether their labels stay the same."""
    if data.train.in_memory:
        few = data.first(BATCHES)
        return Sample((tuple(few),), 0, 0, _with_two_labels(few), sum(len(x) for x, _ in few))
    passes = [_read(data, number) for number in range(READ)]
    labels = [_labels(batches) for batches in passes]
    shared = {key for key in labels[0] if all(key in others for others in labels[1:])}
    changed = sum(any(labels[0][key] != others[key] for others in labels[1:]) for key in shared)
    few = passes[0][:BATCHES]
    versions = [tuple(few)]
    common = _only(shared, passes[0]) if changed else []
    if common:
        few, versions = common, [_relabelled(common, batches) for batches in passes]
    examples = sum(len(x) for x, _ in few)
    return Sample(tuple(versions), len(shared), changed, _with_two_labels(few), examples, True)


def _read(data: Data, number: int) -> list[Batch]:
    """One pass over a loader, up to ``MOST_READ`` examples."""
    batches: list[Batch] = []
    count = 0
    for batch in data.train.epoch(number):
        batches.append(batch)
        count += len(batch[0])
        if count >= MOST_READ and len(batches) >= BATCHES:
            break
    return batches


def _labels(batches: list[Batch]) -> Mapping[bytes, frozenset[float]]:
    """The labels that each input has."""
    found: dict[bytes, frozenset[float]] = {}
    for x, y in batches:
        for example, label in zip(x, class_numbers(y).tolist(), strict=True):
            key = key_of(example)
            found[key] = found.get(key, frozenset()) | {label}
    return found


def _relabelled(few: list[Batch], other: list[Batch]) -> tuple[Batch, ...]:
    """The same inputs with the labels that another pass gives them."""
    labels = {key_of(example): label for x, y in other for example, label in zip(x, y, strict=True)}
    return tuple((x, np.stack([labels[key_of(example)] for example in x])) for x, _ in few)


def _only(shared: set[bytes], batches: list[Batch]) -> list[Batch]:
    """Batches of those inputs that every pass has, as large as the loader's, up to ``BATCHES`` of them."""
    size = len(batches[0][0])
    x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    rows = [index for index, example in enumerate(x) if key_of(example) in shared][: BATCHES * size]
    starts = range(0, len(rows) - size + 1, size)
    return [(x[rows[start : start + size]], y[rows[start : start + size]]) for start in starts]


def _with_two_labels(batches: list[Batch]) -> int:
    """How many inputs occur with different labels."""
    return sum(len(kinds) > 1 for kinds in _labels(batches).values())
