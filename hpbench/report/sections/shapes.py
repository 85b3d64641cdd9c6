"""How often the diagnosis names the shape that curves were made to have, beside two simple rivals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hpbench.analysis.diagnosis_score import LAST_VALUES, MEAN_CURVE, RULES, WITHOUT_RATE, Score, SetScores
from hpbench.catalogue.shapes import NONE_OF_THESE, SHAPE_NAMES, SHAPES
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, bullets, escape, folded, join, table
from hpbench.report.numerals import number, plural
from hpbench.report.sections.circumstances import on_generated

NAMERS: Mapping[str, str] = {
    RULES: "the rules of `hpbench diagnose`",
    WITHOUT_RATE: "the same, which are not shown the learning rate",
    LAST_VALUES: "the shape whose mean of the last losses and accuracies is nearest",
    MEAN_CURVE: "the shape whose mean curve is nearest",
}
"""What gives the names, and how the report calls it."""


def shapes(facts: Facts) -> Markup:
    """Balanced accuracies and confusion matrices of both sets."""
    scores = facts.shapes
    if scores is None:
        return Markup("")
    tuned_on = _set(
        "Curves that the rules were tuned on",
        "The thresholds of the rules were chosen on curves of these cases, and the means of both rivals are made of "
        "them: what stands here says that they can be told apart, and not how well others are.",
        scores.tuned_on,
    )
    held_out = _set(
        "Curves held out",
        "Data, models and settings that neither the rules nor the means have seen.",
        scores.held_out,
    )
    return join(
        "## Shapes of learning curves",
        "Each of these cases was set up to give a certain shape, by real training, before the rules were asked. "
        "Balanced accuracy is the mean, over the shapes, of the share of curves that are given the intended name. "
        "Curves of one case under several seeds are much alike: the number of cases counts more than that of curves.",
        on_generated(facts),
        held_out,
        tuned_on,
        folded("What the names mean, and what to try", _meanings()),
    )


def _set(title: str, said: str, scores: SetScores | None) -> Markup:
    if scores is None:
        return join(f"### {title}", "Not measured in this run.")
    made_of = escape("; ".join(scores.made_of))
    count = f"{plural(scores.scores[0].n, 'curve')} of {plural(scores.cases, 'case')}"
    return join(f"### {title}", said, f"{count}: {made_of}.", _summary(scores), *_details(scores))


def _summary(scores: SetScores) -> Markup:
    """Balanced accuracy, and the share of each shape that is named right."""
    present = [shape for shape in SHAPE_NAMES if shape in scores.scores[0].recalls]
    rows = [
        [
            Markup(NAMERS[score.namer]),
            str(score.n),
            number(score.balanced_accuracy, "fraction"),
            *(number(score.recalls[shape], "fraction") for shape in present),
        ]
        for score in scores.scores
    ]
    return table(["who names", "n", "balanced accuracy", *present], rows, numeric=1)


def _details(scores: SetScores) -> Iterator[Markup]:
    """Confusion matrices, the rules' unfolded, and the cases that they name otherwise."""
    first, *others = scores.scores
    yield join(f"Intended shape (rows) by the name given (columns), {NAMERS[first.namer]}:", _confusion(first))
    if scores.mistaken:
        yield Markup("Cases that they name otherwise, with the number of curves given each name:")
        yield bullets(
            f"{one.case} ({one.intended}): " + ", ".join(f"{name} {count}" for name, count in one.named.items())
            for one in scores.mistaken
        )
    yield folded(
        "The others' confusion matrices", join(*(join(f"{NAMERS[one.namer]}:", _confusion(one)) for one in others))
    )


def _confusion(score: Score) -> Markup:
    """Number of curves by intended and given name."""
    given = {name for _, name in score.counts}
    columns = [name for name in (*SHAPE_NAMES, NONE_OF_THESE) if name in given or name in score.recalls]
    rows = [
        [shape, *(str(score.counts.get((shape, name), 0)) for name in columns)]
        for shape in SHAPE_NAMES
        if shape in score.recalls
    ]
    return table(["intended", *columns], rows, numeric=1)


def _meanings() -> Markup:
    return table(["shape", "what it means", "what to try"], [[name, s.meaning, s.advice] for name, s in SHAPES.items()])
