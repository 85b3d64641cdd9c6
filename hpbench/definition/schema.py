"""The schema of a definition file (version 1)."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StrictBool, model_validator

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.instruments import INSTRUMENTS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.numbers import NUMBER, WHOLE, Number, Whole
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.own import Own
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.steps import STEPS
from hpbench.catalogue.steps import Plain as PlainStep
from hpbench.catalogue.work import BACKENDS, PLANNERS, PROCEDURES, Cases, TensorFlow, Train
from hpbench.definition.cells import cell, named_groups, study_cases, table_cases, table_groups
from hpbench.definition.document import (
    Advice,
    Changes,
    Claim,
    Figure,
    Name,
    OpenPoint,
    Reported,
    Source,
    Strict,
    Table,
)
from hpbench.definition.gated import MOST_GATED, Gated
from hpbench.definition.searching import Pools, Search
from hpbench.definition.shapes import Shapes
from hpbench.records.trial import canonical_json

DatasetSpec: Any = DATASETS.specification
ModelSpec: Any = MODELS.specification
ScheduleSpec: Any = SCHEDULES.specification
OptimizerSpec: Any = OPTIMIZERS.specification
CallbackSpec: Any = CALLBACKS.specification
InstrumentSpec: Any = INSTRUMENTS.specification
StepSpec: Any = STEPS.specification
ProcedureSpec: Any = PROCEDURES.specification
PlannerSpec: Any = PLANNERS.specification
BackendSpec: Any = BACKENDS.specification


class Training(Strict):
    """How a trial trains. One iteration is one update on one batch, one epoch as many as there are images."""

    procedure: ProcedureSpec = Train()
    step: StepSpec = PlainStep()
    optimizer: OptimizerSpec
    schedule: ScheduleSpec
    learning_rate: Number = Field(gt=0)
    batch_size: Whole = Field(gt=0)
    test_batch_size: Whole = Field(default=128, gt=0)
    iterations: Annotated[int | None, Field(gt=0), WHOLE] = Field(default=None, description="this, or epochs")
    epochs: Annotated[int | None, Field(gt=0), WHOLE] = Field(default=None, description="this, or iterations")
    evaluate_every: Annotated[int | None, Field(gt=0), WHOLE] = Field(
        default=None, description="iterations from one evaluation to the next; only at the end if none"
    )
    images_per_class: Annotated[int | None, Field(gt=0), WHOLE] = Field(
        default=None, description="training images drawn of each class, others for each seed; all if none"
    )
    train_sample: Whole = Field(default=1000, gt=0, description="training images on which train accuracy is measured")
    callbacks: tuple[CallbackSpec, ...] = ()
    instruments: tuple[InstrumentSpec, ...] = Field(default=(), description="what is read of the trained model")
    only: dict[str, str] = Field(default={}, description="head to class: other images are left out")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.iterations is None) == (self.epochs is None):
            raise ValueError("give iterations or epochs, and not both")
        for fault in (self.step.fault(self), self.procedure.fault(self)):
            if fault:
                raise ValueError(fault)
        return self

    def updates(self, images: int) -> int:
        """Iterations of a trial with that many training images; epochs are rounded up to whole batches."""
        if self.iterations is not None:
            return self.iterations
        return -(-(self.epochs or 0) * images // self.batch_size)


_NOT_COMPILED = {
    *("iterations", "epochs", "evaluate_every", "images_per_class", "train_sample", "test_batch_size"),
    *("instruments", "only"),
}


class Compute(Strict):
    """What computes, and how. All of it is part of a trial's identity."""

    backend: BackendSpec = TensorFlow()
    precision: Literal["float32"] = "float32"
    compile: Literal["auto", "xla", "graph", "eager"] = Field(
        default="auto",
        description="auto: XLA on a GPU and for models without convolutions, else TensorFlow's own kernels as a graph",
    )
    deterministic: StrictBool = True
    threads: Whole = Field(default=1, gt=0, description="CPU threads of one trial: sums, and so bits, depend on it")


class Limits(Strict):
    """Where a trial is ended. No part of its identity: it changes no result that is reached."""

    seconds: Number = Field(default=3600.0, gt=0, description="wall time of one trial")
    memory_gib: Annotated[float, Field(gt=0), NUMBER] | None = Field(
        default=None, description="host memory of one job; most of the machine's, shared by the jobs, if none"
    )


class Settings(Strict):
    """What one trial is made of."""

    dataset: DatasetSpec
    model: ModelSpec
    training: Training
    compute: Compute = Compute()

    @property
    def program(self) -> str:
        """What trials have in common that can share a compiled program, as canonical JSON.

        With a constant rate that is everything but how long is trained, on how many images, when is evaluated, the
        rate, and what optimizer and step keep as variables.
        """
        settings, optimizer = self.model_dump(mode="json"), self.training.optimizer
        if self.training.schedule.name == "constant":
            kept = {"images_per_class", "only"} if self.training.step.sees_all_images else set()
            for field in _NOT_COMPILED - kept:
                del settings["training"][field]
            settings["training"] |= {"step": self.training.step.compiled(), "optimizer": optimizer.compiled()}
            if not isinstance(optimizer, Own):  # one's own may read the rate when it is made
                del settings["training"]["learning_rate"]
        return canonical_json(settings)

    @property
    def own_parts(self) -> list[str]:
        """Names of the parts that are code of one's own, ``package.module:attribute``."""
        training = self.training
        parts = (self.dataset, self.model, training.optimizer, training.schedule, training.step, *training.callbacks)
        return [part.name for part in parts if isinstance(part, Own)]


class Study(Strict):
    """Further cases beside the document's own, run in the default reading: listed, a full grid, or a search."""

    why: str
    cases: dict[Name, Changes] = Field(default={})
    search: Search | None = None
    grid: dict[str, Annotated[tuple[StrictBool | float | int | str, ...], Field(min_length=1)]] = Field(default={})
    read_at: tuple[Whole, ...] = Field(default=(), description="iterations at which a grid's effects are read")
    seeds: Whole = Field(default=3, ge=1)
    timed_seeds: Whole = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _some_case(self) -> Self:
        if not self.cases and not self.grid and self.search is None:
            raise ValueError("give cases, a grid, a search, or more of them")
        return self


class Definition(Settings):
    """One benchmark: the file in ``benchmarks/``."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["cases"], "properties": {"cases": {"minProperties": 1}}},
                {"required": ["table"], "properties": {"table": {"not": {"type": "null"}}}},
            ]
        }
    )

    format: Annotated[Literal[1], WHOLE] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    version: Whole = Field(ge=1)
    title: str
    question: str
    source: Source
    planner: PlannerSpec = Cases()
    cases: dict[Name, Changes] = Field(default={})
    table: Table | None = None
    groups: dict[Name, tuple[str, ...]] = Field(
        default={},
        description="patterns of cases, such as b2-* or study/*; in a claim, a group stands for the mean of its cases",
    )
    studies: dict[Name, Study] = Field(default={})
    open: dict[Name, OpenPoint] = Field(default={})
    readings: Literal["default", "one-at-a-time", "all"] | tuple[str, ...] = "one-at-a-time"
    reading_seeds: Whole = Field(default=1, ge=1)
    reading_cases: tuple[str, ...] = ()
    seeds: Whole = Field(default=3, ge=1, le=10_000)
    timed_seeds: Whole = Field(default=1, ge=0)
    limits: Limits = Limits()
    reported: dict[str, Reported] = Field(default={})
    claims: tuple[Claim, ...] = ()
    figures: tuple[Figure, ...] = ()
    advice: Advice | None = None
    pools: Pools | None = None
    shapes: Shapes | None = None
    gated: tuple[Gated, ...] = Field(
        default=(), max_length=MOST_GATED, description="what hpbench gate holds later runs to"
    )
    profiles: dict[Literal["smoke", "quick", "standard", "full"], Changes] = Field(default={})

    @model_validator(mode="after")
    def _some_case(self) -> Self:
        if not self.cases and self.table is None:
            raise ValueError("give cases, a table, or both")
        return self

    @model_validator(mode="after")
    def _pools_are_searches(self) -> Self:
        for strategy in ("grid", "random") if self.pools else ():
            study = getattr(self.pools, strategy)
            search = self.studies[study].search if study in self.studies else None
            if search is None or search.strategy != strategy:
                raise ValueError(f"pools.{strategy}: '{study}' is no study with a {strategy} search")
        return self

    @cached_property
    def own_cases(self) -> dict[str, Changes]:
        """The document's cases by name: the listed ones, then the cells of its table."""
        return {**self.cases, **table_cases(self.table.model_dump() if self.table else None)}

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Groups of cases by name: the table's rows and columns, and those of ``groups``."""
        table = self.table.model_dump() if self.table else None
        return table_groups(table) | named_groups(self.groups, self.all_cases)

    @cached_property
    def all_cases(self) -> dict[str, Changes]:
        """The document's cases by name, then those of studies as ``study/case``."""
        found = dict(self.own_cases)
        for study, body in self.studies.items():
            found |= {name: dict(changes) for name, changes in study_cases(study, body.cases, body.grid).items()}
        return found

    @cached_property
    def gated_cases(self) -> tuple[str, ...]:
        """The cases that are gated, those of groups among them."""
        named = (name for gated in self.gated for name in self.gated_names(gated))
        return tuple(dict.fromkeys(case for name in named for case in self.members.get(name, (name,))))

    def gated_names(self, gated: Gated) -> tuple[str, ...]:
        """The cases and groups that an entry gates: those it names, or all of the document's own cases."""
        return gated.cases or tuple(self.own_cases)

    @cached_property
    def reported_values(self) -> dict[str, Reported]:
        """The document's numbers by metric, with those of its table."""
        found = dict(self.reported)
        for metric, rows in self.table.reported.items() if self.table else ():
            before = found.get(metric, Reported(values={}, where=""))
            cells = {
                cell(row, column): number
                for row, numbers in rows.items()
                for column, number in zip(self.table.columns if self.table else (), numbers, strict=True)
            }
            where = "; ".join(filter(None, (before.where, self.table.where if self.table else "")))
            found[metric] = Reported(values={**before.values, **cells}, where=where)
        return found
