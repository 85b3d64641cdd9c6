"""The optimisation advice."""

from __future__ import annotations

from collections.abc import Sequence

from hpbench.analysis.advice import Cheapest, HalfBatch, Limit, Reached, Recommendation
from hpbench.records.metrics import metric as described
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, escape, join, table
from hpbench.report.numerals import MISSING, counted
from hpbench.report.sections.circumstances import on_generated
from hpbench.report.settings_text import text

UNITS = {"seconds": "s", "iterations": "1"}
STILL_RISING = "yes: the limit may lie beyond the run"


def advice(facts: Facts) -> Markup:
    """Where the limit is, how many iterations a setting needs, the rule, and the cheapest case."""
    found, asked = facts.advice, facts.definition.advice
    if found is None or asked is None:
        return Markup("")
    title = escape(described(found.metric).title)
    return join(
        "## Optimisation advice",
        f"For the {title}, from the trials of the default reading.",
        on_generated(facts),
        "### The cheapest case that reaches a target",
        _cheapest(found.cheapest),
        "### Where each case reaches its limit",
        f"The first evaluated iteration from which on the {title} stays within {asked.within:g} of its last value.",
        _limits(found.limits),
        "### Recommended iterations for a batch size and rate" if found.grid else "",
        _grid(found.grid),
        "### Half the batch, twice the rate",
        _half_batch(found.half_batch),
    )


def _cheapest(items: Sequence[Cheapest]) -> Markup:
    rows = [[f"{item.target:g}", item.measure, _best(item), _reached(item.runner_up, item.measure)] for item in items]
    return table(["target", "cost in", "cheapest", "runner-up"], rows)


def _best(item: Cheapest) -> Markup:
    if not item.measured:
        return Markup("not measured")
    return _reached(item.best, item.measure) if item.best else Markup("no case reaches it in every seed")


def _reached(item: Reached | None, measure: str) -> Markup:
    return Markup(f"{escape(item.case)}: {counted(item.cost, UNITS[measure])}") if item else MISSING


def _limits(items: Sequence[Limit]) -> Markup:
    rows = [
        [
            item.case,
            counted(item.accuracy, "fraction"),
            counted(item.iterations, "1"),
            counted(item.seconds, "s") if item.seconds else MISSING,
            STILL_RISING if item.still_rising else "no",
        ]
        for item in items
    ]
    return table(["case", "last value", "iterations", "training (s)", "still rising"], rows)


def _grid(items: Sequence[Recommendation]) -> Markup:
    rows = [
        [
            str(item.batch_size),
            text(item.learning_rate),
            str(item.iterations),
            counted(item.accuracy, "fraction"),
            STILL_RISING if item.still_rising else "no",
        ]
        for item in items
    ]
    return (
        table(["batch size", "learning rate", "iterations", "accuracy there", "still rising"], rows)
        if rows
        else Markup("")
    )


def _half_batch(items: Sequence[HalfBatch]) -> Markup:
    if not items:
        return Markup("No two cases differ so.")
    rows = [
        [
            f"{item.half} against {item.case}",
            f"{item.batch_size} → {item.batch_size / 2:g}",
            f"{text(item.learning_rate)} → {text(2 * item.learning_rate)}",
            counted(item.accuracy_difference, "fraction"),
            counted(item.seconds_ratio, "1") if item.seconds_ratio else MISSING,
        ]
        for item in items
    ]
    return table(
        ["cases", "batch size", "learning rate", "difference of the last value", "ratio of time per iteration"], rows
    )
