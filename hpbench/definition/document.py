"""What a definition keeps of its document: source, open points, tables, reported numbers, claims and figures."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hpbench.catalogue.claims import CLAIMS
from hpbench.catalogue.numbers import WHOLE, Number, Whole
from hpbench.records.metrics import METRICS

ClaimSpec: Any = CLAIMS.specification

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
Changes = dict[str, Any]
"""Dotted path of a field to its new value."""


class Strict(BaseModel):
    """Base of a definition's blocks: unknown fields are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Source(Strict):
    """The document: only what it says of itself."""

    authors: tuple[str, ...] = ()
    title: str
    title_in_english: str | None = None
    venue: str | None = None
    year: Whole | None = None
    language: str | None = None


class OpenPoint(Strict):
    """Something the document leaves open. The first answer is the default and changes nothing."""

    why: str
    answers: dict[Name, Changes] = Field(min_length=2)


class Reported(Strict):
    """Numbers of the document: by case, or by ``A / B`` and ``A - B`` for a ratio and a difference of cases."""

    values: dict[str, Number]
    where: str


class Table(Strict):
    """A table of the document: each cell is a case ``ROW-COLUMN`` with the changes of its row and its column.

    A row's name, or a column's, stands for the mean of its cases in a claim.
    """

    title: str
    where: str
    rows: dict[Name, Changes] = Field(min_length=1)
    columns: dict[Name, Changes] = Field(min_length=1)
    reported: dict[str, dict[Name, tuple[Number, ...]]] = Field(
        default={}, description="metric to row to the document's numbers, one a column"
    )
    also: tuple[str, ...] = Field(default=(), description="further metrics that are shown cell by cell")
    by_reading: tuple[str, ...] = Field(default=(), description="cells that are shown under each reading; all if none")

    @model_validator(mode="after")
    def _reported_fit(self) -> Self:
        for metric, rows in self.reported.items():
            for row, numbers in rows.items():
                if row not in self.rows:
                    raise ValueError(f"reported.{metric}: there is no row '{row}'; there are: {', '.join(self.rows)}")
                if len(numbers) != len(self.columns):
                    raise ValueError(
                        f"reported.{metric}.{row}: there are {len(self.columns)} columns and {len(numbers)} numbers"
                    )
        return self


class Claim(Strict):
    """A statement of the document as a test."""

    id: Name
    text: str
    where: str
    tolerance_from: str = Field(description="where the test's tolerance comes from")
    remark: str | None = Field(default=None, description="stands beside the evidence: what to bear in mind")
    test: ClaimSpec


class Figure(Strict):
    """A figure of a metric.

    ``curves`` of cases over iterations, one mark a case (``cases``), curves of a case under each of the ``readings``;
    ``layers``: a metric of each layer from first to last; ``sweep``: final values over the setting ``to``, one line a
    group of cases.
    """

    id: Name
    title: str
    kind: Literal["curves", "cases", "readings", "layers", "sweep"]
    metric: str
    cases: tuple[str, ...] = Field(min_length=1, description="cases, or groups of them")
    where: str | None = Field(default=None, description="where the document draws it; none if it does not")
    scale: Literal["linear", "log"] = Field(default="linear", description="of the values; not of cases")
    at: Annotated[int | None, Field(ge=0), WHOLE] = Field(
        default=None, description="of layers: the iteration; the last one read if none"
    )
    to: str | None = Field(default=None, description="of a sweep: the setting, such as model.depth")

    @model_validator(mode="after")
    def _fields_of_its_kind(self) -> Self:
        if (self.to is None) == (self.kind == "sweep"):
            raise ValueError("a sweep names the setting 'to' over which it is drawn, and no other figure does")
        if self.at is not None and self.kind != "layers":
            raise ValueError(f"'at' is for figures of layers; this is one of {self.kind}")
        return self


class Advice(Strict):
    """What the optimisation advice is computed for: target accuracies, and what counts as the limit."""

    metric: str = "test_accuracy"
    targets: tuple[Number, ...] = (0.9, 0.95)
    within: Number = Field(default=0.01, gt=0)

    @model_validator(mode="after")
    def _targets_can_be_reached(self) -> Self:
        fraction = self.metric in METRICS and METRICS[self.metric].unit == "fraction"
        for target in self.targets if fraction else ():
            if not 0 <= target <= 1:
                raise ValueError(f"a target of {self.metric} is a fraction from 0 to 1, such as 0.95; found {target:g}")
        return self
