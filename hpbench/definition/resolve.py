"""A definition as it is asked for: profile and overrides applied, readings and cases spelled out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from pydantic import ValidationError

from hpbench.catalogue.claims import ClaimTest
from hpbench.definition import readings
from hpbench.definition.cells import study_cases
from hpbench.definition.changes import case_changes, with_changes, with_seeds
from hpbench.definition.faults import DefinitionError, Fault, instead
from hpbench.definition.messages import describe
from hpbench.definition.readings import Reading
from hpbench.definition.schema import Definition, Settings, Study
from hpbench.definition.searching import WINNER, Search
from hpbench.definition.yaml_tree import YamlTree
from hpbench.errors import UserError
from hpbench.records.metrics import is_cost


class SelectionError(UserError):
    """Something asked for on the command line that the definition does not have."""


@dataclass(frozen=True)
class Selection:
    """What of a benchmark to run, as asked for on the command line.

    Args:
        profile: A profile of the definition.
        changes: Dotted path to value (``--set``), applied after the profile.
        seeds: Number of seeds instead of the profile's.
        cases: Only these cases; empty for all, or for those that ``claims`` need.
        readings: Only these readings; empty for the profile's.
        claims: Only these claims, and the trials that they need beside those of ``cases``; empty for all.
        gated: Only the cases that the definition gates, beside those of ``cases`` and ``claims``; where ``readings`` is
            empty under the default reading.
    """

    profile: str = "quick"
    changes: Mapping[str, Any] = field(default_factory=dict)
    seeds: int | None = None
    cases: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    gated: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether not all cases are asked for."""
        return bool(self.cases or self.claims or self.gated)

    def as_dict(self) -> dict[str, Any]:
        """For the store."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Selection:
        """The inverse of ``as_dict`` through JSON."""
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**fields)


@dataclass(frozen=True)
class PlannedCase:
    """One case under one reading, before seeds."""

    case: str
    reading: str
    settings: Settings
    seeds: int
    timed_seeds: int


class Resolved:
    """A definition with a selection applied.

    Attributes:
        definition: The definition under the default reading; of its claims only those asked for.
        selection: What was asked for.
    """

    def __init__(self, source: YamlTree, selection: Selection) -> None:
        self.source = source
        self.selection = selection
        base = build(source.values, source)
        profiles = base.profiles
        if profiles and selection.profile not in profiles:
            raise SelectionError(f"{base.id} has no profile '{selection.profile}'; it has: {', '.join(profiles)}")
        changes: dict[str, Any] = profiles.get(selection.profile, {})  # type: ignore[call-overload]
        try:
            tree = with_changes(source.values, changes)
            if selection.seeds is not None:
                tree = with_seeds(tree, selection.seeds, base.timed_seeds)
            tree = with_changes(tree, selection.changes)
        except KeyError as error:
            raise SelectionError(str(error.args[0])) from None
        self.tree = tree
        self.definition = self._with_asked_claims(_checked(tree, f"profile {selection.profile} with --set"))

    @cached_property
    def readings(self) -> list[Reading]:
        """The readings to run, default first."""
        points = self.definition.open
        try:
            if names := self.selection.readings or (readings.DEFAULT,) * self.selection.gated:
                asked = [readings.parse(text, points) for text in names]
                return list({readings.name(reading): reading for reading in asked}.values())
            return readings.expand(self.definition.readings, points)
        except ValueError as error:
            raise SelectionError(str(error)) from None

    @lru_cache(maxsize=64)  # noqa: B019  (a Resolved lives as long as the command)
    def under(self, reading: str) -> Definition:
        """The definition with that reading's answers applied: the claims asked for and reported numbers may differ."""
        points = self.definition.open
        changes = readings.changes(readings.parse(reading, points), points)
        if not changes:
            return self.definition
        try:
            return self._with_asked_claims(_checked(with_changes(self.tree, changes), f"reading {reading}"))
        except KeyError as error:
            raise SelectionError(f"reading {reading}: {error.args[0]}") from None

    def planned_cases(self) -> list[PlannedCase]:
        """Every case under every reading that is asked for, in the definition's order.

        Raises:
            SelectionError: If a case is asked for that is not there, or nothing that is asked for would be run.
        """
        planned: list[PlannedCase] = []
        for reading in self.readings:
            planned += self._cases_under(reading)
            planned += [] if reading else self._study_cases()
        unknown = set(self.selection.cases) - {item.case for item in planned} - set(map(_winner, self.searches))
        if unknown:
            names = ", ".join(sorted(unknown))
            raise SelectionError(f"{self.definition.id} has no case {names}; it has: {', '.join(self.all_cases)}")
        narrowed = [needed for item in planned if (needed := self._needed(item))]
        if not narrowed and not self.searches:
            raise SelectionError(
                f"nothing to run for {', '.join(self.selection.claims) or 'what is gated'} under "
                f"{', '.join(map(readings.name, self.readings))}: a claim about time or memory needs timed_seeds of at "
                f"least 1, and the reading '{readings.DEFAULT}', which alone is timed and has the cases of studies"
            )
        return narrowed

    @cached_property
    def asked_cases(self) -> frozenset[str]:
        """The cases that are asked for by name, and those that are because the definition gates them.

        Raises:
            SelectionError: If what is gated is asked for, and nothing is.
        """
        gated = self.definition.gated_cases if self.selection.gated else ()
        if self.selection.gated and not gated:
            raise SelectionError(f"{self.definition.id} gates nothing: it has no 'gated'")
        return frozenset((*self.selection.cases, *gated))

    @property
    def searches(self) -> dict[str, tuple[Study, Search]]:
        """The studies that search, of those asked for: all, or those whose winner a case or a claim asked for is."""
        claims = self.definition.claims if self.selection.claims else ()
        wanted = self.asked_cases | {case for claim in claims for case in _named(claim.test, self.definition)}
        return {
            name: (study, study.search)
            for name, study in self.definition.studies.items()
            if study.search is not None and (_winner(name) in wanted or not self.selection.is_narrow)
        }

    def _needed(self, item: PlannedCase) -> PlannedCase | None:
        """The case with the seeds that what is asked for needs; None if nothing needs it.

        A claim about time or memory needs the timed seeds only, another one needs no timing.
        """
        if item.case in self.asked_cases or not self.selection.is_narrow:
            return item
        definition = self.under(item.reading)
        tests = [claim.test for claim in definition.claims] if self.selection.claims else []
        timed = [_needs_timing(test) for test in tests if item.case in _named(test, definition)]
        seeds = item.timed_seeds if all(timed) else item.seeds
        if not timed or not seeds:
            return None
        return replace(item, seeds=seeds, timed_seeds=item.timed_seeds if any(timed) else 0)

    def _with_asked_claims(self, definition: Definition) -> Definition:
        """The definition with only the claims that are asked for.

        Raises:
            SelectionError: If it does not have one of them.
        """
        asked = self.selection.claims
        if not asked:
            return definition
        known = [claim.id for claim in definition.claims]
        for claim in asked:
            if claim not in known:
                raise SelectionError(f"{definition.id} has no claim '{claim}'; {instead(claim, known)}")
        return definition.model_copy(update={"claims": tuple(c for c in definition.claims if c.id in asked)})

    def _cases_under(self, reading: Reading) -> list[PlannedCase]:
        """The document's cases under a reading.

        A case whose settings a reading leaves alone shares the default reading's trials and costs nothing. One whose
        settings it changes is run with ``reading_seeds``, and if it is one of ``reading_cases``, unless cases or claims
        are asked for.
        """
        definition, under = self.definition, self.under(readings.name(reading))
        whole = definition.seeds, definition.timed_seeds
        same = self._base(readings.name(reading)) == self._base(readings.DEFAULT)
        if same and under.own_cases == definition.own_cases:
            return [self._case(case, changes, reading, *whole) for case, changes in definition.own_cases.items()]
        named = (not self.selection.is_narrow and definition.reading_cases) or tuple(definition.own_cases)
        cases = {case for name in named for case in definition.members.get(name, (name,))}
        planned = []
        for case, changes in definition.own_cases.items():
            if case not in under.own_cases:
                continue
            if self._changed(readings.name(reading), under.own_cases[case]) == self._changed(readings.DEFAULT, changes):
                planned.append(self._case(case, changes, reading, *whole))
            elif case in cases:
                planned.append(self._case(case, under.own_cases[case], reading, definition.reading_seeds, 0))
        return planned

    def _changed(self, reading: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a case, not validated."""
        return with_changes(self._base(reading), case_changes(changes))

    def _study_cases(self) -> list[PlannedCase]:
        return [
            self._case(name, changes, {}, body.seeds, body.timed_seeds)
            for study, body in self.definition.studies.items()
            for name, changes in study_cases(study, body.cases, body.grid).items()
        ]

    @property
    def all_cases(self) -> list[str]:
        """Names of all cases, those of studies as ``study/case``."""
        return list(self.definition.all_cases)

    @lru_cache(maxsize=64)  # noqa: B019
    def _base(self, reading: str) -> dict[str, Any]:
        return self.under(reading).model_dump(mode="json", include=set(Settings.model_fields))

    def _case(self, case: str, changes: Mapping[str, Any], reading: Reading, seeds: int, timed: int) -> PlannedCase:
        tree = self._base(readings.name(reading))
        try:
            settings = Settings.model_validate(with_changes(tree, case_changes(changes)))
        except KeyError as error:
            raise SelectionError(f"case {case}: {error.args[0]}") from None
        except ValidationError as error:
            raise SelectionError(f"case {case}: {'; '.join(text for _, text in describe(error))}") from None
        return PlannedCase(case, readings.name(reading), settings, seeds, min(timed, seeds))


def _winner(study: str) -> str:
    """Name of the case in which a search's best point is run again."""
    return f"{study}/{WINNER}"


def _named(test: ClaimTest, definition: Definition) -> set[str]:
    """Every case that a claim speaks of, those of groups among them."""
    members = definition.members
    return {case for name in test.case_names for case in members.get(name, (name,))}


def _needs_timing(test: ClaimTest) -> bool:
    """Whether the claim can be judged on timed trials only."""
    return is_cost(test.metric) or test.take.needs_clock


def build(tree: Mapping[str, Any], source: YamlTree) -> Definition:
    """The definition of a file's values.

    Raises:
        DefinitionError: With every fault that the schema finds, each at its line and column.
    """
    try:
        return Definition.model_validate(tree)
    except ValidationError as error:
        raise DefinitionError([source.fault(location, text) for location, text in describe(error)]) from None


def _checked(tree: Mapping[str, Any], what: str) -> Definition:
    try:
        return Definition.model_validate(tree)
    except ValidationError as error:
        faults = [Fault(what, 0, 0, text) for _, text in describe(error)]
        raise SelectionError("\n".join(map(str, faults))) from None
