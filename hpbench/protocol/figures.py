"""The figures of the protocol's report, as SVG text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbench.protocol.curves import Curve
from hpbench.protocol.overfit_causes import Attempt
from hpbench.protocol.points import Trial
from hpbench.protocol.rate import ITERATIONS, RateCurve
from hpbench.report.charts import COLOURS, DASHES, WIDTH, drawn_svg
from hpbench.report.markup import clean

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 300
HIGHEST = 2.0
"""Times the initial loss above which a loss is not drawn: one rate that explodes would flatten all others."""

_ROWS = "rows"
_PLAIN = "datum.value < 0.001 || datum.value > 1000 ? format(datum.value, '.0e') : toString(datum.value)"
"""0.001 and 1000 in full, what lies beyond as 1e-4."""


@dataclass(frozen=True)
class Line:
    """A line of a chart: its name, and points (x, y); those that are not finite are left out."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Axes:
    """What the axes are, and which are logarithmic."""

    across: str
    upwards: str
    log_x: bool = False
    log_y: bool = False


def rate_curves(curves: Sequence[RateCurve]) -> str:
    """Step 3: the loss of each batch, one line a rate, smoothed over ten iterations."""
    highest = _highest(curves)
    lines = [Line(f"{curve.learning_rate:g}", _below(_smoothed(curve.losses), highest)) for curve in curves]
    return _lines(lines, Axes("iteration", "training loss (nat)"), "Loss at each learning rate", graded=True)


def loss_by_rate(curves: Sequence[RateCurve], own: float | None) -> str:
    """Step 3: the loss after the last iteration against the rate; rates that explode stand at the upper edge."""
    import altair as alt

    highest = _highest(curves)
    rows: list[dict[str, Any]] = []
    for curve in curves:
        fine = math.isfinite(curve.final) and curve.final <= highest
        kind = "your own rate" if curve.learning_rate == own else "rate tried" if fine else "exploded"
        rows.append({"x": curve.learning_rate, "y": curve.final if fine else highest, "kind": kind, "fine": fine})
    x = _x(Axes("learning rate", "", log_x=True))
    y = alt.Y("y:Q", title=f"training loss after {ITERATIONS} iterations (nat)", scale=alt.Scale(zero=False, nice=True))
    kinds = ["rate tried", "your own rate", "exploded"]
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=list(COLOURS[:3])), legend=_legend())
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=kinds, range=["circle", "square", "triangle-up"]), legend=_legend()
    )
    plot = alt.Chart()
    line = plot.transform_filter("datum.fine").mark_line(strokeWidth=1.5, color="#777").encode(x, y)
    dots = plot.mark_point(filled=True, size=70, opacity=1).encode(x, y, colour, shape)
    chart = alt.layer(line, dots, data=alt.NamedData(name=_ROWS))
    return drawn_svg(_sized(chart, "Loss against learning rate"), rows)


def overfitting(attempts: Sequence[Attempt]) -> str:
    """Step 2: accuracy on the few batches, one line a rate."""
    lines = [
        Line(f"{attempt.learning_rate:g}", tuple(zip(attempt.iterations, attempt.accuracies, strict=True)))
        for attempt in attempts
    ]
    return _lines(lines, Axes("iteration", "accuracy on the few batches"), "Learning a few batches by heart")


def trials_by_rate(trials: Sequence[Trial]) -> str:
    """Steps 4 and 5: validation accuracy against the rate, by weight decay."""
    import altair as alt

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
    order = sorted({trial.point.weight_decay or 0.0 for trial in done})
    names = [_decay(decay or None) for decay in order]
    colour = alt.Color(
        "decay:N", sort=names, scale=alt.Scale(domain=names, scheme="viridis"), legend=_legend("weight decay")
    )
    shape = alt.Shape("step:N", legend=_legend())
    y = alt.Y("y:Q", title="validation accuracy", scale=alt.Scale(zero=False, nice=True))
    axes = Axes("learning rate", "", log_x=True)
    chart = alt.Chart(alt.NamedData(name=_ROWS)).mark_point(filled=True, size=80, opacity=0.9)
    return drawn_svg(_sized(chart.encode(_x(axes), y, colour, shape), "Trials of steps 4 and 5"), rows)


def losses_of(curve: Curve) -> str:
    """Step 6: training and validation loss by epoch."""
    pairs = (("training", curve.train_loss), ("validation", curve.validation_loss))
    lines = [Line(name, _by_epoch(values)) for name, values in pairs]
    return _lines(lines, Axes("epoch", "loss (nat)"), "Loss of the best trial")


def accuracies_of(curve: Curve) -> str:
    """Step 6: training and validation accuracy by epoch."""
    pairs = (("training", curve.train_accuracy), ("validation", curve.validation_accuracy))
    lines = [Line(name, _by_epoch(values)) for name, values in pairs]
    return _lines(lines, Axes("epoch", "accuracy"), "Accuracy of the best trial")


def _lines(lines: Sequence[Line], axes: Axes, title: str, *, graded: bool = False) -> str:
    """Lines with one legend; ``graded`` where their order means something."""
    import altair as alt

    names = [line.name for line in lines]
    rows = [
        {"series": line.name, "x": x, "y": y} for line in lines for x, y in line.points if math.isfinite(y)
    ]  # fmt: skip
    count = range(len(names))
    scale = (
        alt.Scale(domain=names, scheme="viridis")
        if graded
        else alt.Scale(domain=names, range=[COLOURS[i % len(COLOURS)] for i in count])
    )
    dashes = alt.Scale(domain=names, range=[[1, 0] if graded else DASHES[i % len(DASHES)] for i in count])
    colour = alt.Color("series:N", sort=names, scale=scale, legend=_legend())
    dash = alt.StrokeDash("series:N", sort=names, scale=dashes, legend=None if graded else _legend())
    y = alt.Y("y:Q", title=axes.upwards, scale=alt.Scale(zero=False, nice=True))
    chart = alt.Chart(alt.NamedData(name=_ROWS)).mark_line(strokeWidth=2, point=len(rows) < 200)
    return drawn_svg(_sized(chart.encode(_x(axes), y, colour, dash), title), rows)


def _x(axes: Axes) -> alt.X:
    import altair as alt

    if axes.log_x:
        scale = alt.Scale(type="log", nice=False, padding=12)
        return alt.X("x:Q", title=axes.across, scale=scale, axis=alt.Axis(labelExpr=_PLAIN, tickCount=8))
    return alt.X("x:Q", title=axes.across, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickMinStep=1))


def _legend(title: str | None = None) -> alt.Legend:
    import altair as alt

    return alt.Legend(title=title, orient="bottom", columns=8, labelLimit=0, symbolLimit=0)


def _sized(chart: Any, title: str) -> Any:
    import altair as alt

    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return chart.properties(width=WIDTH, height=HEIGHT, autosize=fit, title=clean(title))


def _highest(curves: Sequence[RateCurve]) -> float:
    """The largest loss that is drawn, in nats."""
    first = [curve.losses[0] for curve in curves if math.isfinite(curve.losses[0])]
    return HIGHEST * min(first, default=1.0)


def _smoothed(losses: Sequence[float], over: int = 10) -> list[float]:
    """Mean over the last iterations, as many as there are, up to ``over``."""
    return [sum(losses[max(0, i + 1 - over) : i + 1]) / min(over, i + 1) for i in range(len(losses))]


def _below(values: Sequence[float], highest: float) -> tuple[tuple[float, float], ...]:
    """By iteration, until a value is too high to be drawn."""
    points: list[tuple[float, float]] = []
    for iteration, value in enumerate(values):
        if not math.isfinite(value) or value > highest:
            break
        points.append((iteration, value))
    return tuple(points)


def _by_epoch(values: Sequence[float]) -> tuple[tuple[float, float], ...]:
    return tuple((float(epoch), value) for epoch, value in enumerate(values, 1))


def _decay(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
