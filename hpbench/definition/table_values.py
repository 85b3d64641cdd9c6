"""A table's rows as the values of a definition: cases, reported numbers, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpbench.catalogue.callbacks import CALLBACKS, Callback
from hpbench.definition.changes import with_changes
from hpbench.definition.table import PARTS, Row
from hpbench.records.metrics import METRICS


def definition_values(rows: Sequence[Row], base: Mapping[str, Any], file: str) -> dict[str, Any]:
    """``base`` with the table's cases and reported numbers.

    A setting that is the same in all rows becomes one of the definition's. Reported numbers are no claims: a table
    does not say what it shows.

    Args:
        rows: Of the table.
        base: Values of a definition, of which the settings stay that the table does not have.
        file: The table's name, to say where numbers are from.
    """
    constant = _constant(rows)
    metrics = [metric for metric in METRICS if any(metric in row.reported for row in rows)]
    values = with_changes(base, constant)
    callbacks = _recorders(metrics)
    return with_changes(
        values,
        {
            "question": f"EXAMPLE: Do the numbers of {file} come out again?",
            "source": {"title": f"EXAMPLE: the document that {file} is from"},
            "training.evaluate_every": _evaluate_every(rows, values["training"]),
            **({"training.callbacks": callbacks} if callbacks else {}),
            "cases": {row.case: _case(row, constant) for row in rows},
            "open": {},
            "reported": {metric: _reported(metric, rows, file) for metric in metrics},
            "claims": [],
            "figures": [_figure(metric, rows, file) for metric in metrics or ("test_accuracy",)],
            "profiles": _profiles(rows, values["profiles"], constant),
        },
    )


def _constant(rows: Sequence[Row]) -> dict[str, Any]:
    """Settings that are the same in every row, and so the definition's own.

    A field of a part stays with the cases where the part does: naming another part sets all its fields anew.
    """
    first = rows[0].settings
    same = {path: value for path, value in first.items() if all(row.settings.get(path) == value for row in rows)}
    moving = {path for row in rows for path in row.settings if path in PARTS} - set(same)
    return {path: value for path, value in same.items() if not any(path.startswith(f"{part}.") for part in moving)}


def _case(row: Row, constant: Mapping[str, Any]) -> dict[str, Any]:
    """What a case changes, fields of ``training`` by their bare names."""
    own = {path: value for path, value in row.settings.items() if path not in constant}
    return {path.removeprefix("training.") if path.count(".") == 1 else path: value for path, value in own.items()}


def _evaluate_every(rows: Sequence[Row], training: Mapping[str, Any]) -> int:
    """What the table says, else a tenth of the shortest training."""
    if any("training.evaluate_every" in row.settings for row in rows):
        return int(training["evaluate_every"])
    shortest = min(row.settings.get("training.iterations", training["iterations"]) for row in rows)
    return max(1, int(shortest) // 10)


def _recorders(metrics: Sequence[str]) -> list[dict[str, str]]:
    """The callbacks without which a reported metric would not be observed."""
    return [
        {"name": name}
        for name, callback in CALLBACKS.items()
        if issubclass(callback, Callback) and callback.observes in metrics and not callback.sets_learning_rate
    ]


def _reported(metric: str, rows: Sequence[Row], file: str) -> dict[str, Any]:
    return {"values": {row.case: row.reported[metric] for row in rows if metric in row.reported}, "where": file}


def _profiles(rows: Sequence[Row], profiles: Mapping[str, Any], constant: Mapping[str, Any]) -> dict[str, Any]:
    """The base's profiles, with a smoke profile that is short where cases have their own iterations, too."""
    short = {"iterations": 20, "evaluate_every": 10}
    cases = {row.case: _case(row, constant) for row in rows}
    if not any(short.keys() & case.keys() for case in cases.values()):
        return dict(profiles)
    cases = {name: {key: short.get(key, value) for key, value in case.items()} for name, case in cases.items()}
    return {**profiles, "smoke": {**profiles["smoke"], "cases": cases}}


def _figure(metric: str, rows: Sequence[Row], file: str) -> dict[str, Any]:
    title = f"{METRICS[metric].title} by case"
    return {
        "id": metric.replace("_", "-"),
        "title": title[:1].upper() + title[1:],
        "kind": "cases",
        "metric": metric,
        "cases": [row.case for row in rows],
        "where": file,
    }


def claim_to_try(rows: Sequence[Row]) -> dict[str, Any]:
    """That the case with the largest reported number is the largest, as far as the table says one."""
    claim = {"id": "largest", "where": "EXAMPLE: section 3"}
    for metric in METRICS:
        cases = sorted((row.reported[metric], row.case) for row in rows if metric in row.reported)
        if len(cases) > 1 and cases[-1][0] > cases[-2][0]:
            *others, (_, best) = cases
            return claim | {
                "text": f"EXAMPLE: {best} has the largest {METRICS[metric].title}.",
                "tolerance_from": "none; the sign of the difference",
                "test": {"name": "greater", "metric": metric, "cases": [best], "than": [case for _, case in others]},
            }
    return claim | {
        "id": "learns",
        "text": f"EXAMPLE: {rows[0].case} learns something.",
        "tolerance_from": "ours; say why",
        "test": {"name": "between", "metric": "test_accuracy", "cases": [rows[0].case], "low": 0.5},
    }
