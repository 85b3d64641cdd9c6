"""A search as a picture: its points in the space, what each axis alone shows, and its course.

The marginal plots are in the way of Bergstra and Bengio (2012, figure 1).
"""

from __future__ import annotations

import math
from typing import Any

from hpbench.analysis.search import Searched
from hpbench.report.charts import COLOURS, WIDTH, axis_title, drawn_svg
from hpbench.report.markup import clean

_SIDE = 380
_MARGIN = 150


def search_chart(found: Searched, title: str) -> str:
    """The first two axes against each other, coloured by the objective, with each alone beside; the best so far below.

    A search of one axis has its objective over that axis, and the best so far.

    Args:
        found: The search.
        title: Stands above the chart.
    """
    import altair as alt

    paths = [path for path, axis in found.search.space.items() if axis.name in ("linear", "log", "integer")][:2]
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
    colour = alt.Color(
        "score:Q",
        title=axis_title(found.search.objective.metric),
        scale=alt.Scale(scheme="viridis"),
        legend=alt.Legend(orient="bottom", gradientLength=220),
    )
    top = _plot().encode(alt.X("x:Q", **(x | {"title": None})), score).properties(width=_SIDE, height=_MARGIN)
    space = _plot(90).encode(alt.X("x:Q", **x), alt.Y("y:Q", **y), colour).properties(width=_SIDE, height=_SIDE)
    right = (
        _plot()
        .encode(alt.X("score:Q", title=None, scale=alt.Scale(zero=False)), alt.Y("y:Q", **(y | {"title": None})))
        .properties(width=_MARGIN, height=_SIDE)
    )
    chart = alt.vconcat(top, alt.hconcat(space, right), course)
    return drawn_svg(chart.properties(title=clean(title)), rows)


def _plot(size: int = 30) -> Any:
    import altair as alt

    return (
        alt.Chart(alt.NamedData(name="rows"))
        .transform_filter("isValid(datum.score)")
        .mark_point(filled=True, size=size, opacity=0.9, color=COLOURS[0])
    )


def _axis(found: Searched, path: str) -> dict[str, Any]:
    import altair as alt

    axis = found.search.space[path]
    scale = alt.Scale(
        type="log" if axis.name == "log" else "linear", domain=[axis.low, axis.high], nice=False, padding=8
    )
    return {"title": path.rpartition(".")[2].replace("_", " "), "scale": scale}


def _rows(found: Searched, paths: list[str]) -> list[dict[str, Any]]:
    rows = []
    best = found.best_so_far().tolist()
    for number, point in enumerate(found.points, start=1):
        places = {
            letter: float(point.settings[path])
            for letter, path in zip("xy", paths, strict=False)
            if path in point.settings
        }
        rows.append({"trial": number, **places, "score": _finite(point.mean), "best": _finite(best[number - 1])})
    return rows


def _course(found: Searched) -> Any:
    import altair as alt

    title = axis_title(found.search.objective.metric)
    x = alt.X("trial:Q", title="trials", scale=alt.Scale(domain=[0, len(found.points)], nice=False))
    plot = alt.Chart(alt.NamedData(name="rows"))
    scale = alt.Scale(zero=False)
    points = plot.transform_filter("isValid(datum.score)").mark_point(filled=True, size=30, color="#777", opacity=0.6)
    line = plot.transform_filter("isValid(datum.best)").mark_line(
        interpolate="step-after", color=COLOURS[1], strokeWidth=2
    )
    return alt.layer(
        points.encode(x, alt.Y("score:Q", title=title, scale=scale)),
        line.encode(x, alt.Y("best:Q", title=title, scale=scale)),
    ).properties(width=WIDTH - 90, height=200, title="Best so far")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
