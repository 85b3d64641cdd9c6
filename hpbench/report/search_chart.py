"""A search as a picture: its points in the space, what each axis alone shows, and its course.

The marginal plots are in the way of Bergstra and Bengio (2012, figure 1), the plane of learning rate and regularisation
in that of Radosavovic et al. (2019, figure 3).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from hpbench.analysis.search import Searched
from hpbench.analysis.surface import numeric_axes, surface
from hpbench.report.charts import COLOURS, WIDTH, axis_title, drawn_svg
from hpbench.report.markup import clean

_SIDE = 380
_MARGIN = 150


def search_chart(found: Searched, title: str) -> str:
    """The first two axes against each other, coloured by the objective, with each alone beside; the best so far below.

    Behind the points lies the objective smoothed between them; the best one has a ring.

    A search of one axis has its objective over that axis, and the best so far.

    Args:
        found: The search.
        title: Stands above the chart.
    """
    import altair as alt

    paths = numeric_axes(found.search)[:2]
    rows = _rows(found, paths)
    course = _course(found)
    if not paths:
        return drawn_svg(course.properties(title=clean(title)), rows)
    x = _axis(found, paths[0])
    score = alt.Y("score:Q", title=axis_title(found.search.objective.metric), scale=alt.Scale(zero=False))
    if len(paths) == 1:
        alone = _plot().encode(alt.X("x:Q", **x), score).properties(width=WIDTH - 90, height=240)
        return drawn_svg(alt.vconcat(alone, course).properties(title=clean(title)), rows)
    y = _axis(found, paths[1])
    look: dict[str, Any] = {
        "title": axis_title(found.search.objective.metric),
        "scale": alt.Scale(scheme="viridis"),
        "legend": alt.Legend(orient="bottom", gradientLength=220),
    }
    behind = (
        alt.Chart(alt.NamedData(name="rows"))
        .transform_filter("isValid(datum.smooth)")
        .mark_rect(opacity=0.55)
        .encode(alt.X("left:Q", **x), alt.Y("lower:Q", **y), alt.X2("right:Q"), alt.Y2("upper:Q"))
        .encode(color=alt.Color("smooth:Q", **look))
    )
    top = _plot().encode(alt.X("x:Q", **(x | {"title": None})), score).properties(width=_SIDE, height=_MARGIN)
    points = _plot(90, stroke="white").encode(alt.X("x:Q", **x), alt.Y("y:Q", **y), alt.Color("score:Q", **look))
    best = (
        _plot(260, stroke=COLOURS[1], strokeWidth=2.5, fill=None)
        .transform_filter("datum.is_best")
        .encode(alt.X("x:Q", **x), alt.Y("y:Q", **y))
    )
    space = alt.layer(behind, points, best).properties(width=_SIDE, height=_SIDE)
    right = (
        _plot()
        .encode(alt.X("score:Q", title=None, scale=alt.Scale(zero=False)), alt.Y("y:Q", **(y | {"title": None})))
        .properties(width=_MARGIN, height=_SIDE)
    )
    chart = alt.vconcat(top, alt.hconcat(space, right), course)
    return drawn_svg(chart.properties(title=clean(title)), rows + _smoothed(found))


def _smoothed(found: Searched) -> list[dict[str, Any]]:
    """The cells of the surface, each with its ends."""
    cells = surface(found)
    if cells is None:
        return []
    return [
        {"left": x[0], "right": x[1], "lower": y[0], "upper": y[1], "smooth": value}
        for x, column in zip(pairwise(cells.x.tolist()), cells.values.tolist(), strict=True)
        for y, value in zip(pairwise(cells.y.tolist()), column, strict=True)
    ]


def _plot(size: int = 30, **look: Any) -> Any:
    import altair as alt

    return (
        alt.Chart(alt.NamedData(name="rows"))
        .transform_filter("isValid(datum.score)")
        .mark_point(filled=True, size=size, opacity=0.9, color=COLOURS[0], **look)
    )


def _axis(found: Searched, path: str) -> dict[str, Any]:
    import altair as alt

    axis = found.search.space[path]
    log = axis.name == "log"
    scale = alt.Scale(type="log" if log else "linear", domain=[axis.low, axis.high], nice=False, padding=8)
    ticks: dict[str, Any] = {"format": "~e", "tickCount": 5} if log else {}
    title = path.rpartition(".")[2].replace("_", " ")
    return {"title": title, "scale": scale, "axis": alt.Axis(grid=False, **ticks)}


def _rows(found: Searched, paths: list[str]) -> list[dict[str, Any]]:
    rows = []
    best, seconds = found.best_so_far().tolist(), found.seconds().tolist()
    for number, point in enumerate(found.points, start=1):
        places = {
            letter: float(point.settings[path])
            for letter, path in zip("xy", paths, strict=False)
            if path in point.settings
        }
        when = {"trial": number, "seconds": _finite(seconds[number - 1])}
        rows.append(
            {
                **when,
                **places,
                "is_best": point is found.best,
                "score": _finite(point.mean),
                "best": _finite(best[number - 1]),
            }
        )
    return rows


def _course(found: Searched) -> Any:
    """The best so far against points and against the seconds that their trials took, added up."""
    import altair as alt

    score: dict[str, Any] = {"title": axis_title(found.search.objective.metric), "scale": alt.Scale(zero=False)}
    panels = []
    for field, title in (("trial", "points"), ("seconds", "seconds of their trials, added up")):
        plot = alt.Chart(alt.NamedData(name="rows")).transform_filter(f"isValid(datum.{field})")
        x = alt.X(f"{field}:Q", title=title, scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=5))
        points = plot.transform_filter("isValid(datum.score)").mark_point(
            filled=True, size=30, color="#777", opacity=0.6
        )
        line = plot.transform_filter("isValid(datum.best)").mark_line(
            interpolate="step-after", color=COLOURS[1], strokeWidth=2
        )
        panel = alt.layer(points.encode(x, alt.Y("score:Q", **score)), line.encode(x, alt.Y("best:Q", **score)))
        panels.append(panel.properties(width=(WIDTH - 150) // 2, height=200))
        score["title"] = None
    return alt.hconcat(*panels, title="Best so far")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
