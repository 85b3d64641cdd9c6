"""The document's figures, drawn again."""

from __future__ import annotations

from hpbench.report.facts import Facts
from hpbench.report.figures import Drawn, Figures
from hpbench.report.markup import Markup, escape, join
from hpbench.report.sections.circumstances import on_generated


def image(facts: Facts, drawn: Drawn) -> Markup:
    """A figure as an image, linked relative to the report."""
    return Markup(f"![{escape(drawn.title)}]({facts.definition.id}/{drawn.name})")


def picture(facts: Facts, figures: Figures, name: str, title: str) -> Markup:
    """A picture of the data, if there is one."""
    return Markup(f"![{escape(title)}]({facts.definition.id}/{name}.png)") if name in figures.pictures else Markup("")


def drawings(facts: Facts, figures: Figures) -> Markup:
    """The definition's figures, with the document's number of those that it has."""
    if not facts.definition.figures:
        return Markup("")
    parts: list[str] = [
        "## Figures",
        "Under the default reading where nothing else is said: means over the seeds with their 95 % intervals; "
        "with fewer than 3 seeds each seed as a thin line.",
        on_generated(facts),
    ]
    for figure in facts.definition.figures:
        drawn = figures.asked.get(figure.id)
        where = f"document: {escape(figure.where)}" if figure.where else "not in the document"
        parts.append(f"### {escape(figure.title)} ({where})")
        parts.append(image(facts, drawn) if drawn else "Not measured in this run.")
    return join(*parts)
