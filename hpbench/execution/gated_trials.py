"""Which trials a comparison of environments needs: the cases that a definition gates, timed where times are gated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import Resolved, SelectionError
from hpbench.records.metrics import is_cost


@dataclass(frozen=True)
class GatedTrials:
    """What of a benchmark is run, for any number of seeds.

    Attributes:
        benchmark: Its id.
        file: Of the definition.
        cases: To be run, under the default reading.
        timed: Dotted path of a field ``timed_seeds`` to whether all seeds of its cases are timed, or none.
    """

    benchmark: str
    file: Path
    cases: tuple[str, ...]
    timed: Mapping[str, bool]

    def arguments(self, seeds: int, asked: Sequence[str] = ()) -> list[str]:
        """Arguments of ``hpbench run`` for so many seeds.

        Args:
            seeds: Number of seeds.
            asked: Further arguments, such as the profile; they come before those of the timed seeds.
        """
        words = [str(self.file), *asked, "--reading", DEFAULT, "--seeds", str(seeds)]
        for case in self.cases:
            words += ["--case", case]
        for path, timed in self.timed.items():
            words += ["--set", f"{path}={seeds if timed else 0}"]
        return [*words, "--no-report", "--no-calibration"]


def gated_trials(resolved: Resolved, asked: Sequence[str] = ()) -> GatedTrials:
    """The trials that a definition's gated metrics need.

    Args:
        resolved: The definition with a profile and changes.
        asked: Only these cases, or groups of cases, instead of all that are gated.

    Raises:
        SelectionError: If the definition gates nothing, or nothing of the cases asked for.
    """
    definition = resolved.definition
    names = {name for gated in definition.gated for name in definition.gated_names(gated)}
    members = {name: definition.members.get(name, (name,)) for name in sorted(names)}
    cases = tuple(dict.fromkeys(case for name in asked for case in definition.members.get(name, (name,))))
    cases = cases or definition.gated_cases
    whole = {name for name, those in members.items() if set(those) <= set(cases)}
    if not whole:
        there = f"of {', '.join(asked)} nothing; it gates {', '.join(members)}" if members else "nothing"
        raise SelectionError(f"{definition.id} gates {there}")
    costly = {
        case
        for gated in definition.gated
        if is_cost(gated.metric)
        for name in definition.gated_names(gated)
        if name in whole
        for case in members[name]
    }
    timed: dict[str, bool] = {}
    for case in cases:
        path = timed_seeds(case)
        timed[path] = timed.get(path, False) or case in costly
    return GatedTrials(definition.id, Path(resolved.source.file).absolute(), cases, timed)


def timed_seeds(case: str) -> str:
    """Dotted path of the field that says how many seeds of a case are timed."""
    study, slash, _ = case.partition("/")
    return f"studies.{study}.timed_seeds" if slash else "timed_seeds"
