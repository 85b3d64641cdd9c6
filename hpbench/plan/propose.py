"""The points of a search, proposed through keras-tuner; everything else about a trial is the suite's own.

The whole plan is made first and handed out by an oracle of our own, so that trials may run side by side and a search
that was stopped goes on with what is missing. What keras-tuner keeps of it is a mirror of the store, in a folder that
is thrown away.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hpbench.parts.quiet import quiet_errors

with warnings.catch_warnings(), quiet_errors():
    warnings.simplefilter("ignore")
    import keras_tuner
    from keras_tuner.engine.base_tuner import BaseTuner
    from keras_tuner.engine.trial import TrialStatus

from hpbench.catalogue.spaces import AXES
from hpbench.definition.searching import Search
from hpbench.plan.axes import Searched
from hpbench.records.seeds import derive
from hpbench.records.trial import canonical_json

Point = Mapping[str, Any]
"""Path of a setting to its value; an axis whose condition does not hold is not there."""


def points(search: Search, benchmark: str, study: str) -> list[Point]:
    """The points of a search, in the order in which they are proposed.

    A grid has every combination, its first axis slowest; a point that conditions make equal to another stands once.
    A random search draws each axis with a generator of its own, seeded by the benchmark, the study, the search's seed
    and the axis, so that no two share draws and another axis changes none of the others.

    Args:
        search: What is asked for.
        benchmark: The definition's id.
        study: The study's name.
    """
    axes = {path: AXES.load(axis.name)(axis, path) for path, axis in search.space.items()}
    raw = list(STRATEGIES[search.strategy](search, axes, benchmark, study))
    with tempfile.TemporaryDirectory() as folder, _quiet():
        proposed = PlannedTuner(PlannedOracle(raw, search, axes), folder, ()).proposed()
    found: list[Point] = [_settings(values, search, axes) for values in proposed]
    return found if search.strategy == "random" else _distinct(found)


def winner(search: Search, proposed: Sequence[Point], scores: Sequence[float]) -> int:
    """Which point is best, as keras-tuner's tuner finds when it is told the scores; the first of equal ones.

    Args:
        search: What was asked for.
        proposed: The points.
        scores: The objective at each; NaN, for a trial that diverged or failed, is the worst.

    Raises:
        ValueError: If no score is finite.
    """
    finite = [score for score in scores if math.isfinite(score)]
    if not finite:
        raise ValueError("no trial of the search has a finite objective")
    worst = min(finite) if search.objective.goal == "max" else max(finite)
    told = [score if math.isfinite(score) else worst for score in scores]
    axes = {path: AXES.load(axis.name)(axis, path) for path, axis in search.space.items()}
    with tempfile.TemporaryDirectory() as folder, _quiet():
        tuner = PlannedTuner(PlannedOracle(proposed, search, axes), folder, told)
        tuner.search(verbose=0)
        best = told[tuner.best()]
    return scores.index(best)


def _grid(_search: Search, axes: Mapping[str, Searched], _benchmark: str, _study: str) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*(axis.grid for axis in axes.values())):
        yield dict(zip(axes, values, strict=True))


def _random(search: Search, axes: Mapping[str, Searched], benchmark: str, study: str) -> Iterator[dict[str, Any]]:
    generators = {path: np.random.default_rng(derive("search", benchmark, study, search.seed, path)) for path in axes}
    for _ in range(search.trials or 0):
        yield {path: axis.hyperparameter.prob_to_value(generators[path].random()) for path, axis in axes.items()}


STRATEGIES = {"grid": _grid, "random": _random}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without keras-tuner's use of what Python calls deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _distinct(found: Iterable[Point]) -> list[Point]:
    """Each point once."""
    return list({canonical_json(point): point for point in found}.values())


def _settings(values: Mapping[str, Any], search: Search, axes: Mapping[str, Searched]) -> dict[str, Any]:
    """The settings of a point, without axes whose condition does not hold."""
    found: dict[str, Any] = {}
    for path, axis in search.space.items():
        if all(parent in found and found[parent] in allowed for parent, allowed in axis.when.items()):
            found[path] = axes[path].setting(values[path])
    return found


class PlannedOracle(keras_tuner.Oracle):  # type: ignore[misc]
    """Hands out the points of a plan, one after another, and then stops."""

    def __init__(self, plan: Sequence[Mapping[str, Any]], search: Search, axes: Mapping[str, Searched]) -> None:
        space = keras_tuner.HyperParameters()
        space._hps = {path: [axis.hyperparameter] for path, axis in axes.items()}
        super().__init__(
            objective=keras_tuner.Objective(search.objective.metric, search.objective.goal),
            max_trials=len(plan),
            hyperparameters=space,
            allow_new_entries=False,
            tune_new_entries=False,
            seed=1,  # none of its own draws is used
            max_retries_per_trial=0,
            max_consecutive_failed_trials=len(plan) + 1,
        )
        self._plan = list(plan)
        self.verbose = 0

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The next point."""
        place = len(self.start_order)
        if place >= len(self._plan):
            return {"status": TrialStatus.STOPPED, "values": None}
        return {"status": TrialStatus.RUNNING, "values": dict(self._plan[place])}

    def save(self) -> None:
        """Nothing: the plan and the suite's own store know all of it, and after each point it would be longer."""


class PlannedTuner(BaseTuner):  # type: ignore[misc]
    """Gives the points proposed, and tells the oracle the scores that the suite's own trials had."""

    def __init__(self, oracle: PlannedOracle, folder: str, scores: Sequence[float]) -> None:
        super().__init__(oracle, hypermodel=None, directory=folder, project_name="search", overwrite=True)
        self._scores = scores

    def proposed(self) -> list[dict[str, Any]]:
        """Every point of the plan."""
        found: list[dict[str, Any]] = []
        while (trial := self.oracle.create_trial(f"worker-{len(found)}")).status == TrialStatus.RUNNING:
            found.append(trial.hyperparameters.values)
        return found

    def run_trial(self, trial: Any, *_arguments: Any, **_keywords: Any) -> dict[str, float]:
        """The score of the point, which was trained before."""
        place = self.oracle.start_order.index(trial.trial_id)
        return {self.oracle.objective.name: self._scores[place]}

    def best(self) -> int:
        """The best point's place in the plan."""
        (trial,) = self.oracle.get_best_trials(1)
        return int(self.oracle.start_order.index(trial.trial_id))
