"""Writing a report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from hpbench.definition.resolve import Resolved
from hpbench.records.tables import RunTables
from hpbench.report.facts import Facts, gather
from hpbench.report.figures import PICTURES, draw
from hpbench.report.files import write_whole
from hpbench.report.index import write_index
from hpbench.report.json_export import chunks
from hpbench.report.markdown import markdown


def write(
    tables: RunTables, resolved: Resolved, output: Path, formats: Collection[str] = ("markdown", "json")
) -> list[Path]:
    """Write the report of a run, and bring the folder's index up to date.

    Args:
        tables: The run.
        resolved: The definition as the run was asked for.
        output: Folder of the reports; made if it is not there.
        formats: Names out of ``WRITERS``.

    Returns:
        The files written. A ``README.md`` in the folder that is no index of reports is left as it is.

    Raises:
        ValueError: If a format is not known.
    """
    unknown = sorted(set(formats) - set(WRITERS))
    if unknown:
        raise ValueError(f"no report format {', '.join(unknown)}; there are: {', '.join(WRITERS)}")
    facts = gather(tables, resolved)
    written = [path for name, writer in WRITERS.items() if name in formats for path in writer(facts, output)]
    index = write_index(output)
    return [*written, *([index] if index else [])]


def _write_markdown(facts: Facts, output: Path) -> list[Path]:
    """Figures first, so that the text never links to one that is not there; then those of an earlier report go."""
    figures = draw(facts)
    folder = output / facts.definition.id
    drawn = [folder / name for name in figures.files]
    for path, svg in zip(drawn, figures.files.values(), strict=True):
        write_whole(path, [svg])
    pictures = [folder / f"{name}.png" for name in figures.pictures]
    for path, content in zip(pictures, figures.pictures.values(), strict=True):
        write_whole(path, [content])
    report = output / f"{facts.definition.id}.md"
    write_whole(report, [markdown(facts, figures)])
    kept = {path.name.casefold() for path in (*drawn, *pictures)}
    for path in (*folder.glob("*.svg"), *(folder / f"{name}.png" for name in PICTURES)):
        if path.name.casefold() not in kept:
            path.unlink(missing_ok=True)
    return [report, *drawn, *pictures]


def _write_json(facts: Facts, output: Path) -> list[Path]:
    path = output / f"{facts.definition.id}.json"
    write_whole(path, chunks(facts))
    return [path]


WRITERS: Mapping[str, Callable[[Facts, Path], list[Path]]] = {"markdown": _write_markdown, "json": _write_json}
"""Report format to what writes it."""
