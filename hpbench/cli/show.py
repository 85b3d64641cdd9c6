"""``hpbench show``."""

from __future__ import annotations

from pathlib import Path

import click

from hpbench.cli.options import (
    benchmarks_argument,
    resolve_all,
    results_option,
    selection_options,
)
from hpbench.definition.resolve import PlannedCase, Resolved, Selection


@click.command(epilog="Example: hpbench show lenet-batch-lr --profile standard")
@benchmarks_argument
@selection_options
@results_option
def command(benchmarks: tuple[str, ...], selection: Selection, results: Path) -> None:
    """Show the plan of benchmarks: cases, readings, trials, and an estimate of the time."""
    for resolved in resolve_all(benchmarks, selection):
        _show(resolved, results)


def _show(resolved: Resolved, results: Path) -> None:
    from hpbench.catalogue.work import PLANNERS
    from hpbench.measure.clock import duration
    from hpbench.measure.machine import fingerprint, hardware, usable_cores
    from hpbench.plan.cost import estimate
    from hpbench.records.store import Store

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
    plan = PLANNERS.load(definition.planner.name)(resolved, lambda settings: "", [])
    trials = {cell.trial.identity for cell in plan}
    isolated = {cell.trial.identity for cell in plan if cell.timed}
    measured = {}
    if results.exists():
        with Store(results) as store:
            measured = store.seconds_by_settings(fingerprint(hardware()))
    cost = estimate(plan, measured, max(1, usable_cores() // definition.compute.threads))
    basis = (
        f"{cost.measured:.0%} of the trials measured before"
        if cost.measured
        else "rough: nothing was measured here yet"
    )
    click.echo(
        f"\n{len(plan)} cells, {len(trials)} trials, {len(isolated)} of them isolated; "
        f"about {duration(cost.seconds)} ({basis})"
    )


def _line(item: PlannedCase) -> str:
    training = item.settings.training
    timed = f", {item.timed_seeds} timed" if item.timed_seeds else ""
    settings = f"batch {training.batch_size}, rate {training.learning_rate:g}, {training.iterations} iterations"
    return f"  {item.case:42} {settings}, {training.schedule.name}; seeds: {item.seeds}{timed}"
