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
    load_all,
    resolve_all,
    results_option,
    selection_options,
)
from hpbench.definition.load import bundled, parse
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import PlannedCase, Resolved, Selection
from hpbench.definition.schema import Study, Training
from hpbench.definition.searching import Search
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.definition.yaml_tree import YamlTree
    from hpbench.records.store import Run


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
    if not power:
        for item in resolve_all(benchmarks, selection):
            _show(item, results)
        return
    if selection.changes or selection.seeds or selection.cases or selection.gated:
        raise click.UsageError("--power looks at stored results: --set, --seeds, --case and --gated do not go with it")
    chosen = ctx.get_parameter_source("profile") is ParameterSource.COMMANDLINE
    for name, tree in zip(benchmarks or bundled(), load_all(benchmarks), strict=True):
        _show_power(name, tree, selection, results, selection.profile if chosen else None)


def _show_power(name: str, tree: YamlTree, selection: Selection, results: Path, profile: str | None) -> None:
    """How many seeds would decide each claim, from the newest stored run of that profile; of any if None."""
    from hpbench.analysis.claims import findings
    from hpbench.analysis.power import outlook
    from hpbench.records.choose import load
    from hpbench.records.store import Store
    from hpbench.report.power import METHOD, power_table

    benchmark, version = tree.values["id"], tree.values["version"]
    with Store(results) as store:
        runs = [run for run in store.runs(benchmark, profile) if run.version == version]
        if not runs:
            wanted = f"{benchmark} (version {version})" + (f" with profile {profile}" if profile else "")
            words = ["hpbench", "run", name, "--profile", _profile_to_run(tree, profile), "--results", str(results)]
            raise UserError(f"{results} holds no run of {wanted}; this makes one: {shlex.join(words)}")
        run, tables = runs[-1], load(store, runs[-1])
    outlooks = [outlook(finding) for finding in findings(tables, _as_run(run, selection))]
    click.echo(f"{benchmark} (version {version}), run of {run.created}: {run.command}")
    for reading in dict.fromkeys(item.finding.reading for item in outlooks):
        click.echo(f"\nreading {reading}")
        click.echo(power_table([item for item in outlooks if item.finding.reading == reading]))
    click.echo(f"\n{METHOD}" if outlooks else "it has no claim with trials under the readings asked for")


def _profile_to_run(tree: YamlTree, profile: str | None) -> str:
    """The profile asked for, else the usual one, else the definition's first.

    Raises:
        SelectionError: If the definition does not have the one asked for.
    """
    usual = Selection().profile
    has = tree.values.get("profiles") or [usual]
    chosen = profile or (usual if usual in has else next(iter(has)))
    return Resolved(tree, Selection(chosen)).selection.profile


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
    for name, (study, search) in resolved.searches.items():
        click.echo(_search_line(name, study, search))
    click.echo(f"\n{_work(resolved, results)}")


def _work(resolved: Resolved, results: Path) -> str:
    """How many trials the plan has, how many are done, and how long all of them take."""
    from hpbench.execution.forecast import forecast
    from hpbench.records.store import Store

    if not results.exists():
        return str(forecast(resolved, None))
    with Store(results) as store:
        return str(forecast(resolved, store))


def _length(training: Training) -> str:
    """How long is trained, and on how many images if they are drawn."""
    drawn = f" of {training.images_per_class} images a class" if training.images_per_class else ""
    return f"{training.iterations} iterations{drawn}" if training.iterations else f"{training.epochs} epochs{drawn}"


def _line(item: PlannedCase) -> str:
    training = item.settings.training
    timed = f", {item.timed_seeds} timed" if item.timed_seeds else ""
    settings = f"batch {training.batch_size}, rate {training.learning_rate:g}, {_length(training)}"
    return f"  {item.case:42} {settings}, {training.schedule.name}; seeds: {item.seeds}{timed}"


def _search_line(name: str, study: Study, search: Search) -> str:
    axes = ", ".join(f"{path} ({axis.name})" for path, axis in search.space.items())
    again = f", the winner {search.again} more" if search.again else ""
    return f"  {name:42} {search.strategy} search, {search.size} points of {axes}; seeds: {study.seeds}{again}"
