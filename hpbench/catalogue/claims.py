"""Kinds of claim: each turns trials into quantities, and says in which interval a quantity has to lie.

Comparisons are paired by seed. A claim with several quantities holds when every one of them does.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StrictBool, model_validator

from hpbench.catalogue.numbers import NUMBER, Number
from hpbench.catalogue.part import Parameters, Register
from hpbench.catalogue.takes import TAKES, Final

CaseNames = Annotated[tuple[str, ...], Field(min_length=1)]
Take: Any = TAKES.specification


class ClaimTest(Parameters):
    """What every kind has: a metric, how one number is taken from its curve, and fields that name cases.

    With ``to_setting`` the field ``to`` names a setting, not cases.
    """

    case_fields: ClassVar[tuple[str, ...]] = ("cases", "than", "to", "case", "reference")
    to_setting: ClassVar[bool] = False
    metric: str
    take: Take = Final()

    @property
    def case_names(self) -> tuple[str, ...]:
        """Every case the claim speaks of."""
        names: list[str] = []
        for field in self.case_fields:
            value = getattr(self, field, ())
            names += [value] if isinstance(value, str) else list(value)
        return tuple(names)

    @model_validator(mode="after")
    def _each_case_once(self) -> Self:
        names = self.case_names
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"case '{name}' stands twice: none can be compared with itself, so name each once")
        return self


class AtChance(ClaimTest):
    """The metric of each case lies within ``margin`` of one over the number of classes."""

    name: Literal["at_chance"]
    cases: CaseNames
    margin: Number = Field(gt=0)


class Between(ClaimTest):
    """The value of each case lies between ``low`` and ``high``."""

    name: Literal["between"]
    cases: CaseNames
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("give low, high, or both")
        _require_order(self.low, self.high)
        return self


class Equal(ClaimTest):
    """Each later case differs from the first by at most ``tolerance``, or by that share of the first's mean."""

    name: Literal["equal"]
    cases: Annotated[tuple[str, ...], Field(min_length=2)]
    tolerance: Number = Field(gt=0)
    relative: StrictBool = False


class PairedEqual(ClaimTest):
    """Each of ``cases`` differs from the one at the same place in ``to`` by at most ``tolerance``: equivalence."""

    name: Literal["paired_equal"]
    cases: CaseNames
    to: CaseNames
    tolerance: Number = Field(gt=0)

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if len(self.cases) != len(self.to):
            raise ValueError(f"there are {len(self.cases)} cases, and {len(self.to)} that they are to be compared to")
        return self


class Greater(ClaimTest):
    """Each of ``cases`` exceeds each of ``than`` by more than ``margin``, or by that share of the latter's mean."""

    name: Literal["greater"]
    cases: CaseNames
    than: CaseNames
    margin: Number = Field(default=0.0, ge=0)
    relative: StrictBool = False


class DifferenceInDifferences(ClaimTest):
    """The first of ``cases`` exceeds the second by more than ``margin`` beyond what the first of ``than`` does.

    An interaction: what changes between the first and the second matters more under ``cases`` than under ``than``.
    """

    name: Literal["difference_in_differences"]
    cases: tuple[str, str]
    than: tuple[str, str]
    margin: Number = Field(default=0.0, ge=0)


class AtLeast(ClaimTest):
    """Each of ``cases`` is not less than each of ``than`` by more than ``tolerance``: it is no worse."""

    name: Literal["at_least"]
    cases: CaseNames
    than: CaseNames
    tolerance: Number = Field(gt=0)


class Ratio(ClaimTest):
    """The ratio of ``case`` to each of ``to`` lies between ``low`` and ``high``.

    With ``around_reported`` the interval is that share around the reported ratio of the same two cases.
    """

    name: Literal["ratio"]
    case: str
    to: CaseNames
    low: Number | None = None
    high: Number | None = None
    around_reported: Annotated[float, Field(gt=0, lt=1), NUMBER] | None = None

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.around_reported is None and self.low is None and self.high is None:
            raise ValueError("give low, high, or around_reported")
        _require_order(self.low, self.high)
        return self


class Increasing(ClaimTest):
    """Each case in the list exceeds the one before it by more than ``margin``, or by that share of its mean."""

    name: Literal["increasing"]
    cases: Annotated[tuple[str, ...], Field(min_length=2)]
    margin: Number = Field(default=0.0, ge=0)
    relative: StrictBool = False


class Proportional(ClaimTest):
    """The metric grows as a power of the setting ``to`` whose exponent lies in the interval ``exponent``."""

    case_fields = ("cases",)
    to_setting = True
    name: Literal["proportional"]
    cases: Annotated[tuple[str, ...], Field(min_length=2)]
    to: str
    exponent: tuple[Number, Number]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_order(*self.exponent)
        return self


class Tracks(ClaimTest):
    """The mean absolute distance between the two cases' curves is at most ``tolerance``."""

    name: Literal["tracks"]
    case: str
    reference: str
    tolerance: Number = Field(gt=0)


class Apart(ClaimTest):
    """The mean absolute distance between the two cases' curves is more than ``margin``."""

    name: Literal["apart"]
    case: str
    reference: str
    margin: Number = Field(gt=0)


class BestOf(ClaimTest):
    """The best of ``cases`` is better than the best of ``than`` by more than ``margin``, the largest or smallest."""

    case_fields = ("cases", "than")
    name: Literal["best_of"]
    cases: CaseNames
    than: CaseNames
    goal: Literal["max", "min"] = "max"
    margin: Number = Field(default=0.0, ge=0)


class HigherLimit(ClaimTest):
    """The largest ``to`` at which ``cases`` have at least ``value`` is more than ``factor`` times that of ``than``."""

    case_fields = ("cases", "than")
    to_setting = True
    name: Literal["higher_limit"]
    cases: CaseNames
    than: CaseNames
    to: str
    value: Number
    factor: Number = Field(default=1.0, gt=0)


def _require_order(low: float | None, high: float | None) -> None:
    """Check that something can lie between the bounds.

    Raises:
        ValueError: If nothing can.
    """
    if low is not None and high is not None and low > high:
        raise ValueError(f"nothing lies between {low:g} and {high:g}: the lower bound comes first")


CLAIMS = Register(
    "claim kind",
    {
        AtChance: "hpbench.analysis.claim_kinds:at_chance",
        Between: "hpbench.analysis.claim_kinds:between",
        Equal: "hpbench.analysis.claim_kinds:equal",
        PairedEqual: "hpbench.analysis.claim_kinds:paired_equal",
        Greater: "hpbench.analysis.claim_kinds:greater",
        DifferenceInDifferences: "hpbench.analysis.claim_kinds:difference_in_differences",
        AtLeast: "hpbench.analysis.claim_kinds:at_least",
        Ratio: "hpbench.analysis.claim_kinds:ratio",
        Increasing: "hpbench.analysis.claim_kinds:increasing",
        Proportional: "hpbench.analysis.claim_kinds:proportional",
        Tracks: "hpbench.analysis.claim_kinds:tracks",
        Apart: "hpbench.analysis.claim_kinds:apart",
        BestOf: "hpbench.analysis.best_kinds:best_of",
        HigherLimit: "hpbench.analysis.best_kinds:higher_limit",
    },
)
