"""Which figures a report has, drawn."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hpbench.analysis.effects import Effects, Response, SurfacePoint
from hpbench.analysis.evidence import Evidence
from hpbench.analysis.predictions import classes
from hpbench.definition.document import Figure
from hpbench.definition.readings import DEFAULT
from hpbench.definition.schema import Definition
from hpbench.report.charts import ITERATIONS, Across, SurfaceMark, case_marks, learning_curves, rate_effect, short_names
from hpbench.report.curves import Series, curve, distinct, drawn_evidence, mark
from hpbench.report.facts import Facts
from hpbench.report.heatmaps import MOST_CLASSES, confusion_map
from hpbench.report.lines import over_layers, over_setting
from hpbench.report.search_chart import search_chart

RATE = "learning_rate"
PICTURES = ("contact-sheet", "examples")
"""Names of the pictures of data that a report shows."""
WIDE = 8
"""A setting whose largest value is at least so many times its smallest stands on a logarithmic axis."""
_PNG = b"\x89PNG"


@dataclass(frozen=True)
class Drawn:
    """A figure of the report.

    Attributes:
        name: File name, ending in ``.svg``.
        title: For a person.
        svg: The drawing.
    """

    name: str
    title: str
    svg: str


@dataclass(frozen=True)
class Figures:
    """All figures of a report.

    Attributes:
        asked: Figure id to the drawn figure; one whose metric was not measured is not there.
        studies: Study to its drawn effect of the learning rate.
        searches: Study to the picture of its search.
        confusions: Head to its drawn confusion of classes.
        pictures: Name of a picture of the data to its PNG file.
    """

    asked: Mapping[str, Drawn] = field(default_factory=dict)
    studies: Mapping[str, Drawn] = field(default_factory=dict)
    searches: Mapping[str, Drawn] = field(default_factory=dict)
    confusions: Mapping[str, Drawn] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """File name to content."""
        drawn = (*self.asked.values(), *self.studies.values(), *self.searches.values(), *self.confusions.values())
        return {one.name: one.svg for one in drawn}


def draw(facts: Facts) -> Figures:
    """Draw the definition's figures, and for each study the effect of the learning rate."""
    names = _Names()
    figures = facts.definition.figures
    evidence = drawn_evidence(facts.tables, facts.resolved, figures)
    asked = {}
    for figure in figures:
        members = {} if figure.kind == "sweep" else facts.definition.members
        cases = tuple(case for name in figure.cases for case in members.get(name, (name,)))
        said = figure.model_copy(update={"title": _said(facts, figure.title), "cases": cases})
        svg = DRAWERS[figure.kind](evidence, said, _places(facts.definition))
        if svg:
            asked[figure.id] = Drawn(names.free(figure.id), figure.title, svg)
    studies = {}
    for study, effects in facts.effects.items():
        surface = rate_surface(effects)
        if surface:
            title = f"{study}: effect of the learning rate"
            points, metric, axis, lines = surface
            svg = rate_effect(points, metric, _said(facts, title), axis, lines)
            studies[study] = Drawn(names.free(f"effect-{study}"), title, svg)
    searches = {}
    for found in facts.searches:
        title = f"{found.study}: {found.search.strategy} search"
        svg = search_chart(found, _said(facts, title))
        searches[found.study] = Drawn(names.free(f"search-{found.study}"), title, svg)
    return Figures(asked, studies, searches, _confusions(facts, names), _pictures(facts))


def _said(facts: Facts, title: str) -> str:
    """A drawing's title: it says on which data it rests, if that was made up, for it may be shown by itself."""
    return f"{title} (generated data)" if facts.generated else title


def _confusions(facts: Facts, names: _Names) -> dict[str, Drawn]:
    """The document's cases, of heads with few classes."""
    found = {}
    for head, by_case in facts.confusions.items():
        own = {case: shares for case, shares in by_case.items() if case in facts.definition.own_cases}
        labels = classes(facts.tables, head, next(iter(by_case.values())))
        if own and len(labels) <= MOST_CLASSES:
            title = f"Confusion, {head}" if head else "Confusion"
            svg = confusion_map(own, labels, _said(facts, f"{title}: percent of the true class's images"))
            found[head] = Drawn(names.free(f"confusion-{head}" if head else "confusion"), title, svg)
    return found


def _pictures(facts: Facts) -> dict[str, bytes]:
    """What the run kept of its data to be shown; what is no PNG is left out."""
    kept = facts.tables.data.get("pictures") or {}
    decoded = {name: b64decode(kept[name]) for name in PICTURES if name in kept}
    return {name: content for name, content in decoded.items() if content.startswith(_PNG)}


def rate_surface(effects: Effects) -> tuple[list[SurfaceMark], str, str, str] | None:
    """Accuracy over the grid by learning rate: marks, metric, title of the axis and of the lines.

    None without a learning rate among the axes, or without an accuracy.
    """
    axis = next((axis for axis in effects.axes if axis.rpartition(".")[2] == RATE), None)
    response = _widest(effects.responses)
    if axis is None or response is None or not all(_positive(value) for value in effects.axes[axis]):
        return None
    others = [other for other in effects.axes if other != axis]
    line_title = " × ".join(spoken(other) for other in others)
    surface = [_surface_mark(point, axis, others) for point in response.surface]
    return surface, response.metric, spoken(axis), line_title


def spoken(axis: str) -> str:
    """An axis' name in words: ``batch size`` for ``training.batch_size``."""
    return axis.rpartition(".")[2].replace("_", " ")


def _surface_mark(point: SurfacePoint, axis: str, others: Sequence[str]) -> SurfaceMark:
    line = " × ".join(str(point.point[other]) for other in others) or "all"
    panel = "end of the run" if point.iteration is None else f"iteration {point.iteration}"
    return SurfaceMark(panel, line, float(point.point[axis]), point.interval)


def _widest(responses: Sequence[Response]) -> Response | None:
    """The accuracy read at the most iterations."""
    accuracies = [response for response in responses if response.unit == "fraction"]
    return max(accuracies, key=lambda response: len(response.surface), default=None)


def _positive(value: float | int | str) -> bool:
    return not isinstance(value, str) and value > 0


def _places(definition: Definition) -> dict[str, int]:
    """Each case's place in the palette: its position among the document's cases, or in its study."""
    places = {case: position for position, case in enumerate(definition.own_cases)}
    for study, body in definition.studies.items():
        places |= {f"{study}/{case}": position for position, case in enumerate(body.cases)}
    return places


def _draw_curves(evidence: Mapping[str, Evidence], figure: Figure, places: Mapping[str, int]) -> str:
    """One curve a case, default reading."""
    if DEFAULT not in evidence:
        return ""
    found = [one for case in figure.cases if (one := curve(evidence[DEFAULT], figure.metric, case))]
    return _lines(found, figure, places)


def _lines(found: Sequence[Series], figure: Figure, places: Mapping[str, int], across: Across = ITERATIONS) -> str:
    names = short_names([one.case for one in found])
    order = [places.get(one.case, index) for index, one in enumerate(found)]
    log = figure.scale == "log"
    return learning_curves(found, names, figure.metric, figure.title, order, log, across) if found else ""


def _draw_layers(evidence: Mapping[str, Evidence], figure: Figure, places: Mapping[str, int]) -> str:
    """One line a case over its layers, default reading."""
    if DEFAULT not in evidence:
        return ""
    found = [one for case in figure.cases if (one := over_layers(evidence[DEFAULT], figure, case))]
    return _lines(found, figure, places, Across("layer, from the first to the last"))


def _draw_sweep(evidence: Mapping[str, Evidence], figure: Figure, places: Mapping[str, int]) -> str:
    """One line a group of cases over a setting, default reading; a setting over a decade stands on a log axis."""
    if DEFAULT not in evidence:
        return ""
    under = evidence[DEFAULT]
    members = under.definition.members
    found = [one for line in figure.cases if (one := over_setting(under, figure, line, members.get(line, (line,))))]
    ticks = sorted({point.iteration for one in found for point in one.points})
    wide = bool(ticks) and ticks[0] > 0 and ticks[-1] >= WIDE * ticks[0]
    return _lines(found, figure, places, Across(spoken(figure.to or ""), tuple(ticks), wide))


def _draw_cases(evidence: Mapping[str, Evidence], figure: Figure, _places: Mapping[str, int]) -> str:
    """One mark a case, default reading."""
    if DEFAULT not in evidence:
        return ""
    found = [one for case in figure.cases if (one := mark(evidence[DEFAULT], figure.metric, case))]
    return case_marks(found, figure.metric, figure.title) if found else ""


def _draw_readings(evidence: Mapping[str, Evidence], figure: Figure, _places: Mapping[str, int]) -> str:
    """One curve a case and reading; readings that share their trials share a curve."""
    names, chosen = [], []
    for case in figure.cases:
        found = [one for under in evidence.values() if (one := curve(under, figure.metric, case))]
        for one, alike in distinct(found):
            more = f" (and {alike} alike)" if alike else ""
            names.append(f"{one.reading}{more}" if len(figure.cases) == 1 else f"{case}, {one.reading}{more}")
            chosen.append(one)
    log = figure.scale == "log"
    return learning_curves(chosen, names, figure.metric, figure.title, log=log) if chosen else ""


DRAWERS: Mapping[str, Callable[[Mapping[str, Evidence], Figure, Mapping[str, int]], str]] = {
    "curves": _draw_curves,
    "cases": _draw_cases,
    "readings": _draw_readings,
    "layers": _draw_layers,
    "sweep": _draw_sweep,
}
"""Kind of figure to what draws it; an empty text means that its metric was not measured."""


class _Names:
    """File names, each once, also where upper and lower case are the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, name: str) -> str:
        """The name, or the name with a number if it is taken."""
        candidate, number = name, 1
        while candidate.casefold() in self._taken:
            number += 1
            candidate = f"{name}-{number}"
        self._taken.add(candidate.casefold())
        return f"{candidate}.svg"
