"""What was run: cases, protocol, studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpbench.definition.document import Table
from hpbench.definition.readings import DEFAULT
from hpbench.definition.schema import Definition, Settings, Study
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, bold, bullets, escape, join
from hpbench.report.markup import table as table_of
from hpbench.report.numerals import plural
from hpbench.report.sections.opening import DOCUMENT_PROFILE, document_definition
from hpbench.report.settings_text import flat, text

ALWAYS = ("batch_size", "test_batch_size", "learning_rate", "iterations")
"""Settings that every table of cases shows, whether they differ or not."""

ASKED_CLAIMS = (
    " Of these only what the claims asked for need: the timed ones for time or memory, no timing for another."
)


def settings(facts: Facts) -> Markup:
    """Cases, protocol and studies."""
    by_case = {case: found for case in facts.definition.own_cases if (found := _settings(facts, case))}
    columns = _columns(list(by_case.values()))
    listed = {case: found for case, found in by_case.items() if case not in facts.table_cases}
    return join(
        "## Settings",
        _cases(listed, columns) if listed or not by_case else "",
        _cells(facts.definition, facts.definition.table, columns) if facts.definition.table else "",
        "### Protocol",
        "The same in every case, under the default reading." if by_case else "",
        _protocol(by_case, columns),
        _other_than_the_document(facts),
        _seeds(facts),
        _studies(facts),
    )


def _settings(facts: Facts, case: str) -> dict[str, str]:
    return flat(facts.tables.settings.get((case, DEFAULT), {}))


def _columns(cases: Sequence[Mapping[str, str]]) -> list[str]:
    """What a table of cases shows: what differs, after what it always shows."""
    names = list(dict.fromkeys(name for found in cases for name in found))
    differing = [name for name in names if len({found.get(name) for found in cases}) > 1]
    return [*(name for name in ALWAYS if name in names), *(name for name in differing if name not in ALWAYS)]


def _cases(by_case: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> Markup:
    if not by_case:
        return Markup("No case was run under the default reading.")
    rows = [[case, *(found.get(column, "–") for column in columns)] for case, found in by_case.items()]
    return table_of(["case", *(column.replace("_", " ") for column in columns)], rows, numeric=1)


def _cells(definition: Definition, table: Table, columns: Sequence[str]) -> Markup:
    """Rows and columns of the document's table with what each changes; a cell's case has the changes of both."""
    count = plural(len(table.rows) * len(table.columns), "case")
    parts = {"row": table.rows, "column": table.columns}
    base = flat(definition.model_dump(mode="json", include=set(Settings.model_fields)))
    before = "; ".join(f"{name.replace('_', ' ')}: {base[name]}" for name in columns if name in base)
    return join(
        f"{count}, one a cell of a table: `ROW-COLUMN` has the changes of its row and its column.",
        escape(f"Before these changes: {before}."),
        *(
            table_of([kind, "changes"], [[name, _changes(changes)] for name, changes in found.items()])
            for kind, found in parts.items()
        ),
    )


def _protocol(by_case: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> Markup:
    if not by_case:
        return Markup("")
    common = next(iter(by_case.values()))
    rows = [[name.replace("_", " "), value] for name, value in common.items() if name not in columns]
    return table_of(["setting", "value"], rows)


def _other_than_the_document(facts: Facts) -> Markup:
    """Where the settings, before a case's changes, are not those of the profile that stands for the document."""
    full = document_definition(facts.resolved)
    if full is None:
        return Markup("")
    here, there = (
        flat(one.model_dump(mode="json", include={"dataset", "model", "training"})) for one in (facts.definition, full)
    )
    differing = [name for name in here if here[name] != there.get(name)]
    said = "; ".join(f"{name.replace('_', ' ')}: {here[name]} (there: {there.get(name, 'none')})" for name in differing)
    return (
        Markup(f"Other than in the profile {DOCUMENT_PROFILE}, which stands for the document: {escape(said)}.")
        if said
        else Markup("")
    )


def _seeds(facts: Facts) -> Markup:
    definition, selection = facts.definition, facts.resolved.selection
    others = (
        f" Other readings: {plural(definition.reading_seeds, 'seed')}, not timed" if len(facts.readings) > 1 else ""
    )
    which = "" if selection.is_narrow else ", ".join(definition.reading_cases)
    only = f" (only {escape(which)})" if which and others else ""
    return Markup(
        f"Seeds: {definition.seeds}, of which {definition.timed_seeds} timed alone on the machine."
        f"{others}{only}{'.' if others else ''}{ASKED_CLAIMS if selection.claims else ''}"
    )


def _studies(facts: Facts) -> Markup:
    studies = facts.definition.studies
    if not studies:
        return Markup("")
    return join(
        "### Studies beside the document's cases",
        bullets(
            Markup(f"{bold(name)}: {escape(study.why)} {escape(_study(study))}") for name, study in studies.items()
        ),
    )


def _study(study: Study) -> str:
    """Cases, grid and seeds of a study in a sentence."""
    grid = " × ".join(f"{axis} {text(list(values))}" for axis, values in study.grid.items())
    listed = "; ".join(f"{case} ({_changes(changes)})" for case, changes in study.cases.items())
    parts = [
        *([f"cases: {listed}"] if listed else []),
        *([f"grid: {grid}"] if grid else []),
        *([f"read at iterations {text(list(study.read_at))}"] if study.read_at else []),
        f"{plural(study.seeds, 'seed')}, {study.timed_seeds} timed",
    ]
    return "; ".join(parts) + "."


def _changes(changes: Mapping[str, object]) -> str:
    return ", ".join(f"{path} = {text(value)}" for path, value in changes.items()) or "no change"
