"""Splitting a long table into the runs of rows that share a key, fast enough for a million rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from hpbench.analysis.statistics import Floats


def grouped(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], Floats, Floats]]:
    """The observations of each key, by ascending iteration.

    Args:
        frame: With ``columns``, ``iteration`` and ``value``; one of a whole trial (NaN) comes last.
        columns: The key's columns, together.

    Yields:
        Key, iterations and values, in the order in which the levels of each column first occur.
    """
    if frame.empty:
        return
    key = np.zeros(len(frame), dtype=np.int64)
    for column in columns:
        codes, levels = pd.factorize(frame[column])
        key = key * len(levels) + codes
    iterations = frame["iteration"].to_numpy(dtype=np.float64)
    order = np.lexsort((np.nan_to_num(iterations, nan=np.inf), key))
    iterations, values = iterations[order], frame["value"].to_numpy(dtype=np.float64)[order]
    starts = np.concatenate(([0], np.flatnonzero(np.diff(key[order])) + 1, [len(frame)])).tolist()
    firsts = order[starts[:-1]]
    levels_by_column = [frame[column].to_numpy()[firsts].tolist() for column in columns]
    for names, (start, end) in zip(zip(*levels_by_column, strict=True), pairwise(starts), strict=True):
        yield names, iterations[start:end], values[start:end]
