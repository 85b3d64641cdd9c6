"""The bundled benchmark of LeNet's nine cases as a workload: run by hpbench, or handed to somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine.commands import Ran, hpbench
from hpbench.definition.load import find, read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.parts.datasets.prepared import prepare_dataset

LENET = "lenet-batch-lr"
NAMES = tuple(name for name in Resolved(read(find(LENET)), Selection()).definition.cases if "/" not in name)
"""Its document's own cases."""


def prepare(folder: Path) -> None:
    """Prepare its images in ``data``, and write them to ``arrays.npz``, scaled, for those that read arrays."""
    dataset = Resolved(read(find(LENET)), Selection()).definition.dataset
    scale = np.float32(dataset.scale)
    arrays = {}
    for split, (x, y) in prepare_dataset(dataset.model_dump(mode="json"), folder / "data").load().items():
        arrays |= {f"x_{split}": x.astype(np.float32) * scale, f"y_{split}": y}
    np.savez(folder / "arrays.npz", **arrays)


def training(changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Case to the fields of its training settings."""
    selection = Selection(cases=NAMES, readings=("default",), changes=changes)
    planned = Resolved(read(find(LENET)), selection).planned_cases()
    return {item.case: item.settings.training.model_dump(mode="json") for item in planned}


def run(folder: Path, results: Path, names: Iterable[str], changes: Mapping[str, Any], *options: object) -> Ran:
    """``hpbench run`` of some cases in the default reading, without a report."""
    words = [word for name in names for word in ("--case", name)]
    words += [word for key, value in changes.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    paths = ("--results", results, "--data", folder / "data", "--no-report")
    return hpbench("run", LENET, "--reading", "default", *words, *paths, *options, folder=folder)
