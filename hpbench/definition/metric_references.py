"""Metrics that a definition names and nothing observes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.definition.case_names import block
from hpbench.definition.faults import Found, Location, instead
from hpbench.definition.plain_values import Values, numbered, tests, texts
from hpbench.records.metrics import METRICS, base_name


def metric_references(values: Values) -> Iterator[Found]:
    """Metrics that nothing observes; what a callback of one's own observes is not known."""
    observers: dict[str, list[str]] = {}
    for name, model in CALLBACKS.items():
        if observed := getattr(model, "observes", None):
            observers.setdefault(observed, []).append(name)
    references = ((at, base_name(one)) for at, one in _references(values))
    in_question = [(at, one) for at, one in references if one not in METRICS or one in observers]
    used = set(_callback_names(values)) if in_question else set()
    if any(":" in name for name in used):
        return
    if not used <= set(CALLBACKS):  # one is misspelt
        used = set(CALLBACKS)
    metrics = dict.fromkeys([*METRICS, *observers])
    known = [name for name in metrics if name not in observers or used & set(observers[name])]
    for at, metric in in_question:
        if metric in observers and metric not in known:
            yield at, f"'{metric}' is observed by {' or '.join(observers[metric])}, which no callbacks name"
        elif metric not in known:
            yield at, f"there is no metric '{metric}'; {instead(metric, known)}"


def _references(values: Values) -> Iterator[tuple[Location, str]]:
    places: Iterable[tuple[Location, Any]] = [
        *(((*at, "metric"), test.get("metric")) for at, test in tests(values)),
        *((("figures", index, "metric"), block(one).get("metric")) for index, one in numbered(values.get("figures"))),
        *((("reported", metric), metric) for metric in block(values.get("reported"))),
        *((("table", "reported", name), name) for name in block(block(values.get("table")).get("reported"))),
        *((("table", "also", index), name) for index, name in texts(block(values.get("table")).get("also"))),
        *((("gated", index, "metric"), block(one).get("metric")) for index, one in numbered(values.get("gated"))),
        (("advice", "metric"), block(values.get("advice")).get("metric")),
        *(
            (("studies", name, "search", "objective", "metric"), _objective(body).get("metric"))
            for name, body in block(values.get("studies")).items()
        ),
    ]
    return ((at, metric) for at, metric in places if isinstance(metric, str))


def _objective(study: Any) -> dict[str, Any]:
    return block(block(block(study).get("search")).get("objective"))


def _callback_names(node: Any, field: str = "") -> Iterator[str]:
    """Names of all callbacks that a definition speaks of, in its training or in what changes it."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _callback_names(value, name)
    elif isinstance(node, list):
        for item in node:
            if field.split(".")[-1] == "callbacks":
                yield str(block(item).get("name"))
            yield from _callback_names(item)
