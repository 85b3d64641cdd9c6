"""How many seeds a gate needs, and the commands that have them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpbench.cli.options import load_all
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.gate.plan import Need
    from hpbench.gate.sides import BenchmarkSide, Side


def plan_of(reference: Side | None, benchmarks: tuple[str, ...], results: Path) -> str:
    """How many seeds the thresholds of a reference need; without one those of the newest stored runs.

    Args:
        reference: What runs are held to.
        benchmarks: Ids or files of definitions, where there is no reference; all that have runs if none is named.
        results: Where runs are: one like the reference's shows what differs from run to run.

    Raises:
        UserError: If there is no run to plan from, or nothing that is gated was measured.
    """
    from hpbench.gate import runs
    from hpbench.gate.plan import plan
    from hpbench.gate.plan_table import plan_table
    from hpbench.gate.sides import Side
    from hpbench.records.store import Store

    stored = Side(name=str(results), benchmarks={})
    if reference is None or results.exists():
        profiles = {name: side.profile for name, side in reference.benchmarks.items()} if reference else {}
        wanted = [tree.values["id"] for tree in load_all(benchmarks)] if benchmarks else list(profiles)
        with Store(results) as store:
            stored = runs.newest(store, str(results), wanted, profiles)
            if reference is None:
                runs.require(store, stored, wanted)
    first = reference or stored
    needs = plan(first, stored) if reference else plan(stored)
    if not needs:
        raise UserError(f"{first.name} gates nothing that was measured")
    return plan_table(needs, _commands(first, needs))


def _commands(side: Side, needs: Sequence[Need]) -> str:
    """A run of each benchmark with enough seeds, as far as that is known."""
    lines = [
        shlex.join([*_run(name, one), *options])
        for name, one in side.benchmarks.items()
        if (options := _seeds(one, [need for need in needs if need.benchmark == name]))
    ]
    if not lines:
        return "Of no benchmark a number of seeds is known that could be run and is enough."
    return "\n".join(["Enough of them:", *lines, "and save these runs as the reference: hpbench reference save --help"])


def _run(name: str, side: BenchmarkSide) -> list[str]:
    """The command of a run like a side's, but for its seeds."""
    from hpbench.definition.load import bundled

    asked = side.selection.model_copy(update={"seeds": None})
    return ["hpbench", "run", name if name in bundled() else side.file, "--profile", side.profile, *asked.options]


def _seeds(side: BenchmarkSide, needs: Sequence[Need]) -> list[str]:
    """Options for enough seeds; none where a number is not known, or beyond what can be run."""
    from hpbench.execution.gated_trials import timed_seeds
    from hpbench.records.metrics import is_cost

    if not needs or not all(math.isfinite(need.needed) for need in needs):
        return []
    options = ["--seeds", _most(needs)]
    costly = [need for need in needs if is_cost(need.gated.metric)]
    paths = dict.fromkeys(timed_seeds(case) for need in costly for case in side.members(need.case))
    return options + [word for path in paths for word in ("--set", f"{path}={_most(costly)}")]


def _most(needs: Iterable[Need]) -> str:
    return f"{max(need.needed for need in needs):.0f}"
