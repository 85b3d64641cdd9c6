"""Office-31's images as a data set with two labels, however they came to be: split, and shown if they may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpbench.parts.datasets.arrays import Arrays, fixed_order
from hpbench.parts.datasets.examples import example_rows
from hpbench.parts.datasets.office31.counts import DOMAINS, IMAGES
from hpbench.parts.datasets.office31.pictures import contact_sheet, strip

HEADS = {"domain": DOMAINS, "item": tuple(IMAGES)}
TRAIN_SHARE, VALIDATION_SHARE = 0.8, 0.05
"""The rest, 15 %, is for the test: the shares of the textbook whose program the document runs."""


def office_arrays(
    images: NDArray[np.uint8], domains: NDArray[np.int64], items: NDArray[np.int64], *, title: str, source: str,
    generated: bool,
) -> Arrays:  # fmt: skip
    """Split by a fixed permutation, whatever their class, 80 / 5 / 15 %.

    Args:
        images: (n, height, width, 3), sorted by domain, class and name.
        domains: Number of each image's domain, (n,).
        items: Number of each image's class, (n,).
        title: As in ``Arrays``.
        source: As in ``Arrays``.
        generated: As in ``Arrays``; generated images are shown in a contact sheet, photographs of others are not.
    """
    labels = np.stack([domains, items], axis=1).astype(np.int32)
    order = fixed_order(len(labels))
    train, validation = round(TRAIN_SHARE * len(labels)), round(VALIDATION_SHARE * len(labels))
    parts = np.split(order, [train, train + validation])
    (x_train, y_train), (x_validation, y_validation), (x_test, y_test) = ((images[p], labels[p]) for p in parts)
    pictures = {}
    if generated:
        shown = strip(x_test[example_rows(y_test)])
        pictures = {"contact-sheet": contact_sheet(images, labels, HEADS), "examples": shown}
    return Arrays(
        x_train,
        y_train,
        x_validation,
        y_validation,
        x_test,
        y_test,
        title=title,
        source=source,
        generated=generated,
        classes=sum(map(len, HEADS.values())),
        heads=HEADS,
        pictures=pictures,
    )
