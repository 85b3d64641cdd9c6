"""Charts as SVG text: Altair specifications, drawn by vl-convert without a network; equal input, equal bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbench.analysis.statistics import Interval
from hpbench.records.metrics import metric as described
from hpbench.report.curves import Mark, Series
from hpbench.report.markup import clean
from hpbench.report.numerals import BYTES_PER_MEGABYTE, full_title, with_unit

if TYPE_CHECKING:
    import altair as alt

WIDTH = 720
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"),
    *("#56B4E9", "#E69F00", "#882255", "#999933"),
)
"""Okabe and Ito's set for colour-blind readers (2008); two of Tol's "muted" set for its yellow, too light here."""
DASHES = ([1, 0], [7, 3], [2, 2], [8, 3, 2, 3], [4, 2], [11, 4], [6, 2, 2, 2, 2, 2], [3, 5], [14, 3, 4, 3])
_STAR = "M0,-1L0.25,-0.3L1,-0.3L0.4,0.15L0.6,0.9L0,0.45L-0.6,0.9L-0.4,0.15L-1,-0.3L-0.25,-0.3Z"
SHAPES = (
    *("circle", "square", "triangle-up", "diamond", "cross"),
    *("triangle-down", "triangle-right", "triangle-left", _STAR),
)
CHARACTER = 7
"""Pixels that a character of a label takes, or a little less."""
MOST_DOTS = 30
"""Marks along a curve; a curve with more points has them at every second, third, ... of these."""
_GENERATED_ID = re.compile(r'(?<= id=")\w+(?=")|(?<=url\(#)\w+(?=\))')
_MEAN = -1
"""Stands for the seed in rows that are the mean over seeds."""
_ROWS = "rows"
_Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class SurfaceMark:
    """One point of a grid: the panel and line it belongs to, its place on the axis, and the response there."""

    panel: str
    line: str
    place: float
    interval: Interval


@dataclass(frozen=True)
class _Look:
    """How series are told apart: colour, dash and shape, with one legend."""

    color: alt.Color
    dash: alt.StrokeDash
    shape: alt.Shape


@dataclass(frozen=True)
class Across:
    """The horizontal axis of lines: what it is, the places that are marked (some if none), and whether logarithmic."""

    title: str
    ticks: tuple[float, ...] = ()
    log: bool = False


ITERATIONS = Across("iteration")


def learning_curves(
    series: Sequence[Series],
    names: Sequence[str],
    metric: str,
    title: str,
    places: Sequence[int] | None = None,
    log: bool = False,
    across: Across = ITERATIONS,
) -> str:
    """Mean over the seeds with its 95 % band; single seeds where there are fewer than 3.

    Args:
        series: At least one.
        names: What the legend calls each.
        metric: Of all series.
        title: Stands above the chart.
        places: Of each in the palette, so that a case looks the same in every chart of a report.
        log: Whether the values stand on a logarithmic axis; then those that are not positive are left out.
        across: The other axis.
    """
    import altair as alt

    unit = described(metric).unit
    rows = [row for one, name in zip(series, names, strict=True) for row in _curve_rows(one, name, unit)]
    rows = [row for row in map(_positive_ends, rows) if row["mean"] > 0] if log else rows
    look = _look(names, places or range(len(names)))
    linear = alt.Scale(zero=False, nice=False, padding=8)
    scale = alt.Scale(type="log", nice=False, padding=8) if across.log else linear
    ticks = (
        alt.Axis(values=list(across.ticks), labelExpr="toString(datum.value)")
        if across.ticks
        else alt.Axis(tickCount=10, format="~f")
    )
    x = alt.X("place:Q", title=across.title, scale=scale, axis=ticks)
    chart = alt.layer(*_layers(rows, x, look, metric, log), data=alt.NamedData(name=_ROWS))
    return drawn_svg(chart.properties(width=WIDTH, height=320, autosize=_fit(), title=clean(title)), rows)


def case_marks(marks: Sequence[Mark], metric: str, title: str) -> str:
    """One point a case with its 95 % interval, over the seeds' values; the axis starts at zero.

    Args:
        marks: At least one.
        metric: Of all marks.
        title: Stands above the chart.
    """
    import altair as alt

    unit = described(metric).unit
    names = short_names([mark.case for mark in marks])
    rows: _Rows = []
    for mark, name in zip(marks, names, strict=True):
        rows += [{"case": name, "seed": seed, "mean": _scaled(v, unit)} for seed, v in enumerate(mark.values)]
        rows.append({"case": name, "seed": _MEAN, **_ends(mark.interval, unit)})
    crowded = len(names) * max(map(len, names)) * CHARACTER > WIDTH
    labels = alt.Axis(labelAngle=-45 if crowded else 0, labelLimit=0)
    x = alt.X("case:N", sort=names, title=None, axis=labels)
    title_y = axis_title(metric)
    y = alt.Y("mean:Q", title=title_y, scale=alt.Scale(zero=True))
    low = alt.Y("low:Q", title=title_y)
    plot = alt.Chart()
    layers = [
        plot.transform_filter(f"datum.seed > {_MEAN}").mark_point(size=30, opacity=0.5, color="#555").encode(x, y),
        plot.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5, color=COLOURS[0])
        .encode(x, low, alt.Y2("high:Q")),
        plot.transform_filter(f"datum.seed == {_MEAN}").mark_point(filled=True, size=45, opacity=1, color=COLOURS[0])
        .encode(x, y),
    ]  # fmt: skip
    chart = alt.layer(*layers, data=alt.NamedData(name=_ROWS))
    return drawn_svg(chart.properties(width=WIDTH, height=260, autosize=_fit(), title=clean(title)), rows)


def rate_effect(marks: Sequence[SurfaceMark], metric: str, title: str, axis: str, line_title: str) -> str:
    """The response against an axis on a logarithmic scale, one line for each setting of the others.

    Args:
        marks: At least one; panels and lines are drawn in the order in which they first occur.
        metric: The response.
        title: Stands above the chart.
        axis: What ``place`` is.
        line_title: What ``line`` is, above the legend.
    """
    import altair as alt

    unit = described(metric).unit
    lines, panels = (list(dict.fromkeys(names)) for names in zip(*((m.line, m.panel) for m in marks), strict=True))
    rows: _Rows = [
        {"panel": m.panel, "series": m.line, "place": m.place, "seed": _MEAN, **_ends(m.interval, unit)}
        for m in marks
        if math.isfinite(m.interval.mean)
    ]
    ticks = alt.Axis(values=sorted({mark.place for mark in marks}), labelAngle=-45, format="~g")
    x = alt.X("place:Q", title=axis, scale=alt.Scale(type="log", nice=False, padding=10), axis=ticks)
    columns = min(3, len(panels))
    layers = _layers(rows, x, _look(lines, range(len(lines)), line_title), metric)
    panel = alt.layer(*layers, data=alt.NamedData(name=_ROWS)).properties(
        width=(WIDTH - 60) // columns - 22, height=220
    )
    facet = alt.Facet("panel:N", sort=panels, title=None)
    return drawn_svg(panel.facet(facet=facet, columns=columns).properties(title=clean(title)), rows)


def axis_title(metric: str) -> str:
    """What an axis shows, with its unit: ``time, per 100 iterations (s)``."""
    return with_unit(full_title(metric), described(metric).unit)


def short_names(cases: Sequence[str]) -> list[str]:
    """Names of cases, without the study's name where all are of one study."""
    studies = {case.rpartition("/")[0] for case in cases}
    return [case.rpartition("/")[2] for case in cases] if len(studies) == 1 else list(cases)


def _layers(rows: _Rows, x: alt.X, look: _Look, metric: str, log: bool = False) -> list[alt.Chart]:
    """Band, single seeds, mean and points, over data with ``place``, ``series``, ``seed``, ``mean`` and ends."""
    import altair as alt

    unit = described(metric).unit
    title, scale = axis_title(metric), alt.Scale(type="log") if log else _scale(rows, unit)
    y, low = alt.Y("mean:Q", title=title, scale=scale), alt.Y("low:Q", title=title, scale=scale)
    plot = alt.Chart()
    single = plot.transform_filter(f"datum.seed > {_MEAN}")
    mean = plot.transform_filter(f"datum.seed == {_MEAN}")
    return [
        plot.transform_filter("isValid(datum.low)")
        .mark_area(opacity=0.15)
        .encode(x, low, alt.Y2("high:Q"), look.color),
        single.mark_line(strokeWidth=1, opacity=0.6).encode(x, y, look.color, look.dash, alt.Detail("seed:N")),
        mean.mark_line(strokeWidth=2).encode(x, y, look.color, look.dash),
        mean.transform_filter("datum.dot !== false")
        .mark_point(filled=True, size=45, opacity=1)
        .encode(x, y, look.color, look.shape),
    ]


def _look(names: Sequence[str], places: Iterable[int], title: str | None = None) -> _Look:
    import altair as alt

    order = list(places)
    domain = list(names)
    columns = max(1, min(len(domain), WIDTH // (60 + 7 * max(map(len, domain)))))
    legend = alt.Legend(
        title=title, orient="bottom", columns=columns, labelLimit=0, symbolOpacity=1, symbolStrokeWidth=0, symbolLimit=0
    )

    def scale(values: Sequence[Any], shift: int) -> alt.Scale:
        return alt.Scale(domain=domain, range=[values[(p + shift * (p // len(values))) % len(values)] for p in order])

    return _Look(
        alt.Color("series:N", scale=scale(COLOURS, 0), legend=legend),
        alt.StrokeDash("series:N", scale=scale(DASHES, 1), legend=None),
        alt.Shape("series:N", scale=scale(SHAPES, 2), legend=legend),
    )


def _curve_rows(series: Series, name: str, unit: str) -> _Rows:
    rows: _Rows = []
    every = -(-len(series.points) // MOST_DOTS)
    for index, point in enumerate(series.points):
        base = {"series": name, "place": point.iteration}
        if math.isfinite(point.interval.mean):
            rows.append({**base, "seed": _MEAN, **_ends(point.interval, unit), "dot": index % every == 0})
        if series.few and series.seeds > 1:
            values = [(seed, value) for seed, value in point.values if math.isfinite(value)]
            rows += [{**base, "seed": seed, "mean": _scaled(value, unit)} for seed, value in values]
    return rows


def _ends(interval: Interval, unit: str) -> dict[str, float | None]:
    """Mean and ends as drawn; null where there are none."""
    ends = {"mean": interval.mean, "low": interval.low, "high": interval.high}
    return {key: _scaled(value, unit) if math.isfinite(value) else None for key, value in ends.items()}


def _positive_ends(row: dict[str, Any]) -> dict[str, Any]:
    """The row without a band where its lower end has no place on a logarithmic axis."""
    return row if (row.get("low") or 0) > 0 else {**row, "low": None, "high": None}


def _scaled(value: float, unit: str) -> float:
    return value / BYTES_PER_MEGABYTE if unit == "B" else value


def _scale(rows: _Rows, unit: str) -> alt.Scale:
    """From a little below the lowest value to a little above the highest; shares stay between 0 and 1."""
    import altair as alt

    ends = [row[key] for row in rows for key in ("mean", "low", "high") if row.get(key) is not None] or [0.0, 1.0]
    low, high = min(ends), max(ends)
    margin = 0.04 * ((high - low) or abs(high) or 1.0)
    low, high = low - margin, high + margin
    if unit == "fraction":
        low, high = max(low, 0.0), min(high, 1.0)
    return alt.Scale(domain=[low, high], nice=True, zero=False, clamp=True)


def _fit() -> alt.AutoSizeParams:
    import altair as alt

    return alt.AutoSizeParams(type="fit-x", contains="padding")


def drawn_svg(chart: Any, rows: _Rows) -> str:
    """A chart's SVG, on white. Identifiers are numbered anew, because vl-convert goes on counting.

    Args:
        chart: Altair chart over the named data ``rows``.
        rows: These data.
    """
    import altair as alt
    import vl_convert

    fonts = "Helvetica, Arial, Liberation Sans, sans-serif"
    styled = chart.configure(  # all at once, for each call copies the chart
        background="white",
        font=fonts,
        padding=8,
        axis=alt.AxisConfig(labelFontSize=12, titleFontSize=13, gridColor="#e4e4e4", titleFontWeight="normal"),
        legend=alt.LegendConfig(labelFontSize=12, titleFontSize=12, symbolSize=110),
        title=alt.TitleConfig(fontSize=14, anchor="start", limit=WIDTH),
        view=alt.ViewConfig(stroke="#cccccc"),
        header=alt.HeaderConfig(labelFontSize=12),
    )
    version = "v" + ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    text = vl_convert.vegalite_to_svg(
        styled.to_dict() | {"datasets": {_ROWS: rows}}, vl_version=version, allowed_base_urls=[]
    )
    names: dict[str, str] = {}
    return _GENERATED_ID.sub(lambda match: names.setdefault(match.group(), f"part{len(names)}"), text) + "\n"
