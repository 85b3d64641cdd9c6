"""What a forward pass takes, and the cases that were matched in it."""

from __future__ import annotations

import math

from hpbench.analysis.inference import Inference, Matched
from hpbench.catalogue.work import MatchedLatency
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, escape, join, table
from hpbench.report.numerals import MISSING, interval, number
from hpbench.report.sections.circumstances import on_generated

MICRO = 1e6


def inference(facts: Facts) -> Markup:
    """Weights, multiply-adds and latency of the cases that measure a forward pass."""
    if not facts.inferences:
        return Markup("")
    batches = sorted({batch for one in facts.inferences for batch in one.seconds})
    rows = [
        [one.case, str(one.n), *_sizes(one), *(_microseconds(one, batch) for batch in batches)]
        for one in facts.inferences
    ]
    return join(
        "## Inference",
        "Of a net that is not trained, which changes nothing of what it costs: the median of warm forward passes, in "
        "microseconds an image; mean over the trials and its 95 % interval.",
        on_generated(facts),
        table(
            ["case", "n", "weights", "multiply-adds", *(f"batch {batch} (µs)" for batch in batches)], rows, numeric=1
        ),
    )


def at_equal_latency(facts: Facts) -> Markup:
    """What was found and trained, and beneath it the search."""
    planner = facts.definition.planner
    if not facts.matched or not isinstance(planner, MatchedLatency):
        return Markup("")
    reference = f"{planner.study}/{planner.reference}"
    setting = planner.setting.rpartition(".")[2].replace("_", " ")
    titles = [
        *("case", f"{setting} found", f"batch {planner.batch}, over {planner.reference}", "near enough"),
        *("batch 1 (µs)", f"batch {planner.batch} (µs)", "weights", "multiply-adds"),
        *("train accuracy", "test accuracy", "training, per 100 iterations (s)"),
    ]
    searched = [[one.case, Markup(_path(one))] for one in facts.matched]
    return join(
        "## At equal latency",
        f"The {escape(setting)} of each case was searched until a forward pass over {planner.batch} images took as "
        f"long as that of {escape(reference)}, within {100 * planner.within:g} %; what was found was measured "
        f"{planner.confirm} times more and trained. Each measurement has the reference beside it in the same process, "
        "window by window in turn, and the ratio is to that; that of the reference itself shows how far it can be "
        "trusted. Means with their 95 % intervals.",
        on_generated(facts),
        table(titles, [_row(one, planner.batch) for one in facts.matched], numeric=1),
        f"What was tried, in this order: each {escape(setting)} with its ratio to the reference in the search.",
        table(["case", "tried"], searched),
    )


def _row(one: Matched, batch: int) -> list[str]:
    return [
        one.case,
        str(one.value),
        interval(one.ratio, "1"),
        "yes" if one.near else "no",
        _microseconds(one.inference, 1),
        _microseconds(one.inference, batch),
        *_sizes(one.inference),
        interval(one.accuracies["train_accuracy"], "fraction"),
        interval(one.accuracies["test_accuracy"], "fraction"),
        interval(one.accuracies["seconds_per_100_iterations"], "s"),
    ]


def _path(one: Matched) -> str:
    return ", ".join(f"{value}: {number(ratio, '1')}" for value, ratio in one.tried.items())


def _sizes(one: Inference) -> list[str]:
    return [f"{size:,.0f}" if math.isfinite(size) else MISSING for size in one.sizes.values()]


def _microseconds(one: Inference, batch: int) -> str:
    found = one.seconds.get(batch)
    return interval(found.scaled(MICRO), "1") if found else MISSING
