"""``hpbench gate``."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.exit_codes import INTERRUPTED
from hpbench.cli.options import allow_code_option, data_option, load_all, require_writable, results_option
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.yaml_tree import YamlTree
from hpbench.errors import MachineError, UserError

if TYPE_CHECKING:
    from hpbench.execution.driver import Options
    from hpbench.gate.compare import Comparison
    from hpbench.gate.sides import Side


@click.command(epilog="Example: hpbench gate --reference references/ci.json --results build/ci.sqlite")
@click.argument("benchmarks", nargs=-1)
@click.option(
    "--reference", "file", type=click.Path(path_type=Path, dir_okay=False), help="What the run is held to; see above."
)
@results_option
@click.option(
    "--run/--no-run",
    "make_run",
    default=True,
    help="Make a run as the reference's was made, or take the newest stored.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/gate"),
    show_default=True,
    help="Folder of gate.md and gate.json.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append the run to this history, which 'hpbench history' draws.",
)
@click.option("--accept-unclear", is_flag=True, help="End with 0 where it would end with 6.")
@click.option("--plan", "only_plan", is_flag=True, help="Only say how many seeds the thresholds need.")
@data_option
@click.option("--jobs", type=click.IntRange(min=1), help="Jobs side by side, for trials that are not timed.")
@allow_code_option
@click.pass_context
def command(
    ctx: click.Context,
    benchmarks: tuple[str, ...],
    file: Path | None,
    results: Path,
    make_run: bool,
    output: Path,
    history: Path | None,
    accept_unclear: bool,
    only_plan: bool,
    data_folder: Path,
    jobs: int | None,
    allow_code: tuple[str, ...],
) -> None:
    """Hold a run to a reference, and end with a code that says what came of it.

    The reference is a file of 'hpbench reference save'. Its benchmarks, or of those the BENCHMARKS named (ids, or files
    of definitions), are run with its profile and seeds; what is in the results file and of the same code is not run
    again. What is gated, and with which thresholds, the reference says, as the definition did when it was saved. Each
    such metric is compared seed by seed. The same bits need no test. Otherwise a regression is a difference that is
    significant (1 % for all gated metrics together) and larger than the threshold.

    The run goes to the history, if one is named; one that is there already is not appended again. Markdown and JSON are
    written before it ends, the Markdown also to $GITHUB_STEP_SUMMARY if that is set.

    Exit codes: 0 fine, 1 regression, 2 wrong usage, 3 the harness or trials failed, 4 nothing was measured, 5 not
    comparable, 6 unclear (too few seeds, results of older code), 130 interrupted.
    """
    from hpbench.execution.driver import Options

    if only_plan:
        from hpbench.cli.planning import plan_of

        click.echo(plan_of(_reference(file, benchmarks) if file else None, benchmarks, results), nl=False)
        return
    reference = _reference(file, benchmarks)
    require_writable(output, "--output")
    _require_history(history)
    harness: list[str] = []
    after = 0
    if make_run:
        options = Options(data_folder.resolve(), jobs, allow_code)
        resolved = [_as_before(tree, reference) for tree in _definitions(reference, benchmarks, file)]
        after = _newest_number(results)
        try:
            if _run(resolved, results, options) == INTERRUPTED:
                ctx.exit(INTERRUPTED)
        except (MachineError, OSError, sqlite3.Error) as error:
            harness.append(f"the run: {error}")
    taken = _taken(reference, results, after, harness)
    if not make_run:
        _tell(reference, taken)
    ctx.exit(_judge(reference, taken, harness, output, history, accept_unclear))


def _reference(file: Path | None, benchmarks: tuple[str, ...]) -> Side:
    """The reference, of the benchmarks that are named.

    Raises:
        UserError: If there is none, or it gates nothing of what is asked for.
    """
    from hpbench.gate import reference
    from hpbench.gate.sides import Side

    if file is None:
        raise UserError("name the reference with --reference FILE; 'hpbench reference save FILE' makes one")
    whole = reference.read(file)
    wanted = {tree.values["id"] for tree in load_all(benchmarks)} if benchmarks else set(whole.benchmarks)
    if unknown := sorted(wanted - set(whole.benchmarks)):
        raise UserError(f"{file} has no benchmark {', '.join(unknown)}; it has: {', '.join(whole.benchmarks)}")
    kept = {name: side for name, side in whole.benchmarks.items() if name in wanted}
    if not any(side.only_gated().measured for side in kept.values()):
        raise UserError(f"{file} gates nothing: its definitions name no metric that was measured")
    return Side(name=whole.name, benchmarks=kept)


def _definitions(reference: Side, benchmarks: tuple[str, ...], file: Path | None) -> list[YamlTree]:
    """The definitions to run: those named, or by id, or by the file's name here or beside the reference.

    Raises:
        UserError: If one is not found, or faulty.
    """
    from hpbench.definition.load import bundled

    if benchmarks:
        return load_all(benchmarks)
    known, names = bundled(), []
    for name, side in reference.benchmarks.items():
        places = [Path(side.file), *([file.parent / side.file] if file else [])]
        own = next((str(path) for path in places if path.exists()), None)
        if name not in known and own is None:
            raise UserError(f"the reference's {name} is no bundled benchmark; name the file of its definition")
        names.append(name if name in known else str(own))
    return load_all(tuple(names))


def _as_before(tree: YamlTree, reference: Side) -> Resolved:
    """A definition with what was asked for when the reference's run was made."""
    side = reference.benchmarks.get(tree.values["id"])
    if side is None:
        raise UserError(f"{tree.file}, named by {reference.name}, is of benchmark {tree.values['id']} now")
    resolved = Resolved(tree, Selection(side.profile, **dict(side.selection)))
    resolved.planned_cases()
    return resolved


def _run(resolved: list[Resolved], results: Path, options: Options) -> int:
    from hpbench.cli.run import run_all

    return run_all(resolved, results, None, options)


def _newest_number(results: Path) -> int:
    """Of the runs in a results file; 0 if it has none."""
    from hpbench.records.store import Store

    if not results.exists():
        return 0
    with Store(results) as store:
        return max((run.id for run in store.runs()), default=0)


def _judge(
    reference: Side,
    taken: Side,
    harness: list[str],
    output: Path,
    history: Path | None,
    accept_unclear: bool,
) -> int:
    """Compare, write what was found, and say it in a line; the exit code."""
    from hpbench.cli.judging import judge
    from hpbench.gate.compare import compare
    from hpbench.gate.frame import GATE

    comparison = compare(reference, taken)
    runs = comparison.second.benchmarks.items()
    failed_trials = [f"{name}: {failure}" for name, side in runs for failure in side.failures]
    faults = [*harness, *(_append(history, comparison, harness) if history else ())]
    _, code = judge(comparison, failed_trials, faults, GATE, output, accept_unclear)
    return code


def _require_history(path: Path | None) -> None:
    """That runs can be appended to it.

    Raises:
        UserError: If it cannot be written, is no history, or one of a newer hpbench.
    """
    from hpbench.gate.history import read

    if path is not None:
        require_writable(path.parent, "--history")
        if path.exists():
            read(path)


def _append(path: Path, comparison: Comparison, harness: list[str]) -> list[str]:
    """Append the run to a history, and say so; why that could not be done, if so."""
    from hpbench.gate.history import append
    from hpbench.gate.history_entries import entries

    new = entries(comparison, harness)
    if not new:
        return []
    try:
        told = append(path, new)
    except (UserError, OSError) as error:
        return [f"the run is not in the history: {error}"]
    click.echo(f"wrote {path}")
    if told:
        click.echo(told, err=True)
    return []


def _taken(reference: Side, results: Path, after: int, harness: list[str]) -> Side:
    """The newest runs of what the reference has; none where the results file could not be made."""
    from hpbench.gate import runs
    from hpbench.gate.sides import Side
    from hpbench.records.store import Store

    if harness and not results.exists():
        return Side(name=str(results), benchmarks={})
    profiles = {name: side.profile for name, side in reference.benchmarks.items()}
    with Store(results) as store:
        return runs.newest(store, str(results), reference.benchmarks, profiles, after)


def _tell(reference: Side, taken: Side) -> None:
    """Which stored runs are judged, and of which code: nothing else says whether that is the present one."""
    from hpbench.measure.machine import commit

    now = commit()
    for name, asked in reference.benchmarks.items():
        side = taken.benchmarks.get(name)
        if side is None:
            click.echo(f"{name}: {taken.name} holds no run of it in profile {asked.profile}", err=True)
            continue
        made = side.machine.get("commit", "unknown")
        present = "" if made == now else f"; the present one is {now}"
        click.echo(f"{name}: the run of {side.created} is judged, made by commit {made}{present}", err=True)
