"""``hpbench reference``: save, show and update reference files."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.options import require_writable, results_option
from hpbench.definition.readings import DEFAULT
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.gate.sides import BenchmarkSide, Side

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(epilog="Example: hpbench reference save references/ci.json")
def command() -> None:
    """Reference runs: what 'hpbench gate' holds later runs to, as a small file to be kept under version control.

    It keeps the last values of the gated cases seed by seed, to the last bit, with definition, data, code, machine and
    its calibration.
    """


@command.command(epilog="Example: hpbench reference save references/ci.json lenet-batch-lr --profile quick")
@click.argument("file", type=FILE)
@click.argument("benchmarks", nargs=-1)
@results_option
@click.option("--profile", help="The newest run of this profile, instead of the newest run.")
@click.option("--all", "everything", is_flag=True, help="Keep all cases and readings, not only those that are gated.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
def save(
    file: Path, benchmarks: tuple[str, ...], results: Path, profile: str | None, everything: bool, force: bool
) -> None:
    """Save the newest stored runs (benchmark ids; all that have results if none is named) as a reference FILE."""
    from hpbench.gate import reference, runs
    from hpbench.records.store import Store

    if file.exists() and not force:
        raise UserError(
            f"{file} exists; 'hpbench reference update {file}' brings it up to date, --force writes over it"
        )
    require_writable(file.parent, "FILE")
    with Store(results) as store:
        wanted = benchmarks or tuple({run.benchmark for run in store.runs(profile=profile)})
        if not wanted:
            raise UserError(f"{results} holds no run{f' of profile {profile}' if profile else ''} to be saved")
        side = runs.newest(store, str(results), wanted, dict.fromkeys(wanted, profile) if profile else None)
        runs.require(store, side, wanted)
    kept = {name: _kept(name, one, everything) for name, one in side.benchmarks.items()}
    reference.write(file, kept)
    click.echo(f"wrote {file}: {', '.join(kept)}")


@command.command(epilog="Example: hpbench reference show references/ci.json")
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Show what a reference FILE keeps and gates."""
    from hpbench.gate import reference

    for name, side in reference.read(file).benchmarks.items():
        click.echo(_shown(name, side))


@command.command(epilog="Example: hpbench reference update references/ci.json --results results/hpbench.sqlite")
@click.argument("file", type=FILE)
@results_option
def update(file: Path, results: Path) -> None:
    """Put the newest stored run of each benchmark, of the same profile, into a reference FILE, and say what changes."""
    from hpbench.gate import reference, runs
    from hpbench.gate.compare import compare
    from hpbench.records.store import Store

    before = reference.read(file)
    with Store(results) as store:
        profiles = {name: side.profile for name, side in before.benchmarks.items()}
        now = runs.newest(store, str(results), before.benchmarks, profiles)
        runs.require(store, now, before.benchmarks)
    changes = compare(before, now)
    kept = {name: _kept(name, side, _is_whole(before, name)) for name, side in now.benchmarks.items()}
    for pair in changes.gated:
        click.echo(f"{pair.benchmark}, {pair.case}, {pair.metric}: {pair.decision.verdict}")
    reference.write(file, kept)
    click.echo(f"wrote {file}: {', '.join(kept)}")


def _kept(name: str, side: BenchmarkSide, everything: bool) -> BenchmarkSide:
    """What of a run goes into the file.

    Raises:
        UserError: If that is nothing.
    """
    for failure in side.failures:
        click.echo(f"{name}: not in the reference: {failure}", err=True)
    if not everything and not side.gated:
        raise UserError(
            f"the definition of {name} gates nothing; add 'gated:' to it, such as 'gated: [{{metric: test_accuracy, "
            "direction: higher, threshold: 0.02}]', and run it again, which takes the stored results over"
        )
    for gated in side.gated:
        for case in side.gated_cases(gated):
            if not side.values(case, DEFAULT, gated.metric):
                click.echo(f"{name}: not in the reference, and so not gated: {case}, {gated.metric}", err=True)
    kept = (side if everything else side.only_gated()).model_copy(update={"failures": ()})
    if not kept.measured:
        raise UserError(f"the stored run of {name} has no result of what is gated; there is nothing to save")
    return kept


def _is_whole(before: Side, name: str) -> bool:
    """Whether a reference has more than what is gated."""
    side = before.benchmarks[name]
    return side.cases != side.only_gated().cases


def _shown(name: str, side: BenchmarkSide) -> str:
    from hpbench.gate import words

    lines = [
        f"{name}, version {side.version}, {shlex.join(side.options)}, of {side.created}",
        f"  {side.data}; {side.backend}, {side.precision}; {side.machine.get('CPU', '')}",
    ]
    for gated in side.gated:
        for case in side.gated_cases(gated):
            values = side.values(case, DEFAULT, gated.metric)
            found = words.of_values(values.values(), gated.metric) if values else "not measured, so not gated"
            limit = f"{gated.direction} is better, threshold {words.threshold(gated)}"
            lines.append(f"  {case}, {gated.metric}: {found} ({len(values)} seeds; {limit})")
    return "\n".join(lines)
