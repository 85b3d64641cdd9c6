"""Learning curves from CSV, as Keras' ``CSVLogger`` writes it, and from a Keras ``History.history``, also as JSON."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.statistics import Floats
from hpbench.errors import UserError

_ACCURACIES = ("accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "iterations": ("iteration", "iterations", "step", "epoch"),
    "train_loss": ("train_loss", "loss"),
    "test_loss": ("test_loss", "val_loss"),
    "train_accuracy": ("train_accuracy", *_ACCURACIES),
    "test_accuracy": ("test_accuracy", *(f"val_{name}" for name in _ACCURACIES)),
    "learning_rate": ("learning_rate", "lr"),
}
"""Curve to the columns that may hold it; of several the first counts."""
_SEPARATORS = (",", ";", "\t")
_MISSING = math.nan


class CurveFileError(UserError):
    """What was given are no learning curves; the message says where and what would be right."""


def read_curves(path: Path, classes: int | None = None) -> LearningCurves:
    """The curves of one training.

    Args:
        path: A file ending in ``.csv`` or ``.json``.
        classes: Number of classes, if it is known.

    Raises:
        CurveFileError: If it cannot be read as such.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CurveFileError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise CurveFileError(f"{path} is not text in UTF-8") from None
    columns = _from_json(path, text) if path.suffix.lower() == ".json" else _from_csv(path, text)
    return _curves(str(path), columns, classes)


def history_curves(history: Mapping[str, Sequence[float | None]], classes: int | None = None) -> LearningCurves:
    """The curves of a Keras ``History.history``, or of any lists that go by such names.

    Args:
        history: ``loss``, and any other name out of ``COLUMNS``, to one number an epoch.
        classes: Number of classes, if it is known.

    Raises:
        CurveFileError: If these are no learning curves.

    Example:
        >>> history_curves({"loss": [2.3, 1.1], "val_loss": [2.2, 1.3]}, classes=10).test_loss
        array([2.2, 1.3])
    """
    return _curves("the history", _of_lists("the history", history), classes)


def _from_csv(path: Path, text: str) -> dict[str, Floats]:
    lines = text.splitlines()
    if not lines:
        raise CurveFileError(f"{path} is empty; it needs a line of column names, 'loss' among them, and one an epoch")
    try:
        header, *rows = list(csv.reader(lines, delimiter=max(_SEPARATORS, key=lines[0].count)))
    except csv.Error as error:
        raise CurveFileError(f"{path} is not CSV: {error}") from None
    names = [name.strip() for name in header]
    wanted = _wanted(str(path), names)
    body = [(number, row) for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)]
    return {
        name: np.array([_cell(path, number, row, names.index(column), column) for number, row in body])
        for name, column in wanted.items()
    }


def _cell(path: Path, line: int, row: Sequence[str], place: int, column: str) -> float:
    """A cell's number; NaN if the cell is empty. A loss that is not finite is written as such, and kept as infinity."""
    text = row[place].strip() if place < len(row) else ""
    if not text or text == "NA":  # what CSVLogger writes where a value is missing
        return _MISSING
    try:
        return _kept(float(text))
    except ValueError:
        raise CurveFileError(f"{path}:{line}: '{text}' in the column '{column}' is not a number") from None


def _from_json(path: Path, text: str) -> dict[str, Floats]:
    try:
        history = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CurveFileError(f"{path} is not JSON: {error}") from None
    if not isinstance(history, dict) or not all(isinstance(values, list) for values in history.values()):
        raise CurveFileError(
            f"{path} is to hold lists by name, as json.dump(history.history, file) writes them: "
            '{"loss": [2.3, 1.9], "val_loss": [2.2, 2.0]}'
        )
    return _of_lists(str(path), history)


def _of_lists(where: str, history: Mapping[str, Sequence[Any]]) -> dict[str, Floats]:
    wanted = _wanted(where, list(history))
    found = {name: _numbers(where, column, history[column]) for name, column in wanted.items()}
    evaluations = found["train_loss"].size
    return {name: _spread(where, wanted[name], values, evaluations) for name, values in found.items()}


def _numbers(where: str, column: str, values: Sequence[Any]) -> Floats:
    for value in values:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise CurveFileError(f"{where}: {json.dumps(value, default=str)[:80]} in '{column}' is not a number")
    try:
        return np.array([_MISSING if value is None else _kept(float(value)) for value in values], dtype=np.float64)
    except OverflowError:
        raise CurveFileError(f"{where}: a number in '{column}' is too large") from None


def _spread(where: str, column: str, values: Floats, evaluations: int) -> Floats:
    """A shorter list, of ``validation_freq`` above 1, at every second, third, ... place."""
    if values.size == evaluations:
        return values
    every = evaluations // values.size if values.size else 0
    if not every or evaluations // every != values.size:
        raise CurveFileError(f"{where}: '{column}' has {values.size} values and the loss has {evaluations}")
    spread = np.full(evaluations, _MISSING)
    spread[every - 1 :: every] = values
    return spread


def _kept(value: float) -> float:
    """The number, infinity for one that is written as not finite, so that it is told from a missing one."""
    return value if math.isfinite(value) else math.inf


def _wanted(where: str, names: Sequence[str]) -> dict[str, str]:
    """Curve to the column that holds it."""
    found = {curve: column for curve, columns in COLUMNS.items() if (column := _first(columns, names)) is not None}
    if "train_loss" not in found:
        having = ", ".join(names[:20]) or "none"
        raise CurveFileError(f"{where} needs a column 'loss' or 'train_loss', the training loss; it has: {having}")
    return found


def _first(candidates: Iterable[str], names: Sequence[str]) -> str | None:
    return next((name for name in candidates if name in names), None)


def _curves(where: str, columns: Mapping[str, Floats], classes: int | None) -> LearningCurves:
    """Rows without a training loss are left out; the rest is checked."""
    kept = ~np.isnan(columns["train_loss"])
    rows = {name: _finite(values[kept]) for name, values in columns.items()} | {
        "train_loss": columns["train_loss"][kept]
    }
    if not rows["train_loss"].size:
        raise CurveFileError(f"{where} holds no training loss")
    iterations = rows.pop("iterations", None)
    if iterations is None:
        iterations = np.arange(rows["train_loss"].size, dtype=np.float64)
    if np.isnan(iterations).any():
        raise CurveFileError(f"{where}: a row has no iteration or epoch")
    for before, after in pairwise(iterations.tolist()):
        if after <= before:
            raise CurveFileError(f"{where}: {after:g} follows {before:g}; iterations or epochs of one training go up")
    for name in ("train_accuracy", "test_accuracy"):
        for value in rows.get(name, np.empty(0)).tolist():
            if not (math.isnan(value) or 0 <= value <= 1):
                raise CurveFileError(f"{where}: an accuracy is a share from 0 to 1, such as 0.93; found {value:g}")
    return LearningCurves(iterations, **rows, classes=classes)


def _finite(values: Floats) -> Floats:
    """The values, with NaN for those that are not finite."""
    return np.where(np.isfinite(values), values, _MISSING)
