"""Accuracy, time and memory of each case, and the document's numbers beside ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hpbench.analysis.summary import Comparison, Row
from hpbench.definition.readings import DEFAULT
from hpbench.records.metrics import metric as described
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, escape, folded, join, table
from hpbench.report.numerals import MISSING, bounds, full_title, number, with_unit
from hpbench.report.sections.circumstances import company, on_generated

NO_GPU = "no GPU"
_Place = tuple[str, str]


def accuracy(facts: Facts) -> Markup:
    """Accuracy by case, default reading first, the other readings folded away."""
    rows = [row for row in facts.own_rows if row.unit == "fraction" and row.device is None]
    default = [row for row in rows if row.reading == DEFAULT]
    cells = facts.table_cases
    listed = _pivot([row for row in default if row.case not in cells], with_reading=False)
    in_table = _pivot([row for row in default if row.case in cells], with_reading=False)
    others = _pivot([row for row in rows if row.reading != DEFAULT and facts.is_shown(row.case)], with_reading=True)
    return join(
        "## Accuracy",
        "Of the last evaluation: mean over the seeds and its 95 % interval. "
        "A reading that leaves the training alone shares the default reading's trials and is not repeated. "
        "Diverged trials count in n, with the accuracy of their last state."
        if rows
        else "Nothing was measured.",
        on_generated(facts),
        listed,
        folded("Each cell of the table", in_table) if in_table else "",
        folded("Other readings", others) if others else "",
    )


def time(facts: Facts) -> Markup:
    """Wall time by case."""
    rows = [row for row in facts.own_rows if row.unit == "s" and row.device is None and not _elsewhere(row)]
    return join(
        "## Wall time",
        "In seconds, of isolated trials; evaluation is never inside the training time."
        if rows
        else "No trial was timed.",
        on_generated(facts),
        company(facts),
        _pivot(rows, with_reading=any(row.reading != DEFAULT for row in rows)),
    )


def _elsewhere(row: Row) -> bool:
    """Whether the row's time stands elsewhere: in the curves, or among the times of inference."""
    return row.metric == "training_clock" or row.settings["training"]["procedure"]["name"] == "latency"


def memory(facts: Facts) -> Markup:
    """Host memory by case, then device memory with one column a GPU."""
    rows = [row for row in facts.own_rows if row.unit == "B" and not _elsewhere(row)]
    if not rows:
        return join("## Memory", "No trial was measured for memory.")
    host = [row for row in rows if row.device is None]
    return join(
        "## Memory",
        "In MB (1,000,000 bytes), of isolated trials.",
        on_generated(facts),
        "### Host",
        _pivot(host, with_reading=any(row.reading != DEFAULT for row in host)),
        *_device_tables(facts, rows),
    )


def _device_tables(facts: Facts, rows: Sequence[Row]) -> list[Markup]:
    """One table a device metric; without a device a column that says so."""
    places = list(dict.fromkeys((row.case, row.reading) for row in rows))
    on_device = [row for row in rows if row.device is not None]
    devices = sorted({str(row.device) for row in on_device})
    if not devices:
        absent = str(facts.tables.machine.get("GPU", NO_GPU))
        cell = NO_GPU if absent.startswith(NO_GPU) else "not measured"
        return [Markup("### Device"), table(["case", "GPU"], [[case, cell] for case, _ in places], numeric=1)]
    tables = []
    for name in dict.fromkeys(row.metric for row in on_device):
        cells = {((row.case, row.reading), row.device): row for row in on_device if row.metric == name}
        body = [[*place, *(_value(cells.get((place, device))) for device in devices)] for place in places]
        titles = ["case", "reading", *(with_unit(device, "B") for device in devices)]
        tables += [Markup(f"### Device, {escape(described(name).title)}"), table(titles, body, numeric=2)]
    return tables


def _pivot(rows: Sequence[Row], *, with_reading: bool) -> Markup:
    """One row a case (and reading), one column a metric with its labels; n is that of the first metric."""
    if not rows:
        return Markup("")
    columns = list(dict.fromkeys(map(_column, rows)))
    by_place: dict[_Place, dict[str, Row]] = {}
    for row in rows:
        by_place.setdefault((row.case, row.reading), {})[_column(row)] = row
    body = []
    for place, found in by_place.items():
        first = next(iter(found.values()))
        head = place if with_reading else place[:1]
        body.append([*head, _seeds(first), *(_value(found.get(column), first.n) for column in columns)])
    names = ["case", "reading"] if with_reading else ["case"]
    return table([*names, "n", *columns], body, numeric=len(names))


def _column(row: Row) -> str:
    labels = ", ".join(f"{key} {value}" for key, value in sorted(row.labels.items()))
    title = f"{described(row.metric).title}, {labels}" if labels else described(row.metric).title
    return with_unit(title, row.unit)


def _seeds(row: Row) -> Markup:
    return Markup(f"{row.n} ({row.diverged} diverged)" if row.diverged else str(row.n))


def _value(row: Row | None, n: int | None = None) -> Markup:
    """Mean and interval; with its own n where that is not the row's."""
    if row is None:
        return MISSING
    shown = bounds(row.mean, row.low, row.high, row.unit)
    return shown if n is None or row.n == n else Markup(f"{shown} (n = {row.n})")


def reported(facts: Facts) -> Markup:
    """The document's numbers beside ours."""
    if not facts.comparisons:
        return Markup("")
    default = [item for item in facts.comparisons if item.reading == DEFAULT]
    others = [item for item in facts.comparisons if item.reading != DEFAULT and item.n and facts.is_shown(item.key)]
    in_table = [item for item in default if item.key in facts.table_cases]
    listed = [item for item in default if item.key not in facts.table_cases]
    return join(
        "## Reproduced beside reported",
        "Whether the document's number lies in the 95 % prediction interval of one run of ours, from 3 seeds on. "
        "`A / B` is a ratio and `A - B` a difference of two cases, paired by seed.",
        on_generated(facts),
        _compared(listed, _NUMBERS) if listed else "",
        folded("Each cell of the table", _compared(in_table, _NUMBERS)) if in_table else "",
        folded("Other readings", _compared(others, [_READING, *_NUMBERS])) if others else "",
    )


_Column = tuple[str, Callable[[Comparison], str]]
_READING: _Column = ("reading", lambda item: item.reading)
_NUMBERS: tuple[_Column, ...] = (
    ("what", lambda item: item.key),
    ("metric", lambda item: with_unit(full_title(item.metric), item.unit)),
    ("reported", lambda item: number(item.reported, item.unit)),
    (Markup("ours [95 % interval]"), lambda item: bounds(item.mean, item.low, item.high, item.unit)),
    ("95 % of single runs", lambda item: _predicted(item)),
    ("n", lambda item: str(item.n)),
    ("reported inside", lambda item: {None: "too few seeds" if item.n else "–", True: "yes", False: "no"}[item.inside]),
    ("where", lambda item: item.where),
)


def _compared(items: Sequence[Comparison], columns: Iterable[_Column]) -> Markup:
    named = list(columns)
    return table([title for title, _ in named], [[show(item) for _, show in named] for item in items])


def _predicted(item: Comparison) -> Markup:
    low, high = number(item.predicted_low, item.unit), number(item.predicted_high, item.unit)
    return MISSING if low == MISSING else Markup(f"{low} to {high}")
