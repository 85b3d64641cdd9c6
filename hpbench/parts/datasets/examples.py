"""Which images are shown as examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def example_rows(labels: NDArray[np.int32]) -> list[int]:
    """Which images are shown as examples: the first of each class of the first head, or the first three.

    Args:
        labels: Of the images, (n,) or (n, heads).
    """
    if labels.ndim == 1:
        return list(range(min(3, len(labels))))
    return [int(np.flatnonzero(labels[:, 0] == label)[0]) for label in np.unique(labels[:, 0])]
