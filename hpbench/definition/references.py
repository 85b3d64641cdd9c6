"""Names in a definition that lead nowhere, and iterations at which nothing is measured.

All of it works on plain values and looks at what is sound in them, so that one fault does not hide another.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from hpbench.catalogue.claims import CLAIMS
from hpbench.catalogue.takes import TAKES, Evaluations, Take
from hpbench.definition.case_names import LARGEST_GRID, CaseNames, block, grid_size, is_grid, training
from hpbench.definition.changes import case_changes
from hpbench.definition.faults import Found, Location, instead
from hpbench.definition.fields import unknown_setting
from hpbench.definition.metric_references import metric_references
from hpbench.definition.plain_values import Values, numbered, tests, texts
from hpbench.definition.schema import Settings
from hpbench.records.metrics import METRICS, base_name

MOST_READINGS = 10_000
"""Combinations of answers that may be asked for."""


def references(values: Values, cases: CaseNames) -> Iterator[Found]:
    """Names that lead nowhere: of cases, metrics, settings, open points, answers; and names given twice.

    Args:
        values: Of the definition.
        cases: The cases that may be named.
    """
    yield from _claims(values, cases)
    yield from _figures(values, cases)
    yield from _reported(values, cases)
    yield from _table(values, cases)
    yield from _groups(values, cases)
    yield from _shapes(values, cases)
    yield from _gated(values, cases)
    yield from _planner(block(values.get("planner")), values, cases)
    yield from metric_references(values)
    for index, case in texts(values.get("reading_cases")):
        if unknown := cases.unknown(case):
            yield ("reading_cases", index), unknown
        elif "/" in case:
            yield ("reading_cases", index), f"'{case}' is a study's case; studies are run in the default reading only"
    yield from _open(values)
    for name, body in block(values.get("studies")).items():
        yield from _grid(("studies", name, "grid"), block(body).get("grid", {}))
        yield from _search(("studies", name, "search"), block(block(body).get("search")), values)
    for field in ("claims", "figures"):
        yield from _ids(field, values)


def takes(values: Values, cases: CaseNames) -> Iterator[Found]:
    """Takes that need a curve where the training does not evaluate it."""
    for at, test in tests(values):
        take = _take(test.get("take"))
        for _, case in _case_references(at, test) if take else ():
            evaluations = _evaluations(cases.training(case, values))
            lacking = take.lacks(evaluations) if take and evaluations else ""
            if lacking:
                yield (*at, "take"), f"{lacking}: {evaluations} (case {case})"
                break


def grids_read(values: Values) -> Iterator[Found]:
    """Iterations at which a grid's effects are to be read, and at which one of its points is not evaluated."""
    for name, study in block(values.get("studies")).items():
        points = [_evaluations(training(values, point)) for point in _ends(block(study).get("grid"))]
        for index, iteration in numbered(block(study).get("read_at")):
            missed = [found for found in points if found and type(iteration) is int and iteration not in found]
            if missed:
                yield ("studies", name, "read_at", index), f"iteration {iteration} is not evaluated: {missed[0]}"


def _claims(values: Values, cases: CaseNames) -> Iterator[Found]:
    for at, test in tests(values):
        for place, case in _case_references(at, test):
            if unknown := cases.unknown(case):
                yield place, unknown
        if getattr(CLAIMS.get(str(test.get("name"))), "to_setting", False) and isinstance(test.get("to"), str):
            yield from _settings(at, test, values, cases)
        if test.get("around_reported") is not None:
            yield from _ratios(at, test, block(values.get("reported")), cases)


def _setting_of(at: Location, to: str, named: list[str], values: Values, cases: CaseNames) -> Iterator[Found]:
    """A setting that one of some named cases does not have."""
    path = next(iter(case_changes({to: None})))
    for name in (member for case in named for member in cases.groups.get(case, (case,))):
        if name in cases.changes and (unknown := unknown_setting(Settings, cases.settings(name, values), path)):
            yield at, f"there is no setting {unknown} (case {name})"
            return


def _settings(at: Location, test: Values, values: Values, cases: CaseNames) -> Iterator[Found]:
    """A setting that one of the test's cases does not have; a name that is misspelt is told elsewhere."""
    path = next(iter(case_changes({test["to"]: None})))
    for _, case in _case_references(at, test):
        unknown = unknown_setting(Settings, cases.settings(case, values), path)
        if unknown and case in cases.changes:
            yield (*at, "to"), f"there is no setting {unknown} (case {case})"
            return


def _ratios(at: Location, test: Values, reported: Values, cases: CaseNames) -> Iterator[Found]:
    """Ratios that a test looks up and that are not reported; a name that is misspelt on the way is told elsewhere."""
    metric, case = str(test.get("metric")), str(test.get("case"))
    numbers = block(block(reported.get(metric)).get("values"))
    misspelt = any(cases.unknown(name) for key in numbers for name in _pair(key)) or cases.unknown(case)
    if misspelt or not set(map(base_name, (metric, *reported))) <= set(METRICS):
        return
    for _, other in texts(test.get("to")):
        ratio = f"{case} / {other}"
        if ratio not in numbers and not cases.unknown(other):
            message = f"no ratio '{ratio}' of {metric} is reported; {instead(ratio, list(numbers))}"
            yield (*at, "around_reported"), message


def _pair(key: str) -> list[str]:
    """The cases of a reported number: one, or two with a ratio's or a difference's sign between."""
    return key.replace(" / ", " - ").split(" - ")


def _figures(values: Values, cases: CaseNames) -> Iterator[Found]:
    for index, figure in numbered(values.get("figures")):
        named = list(texts(block(figure).get("cases")))
        if block(figure).get("kind") == "readings" and len(named) > 1:
            yield ("figures", index, "cases"), "curves under each reading are drawn of one case; name one"
        for position, case in named:
            if unknown := cases.unknown(case):
                yield ("figures", index, "cases", position), unknown
        if isinstance(to := block(figure).get("to"), str):
            yield from _setting_of(("figures", index, "to"), to, [case for _, case in named], values, cases)


def _reported(values: Values, cases: CaseNames) -> Iterator[Found]:
    for metric, body in block(values.get("reported")).items():
        for key in block(block(body).get("values")):
            for case in _pair(key):
                if unknown := cases.unknown(case):
                    yield ("reported", metric, "values", key), unknown


def _table(values: Values, cases: CaseNames) -> Iterator[Found]:
    for index, case in texts(block(values.get("table")).get("by_reading")):
        if unknown := cases.unknown(case):
            yield ("table", "by_reading", index), unknown


def _planner(planner: Values, values: Values, cases: CaseNames) -> Iterator[Found]:
    """A study, its reference or a setting of it that a planner names and that is not there."""
    study, reference, setting = (planner.get(field) for field in ("study", "reference", "setting"))
    if isinstance(study, str) and isinstance(reference, str):
        if unknown := cases.unknown(f"{study}/{reference}"):
            yield ("planner", "reference"), unknown
        elif isinstance(setting, str):
            yield from _setting_of(("planner", "setting"), setting, [f"{study}/{reference}"], values, cases)


def _groups(values: Values, cases: CaseNames) -> Iterator[Found]:
    """Groups without a case, and those that have the name of a case."""
    for name in block(values.get("groups")):
        if name in cases.changes:
            yield ("groups", name), f"'{name}' is the name of a case; give the group another one"
        elif not cases.groups.get(name) and not cases.unsure:
            yield ("groups", name), f"no case matches; {instead(name, cases.own, cases.own)}"


def _shapes(values: Values, cases: CaseNames) -> Iterator[Found]:
    """Cases that are made to have a shape and are not there, or are named twice."""
    places: dict[str, str] = {}
    for part, by_shape in block(values.get("shapes")).items():
        for shape, named in block(by_shape).items():
            for index, name in texts(named):
                at = ("shapes", part, shape, index)
                if unknown := cases.unknown(name):
                    yield at, unknown
                for case in cases.groups.get(name, (name,)):
                    if case in places:
                        yield at, f"'{case}' stands in {places[case]} already; a case is made to have one shape"
                        break
                    places[case] = f"shapes.{part}.{shape}"


def _gated(values: Values, cases: CaseNames) -> Iterator[Found]:
    """Gated cases that are not there, and metrics that are gated twice."""
    entries = [block(entry) for _, entry in numbered(values.get("gated"))]
    for index, entry in enumerate(entries):
        for position, case in texts(entry.get("cases")):
            if unknown := cases.unknown(case):
                yield ("gated", index, "cases", position), unknown
    for index in _repeated(entry.get("metric") for entry in entries):
        if isinstance(metric := entries[index].get("metric"), str):
            yield ("gated", index, "metric"), f"'{metric}' is gated already; give its cases to one entry"


def _open(values: Values) -> Iterator[Found]:
    points = {name: block(block(body).get("answers")) for name, body in block(values.get("open")).items()}
    for point, answers in points.items():
        first, changes = next(iter(answers.items()), ("", None))
        if changes:
            message = f"the first answer is the default and changes nothing: write '{first}: {{}}'"
            yield ("open", point, "answers", first), message
    number = math.prod(len(answers) for answers in points.values())
    if values.get("readings") == "all" and number > MOST_READINGS:
        yield (
            ("readings",),
            f"{number:,} combinations of answers are more than can be planned; at most {MOST_READINGS:,}",
        )
    for index, text in texts(values.get("readings")):
        for part in text.split(",") if text != "default" else ():
            point, _, answer = (piece.strip() for piece in part.partition("="))
            if point not in points:
                yield ("readings", index), f"there is no open point '{point}'; {instead(point, list(points))}"
            elif answer not in points[point]:
                message = f"open point '{point}' has no answer '{answer}'; {instead(answer, list(points[point]))}"
                yield ("readings", index), message


def _grid(at: Location, grid: Any) -> Iterator[Found]:
    if not is_grid(grid):
        return
    if (size := grid_size(grid)) > LARGEST_GRID:
        yield at, f"{size:,} points are more than can be planned; at most {LARGEST_GRID:,}"
    for axis, levels in grid.items():
        for index in _repeated(map(str, levels)):
            yield (*at, axis, index), f"{levels[index]} stands twice: every point of a grid is a case of its own"


def _search(at: Location, search: Values, values: Values) -> Iterator[Found]:
    """Axes that are no settings."""
    for path in block(search.get("space")):
        changed = next(iter(case_changes({path: None})))
        if unknown := unknown_setting(Settings, values, changed):
            yield (*at, "space", path), f"there is no setting {unknown}"


def _ids(field: str, values: Values) -> Iterator[Found]:
    names = [block(item).get("id") for _, item in numbered(values.get(field))]
    for index in _repeated(names):
        if isinstance(names[index], str):
            yield (field, index, "id"), f"'{names[index]}' is the id of an earlier one of the {field}"


def _repeated(items: Iterable[Any]) -> Iterator[int]:
    """Positions of items that stand before them already."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        if str(item) in seen:
            yield index
        seen.add(str(item))


def _case_references(at: Location, test: Values) -> Iterator[tuple[Location, str]]:
    """Place and name of every case that a test names."""
    kind = CLAIMS.get(str(test.get("name")))
    for field in getattr(kind, "case_fields", ()):
        if isinstance(test.get(field), str):
            yield (*at, field), test[field]
        for index, case in texts(test.get(field)):
            yield (*at, field, index), case


def _take(fields: Any) -> Take | None:
    """The take with these fields; None if there is none, or if they are faulty."""
    model = TAKES.get(str(block(fields).get("name")))
    try:
        take = model.model_validate(fields) if model else None
    except ValidationError:
        return None
    return take if isinstance(take, Take) else None


def _evaluations(fields: Values) -> Evaluations | None:
    last = fields.get("iterations")
    every = fields.get("evaluate_every") or last
    if type(every) is int and type(last) is int and every > 0 and last > 0:
        read = [at for _, one in numbered(fields.get("instruments")) for _, at in numbered(block(one).get("at"))]
        return Evaluations(every, last, tuple(sorted({at for at in read if type(at) is int})))
    return None


def _ends(grid: Any) -> Iterator[dict[str, Any]]:
    """The points of a grid as far as they set how long is trained and when is evaluated."""
    axes = block(grid) if is_grid(grid) else {}
    ends = ("training.iterations", "training.evaluate_every")
    chosen = {axis: levels for axis, levels in axes.items() if next(iter(case_changes({axis: None}))) in ends}
    if axes and grid_size(chosen) <= LARGEST_GRID:
        yield from (dict(zip(chosen, point, strict=True)) for point in itertools.product(*chosen.values()))
