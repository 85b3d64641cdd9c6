"""The formats that a report can be written in: name, what it is for, and what writes it. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpbench.catalogue.part import attribute

if TYPE_CHECKING:
    from hpbench.report.facts import Facts

Writer = Callable[["Facts", Path], list[Path]]
"""Writes files of one run's report into the folder of the reports; gives back which."""


@dataclass(frozen=True)
class Format:
    """A format of reports.

    Args:
        reader: Who reads it, for the help.
        path: ``package.module:function`` of its ``Writer``.
    """

    reader: str
    path: str

    def load(self) -> Writer:
        """The writer, imported when it is used."""
        writer: Writer = attribute(self.path)
        return writer


FORMATS: Mapping[str, Format] = {
    "markdown": Format("people, with figures", "hpbench.report.exports.markdown_report:write"),
    "json": Format("scripts", "hpbench.report.exports.json_report:write"),
    "pytest-benchmark": Format("'pytest-benchmark compare'", "hpbench.report.exports.pytest_benchmark:write"),
    "github-action-benchmark": Format(
        "the action of that name", "hpbench.report.exports.github_action_benchmark:write"
    ),
    "csv": Format("spreadsheets and data frames", "hpbench.report.exports.csv_table:write"),
}
DEFAULT_FORMATS = ("markdown", "json")
