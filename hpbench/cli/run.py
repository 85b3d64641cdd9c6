"""``hpbench run``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from hpbench.cli.exit_codes import HARNESS_FAILED, INTERRUPTED, NOTHING_MEASURED
from hpbench.cli.options import (
    allow_code_option,
    benchmarks_argument,
    data_option,
    formats_option,
    output_option,
    require_writable,
    resolve_all,
    results_option,
    selection_options,
)
from hpbench.definition.resolve import Resolved, Selection

if TYPE_CHECKING:
    from hpbench.execution.driver import Options, Tally
    from hpbench.records.store import Store


@click.command(epilog="Example: hpbench run lenet-batch-lr --profile smoke")
@benchmarks_argument
@selection_options
@results_option
@output_option
@formats_option
@data_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Jobs side by side, for trials that are not timed; one a core if not given.",
)
@allow_code_option
@click.option(
    "--keep-stale",
    is_flag=True,
    help="Keep results of older code, marked in the report, instead of running their trials again.",
)
@click.option("--no-report", is_flag=True, help="Only store results.")
@click.option(
    "--calibration/--no-calibration",
    "calibrate",
    default=True,
    help="Whether to run the calibration workload before and after timed trials.",
)
@click.pass_context
def command(
    ctx: click.Context,
    benchmarks: tuple[str, ...],
    selection: Selection,
    results: Path,
    output: Path,
    formats: tuple[str, ...],
    data_folder: Path,
    jobs: int | None,
    allow_code: tuple[str, ...],
    keep_stale: bool,
    no_report: bool,
    calibrate: bool,
) -> None:
    """Run benchmarks (ids or files; all bundled ones if none is named) and write their reports.

    What is already in the results file is not run again, so the same command goes on where an earlier one stopped.

    Exit codes: 0 fine, 2 wrong usage or a bad definition, 3 some trials failed or the machine could not go on (a full
    disk), 4 nothing was measured, 130 interrupted.
    """
    from hpbench.execution.driver import Options

    resolved = resolve_all(benchmarks, selection)
    if not no_report:
        require_writable(output, "--output")
    options = Options(data_folder.resolve(), jobs, allow_code, keep_stale, calibrate)
    ctx.exit(run_all(resolved, results, None if no_report else Reports(output, formats), options))


class Reports(NamedTuple):
    """Where reports go, and their formats."""

    folder: Path
    formats: tuple[str, ...]


def run_all(benchmarks: list[Resolved], results: Path, reports: Reports | None, options: Options) -> int:
    """Run benchmarks, say how their trials ended, and write their reports if they are wanted; the exit code."""
    from hpbench.execution.display import LiveDisplay, PlainDisplay
    from hpbench.execution.driver import Driver, admit
    from hpbench.records.store import Store

    display = LiveDisplay() if sys.stderr.isatty() else PlainDisplay()
    tallies: list[Tally] = []
    try:
        for resolved in benchmarks:
            admit(resolved, options.allow)
        with Store(results, create=True) as store, store.held(command_line()):
            for resolved in benchmarks:
                tally = Driver(resolved, store, display, options).run(command_line())
                tallies.append(tally)
                click.echo(f"{resolved.definition.id}: {_summary(tally)}")
                if reports and tally.results:
                    _report(store, tally.run, reports)
    except KeyboardInterrupt:
        click.echo(f"\ninterrupted; what is done is kept. To go on: {command_line()}", err=True)
        return INTERRUPTED
    failed = sum(tally.failures for tally in tallies)
    if failed:
        click.echo(
            f"what failed trials printed: {shlex.join(['hpbench', 'logs', '--results', str(results)])}", err=True
        )
    if not any(tally.results for tally in tallies):
        click.echo("nothing was measured", err=True)
        return NOTHING_MEASURED
    return HARNESS_FAILED if failed else 0


def _report(store: Store, number: int, reports: Reports) -> None:
    from hpbench.cli.report import tell, write_report

    run = next(run for run in store.runs() if run.id == number)
    tell(write_report(store, run, reports.folder, reports.formats), reports.folder)


def _summary(tally: Tally) -> str:
    parts = [f"{count} {outcome}" for outcome, count in sorted(tally.outcomes.items())]
    if tally.done:
        parts.append(f"{tally.done} done before")
    if tally.stale:
        parts.append(f"{tally.stale} of those stale, made with older code")
    return ", ".join(parts) or "no trials"


def command_line() -> str:
    """The command as the person gave it."""
    return shlex.join(["hpbench", *sys.argv[1:]])
