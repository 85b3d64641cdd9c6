"""What each axis of a study's grid does."""

from __future__ import annotations

from collections.abc import Sequence

from hpbench.analysis.effects import Effects, Response
from hpbench.report.facts import Facts
from hpbench.report.figures import Figures, spoken
from hpbench.report.markup import Markup, escape, join, table
from hpbench.report.numerals import full_title, interval, unit_name
from hpbench.report.sections.circumstances import on_generated
from hpbench.report.sections.drawings import image
from hpbench.report.settings_text import text


def grid_effects(facts: Facts, figures: Figures) -> Markup:
    """Effects and interactions of each study with a grid."""
    studies = {name: body for name, body in facts.definition.studies.items() if body.grid}
    if not studies:
        return Markup("")
    parts: list[str] = ["## Effects and interactions", on_generated(facts)]
    for name in studies:
        effects = facts.effects.get(name)
        drawn = figures.studies.get(name)
        parts.append(f"### Study {escape(name)}")
        parts.append(_study(effects) if effects else "No seed has the full grid, so there are no effects.")
        parts += [image(facts, drawn)] if drawn else []
    return join(*parts)


def _study(effects: Effects) -> Markup:
    absent = ", ".join(full_title(name) for name in effects.not_measured)
    return join(
        f"Axes: {escape('; '.join(f'{spoken(axis)} {text(list(levels))}' for axis, levels in effects.axes.items()))}.",
        "Share of the variance over the grid that each axis, and each interaction (×), explains:",
        _shares(effects.responses),
        "Change of the response when an axis doubles, over all other axes, and Spearman's rank correlation beside it "
        "(near 0 does not mean no effect: it may go up and down):",
        _directions(effects.responses),
        f"Not measured at every point of the grid: {escape(absent)}." if absent else "",
    )


def _shares(responses: Sequence[Response]) -> Markup:
    keys = list(dict.fromkeys(share.axes for response in responses for share in response.shares))
    keys.sort(key=len)
    rows = []
    for response in responses:
        found = {share.axes: interval(share.share, "fraction") for share in response.shares}
        rows.append([_title(response), str(response.seeds), *(found.get(key, "") for key in keys)])
    return table(["response", "seeds", *(" × ".join(map(spoken, key)) for key in keys)], rows, numeric=1)


def _directions(responses: Sequence[Response]) -> Markup:
    rows = [
        [
            _title(response),
            spoken(effect.axis),
            Markup(f"{interval(effect.doubling, response.unit)} {unit_name(response.unit)}".rstrip()),
            interval(effect.rank_correlation, "fraction"),
        ]
        for response in responses
        for effect in response.effects
    ]
    return table(["response", "axis", "effect of doubling", "rank correlation"], rows, numeric=2)


def _title(response: Response) -> str:
    title = full_title(response.metric)
    return title if response.iteration is None else f"{title} at iteration {response.iteration}"
