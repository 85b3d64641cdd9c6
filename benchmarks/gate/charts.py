"""Figures of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpbench.report.charts import COLOURS, WIDTH, drawn_svg

_ROWS = "rows"


def spread(values: Mapping[str, Sequence[float]], title: str, axis: str, threshold: float) -> str:
    """A mark for each value, one line of marks a name.

    Args:
        values: Name to values.
        title: Stands above the figure.
        axis: What the values are, with their unit.
        threshold: Value at which a line is drawn.
    """
    import altair as alt

    names = list(values)
    rows: list[dict[str, Any]] = [{"name": name, "value": value} for name, many in values.items() for value in many]
    rows.append({"threshold": threshold})
    x = alt.X("value:Q", title=axis, scale=alt.Scale(zero=False, nice=True))
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=0))
    plot = alt.Chart()
    ticks = (
        plot.transform_filter("isValid(datum.value)")
        .mark_tick(thickness=1.5, size=26, opacity=0.55, color=COLOURS[0])
        .encode(x, y)
    )
    rules = (
        plot.transform_filter("isValid(datum.threshold)")
        .mark_rule(color=COLOURS[1], strokeDash=[6, 3], strokeWidth=1.5)
        .encode(alt.X("threshold:Q", title=axis))
    )
    return _drawn(alt.layer(ticks, rules, data=alt.NamedData(name=_ROWS)), 44 * len(names) + 20, title, rows)


def found_against_seeds(
    shares: Mapping[str, Sequence[tuple[int, float]]], title: str, planned: int, target: float
) -> str:
    """The share that is found against the number of seeds, one line a name; planned number and target are marked.

    Args:
        shares: Name to number of seeds and share.
        title: Stands above the figure.
        planned: Seeds.
        target: Share.
    """
    import altair as alt

    names = list(shares)
    rows: list[dict[str, Any]] = [
        {"name": name, "seeds": seeds, "share": share} for name, many in shares.items() for seeds, share in many
    ]
    rows += [{"planned": planned}, {"target": target}]
    axis = "pairs of runs in a comparison"
    x = alt.X("seeds:Q", title=axis, scale=alt.Scale(zero=True, nice=True))
    y = alt.Y("share:Q", title="share found", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    legend = alt.Legend(title=None, orient="bottom", labelLimit=0)
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])), legend=legend)
    shape = alt.Shape("name:N", scale=alt.Scale(domain=names), legend=legend)
    plot = alt.Chart()
    there = plot.transform_filter("isValid(datum.share)")
    rule = {"color": "#555", "strokeDash": [6, 3], "strokeWidth": 1.5}
    layers = [
        there.mark_line(strokeWidth=2).encode(x, y, colour),
        there.mark_point(filled=True, size=45, opacity=1).encode(x, y, colour, shape),
        plot.transform_filter("isValid(datum.planned)").mark_rule(**rule).encode(alt.X("planned:Q", title=axis)),
        plot.transform_filter("isValid(datum.target)").mark_rule(**rule).encode(alt.Y("target:Q", title="share found")),
    ]
    return _drawn(alt.layer(*layers, data=alt.NamedData(name=_ROWS)), 300, title, rows)


def _drawn(chart: Any, height: int, title: str, rows: list[dict[str, Any]]) -> str:
    import altair as alt

    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return drawn_svg(chart.properties(width=WIDTH, height=height, autosize=fit, title=title), rows)
