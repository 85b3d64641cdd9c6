"""``hpbench ab``."""

from __future__ import annotations

import shlex
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.exit_codes import INTERRUPTED
from hpbench.cli.options import allow_code_option, data_option, load_all, parse_change, require_writable
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import Resolved, Selection
from hpbench.errors import MachineError, UserError

if TYPE_CHECKING:
    from hpbench.execution.gated_trials import GatedTrials
    from hpbench.gate.plan import Need
    from hpbench.gate.sides import Side


@click.command(epilog="Example: hpbench ab lenet-batch-lr --old tensorflow==2.20 --new .")
@click.argument("benchmarks", nargs=-1)
@click.option("--old", required=True, metavar="SPEC", help="The environment that the other one is held to; see above.")
@click.option("--new", required=True, metavar="SPEC", help="The environment that is judged.")
@click.option("--profile", default="quick", show_default=True, help="How much to run: smoke, quick, standard or full.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a field by its dotted path; YAML.")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=8, show_default=True, help="Rounds, each of one more seed on a side."
)
@click.option(
    "--case", "cases", multiple=True, help="Only this case or group of those that are gated (may be repeated)."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/ab"),
    show_default=True,
    help="Folder of ab.md, ab.json, both results files and the environments.",
)
@data_option
@allow_code_option
@click.option("--accept-unclear", is_flag=True, help="End with 0 where it would end with 6.")
@click.option("--run/--no-run", "make_run", default=True, help="Take turns first, or judge what is stored.")
@click.option("--plan", "only_plan", is_flag=True, help="Only say how many seeds the thresholds need.")
@click.pass_context
def command(
    ctx: click.Context,
    benchmarks: tuple[str, ...],
    old: str,
    new: str,
    profile: str,
    changes: tuple[str, ...],
    seeds: int,
    cases: tuple[str, ...],
    output: Path,
    data_folder: Path,
    allow_code: tuple[str, ...],
    accept_unclear: bool,
    make_run: bool,
    only_plan: bool,
) -> None:
    """Hold one environment to another, in turns on this machine, and end with a code that says what came of it.

    A SPEC is requirements with a version ('tensorflow==2.20', 'tensorflow==2.20 keras==3.12'), installed into a new
    environment beside this hpbench; a git revision of the repository that hpbench runs from; a folder that holds an
    environment with hpbench; or '.', the present one.

    What the BENCHMARKS (ids, or files of definitions; all bundled ones that gate something) gate is run with one more
    seed in each round, on both sides, in an order that is drawn at random: what else the machine does hits both. So
    times, too, are gated. The same command goes on where it was interrupted.

    Markdown and JSON are written first, the Markdown also to $GITHUB_STEP_SUMMARY if that is set.

    Exit codes: 0 fine, 1 regression, 2 wrong usage, 3 the harness or trials failed, 4 nothing was measured, 5 not
    comparable, 6 unclear (too few seeds, or a machine that was not alone), 130 interrupted.
    """
    asked = {"old": old, "new": new}
    options = ["--profile", profile]
    for change in changes:
        options += ["--set", change]
    plans = _plans(benchmarks, Selection(profile, dict(map(parse_change, changes))), cases)
    options += ["--data", str(data_folder.resolve())]
    for module in allow_code:
        options += ["--allow-code", module]
    output = output.absolute()
    harness: list[str] = []
    if make_run and not only_plan and not _run_to_the_end(plans, asked, options, seeds, output, harness):
        click.echo(f"\ninterrupted; what is done is kept. To go on: {_again()}", err=True)
        ctx.exit(INTERRUPTED)
    sides = _sides(plans, asked, profile, output, harness if make_run and not only_plan else None)
    if only_plan:
        click.echo(_plan_table(*sides), nl=False)
    else:
        ctx.exit(_judge(sides, asked, profile, harness, output, accept_unclear))


def _plans(benchmarks: tuple[str, ...], selection: Selection, cases: tuple[str, ...]) -> list[GatedTrials]:
    """What is run of each benchmark.

    Raises:
        UserError: If a definition is faulty, or has or gates nothing of what is asked for.
    """
    from hpbench.execution.gated_trials import gated_trials

    trees = [tree for tree in load_all(benchmarks) if benchmarks or tree.values.get("gated")]
    found = []
    for tree in trees:
        plan = gated_trials(Resolved(tree, selection), cases)
        narrowed = Selection(selection.profile, selection.changes, None, plan.cases, (DEFAULT,))
        Resolved(tree, narrowed).planned_cases()
        found.append(plan)
    return found


def _run_to_the_end(
    plans: list[GatedTrials], asked: dict[str, str], options: list[str], seeds: int, output: Path, harness: list[str]
) -> bool:
    """As ``_run``; what the machine could not do after the turns had begun goes to ``harness``."""
    from hpbench.execution.specs_file import begun

    try:
        return _run(plans, asked, options, seeds, output)
    except KeyboardInterrupt:  # while an environment was made
        return False
    except (MachineError, OSError, sqlite3.Error) as error:
        if not begun(output):
            raise
        harness.append(f"the run: {error}")
        click.echo(str(error), err=True)
        return True


def _run(plans: list[GatedTrials], asked: dict[str, str], options: list[str], seeds: int, output: Path) -> bool:
    """Make the environments and let them take turns; whether that came to its end.

    Raises:
        UserError: If an environment cannot be had, or the folder holds results of others.
        MachineError: If a run failed.
    """
    from hpbench.execution import specs_file
    from hpbench.execution.arm_specs import read_spec
    from hpbench.execution.arms import fingerprint, make_arm
    from hpbench.execution.turns import take_turns

    for spec in asked.values():
        read_spec(spec)
    require_writable(output, "--output")
    specs_file.stored(output, asked)
    environments = output / "environments"
    arms = [make_arm(name, spec, environments, output / f"{name}.sqlite", _say) for name, spec in asked.items()]
    settled = specs_file.settle(output, asked, {arm.name: fingerprint(arm) for arm in arms})
    for plan in plans:

        def arguments(number: int, plan: GatedTrials = plan) -> list[str]:
            return plan.arguments(number, options)

        def say(text: str, plan: GatedTrials = plan) -> None:
            _say(f"{plan.benchmark}: {text}")

        if not take_turns(arms, arguments, range(1, seeds + 1), settled.order_seed, say):
            return False
    return True


def _say(text: str) -> None:
    click.echo(text, err=True)


def _sides(
    plans: list[GatedTrials], asked: dict[str, str], profile: str, output: Path, harness: list[str] | None
) -> tuple[Side, Side]:
    """The newest runs of both results files.

    Args:
        plans: What was asked for.
        asked: Name of a side to its environment.
        profile: Of the runs.
        output: Where the files are.
        harness: What stopped the turns, to which it is added that a side has no run; None where none were taken.

    Raises:
        UserError: If there are no runs, and none were made.
    """
    from hpbench.execution import specs_file
    from hpbench.execution.turns import LOG
    from hpbench.gate import runs
    from hpbench.gate.sides import Side
    from hpbench.records.store import Store

    if specs_file.stored(output, asked) is None:
        raise UserError(f"{output} holds no results of 'hpbench ab'; without --no-run and --plan it makes them")
    names = [plan.benchmark for plan in plans]
    sides = []
    for name, spec in asked.items():
        path, side = output / f"{name}.sqlite", Side(name=f"{name}: {spec}", benchmarks={})
        if harness is None or path.exists():
            with Store(path) as store:
                side = runs.newest(store, side.name, names, dict.fromkeys(names, profile))
                if harness is None:
                    runs.require(store, side, names)
        if harness is not None and (missing := [one for one in names if one not in side.benchmarks]):
            harness.append(f"{name} has no run of {', '.join(missing)}; see {output / LOG}")
        sides.append(side)
    return sides[0], sides[1]


def _judge(
    sides: tuple[Side, Side],
    asked: dict[str, str],
    profile: str,
    harness: list[str],
    output: Path,
    accept_unclear: bool,
) -> int:
    """Compare, write what was found, and say it; the exit code."""
    from hpbench.cli.judging import judge
    from hpbench.execution import specs_file
    from hpbench.gate.compare import compare
    from hpbench.gate.in_turns import frame
    from hpbench.gate.outcome import Outcome
    from hpbench.gate.plan import plan

    settled = specs_file.stored(output, asked)
    assert settled is not None
    failed_trials = [
        f"{name}, {benchmark}: {failure}"
        for name, side in zip(asked, sides, strict=True)
        for benchmark, one in side.benchmarks.items()
        for failure in one.failures
    ]
    around = frame(asked, sides, profile, settled.order_seed)
    result, code = judge(compare(*sides, in_turns=True), failed_trials, harness, around, output, accept_unclear)
    if result is Outcome.UNCLEAR:
        click.echo(_more(plan(*sides, in_turns=True), max(around.facts["rounds"].values(), default=0)))
    return code


def _plan_table(old: Side, new: Side) -> str:
    """How many seeds the thresholds need, and the command that has them."""
    from hpbench.gate.plan import plan
    from hpbench.gate.plan_table import plan_table

    needs = plan(old, new, in_turns=True)
    if not needs:
        raise UserError("nothing that is gated was measured")
    return plan_table(needs, _more(needs, 0))


def _more(needs: Sequence[Need], rounds: int) -> str:
    """How to ask for enough seeds: as many as the thresholds need, or twice as many where those were not enough."""
    import math

    from hpbench.gate.plan import enough

    number = enough(needs)
    if math.isinf(number):
        return "No number of seeds that could be run is enough for all thresholds."
    wanted = 2 * rounds if math.isnan(number) or number <= rounds else number
    return f"With enough seeds: {_again(int(wanted))}" if wanted else "Two seeds are needed to say how many are enough."


def _again(seeds: int | None = None) -> str:
    """The command as the person gave it, with another number of seeds."""
    words, given = [], iter(sys.argv[1:])
    for word in given:
        if seeds is not None and word == "--seeds":
            next(given, None)
        elif word not in ("--plan", "--no-run") and not (seeds is not None and word.startswith("--seeds=")):
            words.append(word)
    return shlex.join(["hpbench", *words, *(["--seeds", str(seeds)] if seeds is not None else [])])
