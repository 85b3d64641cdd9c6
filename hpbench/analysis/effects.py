"""What each axis of a grid does to accuracy, time and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpbench.analysis.evidence import CLOCK, Evidence, SeriesIndex, common_seeds, default_evidence
from hpbench.analysis.statistics import Floats, Interval, mean_interval, mean_interval_or_undefined
from hpbench.analysis.variance import doubling_effect, rank_correlation, variance_shares
from hpbench.catalogue.part import Parameters
from hpbench.catalogue.takes import At, Final
from hpbench.definition.cells import study_cases
from hpbench.definition.resolve import Resolved
from hpbench.records.metrics import metric as metric_of
from hpbench.records.tables import RunTables

ACCURACY = "test_accuracy"
COSTS = ("seconds_per_100_iterations", "host_memory_training")

Level = float | int | str
"""A value of an axis."""


@dataclass(frozen=True)
class Share:
    """The share of a response's variance over the grid that one axis, or an interaction of axes, explains.

    Attributes:
        axes: One name for a main effect, more for an interaction.
        share: Between 0 and 1, over the seeds; NaN if the response is constant.
    """

    axes: tuple[str, ...]
    share: Interval


@dataclass(frozen=True)
class AxisEffect:
    """The direction of an axis' effect, over all other axes. NaN for an axis that is not a positive number.

    Attributes:
        axis: Its name.
        doubling: Change of the response when the axis doubles: slope on its log2, in the response's unit.
        rank_correlation: Spearman's, between -1 and 1. Near 0 does not mean no effect: it may go up and down.
    """

    axis: str
    doubling: Interval
    rank_correlation: Interval


@dataclass(frozen=True)
class SurfacePoint:
    """The response at one point of the grid, over the seeds.

    Attributes:
        point: Axis to its value, the grid's axes only.
        iteration: Where the response was read; None for one of the whole trial.
        interval: Mean and 95 % interval over the seeds.
    """

    point: Mapping[str, Level]
    iteration: int | None
    interval: Interval


@dataclass(frozen=True)
class Response:
    """Effects on one response.

    Attributes:
        metric: See ``hpbench.records.metrics``.
        unit: Of ``doubling`` and ``surface``.
        iteration: Where it was read; None for the whole trial, or where iterations are an axis.
        axes: Names of the axes; the last is ``iterations`` where the response was read at several.
        seeds: Seeds with a full grid.
        shares: Main effects first, then interactions; their means sum to 1.
        effects: One an axis.
        surface: One point each; every point of the grid, at every iteration read.
    """

    metric: str
    unit: str
    iteration: int | None
    axes: tuple[str, ...]
    seeds: int
    shares: tuple[Share, ...]
    effects: tuple[AxisEffect, ...]
    surface: tuple[SurfacePoint, ...]


@dataclass(frozen=True)
class Effects:
    """Effects of a study's grid.

    Attributes:
        study: Its name.
        axes: Axis to its values.
        responses: Accuracy with iterations as an axis, accuracy at each iteration read, time, memory: those
            measured at every point of the grid in at least one seed.
        not_measured: Responses left out because the grid is not full: ``"host_memory_training"``.
    """

    study: str
    axes: Mapping[str, tuple[Level, ...]]
    responses: tuple[Response, ...]
    not_measured: tuple[str, ...]


def effects(tables: RunTables, resolved: Resolved, study: str, index: SeriesIndex | None = None) -> Effects | None:
    """The effects of a study's grid in the default reading; None without one, or if no response is full."""
    body = resolved.definition.studies[study]
    if not body.grid:
        return None
    grid = _Grid(default_evidence(tables, resolved, index), study, body.grid)
    responses: list[Response] = []
    not_measured: list[str] = []
    for metric, iterations in _to_read(body.read_at):
        response = _response(grid, metric, iterations)
        if response:
            responses.append(response)
        elif metric not in not_measured:
            not_measured.append(metric)
    if not responses:
        return None
    return Effects(study, body.grid, tuple(responses), tuple(not_measured))


def _to_read(read_at: Sequence[int]) -> list[tuple[str, tuple[int, ...]]]:
    """Responses as (metric, iterations read): several make an axis, none stands for the whole trial."""
    together = [tuple(read_at)] if len(read_at) > 1 else []
    each = [(iteration,) for iteration in read_at]
    accuracy = [(ACCURACY, iterations) for iterations in together + each]
    return [*accuracy, *((CLOCK, iterations) for iterations in together), *((metric, ()) for metric in COSTS)]


class _Grid:
    """A study's grid: the values of its points, seed by seed.

    Args:
        evidence: Of the default reading.
        study: Its name.
        axes: Axis to its values.
    """

    def __init__(self, evidence: Evidence, study: str, axes: Mapping[str, tuple[Level, ...]]) -> None:
        self.evidence = evidence
        self.axes = axes
        self.points: dict[str, Mapping[str, Level]] = dict(study_cases(study, {}, axes))

    def arrays(self, metric: str, takes: Sequence[Parameters]) -> list[Floats]:
        """One array a seed that has all points, finite: one dimension an axis, the last for the takes."""
        values = [[self.evidence.values(case, metric, take) for take in takes] for case in self.points]
        shape = (*(len(levels) for levels in self.axes.values()), len(takes))
        arrays = []
        for seed in common_seeds([found for point in values for found in point]):
            array = np.array([[found[seed] for found in point] for point in values]).reshape(shape)
            if np.isfinite(array).all():
                arrays.append(array)
        return arrays


def _response(grid: _Grid, metric: str, iterations: tuple[int, ...]) -> Response | None:
    """Effects on one response; None if no seed has the full grid."""
    takes: list[Parameters] = [At(name="at", iteration=iteration) for iteration in iterations]
    read = grid.arrays(metric, takes or [Final()])
    if not read:
        return None
    axes: dict[str, Sequence[Level]] = dict(grid.axes)
    if len(iterations) > 1:
        axes["iterations"] = iterations
    arrays = [array.reshape([len(levels) for levels in axes.values()]) for array in read]
    return Response(
        metric=metric,
        unit=metric_of(metric).unit,
        iteration=iterations[0] if len(iterations) == 1 else None,
        axes=tuple(axes),
        seeds=len(arrays),
        shares=_shares(arrays, tuple(axes)),
        effects=tuple(_axis_effect(arrays, position, axis, axes[axis]) for position, axis in enumerate(axes)),
        surface=_surface(grid, read, iterations or (None,)),
    )


def _shares(arrays: Sequence[Floats], axes: tuple[str, ...]) -> tuple[Share, ...]:
    """Variance shares over the seeds."""
    by_seed = [variance_shares(array, axes) for array in arrays]
    return tuple(Share(key, mean_interval_or_undefined(seed[key] for seed in by_seed)) for key in by_seed[0])


def _axis_effect(arrays: Sequence[Floats], position: int, axis: str, levels: Sequence[Level]) -> AxisEffect:
    """Direction of one axis' effect over the seeds."""
    return AxisEffect(
        axis=axis,
        doubling=mean_interval_or_undefined(doubling_effect(array, position, levels) for array in arrays),
        rank_correlation=mean_interval_or_undefined(rank_correlation(array, position, levels) for array in arrays),
    )


def _surface(grid: _Grid, read: Sequence[Floats], iterations: Sequence[int | None]) -> tuple[SurfacePoint, ...]:
    """Every point at every iteration read, over the seeds."""
    flat = [array.reshape(len(grid.points), len(iterations)) for array in read]
    return tuple(
        SurfacePoint(point, iteration, mean_interval(array[row, column] for array in flat))
        for column, iteration in enumerate(iterations)
        for row, point in enumerate(grid.points.values())
    )
