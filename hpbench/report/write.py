"""Writing a report."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from hpbench.definition.resolve import Resolved
from hpbench.records.tables import RunTables
from hpbench.report.facts import gather
from hpbench.report.formats import DEFAULT_FORMATS, FORMATS
from hpbench.report.index import write_index


def write(
    tables: RunTables, resolved: Resolved, output: Path, formats: Collection[str] = DEFAULT_FORMATS
) -> list[Path]:
    """Write the report of a run, and bring the folder's index up to date.

    Args:
        tables: The run.
        resolved: The definition as the run was asked for.
        output: Folder of the reports; made if it is not there.
        formats: Names out of ``FORMATS``.

    Returns:
        The files written. A ``README.md`` in the folder that is no index of reports is left as it is.

    Raises:
        ValueError: If a format is not known.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"no report format {', '.join(unknown)}; there are: {', '.join(FORMATS)}")
    facts = gather(tables, resolved)
    writers = [known.load() for name, known in FORMATS.items() if name in formats]
    written = [path for writer in writers for path in writer(facts, output)]
    index = write_index(output)
    return [*written, *([index] if index else [])]
