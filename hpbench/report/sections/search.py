"""What each search found, how far its winner can be trusted, and which axis matters."""

from __future__ import annotations

import json
import math
from typing import Any

from hpbench.analysis.grid_and_random import budgets
from hpbench.analysis.importance import importance
from hpbench.analysis.search import Searched, expected_best_interval
from hpbench.analysis.surface import numeric_axes, river
from hpbench.records.metrics import metric as described
from hpbench.report.facts import Facts
from hpbench.report.figures import Figures
from hpbench.report.markup import Markup, escape, folded, join, table
from hpbench.report.numerals import MISSING, full_title, interval, number, plural
from hpbench.report.sections.circumstances import on_generated

BUDGETS = (1, 2, 4, 8, 16, 32, 64, 128)
HOW_TO_READ = Markup(
    """Points are proposed through keras-tuner. A trial that diverges is a bad result and not the end of a search.

- *Behind the points* of a picture, where they are 32 or more, lies the mean of the six nearest, weighted by distance
(KNeighborsRegressor of scikit-learn); what diverged counts as the worst. The best point has a ring.
- *Expected best*: of so many trials of a random search, with 95 % intervals from resampled points (Dodge et al. 2019).
- *Importance* of an axis: the share of the score's variance that a random forest loses on points it has not seen when
the axis is shuffled (permutation importance, Breiman 2001, by scikit-learn), with 95 % intervals from resampled
points."""
)


def searches(facts: Facts, figures: Figures) -> Markup:
    """A part for each search of the definition that was run."""
    if not facts.searches:
        return Markup("")
    parts = (_search(facts, found, figures) for found in facts.searches)
    return join("## Searches", on_generated(facts), HOW_TO_READ, *parts, _grid_and_random(facts))


def _grid_and_random(facts: Facts) -> Markup:
    """Both strategies at equal budgets, drawn from pools of trained points."""
    pools, by_study = facts.definition.pools, {found.study: found for found in facts.searches}
    if pools is None or pools.grid not in by_study or pools.random not in by_study:
        return Markup("")
    grid, random = by_study[pools.grid], by_study[pools.random]
    unit = described(grid.search.objective.metric).unit
    rows = [
        [
            str(one.points),
            str(one.grids),
            interval(one.grid, unit),
            interval(one.random, unit),
            interval(one.difference, unit),
            interval(one.win_rate, "1"),
            f"{one.distinct_grid} / {one.distinct_random}",
        ]
        for one in budgets(grid, random)
    ]
    if not rows:
        return Markup("")
    titles = [
        *("points", "different grids", "best by grid", "best by random", "random less grid"),
        *("random wins", "values of an axis, grid / random"),
    ]
    return join(
        "### Grid against random at equal budgets",
        f"A grid search is an even grid inside that of {escape(pools.grid)} ({len(grid.points)} points), a random one "
        f"is drawn from the {len(random.points)} points of {escape(pools.random)}.",
        "Means of the best score that a search of so many points finds, and how often random search finds the better "
        "one, ties counting half. The 95 % intervals resample both pools, because searches from one pool share its "
        "points.",
        table(titles, rows, numeric=0),
    )


def _search(facts: Facts, found: Searched, figures: Figures) -> Markup:
    objective = found.search.objective
    unit = described(objective.metric).unit
    better = "largest" if found.sign > 0 else "smallest"
    drawn = figures.searches.get(found.study)
    return join(
        f"### {escape(found.study)}: {found.search.strategy} search",
        f"{plural(len(found.points), 'point')} with {plural(len(found.points[0].scores), 'seed')} each; the {better} "
        f"{escape(full_title(objective.metric))} is the best. {100 * found.diverged:.0f} % of the trials diverged.",
        Markup(f"![{escape(drawn.title)}]({facts.definition.id}/{drawn.name})") if drawn else "",
        _winner(found, unit),
        _expected(found, unit),
        _importance(found),
        _river(found),
        _points(found, unit),
    )


def _winner(found: Searched, unit: str) -> Markup:
    rows = [[path, _shown(value)] for path, value in found.best.settings.items()]
    edges = ", ".join(f"{escape(path)} at its {end} end" for path, end in found.on_edge().items())
    again = (
        f"Run again with {plural(len(found.again_scores), 'fresh seed')}: {interval(found.again, unit)}; "
        f"{_luck(found, unit)}."
        if found.again_scores
        else "It was not run again."
    )
    when = found.points.index(found.best)
    seconds = found.seconds()
    took = f"{number(seconds[when], 's')} of {number(seconds[-1], 's')} s of all trials"
    return join(
        f"The best point, {escape(found.best.case)}, had {number(found.best.mean, unit)}. It was number {when + 1} of "
        f"{len(found.points)}, after {took}. {again}",
        f"It lies on the edge of the space ({edges}): a better one may lie outside." if edges else "",
        table(["axis", "best value"], rows, numeric=1),
    )


def _luck(found: Searched, unit: str) -> str:
    if found.luck > 0:
        return f"its first score was better by {number(found.luck, unit)}, the luck of the draw"
    return "its first score was no better"


def _points(found: Searched, unit: str) -> Markup:
    """Every point with its values, the best first."""
    paths = list(found.search.space)
    ranked = sorted(found.points, key=lambda point: found.sign * point.mean if point.mean == point.mean else -math.inf)
    rows = [
        [
            point.case.rpartition("/")[2],
            *(_shown(point.settings[path]) if path in point.settings else MISSING for path in paths),
            number(point.mean, unit),
            f"{100 * point.diverged:.0f} %",
        ]
        for point in reversed(ranked)
    ]
    titles = ["point", *paths, full_title(found.search.objective.metric), "diverged"]
    return folded("Every point, the best first", table(titles, rows, numeric=1))


def _expected(found: Searched, unit: str) -> Markup:
    """Only of a random search, whose points are exchangeable."""
    scores = [point.mean for point in found.points if point.mean == point.mean]
    if found.search.strategy != "random" or len(scores) < 2:
        return Markup("")
    rows = [
        [str(count), interval(expected_best_interval(scores, count, found.sign), unit)]
        for count in BUDGETS
        if count <= len(scores)
    ]
    return table(["trials", "expected best"], rows, numeric=1)


def _importance(found: Searched) -> Markup:
    shares = importance(found.points, found.search)
    if not shares:
        return Markup("Too few points, or none that differ, to say which axis matters.")
    ordered = sorted(shares.items(), key=lambda item: -item[1].mean)
    return table(["axis", "importance"], [[path, interval(share, "1")] for path, share in ordered], numeric=1)


def _river(found: Searched) -> Markup:
    """How the good points lie in the plane of the first two axes."""
    lies = river(found)
    if lies is None:
        return Markup("")
    first, second = numeric_axes(found.search)[:2]
    if lies.high < 0:
        said = "A larger value of one wants a smaller one of the other: the good points lie along a falling river"
    elif lies.low > 0:
        said = "They want to be large together, or small: the good points lie along a rising river"
    else:
        said = "No direction is told from none"
    return join(
        f"Among the best quarter of the points {escape(first)} and {escape(second)} have the rank correlation "
        f"{interval(lies, '1')} (Spearman's). {said}."
    )


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return number(value, "1")
    return value if isinstance(value, str) else (json.dumps(value) if value is not None else MISSING)
