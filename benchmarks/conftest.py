"""Collects the rows of the engine's benchmarks and writes them as a report when the session ends."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks.engine.report import EngineReport, Opening
from hpbench.measure.machine import describe

REPORT = Path("reports/engine.md")
PART = Path("build/engine.md")
"""Where a report goes that not all tests have written: it must not take the whole one's place."""
RIVALS = ("torch", "jax")


def pytest_addoption(parser):
    """Where the report goes."""
    parser.addoption("--engine-report", type=Path, help=f"file of the report; {REPORT}, or {PART} for a part of it")


def pytest_configure(config):
    """Start collecting."""
    config.pluginmanager.register(Collector(config), "engine-report")


@pytest.fixture(scope="session")
def engine_report(request):
    """Takes tables: ``engine_report.record(section, title, columns, rows, notes)``."""
    return request.config.pluginmanager.get_plugin("engine-report").report


class Collector:
    """The session's report, and which of its tests were left out or failed."""

    def __init__(self, config):
        self.report = EngineReport()
        self._config = config
        self._left_out = []
        self._failed = []
        self._written = None

    def pytest_deselected(self, items):
        """Called with what ``-k`` and the like leave out."""
        self._left_out += [item.name for item in items]

    def pytest_runtest_logreport(self, report):
        """Called after each stage of a test."""
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            self._failed.append(name)
        elif report.skipped:
            self._left_out.append(name)

    def pytest_sessionfinish(self, exitstatus):
        """Write the report, unless no test has given a row."""
        if not self.report.tables:
            return
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            self._left_out.append("those after an interruption")
        left_out, failed = tuple(self._left_out), tuple(dict.fromkeys(self._failed))
        part = self.report.missing or left_out or failed
        self._written = self._config.getoption("engine_report") or (PART if part else REPORT)
        command = shlex.join(["python", "benchmarks", "--engine", *_arguments()])
        date = datetime.now(UTC).isoformat(timespec="seconds")
        opening = Opening(command, date, describe() | _rivals(), left_out, failed)
        self._written.parent.mkdir(parents=True, exist_ok=True)
        self._written.write_text(self.report.markdown(opening), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter):
        """Say where the report is."""
        if self._written:
            terminalreporter.write_line(f"report: {self._written}")


def _arguments():
    """What followed ``--engine``, from the command line that ``python benchmarks`` has made of it."""
    after = sys.argv[1:]
    return after[after.index("benchmarks") + 1 :] if "benchmarks" in after else after


def _rivals():
    versions = {}
    for library in RIVALS:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            versions[library] = "not installed"
    return versions
