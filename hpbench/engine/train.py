"""The procedure ``train``: from a fresh initialisation, a fixed number of iterations, evaluated at intervals.

Evaluation and callbacks have clocks of their own and are never inside a training time.
"""

from __future__ import annotations

import contextlib
import math
import statistics
from typing import Any

import keras
import numpy as np

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.engine.backend import Program, Split
from hpbench.engine.batches import batch_indices
from hpbench.engine.trial_run import TrialRun
from hpbench.measure.clock import Clocks
from hpbench.measure.gpu import process_memory, visible_gpus
from hpbench.measure.memory import HostMemory, level
from hpbench.parts.schedules import Constant
from hpbench.records.seeds import derive
from hpbench.records.trial import Outcome, canonical_json


def train(run: TrialRun) -> None:
    """Train as the settings say and observe accuracy, loss and, if timed, time and memory."""
    clocks = Clocks(run.backend.synchronise)
    with HostMemory() if run.timed else contextlib.nullcontext() as memory:
        before = level() if run.timed else 0
        with clocks.measure("build"):
            model, optimizer = _build(run)
        with clocks.measure("compile"):
            model, program = _program(run, model, optimizer)
        _loop(run, model, program, clocks, memory)
        if memory is not None:
            _observe_memory(run, memory, before)
    if run.timed:
        for stage in ("build", "compile", "training", "evaluation", "callbacks"):
            run.observe(f"seconds_{stage}", clocks.seconds.get(stage, 0.0))


def _build(run: TrialRun) -> tuple[Any, Any]:
    """A freshly initialised model and its optimizer. Clear, seed, build: ``clear_session`` would erase the seed."""
    training = run.settings.training
    if not run.programs:
        keras.backend.clear_session()
    keras.config.set_floatx(run.settings.compute.precision)
    keras.utils.set_random_seed(derive("initialisation", run.trial.benchmark, run.trial.seed) % 2**32)
    model = MODELS.load(run.settings.model.name)(
        run.settings.model.model_dump(), tuple(run.splits["train"][0].shape[1:]), run.classes
    )
    schedule = SCHEDULES.load(training.schedule.name).for_training(
        training.schedule.model_dump(exclude={"name"}), training.learning_rate, training.iterations
    )
    changeable = bool(training.callbacks) and isinstance(schedule, Constant)
    rate = schedule.learning_rate if changeable else schedule  # Keras lets callbacks change a number only
    optimizer = OPTIMIZERS.load(training.optimizer.name)(training.optimizer.model_dump(exclude={"name"}), rate)
    return model, optimizer


def _program(run: TrialRun, model: Any, optimizer: Any) -> tuple[Any, Program]:
    """The compiled program and its model, with the weights just initialised; compiled once a job and settings."""
    key = canonical_json(run.trial.settings)
    mode = run.settings.compute.compile
    run.resolved["compile"] = run.backend.resolve(mode, model)
    if key not in run.programs:
        model.compile(optimizer=optimizer)
        run.programs[key] = model, run.backend.compile(model, optimizer, _device_data(run), mode)
    else:
        run.programs[key][1].reset(model)
    compiled: tuple[Any, Program] = run.programs[key]
    return compiled


def _device_data(run: TrialRun) -> dict[str, Split]:
    """Training images, the sample of them on which train accuracy is measured, and test images."""
    x, y = run.splits["train"]
    sample = min(run.settings.training.train_sample, len(x))
    return {"train": (x, y), "train_sample": (x[:sample], y[:sample]), "test": run.splits["test"]}


def _loop(run: TrialRun, model: Any, program: Program, clocks: Clocks, memory: HostMemory | None) -> None:
    """Train stretch by stretch; the first window of the timing, and of the memory's peak, is warm-up."""
    training = run.settings.training
    images = len(run.splits["train"][0])
    order_seed = derive("data order", run.trial.benchmark, run.trial.seed)
    batches = batch_indices(images, training.batch_size, training.iterations, order_seed)
    callbacks = _callbacks(run, model)
    windows: list[float] = []
    ends = [
        *range(training.evaluate_every, training.iterations, training.evaluate_every),
        training.iterations,
    ]
    for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        with clocks.measure("callbacks"):
            for callback in callbacks:
                callback.on_epoch_begin(index)
        already = clocks.seconds.get("training", 0.0)
        with clocks.measure("training"):
            stretch = program.run(batches[start:end])
        windows.append((clocks.seconds["training"] - already) * 100 / (end - start))
        with clocks.measure("evaluation"):
            logs = _evaluate(run, program)
        logs |= {"batch_loss": stretch.loss, "batch_accuracy": stretch.batch_accuracy}
        with clocks.measure("callbacks"):
            for callback in callbacks:
                callback.on_epoch_end(index, logs)
        logs = {_text(name): float(value) for name, value in logs.items()}
        _observe(run, logs, end, clocks)
        if not math.isfinite(stretch.loss):
            _diverged(run, end)
        elif model.stop_training:
            run.message = f"stopped by a callback at iteration {end}"
        if run.message:
            _stand_to_the_end(run, logs, ends[index + 1 :])
            break
        if memory is not None and index == 0:
            memory.reset()
            run.backend.reset_device_memory()
    for callback in callbacks:
        callback.on_train_end()
    if run.timed:
        _observe_windows(run, windows)


def _text(name: Any) -> str:
    """What a callback called a value, as text that can be stored."""
    return str(name).encode("utf-8", "replace").decode()


def _callbacks(run: TrialRun, model: Any) -> list[Any]:
    callbacks = [
        CALLBACKS.load(spec.name)(**spec.model_dump(exclude={"name"})) for spec in run.settings.training.callbacks
    ]
    model.stop_training = False
    for callback in callbacks:
        callback.set_model(model)
        callback.on_train_begin()
    return callbacks


def _evaluate(run: TrialRun, program: Program) -> dict[str, float]:
    size = run.settings.training.test_batch_size
    test_loss, test_accuracy = program.evaluate("test", size)
    train_loss, train_accuracy = program.evaluate("train_sample", size)
    return {
        "test_accuracy": test_accuracy,
        "train_accuracy": train_accuracy,
        "test_loss": test_loss,
        "train_loss": train_loss,
    }


def _observe(run: TrialRun, logs: dict[str, float], iteration: int, clocks: Clocks) -> None:
    for name, value in logs.items():
        run.observe(name, value, iteration)
    if run.timed:
        run.observe("training_clock", clocks.seconds["training"], iteration)
    run.progress(iteration, logs)


def _diverged(run: TrialRun, iteration: int) -> None:
    run.outcome = Outcome.DIVERGED
    run.message = f"the loss was not finite by iteration {iteration}"
    run.observe("diverged_by_iteration", iteration)


def _stand_to_the_end(run: TrialRun, logs: dict[str, float], rest: list[int]) -> None:
    """Diverged is a result, and so is the state in which a callback stopped: it stands to the end of the curve."""
    for later in rest:
        for name, value in logs.items():
            run.observe(name, value, later)


def _observe_windows(run: TrialRun, windows: list[float]) -> None:
    """The median of the windows after the first, and their interquartile range, in seconds for 100 iterations."""
    warm = windows[1:] or windows
    run.observe("seconds_per_100_iterations", statistics.median(warm))
    low, high = np.percentile(warm, [25, 75])
    run.observe("seconds_per_100_iterations_spread", float(high - low))


def _observe_memory(run: TrialRun, memory: HostMemory, before: int) -> None:
    """Host memory, and per GPU what the allocator and the driver say; devices are named by UUID."""
    peak = memory.peak
    run.observe("host_memory_before", before)
    run.observe("host_memory_peak", peak)
    run.observe("host_memory_mean", memory.mean)
    run.observe("host_memory_training", peak - before)
    run.resolved["memory"] = memory.source
    for gpu, allocated in zip(visible_gpus(), run.backend.device_memory(), strict=False):
        run.observe("device_memory_peak", allocated, device=gpu.uuid)
    for uuid, held in process_memory().items():
        run.observe("device_memory_driver", held, device=uuid)
