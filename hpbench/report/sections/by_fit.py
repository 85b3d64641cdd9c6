"""Cases trained by ``model.fit`` beside those like them."""

from __future__ import annotations

from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, join, table
from hpbench.report.numerals import interval
from hpbench.report.sections.circumstances import on_generated


def by_fit(facts: Facts) -> Markup:
    """How many times as long ``model.fit`` took for the same."""
    if not facts.by_fit:
        return Markup("")
    rows = [
        [
            pair.fit,
            pair.own,
            interval(pair.ratios["seconds_training"], "1"),
            interval(pair.ratios["seconds_compile"], "1"),
            str(pair.ratios["seconds_training"].n),
            interval(pair.accuracy, "fraction"),
        ]
        for pair in facts.by_fit
    ]
    titles = ["by model.fit", "beside", "training time, ratio", "compile, ratio", "n", "test accuracy, difference"]
    return join(
        "### Beside model.fit",
        "The same data, initialisation and batches, one seed after another: how many times as long `model.fit` took, "
        "paired by seed, geometric means with their 95 % intervals. An epoch done beforehand counts as its compile.",
        on_generated(facts),
        table(titles, rows, numeric=2),
    )
