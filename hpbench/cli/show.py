"""``hpbench show``."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from hpbench.cli.options import (
    benchmarks_argument,
    resolve_all,
    results_option,
    selection_options,
)
from hpbench.definition.load import bundled, parse
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import PlannedCase, Resolved, Selection
from hpbench.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbench.records.store import Run
    from hpbench.records.trial import Cell


@click.command(epilog="Example: hpbench show lenet-batch-lr --profile standard")
@benchmarks_argument
@selection_options
@results_option
@click.option(
    "--power",
    is_flag=True,
    help="Instead of the plan: from the spread in the results file, how many seeds would decide each claim. Takes the "
    "newest run, or that of --profile; the default reading, or those of --reading; all claims, or those of --claim.",
)
@click.pass_context
def command(ctx: click.Context, benchmarks: tuple[str, ...], selection: Selection, results: Path, power: bool) -> None:
    """Show the plan of benchmarks: cases, readings, trials, and an estimate of the time."""
    resolved = resolve_all(benchmarks, selection)
    if not power:
        for item in resolved:
            _show(item, results)
        return
    if selection.changes or selection.seeds or selection.cases:
        raise click.UsageError("--power looks at stored results: --set, --seeds and --case do not go with it")
    chosen = ctx.get_parameter_source("profile") is ParameterSource.COMMANDLINE
    for name, item in zip(benchmarks or bundled(), resolved, strict=True):
        _show_power(name, item, results, selection.profile if chosen else None)


def _show_power(name: str, resolved: Resolved, results: Path, profile: str | None) -> None:
    """How many seeds would decide each claim, from the newest stored run."""
    from hpbench.analysis.claims import findings
    from hpbench.analysis.power import outlook
    from hpbench.records.choose import load
    from hpbench.records.store import Store
    from hpbench.report.power import METHOD, power_table

    definition = resolved.definition
    with Store(results) as store:
        runs = [run for run in store.runs(definition.id, profile) if run.version == definition.version]
        if not runs:
            wanted = f"{definition.id} (version {definition.version})" + (f" with profile {profile}" if profile else "")
            words = ["hpbench", "run", name, "--profile", resolved.selection.profile, "--results", str(results)]
            raise UserError(f"{results} holds no run of {wanted}; this makes one: {shlex.join(words)}")
        run, tables = runs[-1], load(store, runs[-1])
    outlooks = [outlook(finding) for finding in findings(tables, _as_run(run, resolved.selection))]
    click.echo(f"{definition.id} (version {definition.version}), run of {run.created}: {run.command}")
    for reading in dict.fromkeys(item.finding.reading for item in outlooks):
        click.echo(f"\nreading {reading}")
        click.echo(power_table([item for item in outlooks if item.finding.reading == reading]))
    click.echo(f"\n{METHOD}" if outlooks else "it has no claim with trials under the readings asked for")


def _as_run(run: Run, asked: Selection) -> Resolved:
    """The definition as it was run, with the readings and claims that are asked for now."""
    then = Selection.from_dict(run.selection)
    selection = replace(then, readings=asked.readings or (DEFAULT,), claims=asked.claims or then.claims)
    return parse(run.definition, run.file, selection)


def _show(resolved: Resolved, results: Path) -> None:
    definition = resolved.definition
    click.echo(
        f"{definition.id} (version {definition.version}), profile {resolved.selection.profile}: {definition.title}"
    )
    click.echo(f"data: {definition.dataset.name}")
    planned = resolved.planned_cases()
    for reading in dict.fromkeys(item.reading for item in planned):
        click.echo(f"\nreading {reading}")
        for item in planned:
            if item.reading == reading:
                click.echo(_line(item))
    click.echo(f"\n{_work(resolved, results)}")


def _work(resolved: Resolved, results: Path) -> str:
    """How many trials the plan has, how many are done, and how long all of them take."""
    from hpbench.catalogue.work import PLANNERS
    from hpbench.measure.clock import duration
    from hpbench.measure.machine import fingerprint, hardware, usable_cores
    from hpbench.plan.cost import estimate
    from hpbench.records.store import Store

    definition = resolved.definition
    plan = PLANNERS.load(definition.planner.name)(resolved, lambda settings: "", [])
    trials = {cell.trial.identity for cell in plan}
    isolated = {cell.trial.identity for cell in plan if cell.timed}
    measured, done = {}, ""
    if results.exists():
        with Store(results) as store:
            machine = fingerprint(hardware())
            measured = store.seconds_by_settings(machine)
            done = _done(plan, store.results_by_settings(definition.id, definition.version, machine))
    cost = estimate(plan, measured, max(1, usable_cores() // definition.compute.threads))
    basis = (
        f"{cost.measured:.0%} of the trials measured before"
        if cost.measured
        else "rough: nothing was measured here yet"
    )
    return (
        f"{len(plan)} cells, {len(trials)} trials, {len(isolated)} of them isolated; "
        f"about {duration(cost.seconds)} ({basis}){done}"
    )


def _done(plan: Sequence[Cell], results: Mapping[tuple[str, int], Sequence[tuple[bool, str]]]) -> str:
    """How many of the plan's trials have a result, and how many of those only one of older code."""
    from hpbench.definition.schema import Settings
    from hpbench.execution.code import code_fingerprint
    from hpbench.records.trial import canonical_json

    timed: dict[tuple[str, int], bool] = {}
    for cell in plan:
        key = (canonical_json(cell.trial.settings), cell.trial.seed)
        timed[key] = timed.get(key, False) or cell.timed
    codes = [
        (key, {code for was_timed, code in results.get(key, ()) if was_timed or not needed})
        for key, needed in timed.items()
    ]
    done = [(key, found) for key, found in codes if found]
    now = {settings: code_fingerprint(Settings.model_validate_json(settings)) for (settings, _), _ in done}
    stale = sum(now[settings] not in found for (settings, _), found in done)
    words = f"; {len(done)} done before" if done else ""
    return words + (f", {stale} of those stale: made with older code, so they run again" if stale else "")


def _line(item: PlannedCase) -> str:
    training = item.settings.training
    timed = f", {item.timed_seeds} timed" if item.timed_seeds else ""
    settings = f"batch {training.batch_size}, rate {training.learning_rate:g}, {training.iterations} iterations"
    return f"  {item.case:42} {settings}, {training.schedule.name}; seeds: {item.seeds}{timed}"
