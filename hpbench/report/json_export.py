"""The report as strict JSON (format 1): numbers that are not finite are null; one row or curve point a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from hpbench.analysis.diagnosis_score import SetScores
from hpbench.analysis.summary import Comparison, Row
from hpbench.analysis.verdicts import Finding, Quantity
from hpbench.records.metrics import NOT_ALONE
from hpbench.report.circumstances import Drift, drifts
from hpbench.report.facts import Facts
from hpbench.report.strict_json import dump

FORMAT = 1


def chunks(facts: Facts) -> Iterator[str]:
    """The document piece by piece: with many trials it is large."""
    yield "{\n"
    for key, value in _head(facts).items():
        yield f"{dump(key)}: {dump(value)},\n"
    yield from _list("claims", (dump(_claim(finding)) for finding in facts.findings.values()))
    yield ",\n"
    yield from _list("comparisons", (dump(comparison(item)) for item in facts.comparisons))
    yield ",\n"
    yield from _list("trials", _trials(facts))
    yield ",\n"
    yield from _list("rows", _rows(facts.rows))
    yield ",\n"
    yield from _list("curves", _curves(facts))
    yield "\n}\n"


def text(facts: Facts) -> str:
    """The whole document."""
    return "".join(chunks(facts))


def _head(facts: Facts) -> dict[str, Any]:
    """What stands before the lists, so that an index finds it without reading those."""
    definition, tables = facts.definition, facts.tables
    return {
        "format": FORMAT,
        "benchmark": definition.id,
        "version": definition.version,
        "title": definition.title,
        "profile": facts.resolved.selection.profile,
        "created": tables.created,
        "command": tables.command,
        "stale": int(tables.trials["stale"].sum()),
        "data": {
            "name": tables.data.get("name"),
            "fingerprint": tables.data.get("fingerprint"),
            "generated": bool(tables.data.get("generated", False)),
        },
        "machine": dict(tables.machine),
        "calibration": [_drift(item) for item in drifts(tables.calibration)],
        "resolved": [
            {"name": name, "value": value, "trials": [{"case": case, "reading": reading} for case, reading in places]}
            for name, values in tables.resolved.items()
            for value, places in values.items()
        ],
    } | _shapes(facts)


def _shapes(facts: Facts) -> dict[str, Any]:
    """How often shapes of learning curves are named right; nothing where no case is made to have one."""
    if facts.shapes is None:
        return {}
    sets = {"tuned_on": facts.shapes.tuned_on, "held_out": facts.shapes.held_out}
    return {"shapes": {name: _scores(scores) if scores else [] for name, scores in sets.items()}}


def _scores(found: SetScores) -> list[dict[str, Any]]:
    return [
        {
            "by": score.namer,
            "n": score.n,
            "balanced_accuracy": score.balanced_accuracy,
            "counts": [{"intended": pair[0], "named": pair[1], "n": n} for pair, n in sorted(score.counts.items())],
        }
        for score in found.scores
    ]


def _drift(item: Drift) -> dict[str, Any]:
    moments = {"before": item.before, "after": item.after}
    speeds = {moment: {"value": r.value, "spread": r.spread} if r else None for moment, r in moments.items()}
    return {"name": item.name, "unit": item.unit, **speeds, "change": item.change}


def _claim(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.claim,
        "reading": finding.reading,
        "verdict": finding.verdict.value,
        "evidence": {
            "holds": finding.holds,
            "note": finding.note,
            "quantities": [_quantity(quantity) for quantity in finding.quantities],
        },
    }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    interval = quantity.interval
    return {
        "label": quantity.label,
        "values": list(quantity.values),
        "n": interval.n,
        "undefined": quantity.undefined,
        "mean": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "allowed_low": quantity.low,
        "allowed_high": quantity.high,
    }


def comparison(item: Comparison) -> dict[str, Any]:
    """A reported number beside ours."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _trials(facts: Facts) -> Iterator[str]:
    """How each trial ended, and of timed ones whether they were alone on the machine, as far as that could be told."""
    names = ("case", "reading", "seed", "outcome", "timed", "stale")
    for row in facts.tables.trials[list(names)].itertuples(index=False, name=None):
        place = (row[0], row[1], int(row[2]))
        cores = facts.loads.get(place)
        alone = None if cores is None else cores < NOT_ALONE
        values = (*place, str(row[3]), bool(row[4]), bool(row[5]))
        yield dump(dict(zip(names, values, strict=True)) | {"other_load": cores, "alone": alone})


def _rows(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as JSON; the settings, which many rows share, are turned into text once a case and reading."""
    settings: dict[tuple[str, str], str] = {}
    for row in rows:
        place = (row.case, row.reading)
        if place not in settings:
            settings[place] = dump(row.settings)
        before = dump({"case": row.case, "reading": row.reading})
        names = ("labels", "metric", "unit", "n", "diverged", "mean", "low", "high", "reported", "device")
        after = dump({name: getattr(row, name) for name in names})
        yield f'{before[:-1]}, "settings": {settings[place]}, {after[1:]}'


def _curves(facts: Facts) -> Iterator[str]:
    """Every observation with an iteration, by case, reading, metric, labels, seed and iteration; a curve a piece."""
    observations = facts.tables.observations
    frame = observations[observations["iteration"].notna()]
    if frame.empty:
        return
    orders = {"case": facts.resolved.all_cases, "reading": facts.readings}
    keys = ("case", "reading", "metric", "labels", "seed")
    ranked = [_ranked(frame[key], orders.get(key, ())) for key in keys]
    iterations = frame["iteration"].to_numpy(dtype=np.int64)
    places = np.lexsort((iterations, *(ranks for ranks, _ in reversed(ranked))))
    ranks = np.stack([ranks[places] for ranks, _ in ranked])
    starts = [0, *(np.flatnonzero((np.diff(ranks) != 0).any(axis=0)) + 1).tolist(), len(frame)]
    values = frame["value"].to_numpy(dtype=np.float64)[places]
    shared = _Shared()
    for start, end in pairwise(starts):
        *names, seed = (levels[rank] for (_, levels), rank in zip(ranked, ranks[:, start], strict=True))
        before = f'{shared(*names)}, "seed": {seed}, "iteration": '
        points = zip(iterations[places[start:end]].tolist(), values[start:end].tolist(), strict=True)
        yield ",\n".join(f'{before}{i}, "value": {v if math.isfinite(v) else "null"}}}' for i, v in points)


class _Shared:
    """What the points of all seeds of a curve begin with, made once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], str] = {}

    def __call__(self, case: str, reading: str, metric: str, labels: str) -> str:
        key = (case, reading, metric, labels)
        if key not in self._known:
            found = {"case": case, "reading": reading, "metric": metric, "labels": json.loads(labels)}
            self._known[key] = dump(found)[:-1]
        return self._known[key]


def _ranked(column: pd.Series[Any], order: Sequence[str]) -> tuple[np.ndarray[Any, Any], list[Any]]:
    """Each value's rank and the values by rank: first those in ``order``, then the others as they sort."""
    codes, levels = pd.factorize(column)
    known: dict[Any, int] = {name: place for place, name in enumerate(order)}
    names = levels.tolist()
    by_rank = sorted(range(len(names)), key=lambda code: (known.get(names[code], len(known)), names[code]))
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[by_rank] = np.arange(len(names))
    return ranks[codes], [names[code] for code in by_rank]


def _list(key: str, items: Iterable[str]) -> Iterator[str]:
    """A list under a key, one item a line."""
    yield f"{dump(key)}: ["
    for number, item in enumerate(items):
        yield f"{',' if number else ''}\n{item}"
    yield "\n]"
