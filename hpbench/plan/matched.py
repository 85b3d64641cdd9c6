"""The planner of cases at equal latency: it measures, changes a setting, measures again, and then trains."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpbench.catalogue.work import MatchedLatency
from hpbench.definition.changes import with_changes
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import PlannedCase, Resolved
from hpbench.definition.schema import Settings
from hpbench.plan.cases import DataFingerprint, cells_of
from hpbench.plan.search import proposals, winners
from hpbench.records.trial import Cell, Trial, TrialResult

RATIO = "inference_ratio"
LARGEST_STEP = 4.0
"""Factor by which a value changes at most from one measurement to the next."""
SLOWEST_POWER = 0.5
"""Of the value, with which its latency is taken to grow at least: where a fixed cost counts, it hardly grows."""


def next_round(resolved: Resolved, data: DataFingerprint, results: Sequence[TrialResult]) -> list[Cell]:
    """All other cases, searches and the first latencies; then latencies, a value after another; at last what was found.

    With the trainings the values found are measured anew, with other seeds than the search's, so that what is reported
    is not the luck by which a value was chosen. Without the reference among the cases that are asked for nothing is
    searched.

    Args:
        resolved: The definition as asked for, whose planner is ``matched_latency``.
        data: Gives the fingerprint of the data set that settings name.
        results: Of the rounds before.
    """
    planner = resolved.definition.planner
    assert isinstance(planner, MatchedLatency)
    planned = resolved.planned_cases()
    matched = {item.case: item for item in planned if item.case.startswith(f"{planner.study}/")}
    if f"{planner.study}/{planner.reference}" not in matched:
        matched = {}
    others = [item for item in planned if item.case not in matched]
    search = _Search(planner, matched, resolved, data, results)
    missing = list(search.missing())
    if not results:
        return [*cells_of(resolved, others, data), *proposals(resolved, data), *missing]
    if missing:
        return missing
    trainings = cells_of(resolved, list(search.found()), data)
    last = [*search.confirmations(), *trainings, *winners(resolved, data, results)]
    return [] if all(search.is_done(cell) for cell in last) else last


class _Search:
    """What has been measured of each case, and what is to be measured next."""

    def __init__(
        self,
        planner: MatchedLatency,
        matched: Mapping[str, PlannedCase],
        resolved: Resolved,
        data: DataFingerprint,
        results: Iterable[TrialResult],
    ) -> None:
        self._planner = planner
        self._matched = matched
        self._reference = f"{planner.study}/{planner.reference}"
        self._resolved = resolved
        self._data = data
        self._cells: dict[tuple[str, int, int], Cell] = {}
        """Case, value and seed to the trial, made once: each value tried is asked for again and again."""
        self._measured: dict[str, float] = {}
        """Trial to its latency over that of the reference beside it; NaN if it ended without."""
        for result in results:
            self._measured[result.trial] = next(
                (
                    item.value
                    for item in result.observations
                    if item.name == RATIO and item.labels.get("batch") == str(planner.batch)
                ),
                math.nan,
            )

    def is_done(self, cell: Cell) -> bool:
        """Whether the trial has ended."""
        return cell.trial.identity in self._measured

    def missing(self) -> Iterator[Cell]:
        """The latency trials that are to be run next: at most one a case."""
        for name, item in self._matched.items():
            cell = self._cell(name, item, self._tried(name, item)[-1])
            if not self.is_done(cell):
                yield cell

    def found(self) -> Iterator[PlannedCase]:
        """The cases with the value whose latency came nearest to the reference's."""
        for name, item in self._matched.items():
            yield replace(item, settings=_with(item.settings, self._planner.setting, self._best(name, item)))

    def confirmations(self) -> Iterator[Cell]:
        """The latency trials of the values found, seed by seed, the order reversed every other seed."""
        names = list(self._matched)
        for seed in range(1, self._planner.confirm + 1):
            for name in reversed(names) if seed % 2 else names:
                item = self._matched[name]
                yield self._cell(name, item, self._best(name, item), seed)

    def _best(self, name: str, item: PlannedCase) -> int:
        """Of the values tried the one nearest to the reference's latency; what was not measured is farthest."""
        tried = self._tried(name, item)
        distances = [abs(math.log(self._ratio(name, item, value))) for value in tried]
        return min(zip(distances, tried, strict=True), key=lambda pair: (math.isnan(pair[0]), pair[0]))[1]

    def _tried(self, name: str, item: PlannedCase) -> list[int]:
        """Values of the setting that were measured, in order, and the next one if there is to be one.

        The search aims at half of what is asked for, so that what it finds is still near when it is measured anew.
        """
        tried = [self._value(item)]
        while name != self._reference and len(tried) <= self._planner.rounds:
            if not abs(self._ratio(name, item, tried[-1]) - 1) > self._planner.within / 2:  # near, or not known
                break
            following = _next_value({value: self._ratio(name, item, value) for value in tried})
            if following in tried:
                break
            tried.append(following)
        return tried

    def _value(self, item: PlannedCase) -> int:
        node: Any = item.settings
        for part in self._planner.setting.split("."):
            node = getattr(node, part)
        return int(node)

    def _ratio(self, name: str, item: PlannedCase, value: int) -> float:
        return self._measured.get(self._cell(name, item, value).trial.identity, math.nan)

    def _cell(self, name: str, item: PlannedCase, value: int, seed: int = 0) -> Cell:
        """The trial that measures a case with that value."""
        key = name, value, seed
        if key not in self._cells:
            self._cells[key] = self._new_cell(name, item, value, seed)
        return self._cells[key]

    def _new_cell(self, name: str, item: PlannedCase, value: int, seed: int) -> Cell:
        beside = self._matched[self._reference].settings.model.model_dump(mode="json")
        procedure = {"name": "latency", "batch_sizes": sorted({1, self._planner.batch}), "beside": beside}
        settings = _with(_with(item.settings, self._planner.setting, value), "training.procedure", procedure)
        definition = self._resolved.definition
        trial = Trial(
            definition.id, definition.version, settings.model_dump(mode="json"), seed, self._data(item.settings)
        )
        return Cell(self._planner.measuring(name, value), DEFAULT, trial, True)


def _next_value(ratios: Mapping[int, float]) -> int:
    """The value to be tried next: between two on either side of 1, else where a power of the value would reach 1.

    The power is that of the last two values, and at first the square.

    Args:
        ratios: Value tried to its latency over that of the reference, the last one tried at the end.
    """
    below = [value for value, ratio in ratios.items() if ratio < 1]
    above = [value for value, ratio in ratios.items() if ratio > 1]
    if below and above and max(below) < min(above):
        low, high = max(below), min(above)
        share = math.log(1 / ratios[low]) / math.log(ratios[high] / ratios[low])
        between = round(low * float(high / low) ** share)
        return min(max(between, low + 1), high - 1) if high - low > 1 else low
    *before, last = ratios
    power = 2.0
    if before and before[-1] != last and ratios[before[-1]] != ratios[last]:
        power = math.log(ratios[last] / ratios[before[-1]]) / math.log(last / before[-1])
    step = (1 / ratios[last]) ** (1 / min(max(power, SLOWEST_POWER), 3.0))
    following = round(last * min(max(step, 1 / LARGEST_STEP), LARGEST_STEP))
    return max(1, following if following != last else last + (1 if ratios[last] < 1 else -1))


def _with(settings: Settings, path: str, value: Any) -> Settings:
    return Settings.model_validate(with_changes(settings.model_dump(mode="json"), {path: value}))
