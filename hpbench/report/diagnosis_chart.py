"""A drawing of learning curves: raw and smoothed loss beside accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.smoothing import smoothed
from hpbench.analysis.statistics import Floats
from hpbench.report.charts import COLOURS, DASHES, WIDTH, drawn_svg
from hpbench.report.markup import clean

if TYPE_CHECKING:
    import altair as alt

TRAINING, OTHER = "training data", "other data"
RAW, SMOOTHED = "raw", "smoothed"
HIGHEST = 3.0
"""Losses above that many times the reference are drawn there: one that diverges would hide all else."""
_Rows = list[dict[str, Any]]


def diagnosis_chart(curves: LearningCurves, title: str, across: str = "iteration", held_out: str = OTHER) -> str:
    """The chart as SVG text.

    Args:
        curves: Of one training; those that are not there are left out.
        title: Stands above it.
        across: What the iterations are: ``epoch``, say.
        held_out: What data is called that was not trained on.
    """
    import altair as alt

    top = HIGHEST * curves.reference
    losses = _rows("loss", curves, {TRAINING: curves.train_loss, held_out: curves.test_loss}, top)
    accuracies = _rows("accuracy", curves, {TRAINING: curves.train_accuracy, held_out: curves.test_accuracy}, 1.0)
    width = (WIDTH - 130) // 2 if accuracies else WIDTH - 80
    names = [TRAINING, held_out]
    panels = [_panel("loss", "loss (raw: thin, smoothed: thick)", width, across, names)]
    if accuracies:
        panels.append(_panel("accuracy", "accuracy", width, across, names))
    chart = alt.hconcat(*panels, data=alt.NamedData(name="rows")).properties(title=clean(title))
    return drawn_svg(chart, losses + accuracies)


def _rows(panel: str, curves: LearningCurves, columns: Mapping[str, Floats | None], top: float) -> _Rows:
    rows: _Rows = []
    for series, values in columns.items():
        points = curves.points(values)
        if points is None or values is None:
            continue
        places = curves.iterations[np.isfinite(values)].tolist()
        drawn = np.minimum(points[1], top)
        for kind, line in ((RAW, drawn), (SMOOTHED, smoothed(drawn))):
            rows += [
                {"panel": panel, "series": series, "kind": kind, "place": place, "value": value}
                for place, value in zip(places, line.tolist(), strict=True)
            ]
    return rows


def _panel(panel: str, title: str, width: int, across: str, names: list[str]) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    x = alt.X("place:Q", title=across, scale=alt.Scale(zero=False, nice=False, padding=6), axis=alt.Axis(tickCount=6))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    legend = alt.Legend(title=None, orient="bottom", labelLimit=0, symbolOpacity=1.0, symbolStrokeWidth=2.2)
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=list(COLOURS[:2])), legend=legend)
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=names, range=list(DASHES[:2])), legend=legend)
    plot = alt.Chart().transform_filter(f"datum.panel == '{panel}'")
    raw = plot.transform_filter(f"datum.kind == '{RAW}'").mark_line(strokeWidth=1, opacity=0.45).encode(x, y, colour)
    calm = plot.transform_filter(f"datum.kind == '{SMOOTHED}'").mark_line(strokeWidth=2.2).encode(x, y, colour, dash)
    return alt.layer(raw, calm).properties(width=width, height=260)
