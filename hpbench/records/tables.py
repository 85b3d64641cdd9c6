"""A stored run as tables: what the analysis and the report read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from hpbench.records.calibration import Calibration

TRIAL_COLUMNS = ("case", "reading", "seed", "outcome", "timed", "message", "stale", "elapsed")
OBSERVATION_COLUMNS = ("case", "reading", "seed", "metric", "iteration", "value", "labels")

Resolutions = Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]
"""Name of a fact, such as the compile mode, to its values, to the (case, reading) whose trials have it."""


@dataclass(frozen=True)
class RunTables:
    """One run of one benchmark.

    Attributes:
        trials: One row a (case, reading, seed): ``outcome`` (a word of ``Outcome``), ``timed`` (bool), ``message``,
            ``stale`` (bool): the result is of older code than the run's own, ``elapsed`` (float): wall
            seconds of the attempt, beside which others may have run.
        observations: Long table of raw values of the trials that gave a result: ``metric``, ``iteration``
            (float, NaN for the trial as a whole), ``value`` (float), ``labels`` (canonical JSON text, ``{}`` if none).
            Times and memory stand here only for timed trials.
        settings: (case, reading) to the case's resolved settings (dataset, model, training, compute).
        data: ``name`` (title to be shown), ``fingerprint``, ``generated`` (bool), ``classes`` (int), ``counts``
            (split to number of images), ``source`` (where it comes from) of the data really used; ``heads`` (head to
            names of its classes) where an image has several labels, ``pictures`` (name to PNG, in base64) if it may be
            shown.
        machine: Facts about the machine, in the order they are to be shown.
        command: The command line that made the run.
        created: When the run was started, ISO 8601, UTC.
        calibration: Readings of the calibration workload, by moment.
        resolved: What the trials' jobs chose or found.
    """

    trials: pd.DataFrame
    observations: pd.DataFrame
    settings: Mapping[tuple[str, str], Mapping[str, Any]]
    data: Mapping[str, Any]
    machine: Mapping[str, Any]
    command: str
    created: str
    calibration: Calibration = field(default_factory=dict)
    resolved: Resolutions = field(default_factory=dict)
