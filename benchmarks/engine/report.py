"""The report of the engine's benchmarks: tables collected while they run, written as Markdown at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hpbench.report.markup import Markup, bold, bullets, code_block, escape, join, table

SECTIONS = ("speed of a step", "bundled models", "jobs and tool", "planted checks")
"""In the order of the report."""


@dataclass(frozen=True)
class Table:
    """One table of a section; cells are text."""

    section: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    words: int

    def extended(self, more: Table) -> Table:
        """With another's rows, and those of its notes that are new."""
        if more.columns != self.columns:
            raise ValueError(f"{self.title}: the columns are {self.columns}; the rows to add have {more.columns}")
        notes = dict.fromkeys((*self.notes, *more.notes))
        return replace(self, rows=(*self.rows, *more.rows), notes=tuple(notes))


@dataclass(frozen=True)
class Opening:
    """What a reader has to know of the run.

    Args:
        command: What made the report.
        date: When, as text.
        facts: The machine and the versions.
        left_out: Names of tests that were not run; the report then says that it is a part.
        failed: Names of tests that failed.
    """

    command: str
    date: str
    facts: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass
class EngineReport:
    """Collects tables in any order."""

    tables: list[Table] = field(default_factory=list)
    calibration: list[tuple[str, str]] = field(default_factory=list)

    def record(
        self,
        section: str,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        notes: Sequence[str] = (),
        *,
        words: int = 1,
    ) -> None:
        """Add a table, or rows and notes to the one that has this title already.

        Args:
            section: One of ``SECTIONS``.
            title: What the table is about.
            columns: Headings.
            rows: Cells, written with ``str``.
            notes: Sentences below the table.
            words: Columns of text on the left; the others are numbers and aligned to the right.

        Raises:
            ValueError: There is no such section, a row has not one cell a column, or the table has other columns.
        """
        if section not in SECTIONS:
            raise ValueError(f"no section '{section}'; there are: {', '.join(SECTIONS)}")
        cells = tuple(tuple(cell if isinstance(cell, Markup) else str(cell) for cell in row) for row in rows)
        for row in cells:
            if len(row) != len(columns):
                raise ValueError(f"{title}: {len(columns)} columns, but a row of {len(row)} cells: {row}")
        new = Table(section, title, tuple(columns), cells, tuple(notes), words)
        same = [index for index, item in enumerate(self.tables) if (item.section, item.title) == (section, title)]
        if same:
            self.tables[same[0]] = self.tables[same[0]].extended(new)
        else:
            self.tables.append(new)

    @property
    def missing(self) -> tuple[str, ...]:
        """Sections without a table."""
        found = {item.section for item in self.tables}
        return tuple(section for section in SECTIONS if section not in found)

    def markdown(self, opening: Opening) -> str:
        """The whole report."""
        parts = [_head(opening, self.missing), _facts(opening), self._ceilings()]
        for section in SECTIONS:
            tables = [item for item in self.tables if item.section == section]
            parts += [_heading(2, section), *map(_table, tables)] if tables else []
        return join(*parts) + "\n"

    def _ceilings(self) -> Markup:
        if not self.calibration:
            return Markup("")
        return join(
            _heading(2, "ceilings of this machine"),
            table(["fixed workload, all threads", "measured"], self.calibration, numeric=1),
        )


def _head(opening: Opening, missing: Sequence[str]) -> Markup:
    lines = []
    if opening.failed:
        lines.append(bold("Failed: " + ", ".join(opening.failed)))
    if missing or opening.left_out:
        without = [f"sections {', '.join(missing)}"] if missing else []
        without += [f"{len(opening.left_out)} tests"] if opening.left_out else []
        lines.append(bold(f"A part of the report. Not run: {'; '.join(without)}"))
    return join(
        Markup("# The engine"),
        *lines,
        "How fast training is here beside other ways to do the same, and whether what is measured is what was done. "
        "One run on one machine: read the ratios, not the seconds.",
        code_block(opening.command),
    )


def _facts(opening: Opening) -> Markup:
    return table(["about this run", ""], [("date", opening.date), *opening.facts.items()])


def _table(item: Table) -> Markup:
    notes = bullets(item.notes) if item.notes else ""
    return join(_heading(3, item.title), table(item.columns, item.rows, numeric=item.words), notes)


def _heading(level: int, text: str) -> Markup:
    return Markup(f"{'#' * level} {escape(text[:1].upper() + text[1:])}")
