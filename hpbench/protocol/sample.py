"""A few batches to be learnt by heart, and whether their inputs keep their labels from pass to pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpbench.protocol.data import Batch, Data, key_of
from hpbench.protocol.losses import class_numbers

BATCHES = 5
"""The document takes 5 to 10 mini-batches."""

MOST_READ = 20_000
"""Examples of each of two passes over a loader that are compared."""

APART = 0.1
"""Share of inputs with another label from which on inputs and labels are taken to be shuffled apart.

Two classes, one of which has 95 % of the examples, change 0.095 of their labels from one pass to the next.
"""


@dataclass(frozen=True)
class Sample:
    """A few batches, and what two passes over the data say about their labels.

    Attributes:
        batches: The first ones.
        compared: Inputs of a loader that were found again in the second pass.
        changed: Of these, how many had another label.
        twice: Inputs that occur among the few with different labels.
        loader: Whether the batches come from a loader; arrays keep their labels and are not compared.
    """

    batches: tuple[Batch, ...]
    compared: int = 0
    changed: int = 0
    twice: int = 0
    loader: bool = False

    @property
    def examples(self) -> int:
        """How many."""
        return sum(len(x) for x, _ in self.batches)

    @property
    def apart(self) -> bool:
        """Whether inputs and labels are shuffled apart from each other."""
        return self.changed > APART * self.compared


def sampled(data: Data) -> Sample:
    """The first batches; of a loader also what becomes of their labels in a second pass."""
    if data.train.in_memory:
        few = data.first(BATCHES)
        return Sample(tuple(few), twice=_with_two_labels(few))
    passes = [_read(data, number) for number in (0, 1)]
    first, second = map(_labels, passes)
    shared = first.keys() & second.keys()
    changed = sum(first[key] != second[key] for key in shared)
    few = passes[0][:BATCHES]
    return Sample(tuple(few), len(shared), changed, _with_two_labels(few), loader=True)


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


def _with_two_labels(batches: list[Batch]) -> int:
    """How many inputs occur with different labels."""
    return sum(len(kinds) > 1 for kinds in _labels(batches).values())
