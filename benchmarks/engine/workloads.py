"""What is trained: four models of the documents, and every bundled benchmark's models, on generated images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.definition.load import bundled, read
from hpbench.definition.resolve import PlannedCase, Resolved, Selection
from hpbench.engine.batches import batch_indices

IMAGES = 320
"""Generated images; every contender sees the same in the same order."""
SEED = 4
MOST = 6
"""Models of one benchmark."""
SHORT = 15
"""Steps of a short epoch of ``fit``."""
SQUARED_NORM = 300.0
"""Mean squared norm of a generated image: with it, the rates below neither diverge nor stand still."""
DENSE = "benchmarks.engine.models:dense"


@dataclass(frozen=True)
class Workload:
    """One training.

    Args:
        name: For the report.
        model: A definition's ``model``.
        optimizer: A definition's ``training.optimizer``.
        learning_rate: Constant.
        batch_size: Images of a step.
        shape: Of an image; empty where the images of ``dataset`` say it.
        classes: Number of classes; 0 where ``dataset`` says it.
        dataset: A definition's ``dataset``, of which only shape and classes are used.
        checked: Steps after which the losses of all contenders are compared: a whole and a partial execution of
            ``steps_per_execution``.
    """

    name: str
    model: Mapping[str, Any]
    optimizer: Mapping[str, Any]
    learning_rate: float
    batch_size: int
    shape: tuple[int, ...] = ()
    classes: int = 0
    dataset: Mapping[str, Any] | None = None
    checked: int = 105

    def images(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Generated images (n, *shape) and labels (n,): a random prototype for each class, and noise."""
        generator = np.random.default_rng(SEED)
        labels = generator.integers(0, self.classes, IMAGES).astype(np.int32)
        prototypes = generator.random((self.classes, *self.shape), dtype=np.float32)
        images = prototypes[labels] + generator.random((IMAGES, *self.shape), dtype=np.float32)
        scale = np.sqrt(SQUARED_NORM / np.square(images).sum() * IMAGES)
        return images * np.float32(scale), labels

    def batches(self, steps: int) -> NDArray[np.int32]:
        """Indices of the images of every batch, shape (steps, batch size)."""
        return batch_indices(IMAGES, self.batch_size, steps, SEED)


def _dense(name: str, inputs: int, units: list[int], **fields: Any) -> Workload:
    return Workload(name, {"name": DENSE, "units": [*units, 10]}, shape=(inputs,), classes=10, **fields)


ADAM = {"name": "adam", "epsilon": 1e-12}
"""Keras adds epsilon to another root than PyTorch: so small, that does not matter."""
OFFICE = (30_000, [384, 192, 64, 32])
FEW_SHOT = _dense("few-shot", 784, [20], optimizer={"name": "sgd"}, learning_rate=0.01, batch_size=2)
NAMED = (
    FEW_SHOT,
    _dense("office", *OFFICE, optimizer={"name": "sgd"}, learning_rate=0.01, batch_size=10, checked=SHORT),
    _dense("office-adam", *OFFICE, optimizer=ADAM, learning_rate=1e-4, batch_size=10, checked=SHORT),
    Workload(
        "lenet-64",
        model={"name": "lenet", "variant": "caffe"},
        optimizer={"name": "sgd", "momentum": 0.9},
        learning_rate=0.01,
        batch_size=64,
        shape=(28, 28, 1),
        classes=10,
    ),
)
"""The trainings of ``few-shot`` (784-20-10), ``office`` (30000-384-192-64-32-10) and LeNet."""


def of_bundled_benchmarks() -> list[Workload]:
    """Of each bundled definition the models with the optimizers and batch sizes that its document's cases have.

    The models are those of the default reading and of readings that change the model; of many, some spread evenly.
    Where cases are made to have learning curves of a certain shape, those of healthy ones: losses of others say nothing
    of an engine.
    """
    found = (list(_of(benchmark, Resolved(*_source(path)))) for benchmark, path in bundled().items())
    return [workload for workloads in found for workload in _spread(workloads)]


def _spread(workloads: Sequence[Workload]) -> list[Workload]:
    """At most ``MOST`` of them, the first and the last among them."""
    if len(workloads) <= MOST:
        return list(workloads)
    return [workloads[round(place)] for place in np.linspace(0, len(workloads) - 1, MOST)]


def _source(path: Any) -> tuple[Any, Selection]:
    """The definition as its reports are made, each open point answered in turn."""
    tree = read(path)
    profiles = list(tree.values.get("profiles", {}))
    profile = "standard" if "standard" in profiles or not profiles else profiles[0]
    return tree, Selection(profile=profile, changes={"readings": "one-at-a-time"})


def _of(benchmark: str, resolved: Resolved) -> Iterator[Workload]:
    shapes = resolved.definition.shapes
    healthy = (
        {case for by_shape in (shapes.tuned_on, shapes.held_out) for case in by_shape["healthy"]} if shapes else set()
    )
    planned = [case for case in resolved.planned_cases() if not shapes or case.case in healthy]
    default = planned[0]
    seen: list[tuple[Any, ...]] = []
    for case in planned:
        same_model = case.reading != default.reading and case.settings.model == default.settings.model
        if same_model or ("/" in case.case and not shapes):
            continue
        settings = case.settings
        key = (settings.dataset, settings.model, settings.training.optimizer, settings.training.batch_size)
        if key not in seen:
            seen.append(key)
            yield _workload(benchmark, case, default)


def _workload(benchmark: str, case: PlannedCase, default: PlannedCase) -> Workload:
    settings = case.settings
    reading = "" if case.reading == default.reading else f", {case.reading}"
    return Workload(
        f"{benchmark} {case.case}{reading}",
        model=settings.model.model_dump(),
        optimizer=settings.training.optimizer.model_dump(),
        learning_rate=settings.training.learning_rate,
        batch_size=settings.training.batch_size,
        dataset=settings.dataset.model_dump(),
    )
