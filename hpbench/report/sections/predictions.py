"""Examples of predictions, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpbench.analysis.predictions import Example, classes, examples
from hpbench.report.facts import Facts
from hpbench.report.figures import Figures
from hpbench.report.heatmaps import MOST_CLASSES
from hpbench.report.markup import Markup, escape, folded, join, table
from hpbench.report.numerals import number
from hpbench.report.sections.circumstances import on_generated
from hpbench.report.sections.drawings import image, picture

MISTAKES = 10


def predictions(facts: Facts, figures: Figures) -> Markup:
    """Examples, then the confusions of each head."""
    shown, confused = examples(facts.tables), facts.confusions
    if not shown and not confused:
        return Markup("")
    return join(
        "## Predictions",
        on_generated(facts),
        _examples(facts, figures, shown) if shown else "",
        *(_confusion(facts, figures, head, by_case) for head, by_case in confused.items()),
    )


def _examples(facts: Facts, figures: Figures, shown: Mapping[str, Sequence[Example]]) -> Markup:
    first = next(iter(shown.values()))
    titles = [f"{number}: {_names(example.true)}" for number, example in enumerate(first, 1)]
    rows = [[case, *(_said(example) for example in found)] for case, found in shown.items()]
    own = facts.definition.own_cases
    return join(
        "### Examples",
        "Test images, the same in every case: what each is, what the first seed's model takes it for with what "
        "probability, and where it errs in brackets the probability of what it is.",
        picture(facts, figures, "examples", "The images of the examples, from left to right"),
        table(["case", *titles], [row for row in rows if row[0] in own]),
        folded("Cases of studies", table(["case", *titles], [row for row in rows if row[0] not in own]))
        if any(case not in own for case in shown)
        else "",
    )


def _names(by_head: Mapping[str, str]) -> str:
    return ", ".join(by_head.values())


def _said(example: Example) -> Markup:
    parts = []
    for head, predicted in example.predicted.items():
        text = f"{escape(predicted)} {number(example.probability[head], 'fraction')}"
        wrong = predicted != example.true[head]
        parts.append(f"{text} ({number(example.of_true[head], 'fraction')})" if wrong else f"{text} ✓")
    return Markup(", ".join(parts))


def _confusion(
    facts: Facts, figures: Figures, head: str, by_case: Mapping[str, Mapping[tuple[str, str], float]]
) -> Markup:
    names = classes(facts.tables, head, next(iter(by_case.values())))
    title = f"### Confusion{f', {escape(head)}' if head else ''}"
    drawn = figures.confusions.get(head)
    what = "Of a true class's test images the share that is taken for each class, all seeds together, in percent."
    by_case = {case: shares for case, shares in by_case.items() if case in facts.definition.own_cases} or by_case
    if len(names) <= MOST_CLASSES:  # of a head with more only the most frequent mistakes
        rows = [
            [case, true, *(_percent(shares.get((true, predicted))) for predicted in names)]
            for case, shares in by_case.items()
            for true in names
        ]
        body = folded("As a table", table(["case", "true", *names], rows, numeric=2))
    else:
        body = table(["case", "true", "taken for", "share (%)"], _mistakes(by_case), numeric=3)
    return join(title, what, image(facts, drawn) if drawn else "", body)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _mistakes(by_case: Mapping[str, Mapping[tuple[str, str], float]]) -> list[list[str]]:
    rows = []
    for case, shares in by_case.items():
        wrong = sorted((pair for pair in shares if pair[0] != pair[1] and shares[pair]), key=lambda p: -shares[p])
        rows += [[case, *pair, _percent(shares[pair])] for pair in wrong[:MISTAKES]]
    return rows
