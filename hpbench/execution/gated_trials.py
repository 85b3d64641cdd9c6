"""Which trials a comparison of environments needs: the cases that a definition gates, timed where times are gated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpbench.definition.gated import Gated
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import Resolved, SelectionError
from hpbench.definition.schema import Definition
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
        asked: Only these cases instead of all that are gated.

    Raises:
        SelectionError: If the definition gates nothing, or nothing of the cases asked for.
    """
    definition = resolved.definition
    entries = [(gated.metric, _cases(gated, definition)) for gated in definition.gated]
    every = [case for case in definition.all_cases if any(case in found for _, found in entries)]
    cases = tuple(asked) or tuple(every)
    if not set(cases) & set(every):
        there = f"of {', '.join(asked)} nothing; it gates {', '.join(every)}" if every else "nothing"
        raise SelectionError(f"{definition.id} gates {there}")
    costly = {case for metric, found in entries if is_cost(metric) for case in found}
    timed: dict[str, bool] = {}
    for case in cases:
        path = _timed_seeds(case)
        timed[path] = timed.get(path, False) or case in costly
    return GatedTrials(definition.id, Path(resolved.source.file).absolute(), cases, timed)


def _cases(gated: Gated, definition: Definition) -> set[str]:
    """Names of the cases that an entry gates, with those of groups; all of the document's own if it names none."""
    names = gated.cases or tuple(definition.own_cases)
    return {case for name in names for case in definition.members.get(name, (name,))}


def _timed_seeds(case: str) -> str:
    """Dotted path of the field that says how many seeds of a case are timed."""
    study, slash, _ = case.partition("/")
    return f"studies.{study}.timed_seeds" if slash else "timed_seeds"
