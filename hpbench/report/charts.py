"""Charts as SVG text: Altair specifications, drawn by vl-convert without a network; equal input, equal bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbench.analysis.statistics import Interval
from hpbench.records.metrics import metric as described
from hpbench.report.curves import Mark, Series
from hpbench.report.markup import clean
from hpbench.report.numerals import BYTES_PER_MEGABYTE, with_unit

if TYPE_CHECKING:
    import altair as alt

WIDTH = 620
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"),
    *("#56B4E9", "#E69F00", "#882255", "#999933"),
)
"""Okabe and Ito's set for colour-blind readers (2008); two of Tol's "muted" set for its yellow, too light here."""
DASHES = ([1, 0], [7, 3], [2, 2], [8, 3, 2, 3], [4, 2], [11, 4], [6, 2, 2, 2, 2, 2], [3, 5], [14, 3, 4, 3])
SHAPES = (
    *("circle", "square", "triangle-up", "diamond", "cross"),
    *("triangle-down", "triangle-right", "triangle-left", "stroke"),
)
_GENERATED_ID = re.compile(r'(?<= id=")\w+(?=")|(?<=url\(#)\w+(?=\))')
_Data = list[dict[str, Any]]


@dataclass(frozen=True)
class _Look:
    """How series are told apart: one legend for colour, dash and shape together."""

    color: alt.Color
    dash: alt.StrokeDash
    shape: alt.Shape


def learning_curves(series: Sequence[Series], metric: str, title: str, places: Mapping[str, int] | None = None) -> str:
    """Mean over the seeds with its 95 % band; single seeds where there are fewer than 3.

    Args:
        series: At least one.
        metric: Of all series.
        title: Stands above the chart.
        places: Case to its place in the palette, so that it looks the same in every chart of a report.
    """
    unit = described(metric).unit
    names = _short_names([one.case for one in series])
    pairs = list(zip(series, names, strict=True))
    means = [row for one, name in pairs for row in _mean_rows(one, name, unit)]
    singles = [row for one, name in pairs if one.few for row in _single_rows(one, name, unit)]
    order = [places[one.case] if places else index for index, one in enumerate(series)]
    layers = _layers(means, singles, "iteration", _look(names, order), with_unit(described(metric).title, unit), unit)
    return _svg(_chart().layer(*layers).properties(width=WIDTH, height=320, title=_title(title)))


def case_marks(marks: Sequence[Mark], metric: str, title: str) -> str:
    """One point a case with its 95 % interval, over the seeds' values; the axis starts at zero.

    Args:
        marks: At least one.
        metric: Of all marks.
        title: Stands above the chart.
    """
    alt = _chart()
    unit = described(metric).unit
    names = _short_names([mark.case for mark in marks])
    rows = [{"case": name, **_row(mark.interval, unit)} for mark, name in zip(marks, names, strict=True)]
    seeds = [
        {"case": name, "mean": _scaled(value, unit)}
        for mark, name in zip(marks, names, strict=True)
        for value in mark.values
    ]
    x = alt.X("case:N", sort=names, title=None, axis=alt.Axis(labelAngle=_angle(names), labelLimit=0))
    axis = with_unit(described(metric).title, unit)
    y = alt.Y("mean:Q", title=axis, scale=alt.Scale(zero=True, nice=True))
    bounded = [row for row in rows if row["low"] is not None]
    layers = [
        _plot(seeds).mark_point(size=28, opacity=0.45, color="#555555").encode(x, y),
        _plot(bounded)
        .mark_rule(strokeWidth=2, color=COLOURS[0])
        .encode(x, alt.Y("low:Q", title=axis), alt.Y2("high:Q")),
        _plot(rows).mark_point(filled=True, size=75, opacity=1, color=COLOURS[0]).encode(x, y),
    ]
    return _svg(alt.layer(*layers).properties(width=WIDTH, height=260, title=_title(title)))


@dataclass(frozen=True)
class SurfaceMark:
    """One point of a grid: the panel and line it belongs to, its place on the axis, and the response there."""

    panel: str
    line: str
    place: float
    interval: Interval


def rate_effect(marks: Sequence[SurfaceMark], metric: str, title: str, axis: str, line_title: str) -> str:
    """The response against an axis on a logarithmic scale, one line for each setting of the others.

    Args:
        marks: At least one; panels and lines are drawn in the order in which they first occur.
        metric: The response.
        title: Stands above the chart.
        axis: What ``place`` is.
        line_title: What ``line`` is, above the legend.
    """
    alt = _chart()
    unit = described(metric).unit
    lines = list(dict.fromkeys(mark.line for mark in marks))
    panels = list(dict.fromkeys(mark.panel for mark in marks))
    rows = [
        {"panel": mark.panel, "series": mark.line, "place": mark.place, **_row(mark.interval, unit)} for mark in marks
    ]
    look = _look(lines, range(len(lines)), line_title)
    places = sorted({mark.place for mark in marks})
    ticks = alt.Axis(values=places, labelAngle=-45, labelExpr="format(datum.value, '~g')")
    x = alt.X("place:Q", title=axis, scale=alt.Scale(type="log", nice=False, padding=12), axis=ticks)
    response = with_unit(described(metric).title, unit)
    columns = min(3, len(panels))
    chart = (
        alt.layer(*_layers(rows, [], x, look, response, unit), data=_values(rows))
        .properties(width=(WIDTH + 20) // columns - 20, height=220)
        .facet(facet=alt.Facet("panel:N", sort=panels, title=None), columns=columns)
        .properties(title=_title(title))
    )
    return _svg(chart)


def _layers(means: _Data, singles: _Data, x: Any, look: _Look, title: str, unit: str) -> list[alt.Chart]:
    """Band, single seeds, mean and points."""
    alt = _chart()
    if isinstance(x, str):
        x = alt.X(f"{x}:Q", title=x)
    scale = _scale([*means, *singles], unit)
    y = alt.Y("mean:Q", title=title, scale=scale)
    low = alt.Y("low:Q", title=title, scale=scale)
    kinds = "datum.low !== null"
    plot = _plot(means) if singles or "panel" not in means[0] else alt.Chart()
    band = plot.transform_filter(kinds).mark_area(opacity=0.15).encode(x, low, alt.Y2("high:Q"), _quiet(look.color))
    mean = plot.mark_line(strokeWidth=2).encode(x, y, look.color, look.dash)
    point = plot.mark_point(filled=True, size=45, opacity=1).encode(x, y, look.color, look.shape)
    if not singles:
        return [band, mean, point]
    single = (
        _plot(singles).mark_line(strokeWidth=1, opacity=0.6).encode(x, y, look.color, look.dash, alt.Detail("seed:N"))
    )
    return [band, single, mean, point]
