"""``hpbench best``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.options import results_option
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.analysis.search import Searched


@click.command(epilog="Example: hpbench best search-strategies --study random --write best.yaml")
@click.argument("benchmark")
@results_option
@click.option("--study", help="The search; the only one of the benchmark if not given.")
@click.option("--profile", help="The newest run of this profile, instead of the newest run.")
@click.option(
    "--write",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the best setting as a definition that runs.",
)
@click.option("--force", is_flag=True, help="Write over a file that exists.")
def command(
    benchmark: str, results: Path, study: str | None, profile: str | None, file: Path | None, force: bool
) -> None:
    """Show the best point that a stored search found, BENCHMARK being its id."""
    from hpbench.analysis.evidence import default_evidence
    from hpbench.analysis.search import searched
    from hpbench.definition.best import best_definition
    from hpbench.definition.load import parse
    from hpbench.definition.resolve import Selection
    from hpbench.definition.scaffold import write
    from hpbench.records.choose import load
    from hpbench.records.store import Store

    with Store(results) as store:
        runs = store.runs(benchmark, profile)
        if not runs:
            having = ", ".join(dict.fromkeys(run.benchmark for run in store.runs())) or "nothing"
            raise UserError(f"{results} holds no run of {benchmark}; it holds: {having}")
        run = runs[-1]
        resolved = parse(run.definition, run.file, Selection.from_dict(run.selection))
        found = _asked(
            {one.study: one for one in searched(default_evidence(load(store, run), resolved))}, study, run.file
        )
    click.echo(_told(found))
    if file is not None:
        text = best_definition(resolved, found.study, found.best.settings, file.stem)
        for path in write({file.name: text}, file.parent, force=force):
            click.echo(f"wrote {path}")
        click.echo(f"It runs: {shlex.join(['hpbench', 'run', str(file)])}")


def _asked(found: dict[str, Searched], study: str | None, file: str) -> Searched:
    """The search that is asked for.

    Raises:
        UserError: If there is none, or it is not clear which one.
    """
    if not found:
        raise UserError(f"the newest stored run of {file} has no search; a study gets one by 'search:'")
    if study is None and len(found) > 1:
        raise UserError(f"{file} has several searches; name one with --study: {', '.join(found)}")
    chosen = study or next(iter(found))
    if chosen not in found:
        raise UserError(f"{file} has no search '{chosen}'; it has: {', '.join(found)}")
    return found[chosen]


def _told(found: Searched) -> str:
    best, metric = found.best, found.search.objective.metric
    lines = [f"{best.case}: {metric} {best.mean:.4g}, the best of {len(found.points)} points"]
    if found.again_scores:
        lines.append(f"run again with {len(found.again_scores)} fresh seeds: {found.again.mean:.4g}")
    lines += [f"  {path}: {value}" for path, value in best.settings.items()]
    lines += [f"  {path} lies at the {end} end of its axis" for path, end in found.on_edge().items()]
    return "\n".join(lines)
