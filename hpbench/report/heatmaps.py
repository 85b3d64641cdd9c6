"""Confusion of classes as a picture: one panel a case, a row a true class, a column a predicted one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpbench.report.charts import WIDTH, drawn_svg, short_names
from hpbench.report.markup import clean

MOST_CLASSES = 12
"""Of a head with more classes there is no picture and no full table: they could not be read."""
_PANELS = 3


def confusion_map(cases: Mapping[str, Mapping[tuple[str, str], float]], classes: Sequence[str], title: str) -> str:
    """The drawing.

    Args:
        cases: Case to (true, predicted) class to the share of the true class's images.
        classes: Their names, in order.
        title: Stands above the panels.
    """
    import altair as alt

    names = short_names(list(cases))
    rows = [
        {"case": name, "true": true, "predicted": predicted, "share": share, "shown": f"{100 * share:.0f}"}
        for name, shares in zip(names, cases.values(), strict=True)
        for (true, predicted), share in shares.items()
    ]
    side = (WIDTH - 150) // _PANELS
    x = alt.X("predicted:N", sort=list(classes), title="predicted", axis=alt.Axis(labelAngle=0))
    y = alt.Y("true:N", sort=list(classes), title="true")
    colour = alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], scheme="blues"), legend=None)
    dark = alt.condition("datum.share > 0.55", alt.value("white"), alt.value("black"))
    plot = alt.Chart()
    panel = alt.layer(
        plot.mark_rect().encode(x, y, colour),
        plot.mark_text(fontSize=11).encode(x, y, alt.Text("shown:N"), color=dark),
        data=alt.NamedData(name="rows"),
    ).properties(width=side, height=26 * len(classes))
    facet = alt.Facet("case:N", sort=names, title=None)
    return drawn_svg(panel.facet(facet=facet, columns=_PANELS).properties(title=clean(title)), rows)
