"""Which images a training sees: all, those of some classes, or some drawn of each class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hpbench.engine.backend import Rows
from hpbench.engine.batches import few_shot
from hpbench.engine.heads import Heads
from hpbench.engine.trial_run import TrialRun
from hpbench.errors import UserError
from hpbench.records.seeds import derive


class NoSuchImagesError(UserError):
    """A selection of images that the data set does not have."""


def training_rows(run: TrialRun, only: Mapping[str, str]) -> Rows:
    """Indices of the trial's training images: all, or those drawn for its seed, which are the same in every case.

    Args:
        run: The trial.
        only: Head to class: no other images are meant.

    Raises:
        NoSuchImagesError: The data set has no such images, or images of each class are to be drawn by several labels.
    """
    labels, wanted = run.splits["train"][1], run.settings.training.images_per_class
    rows = select(labels, only, run.heads)
    if wanted is None:
        return rows
    if labels.ndim > 1:
        raise NoSuchImagesError("images_per_class is for data sets with one label an image; this one has several heads")
    return few_shot(labels, wanted, derive("few-shot draw", run.trial.benchmark, run.trial.seed))


def rows_to_test(run: TrialRun, only: Mapping[str, str]) -> Rows | None:
    """Indices of the test images; None for all."""
    return select(run.splits["test"][1], only, run.heads) if only else None


def select(labels: NDArray[np.int32], only: Mapping[str, str], heads: Heads) -> Rows:
    """Indices of the images of these classes.

    Args:
        labels: Of all images, (n,) or (n, heads).
        only: Head to class.
        heads: Their names, and those of their classes.

    Raises:
        NoSuchImagesError: There is no such head or class, or there are no such images.
    """
    chosen = np.ones(len(labels), dtype=bool)
    for head, name in only.items():
        if head not in heads.classes:
            known = ", ".join(heads.classes) or "it has one label an image, without a name"
            raise NoSuchImagesError(f"the data set has no head '{head}'; there are: {known}")
        classes = heads.classes[head]
        if name not in classes:
            raise NoSuchImagesError(f"the head '{head}' has no class '{name}'; there are: {', '.join(classes)}")
        chosen &= labels[:, list(heads.classes).index(head)] == list(classes).index(name)
    if not chosen.any():
        raise NoSuchImagesError(f"there are no images of {', '.join(f'{head} {name}' for head, name in only.items())}")
    return np.flatnonzero(chosen).astype(np.int32)
