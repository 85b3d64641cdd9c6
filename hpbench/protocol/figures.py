"""The figures of the protocol's report, as SVG text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hpbench.protocol.overfit_causes import Attempt
from hpbench.protocol.points import Trial
from hpbench.protocol.rate import AVERAGED, ITERATIONS, RateCurve
from hpbench.report.charts import COLOURS, DASHES, WIDTH, drawn_svg
from hpbench.report.markup import clean

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 300
FEW_DECADES = 3
HIGHEST = 1.5
"""Times the initial loss above which a loss is not drawn: one rate that explodes would flatten all others."""

KINDS = {
    "rate tried": (COLOURS[0], "circle"),
    "your own rate": (COLOURS[1], "square"),
    "rate tried, exploded": (COLOURS[2], "triangle-up"),
    "your own rate, exploded": (COLOURS[1], "diamond"),
}
"""Of each mark of the figure of losses by rate: its colour and shape."""

_PLAIN = "datum.value < 0.001 || datum.value > 1000 ? format(datum.value, '.0e') : toString(datum.value)"
"""0.001 and 1000 in full, what lies beyond as 1e-4."""


def overfitting(attempts: Sequence[Attempt]) -> str:
    """Step 2: accuracy on the few batches, one line a rate."""
    rows = [
        {"rate": f"{attempt.learning_rate:g}", "x": iteration, "y": accuracy}
        for attempt in attempts
        for iteration, accuracy in zip(attempt.iterations, attempt.accuracies, strict=True)
    ]
    names = [f"{attempt.learning_rate:g}" for attempt in attempts]
    return _drawn(
        _rows().mark_line(strokeWidth=2, point=True),
        rows,
        "Learning a few batches by heart",
        x=_linear("x:Q", "iteration"),
        y=_linear("y:Q", "accuracy on the few batches"),
        color=_legend("Color", "rate:N", names, list(COLOURS), "learning rate"),
        strokeDash=_legend("StrokeDash", "rate:N", names, list(DASHES), "learning rate"),
    )


def rate_curves(curves: Sequence[RateCurve]) -> str:
    """Step 3: the mean loss of the last batches, one line a rate, with gaps where it is too high to be drawn."""
    import altair as alt

    highest = _highest(curves)
    rows: list[dict[str, Any]] = []
    cut: list[str] = []
    for curve in curves:
        means = [loss if loss <= highest else None for loss in _recent_means(curve.losses)]
        rows += [{"rate": curve.learning_rate, "x": i, "y": loss} for i, loss in enumerate(means)]
        cut += [f"{curve.learning_rate:g}"] if len(means) < ITERATIONS or None in means else []
    remark = f"Where the loss is above {highest:.2g} nat it is not drawn: at rate {', '.join(cut)}" if cut else ""
    marks = _marks([curve.learning_rate for curve in curves])
    legend = alt.Legend(title="learning rate", orient="bottom", gradientLength=400, values=marks, labelExpr=_PLAIN)
    return _drawn(
        _rows().mark_line(strokeWidth=2),
        rows,
        "Loss at each learning rate",
        remark,
        x=_linear("x:Q", "iteration"),
        y=_linear("y:Q", f"training loss, mean of {AVERAGED} iterations (nat)"),
        color=alt.Color("rate:Q", scale=alt.Scale(type="log", scheme="viridis"), legend=legend),
        detail="rate:N",
    )


def loss_by_rate(curves: Sequence[RateCurve], own: float | None) -> str:
    """Step 3: the loss after the last iteration against the rate; rates that explode stand at the upper edge."""
    import altair as alt

    highest = _highest(curves)
    rows: list[dict[str, Any]] = []
    for curve in sorted(curves, key=lambda curve: curve.learning_rate == own):  # one's own on top
        fine = curve.final <= highest
        kind = ("your own rate" if curve.learning_rate == own else "rate tried") + ", exploded" * (not fine)
        rows.append({"x": curve.learning_rate, "y": min(curve.final, highest), "kind": kind, "fine": fine})
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in rows)]
    x, y = _rate_axis(rows), _linear("y:Q", f"training loss after {ITERATIONS} iterations (nat)")
    above = "Exploded: at the upper edge, whatever the loss" if not all(row["fine"] for row in rows) else ""
    line = alt.Chart().transform_filter("datum.fine").mark_line(strokeWidth=1.5, color="#777").encode(x, y)
    dots = alt.Chart().mark_point(filled=True, size=70, opacity=1)
    dots = dots.encode(
        x,
        y,
        _legend("Color", "kind:N", kinds, [KINDS[kind][0] for kind in kinds]),
        _legend("Shape", "kind:N", kinds, [KINDS[kind][1] for kind in kinds]),
    )
    return _drawn(alt.layer(line, dots, data=alt.NamedData(name="rows")), rows, "Loss against learning rate", above)


def trials_by_rate(trials: Sequence[Trial]) -> str:
    """Steps 4 and 5: validation accuracy against the rate, by weight decay; those that were cut are left out."""
    done = [trial for trial in trials if trial.curve.epochs and not trial.cut]
    rows = [
        {
            "x": trial.point.learning_rate,
            "y": trial.accuracy,
            "decay": _decay(trial.point.weight_decay),
            "step": f"step {trial.step}",
        }
        for trial in done
    ]
    ordered = sorted((trial.point.weight_decay for trial in done), key=lambda decay: decay or 0.0)
    decays = list(dict.fromkeys(map(_decay, ordered)))
    return _drawn(
        _rows().mark_point(size=80, strokeWidth=2.5, opacity=0.9),
        rows,
        "Trials of steps 4 and 5",
        x=_rate_axis(rows),
        y=_linear("y:Q", "validation accuracy"),
        color=_legend("Color", "decay:N", decays, list(COLOURS), "weight decay"),
        shape=_legend("Shape", "step:N", ["step 4", "step 5"], ["circle", "square"], orient="top-left"),
    )


def _rows() -> alt.Chart:
    import altair as alt

    return alt.Chart(alt.NamedData(name="rows"))


def _drawn(chart: Any, rows: list[dict[str, Any]], title: str, remark: str = "", **encoding: Any) -> str:
    """The chart as SVG text; the remark stands below its title."""
    import altair as alt

    heading = alt.Title(clean(title), subtitle=clean(remark)) if remark else clean(title)
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    sized = chart.encode(**encoding).properties(width=WIDTH, height=HEIGHT, autosize=fit, title=heading)
    return drawn_svg(sized, rows)


def _linear(field: str, title: str) -> Any:
    import altair as alt

    kind = alt.X if field == "x:Q" else alt.Y
    return kind(field, title=title, scale=alt.Scale(zero=False, nice=True))


def _rate_axis(rows: list[dict[str, Any]]) -> alt.X:
    """The learning rates ``x`` of the rows on a logarithmic axis."""
    import altair as alt

    axis = alt.Axis(values=_marks([row["x"] for row in rows]), labelExpr=_PLAIN)
    return alt.X("x:Q", title="learning rate", scale=alt.Scale(type="log", nice=False, padding=12), axis=axis)


def _marks(rates: list[float]) -> list[float]:
    """Powers of ten around the rates; over few decades also 2 and 5 times these.

    >>> _marks([0.02, 0.1])
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    """
    low, high = math.floor(math.log10(min(rates))), math.floor(math.log10(max(rates)))
    steps = (1, 2, 5) if high - low < FEW_DECADES else (1,)
    return [float(f"{step}e{power}") for power in range(low, high + 1) for step in steps]


def _legend(
    channel: str,
    field: str,
    names: list[str],
    looks: list[Any],
    title: str | None = None,
    orient: Literal["bottom", "top-left"] = "bottom",
) -> Any:
    """A channel that tells series apart by name, with a legend, below if nothing else is said; looks in turn."""
    import altair as alt

    scale = alt.Scale(domain=names, range=[looks[place % len(looks)] for place in range(len(names))])
    legend = alt.Legend(title=title, orient=orient, columns=8, labelLimit=0, symbolLimit=0)
    return getattr(alt, channel)(field, sort=names, scale=scale, legend=legend)


def _highest(curves: Sequence[RateCurve]) -> float:
    """The largest loss that is drawn, in nats."""
    return HIGHEST * min((curve.losses[0] for curve in curves if math.isfinite(curve.losses[0])), default=1.0)


def _decay(value: float | None) -> str:
    """Weight decay to the nearest power of ten, so that its colours stay few."""
    if value is None:
        return "as built"
    return f"about {10.0 ** round(math.log10(value)):g}" if value else "none"


def _recent_means(losses: Sequence[float]) -> list[float]:
    """At each iteration the mean of the last ``AVERAGED`` losses, or of those that there are; finite ones only.

    >>> _recent_means([4.0, 2.0, math.inf])
    [4.0, 3.0]
    """
    finite = list(takewhile(math.isfinite, losses))
    return [float(np.mean(finite[max(0, end - AVERAGED) : end])) for end in range(1, len(finite) + 1)]
