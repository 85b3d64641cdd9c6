"""Final values as github-action-benchmark reads them, for its custom tools: a file a direction.

``customBiggerIsBetter`` reads the accuracies, ``customSmallerIsBetter`` times and memory; each is a list of
``{name, unit, value, range, extra}`` (https://github.com/benchmark-action/github-action-benchmark).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hpbench.report.exports.measured import Measured, measured, times
from hpbench.report.facts import Facts
from hpbench.report.files import write_whole
from hpbench.report.numerals import plural
from hpbench.report.strict_json import dump

ACCURACIES = ("test_accuracy", "train_accuracy")
MEMORY = ("host_memory_training", "host_memory_peak", "device_memory_peak", "device_memory_driver")


def write(facts: Facts, output: Path) -> list[Path]:
    """Both files; the action refuses an empty list, so that one without entries is not written, and an old one goes."""
    found = list(measured(facts))
    costs = [*times(found), *(one for one in found if one.row.metric in MEMORY)]
    files = {
        "bigger-is-better": [one for one in found if one.row.metric in ACCURACIES],
        "smaller-is-better": costs,
    }
    written = []
    for direction, chosen in files.items():
        path = output / f"{facts.definition.id}.{direction}.json"
        path.unlink(missing_ok=True)
        if entries := list(_entries(facts, chosen)):
            write_whole(path, [dump(entries, indent=2), "\n"])
            written.append(path)
    return written


def _entries(facts: Facts, chosen: Iterable[Measured]) -> Iterable[dict[str, Any]]:
    """One a metric of a case; one without a finite value has none, because the action needs a number."""
    for one in chosen:
        values = list(one.values.values())
        if not values:
            continue
        spread = {"range": f"± {statistics.stdev(values):.3g}"} if len(values) > 1 else {}
        diverged = f", {one.row.diverged} diverged" if one.row.diverged else ""
        yield {
            "name": f"{facts.definition.id}: {one.place}: {one.row.metric}",
            "unit": one.row.unit,
            "value": statistics.fmean(values),
            **spread,
            "extra": f"mean of {plural(len(values), 'seed')}{diverged}, profile {facts.resolved.selection.profile}",
        }
