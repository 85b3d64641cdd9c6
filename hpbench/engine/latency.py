"""The procedure ``latency``: how long a freshly made model takes for a forward pass, by image."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.catalogue.instruments import Size
from hpbench.catalogue.work import Latency
from hpbench.engine.layers import size
from hpbench.engine.train import build, build_model, measured, phase_of
from hpbench.engine.trial_run import TrialRun

WARM_UP = 3
"""Calls before the clock starts."""
WINDOW = 0.02
"""Seconds that a window lasts at least: as many calls as that takes."""


def latency(run: TrialRun) -> None:
    """Median over windows of the seconds an image takes, for each batch size, with the windows' interquartile range.

    Beside another model the windows of both alternate, so that a slow moment of the machine hits both alike, and the
    median of the ratios of windows that follow each other is observed. The models have their initial weights, which do
    not change what a forward pass costs. The images lie on the device.
    """
    procedure = run.settings.training.procedure
    assert isinstance(procedure, Latency)
    phase = phase_of(run, run.settings.training.only)
    with measured(run):
        model, _ = build(run, phase.iterations)
        models = [model] if procedure.beside is None else [model, build_model(run, procedure.beside)]
        for batch in procedure.batch_sizes:
            _observe(run, models, batch, procedure.windows)
    for reading in size(Size(name="size"), model, run, phase):
        run.observe(reading.name, reading.value)
    run.resolved |= {"compile": "forward", "compile_reason": "inference only"}


def _observe(run: TrialRun, models: Sequence[Any], batch: int, windows: int) -> None:
    images = run.splits["test"][0][np.arange(batch) % len(run.splits["test"][1])]
    calls = [run.backend.forward(one, images, run.settings.compute.compile) for one in models]
    found = _windows(calls, windows) / batch
    low, high = np.percentile(found[:, 0], [25, 75])
    run.observe("seconds_per_image", float(np.median(found[:, 0])), None, batch=str(batch))
    run.observe("seconds_per_image_spread", float(high - low), None, batch=str(batch))
    if len(models) > 1:
        run.observe("inference_ratio", float(np.median(found[:, 0] / found[:, 1])), None, batch=str(batch))


def _windows(calls: Sequence[Callable[[], None]], count: int) -> NDArray[np.float64]:
    """Seconds of a call, one row a window, one column a call."""
    repeats = [_repeats(call) for call in calls]
    found = np.zeros((count, len(calls)))
    for window in range(count):
        for column, (call, repeat) in enumerate(zip(calls, repeats, strict=True)):
            started = time.perf_counter()
            for _ in range(repeat):
                call()
            found[window, column] = (time.perf_counter() - started) / repeat
    return found


def _repeats(call: Callable[[], None]) -> int:
    """How often it is called in a window, once it is warm."""
    for _ in range(WARM_UP):
        call()
    started = time.perf_counter()
    call()
    return max(1, round(WINDOW / max(time.perf_counter() - started, 1e-6)))
