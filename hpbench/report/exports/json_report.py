"""The report as JSON for scripts."""

from __future__ import annotations

from pathlib import Path

from hpbench.report.facts import Facts
from hpbench.report.files import write_whole
from hpbench.report.json_export import chunks


def write(facts: Facts, output: Path) -> list[Path]:
    """Everything in one file, which is also what the index of a folder is made from."""
    path = output / f"{facts.definition.id}.json"
    write_whole(path, chunks(facts))
    return [path]
