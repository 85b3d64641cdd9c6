"""Cases that transfer what they learned elsewhere beside those from scratch."""

from __future__ import annotations

from hpbench.analysis.transfer import Transferred
from hpbench.records.metrics import metric as described
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, join, table
from hpbench.report.numerals import MISSING, interval, number
from hpbench.report.sections.circumstances import on_generated


def transfer(facts: Facts) -> Markup:
    """Weights, time and accuracy of each pair."""
    if not facts.transfers:
        return Markup("")
    metrics = list(facts.transfers[0].differences)
    titles = ["case", "trainable weights", "training (s)", "before, on the source (s)"]
    titles += [described(metric).title for metric in metrics]
    rows = [row for pair in facts.transfers for row in _rows(pair, metrics)]
    return join(
        "## Transfer beside scratch",
        "The same net on the same images, once from scratch and once with what it learned on the source, all but its "
        "last layer frozen. Means over the seeds with their 95 % intervals; ratios and differences are paired by seed.",
        on_generated(facts),
        table(titles, rows, numeric=1),
    )


def _rows(pair: Transferred, metrics: list[str]) -> list[list[str]]:
    rows = []
    for case, before in ((pair.scratch, MISSING), (pair.transfer, interval(pair.source_seconds, "s"))):
        means = pair.means[case]
        weights = means["trainable_weights"].mean
        accuracies = (interval(pair.accuracies[case][metric], "fraction") for metric in metrics)
        counted = f"{weights:,.0f}" if weights == weights else MISSING
        rows.append([case, counted, interval(means["seconds_training"], "s"), before, *accuracies])
    ratios = pair.ratios
    rows.append(
        [
            "ratio, or difference of accuracies",
            number(ratios["trainable_weights"].mean, "1"),
            interval(ratios["seconds_training"], "1"),
            MISSING,
            *(interval(pair.differences[metric], "fraction") for metric in metrics),
        ]
    )
    return rows
