"""Under what the trials were run: alone or not, the machine, its speed, and what jobs resolved."""

from __future__ import annotations

from collections.abc import Sequence

from hpbench.definition.readings import DEFAULT
from hpbench.records.calibration import Reading
from hpbench.records.metrics import NOT_ALONE
from hpbench.report.circumstances import Drift, drifts, not_alone
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, escape, join, table
from hpbench.report.numerals import MISSING, plural, significant

MOST_PLACES = 8
"""Of more cases that resolved to one value the rest is counted."""


def on_generated(facts: Facts) -> Markup:
    """What stands above tables of results on data that was made up; nothing for other data."""
    name = escape(str(facts.tables.data.get("name", "unknown")))
    return Markup(f"*On generated data: {name}.*") if facts.generated else Markup("")


def company(facts: Facts) -> Markup:
    """A warning where timed trials were not alone on the machine; nothing where they were."""
    found = not_alone(facts.loads, facts.tables.settings)
    if found is None:
        return Markup("")
    case, reading, seed = found.worst
    timed = plural(found.known, "timed trial")
    worst = f"{significant(found.cores)} cores ({escape(_place(case, reading))}, seed {seed})"
    return Markup(
        f"**Not alone:** during {found.trials} of {timed} other processes kept {NOT_ALONE} "
        f"cores or more busy, at worst {worst}; times may be too long."
    )


def circumstances(facts: Facts) -> Markup:
    """Machine and versions, calibration, and what the jobs resolved."""
    machine = facts.tables.machine
    return join(
        "### Machine and versions",
        table(["", ""], [[key, str(value)] for key, value in machine.items()]) if machine else "Not recorded.",
        _calibration(facts),
        _resolved(facts),
    )


def _calibration(facts: Facts) -> Markup:
    found = drifts(facts.tables.calibration)
    if not found:
        timed = bool(facts.tables.trials["timed"].any())
        why = "Not taken: this run took its timed trials over from earlier ones, or the workload failed."
        return join("### Calibration", why) if timed else Markup("")
    rows = [[item.name, item.unit, _speed(item.before), _speed(item.after), _change(item)] for item in found]
    return join(
        "### Calibration",
        "A fixed workload on all usable cores, just before the first timed trial of this run and just after the last "
        "one: median of its windows, and in brackets their interquartile range.",
        table(["what", "unit", "before", "after", "change"], rows, numeric=2),
    )


def _speed(reading: Reading | None) -> Markup:
    return Markup(f"{significant(reading.value)} ({significant(reading.spread)})") if reading else MISSING


def _change(item: Drift) -> Markup:
    return Markup(f"{100 * item.change:+.1f} %") if item.before and item.after else MISSING


def _resolved(facts: Facts) -> Markup:
    everywhere = {
        (case, reading) for values in facts.tables.resolved.values() for at in values.values() for case, reading in at
    }
    rows = [
        [name.replace("_", " "), value, "all" if set(places) == everywhere else _places(places)]
        for name, values in facts.tables.resolved.items()
        for value, places in values.items()
    ]
    return (
        join("### What the trials resolved to", table(["what", "resolved to", "trials of"], rows))
        if rows
        else Markup("")
    )


def _places(places: Sequence[tuple[str, str]]) -> str:
    """Cases, with the reading where it is not the default or like the default; of many the first ones."""
    names = [_place(case, reading) for case, reading in places if reading == DEFAULT or (case, DEFAULT) not in places]
    more = len(names) - MOST_PLACES
    return ", ".join(names[:MOST_PLACES]) + (f" and {more} more" if more > 0 else "")


def _place(case: str, reading: str) -> str:
    return case if reading == DEFAULT else f"{case} under {reading}"
