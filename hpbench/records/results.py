"""The results so far, as a planner sees them: read from the store when they are looked at."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import overload

from hpbench.records.store import Store
from hpbench.records.trial import Observation, TrialResult


class StoredResults(Sequence[TrialResult]):
    """Results in the order in which they were added, each read with its observations when it is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._attempts: list[int] = []

    def add(self, attempts: Iterable[int]) -> None:
        """Append attempts by their numbers in the store."""
        self._attempts += attempts

    def __len__(self) -> int:
        return len(self._attempts)

    @overload
    def __getitem__(self, index: int) -> TrialResult: ...

    @overload
    def __getitem__(self, index: slice) -> list[TrialResult]: ...

    def __getitem__(self, index: int | slice) -> TrialResult | list[TrialResult]:
        if isinstance(index, slice):
            return [self._read(number) for number in self._attempts[index]]
        return self._read(self._attempts[index])

    def _read(self, number: int) -> TrialResult:
        attempt, resolved = self._store.attempt(number)
        observations = tuple(
            Observation(name, math.nan if value is None else value, iteration, json.loads(labels))
            for _, name, value, iteration, labels in self._store.observations([number])
        )
        return TrialResult(
            attempt.trial, attempt.outcome, observations, attempt.timed, attempt.code, attempt.message, resolved
        )
