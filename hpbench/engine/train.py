"""The procedure ``train``: from a fresh initialisation, a fixed number of iterations, evaluated at intervals.

Evaluation and callbacks have clocks of their own and are never inside a training time; compilation and warm-up come
before it.
"""

from __future__ import annotations

import contextlib
import math
import statistics
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.steps import STEPS
from hpbench.engine.backend import Program, Rows, Stretch
from hpbench.engine.batches import batch_indices, few_shot
from hpbench.engine.framework import seed_initialisation
from hpbench.engine.hooks import Hooks, wants_every_iteration
from hpbench.engine.steps import Step
from hpbench.engine.trial_run import TrialRun
from hpbench.measure.clock import Clocks
from hpbench.measure.gpu import device_names, process_memory, process_memory_source
from hpbench.measure.load import OtherLoad
from hpbench.measure.memory import HostMemory, level
from hpbench.parts.schedules import Constant
from hpbench.records.seeds import derive
from hpbench.records.trial import Outcome

STAGES = ("build", "compile", "training", "evaluation", "callbacks")
STRETCH = 1024
"""Iterations that are compiled as one loop, so that trials of any length share it."""


def train(run: TrialRun) -> None:
    """Train as the settings say and observe accuracy, loss and, if timed, time and memory."""
    clocks = Clocks(run.backend.synchronise)
    rows = training_rows(run)
    if "data" not in run.programs:
        run.programs["data"] = run.backend.place({split: run.splits[split] for split in ("train", "test")})
    with HostMemory() if run.timed else contextlib.nullcontext() as memory:
        before = level() if run.timed else 0
        with clocks.measure("build"):
            model, optimizer = build(run, rows)
        with clocks.measure("compile"):
            model, program = _program(run, model, optimizer, rows)
        with OtherLoad() if run.timed else contextlib.nullcontext() as others:
            Loop(run, model, program, rows, clocks, memory).run()
        if memory is not None:
            _observe_memory(run, memory, before)
    if others is not None and others.cores is not None:
        run.observe("other_load", others.cores)
    for stage in STAGES if run.timed else ():
        run.observe(f"seconds_{stage}", clocks.seconds.get(stage, 0.0))


def training_rows(run: TrialRun) -> Rows:
    """Indices of the trial's training images: all, or those drawn for its seed, which are the same in every case."""
    labels, wanted = run.splits["train"][1], run.settings.training.images_per_class
    if wanted is None:
        return np.arange(len(labels), dtype=np.int32)
    return few_shot(labels, wanted, derive("few-shot draw", run.trial.benchmark, run.trial.seed))


def build(run: TrialRun, rows: Rows) -> tuple[Any, Any]:
    """A freshly initialised model and its optimizer. Clear, seed, build: ``clear_session`` would erase the seed."""
    training = run.settings.training
    first = run.programs.keys() == {"data"}
    if first:
        keras.backend.clear_session()
    keras.config.set_floatx(run.settings.compute.precision)
    seeded = keras.utils.set_random_seed if first or run.settings.own_parts else seed_initialisation
    seeded(derive("initialisation", run.trial.benchmark, run.trial.seed) % 2**32)
    model = MODELS.load(run.settings.model.name)(
        run.settings.model.model_dump(), tuple(run.splits["train"][0].shape[1:]), run.classes
    )
    schedule = SCHEDULES.load(training.schedule.name).for_training(
        training.schedule.model_dump(exclude={"name"}), training.learning_rate, training.updates(len(rows))
    )
    changeable = bool(training.callbacks) and isinstance(schedule, Constant)
    rate = schedule.learning_rate if changeable else schedule  # Keras lets callbacks change a number only
    optimizer = OPTIMIZERS.load(training.optimizer.name)(training.optimizer.model_dump(exclude={"name"}), rate)
    return model, optimizer


def step_of(run: TrialRun) -> Step:
    """The trial's step strategy."""
    spec = run.settings.training.step
    step: Step = STEPS.load(spec.name)(**spec.model_dump(exclude={"name"}))
    return step


def _program(run: TrialRun, model: Any, optimizer: Any, rows: Rows) -> tuple[Any, Program]:
    """The compiled program and its model, with the weights just initialised; compiled once a job where it can be."""
    training, key = run.settings.training, run.settings.program
    if key not in run.programs:
        model.compile(optimizer=optimizer)
        program = run.backend.compile(
            model,
            optimizer,
            run.programs["data"],
            run.settings.compute.compile,
            batch_size=training.batch_size,
            stretch=1 if wants_every_iteration(training.callbacks) else STRETCH,
            step=step_of(run),
            rows=rows,
        )
        run.programs[key] = model, program
    else:
        run.programs[key][1].reset(model, rows, step_of(run))
    compiled: tuple[Any, Program] = run.programs[key]
    if run.timed:
        compiled[1].warm_up(training.test_batch_size)
    run.resolved |= {"compile": compiled[1].mode, "compile_reason": compiled[1].reason}
    return compiled


class Loop:
    """Stretches of iterations, each followed by an evaluation and the callbacks.

    Args:
        run: The trial.
        model: Its model, which callbacks see.
        program: The compiled model.
        rows: Indices of the training images.
        clocks: Takes the times of training, evaluation and callbacks.
        memory: Takes the memory of a timed trial; None for another.
    """

    def __init__(
        self, run: TrialRun, model: Any, program: Program, rows: Rows, clocks: Clocks, memory: HostMemory | None
    ) -> None:
        self._run = run
        self._program = program
        self._clocks = clocks
        self._memory = memory
        self._training = training = run.settings.training
        self._rows = rows
        self._iterations = iterations = training.updates(len(rows))
        every = training.evaluate_every or iterations
        self._ends = [*range(every, iterations, every), iterations]
        self._hooks = Hooks(
            training.callbacks,
            model,
            evaluations=len(self._ends),
            steps=every,
            trial=run.trial.identity,
        )
        self._windows: list[float] = []

    def run(self) -> None:
        """From the first iteration to the last, or to where the trial ends."""
        training, hooks = self._training, self._hooks
        seed = derive("data order", self._run.trial.benchmark, self._run.trial.seed)
        batches = self._rows[batch_indices(len(self._rows), training.batch_size, self._iterations, seed)]
        with self._clocks.measure("callbacks"):
            hooks.begin_training()
        if self._memory is not None:
            self._memory.reset()
            self._run.backend.reset_device_memory()
        logs: dict[str, float] = {}
        for index, (start, end) in enumerate(zip([0, *self._ends], self._ends, strict=False)):
            logs = self._epoch(index, batches[start:end], start, end)
            if self._run.message:
                self._stand_to_the_end(logs, self._ends[index + 1 :])
                break
        with self._clocks.measure("callbacks"):
            hooks.end_training(logs)
        self._run.observe("worse_than_chance", float(not logs["train_loss"] <= math.log(self._run.classes)))
        if self._run.timed:
            self._observe_windows()

    def _epoch(self, index: int, batches: NDArray[np.int32], start: int, end: int) -> dict[str, float]:
        """A stretch, its evaluation and the callbacks; what was observed."""
        with self._clocks.measure("callbacks"):
            self._hooks.begin_epoch(index)
        already = self._clocks.seconds.get("training", 0.0)
        stretch = self._by_iteration(batches) if self._hooks.every_iteration else self._stretch(batches)
        seconds = self._clocks.seconds["training"] - already
        self._windows.append(seconds * 100 / stretch.iterations)
        with self._clocks.measure("evaluation"):
            found = self._evaluate()
        found |= {"batch_loss": stretch.loss, "batch_accuracy": stretch.batch_accuracy, **self._program.observed()}
        with self._clocks.measure("callbacks"):
            logs = self._hooks.end_epoch(index, found, stretch)
        for name, value in logs.items():
            self._run.observe(name, value, end)
        if self._run.timed:
            self._run.observe("training_clock", self._clocks.seconds["training"], end)
        self._run.progress(end, logs)
        done = start + stretch.iterations
        if not stretch.finite:
            self._diverged(stretch, done)
        elif self._hooks.stop:
            self._run.message = f"stopped by a callback at iteration {done}"
        return logs

    def _stretch(self, batches: NDArray[np.int32]) -> Stretch:
        with (
            self._memory.training() if self._memory is not None else contextlib.nullcontext(),
            self._clocks.measure("training"),
        ):
            return self._program.run(batches)

    def _by_iteration(self, batches: NDArray[np.int32]) -> Stretch:
        """A stretch of one iteration at a time, for callbacks that want every one."""
        done: list[Stretch] = []
        for iteration, row in enumerate(batches):
            with self._clocks.measure("callbacks"):
                self._hooks.begin_iteration(iteration, len(row))
            done.append(self._stretch(row[None]))
            with self._clocks.measure("callbacks"):
                self._hooks.end_iteration(iteration, done[-1])
            if self._hooks.stop or not done[-1].finite:
                break
        loss, accuracy = (float(np.mean([getattr(item, name) for item in done])) for name in ("loss", "accuracy"))
        return Stretch(loss, done[-1].batch_accuracy, accuracy, len(done), done[-1].finite)

    def _evaluate(self) -> dict[str, float]:
        size = self._training.test_batch_size
        sample = min(self._training.train_sample, len(self._rows))
        drawn = None if self._training.images_per_class is None else self._rows[:sample]
        test_loss, test_accuracy = self._program.evaluate("test", size)
        train_loss, train_accuracy = self._program.evaluate("train", size, sample, drawn)
        return {
            "test_accuracy": test_accuracy,
            "train_accuracy": train_accuracy,
            "test_loss": test_loss,
            "train_loss": train_loss,
        }

    def _diverged(self, stretch: Stretch, iteration: int) -> None:
        self._run.outcome = Outcome.DIVERGED
        what, when = ("a weight", "by") if math.isfinite(stretch.loss) else ("the loss", "at")
        self._run.message = f"{what} was not finite {when} iteration {iteration}"
        self._run.observe(f"diverged_{when}_iteration", iteration)

    def _stand_to_the_end(self, logs: dict[str, float], rest: list[int]) -> None:
        """Diverged is a result, and so is the state in which a callback stopped: it stands to the curve's end."""
        for later in rest:
            for name, value in logs.items():
                self._run.observe(name, value, later)

    def _observe_windows(self) -> None:
        """Median of the windows between evaluations, and interquartile range, in seconds for 100 iterations."""
        self._run.observe("seconds_per_100_iterations", statistics.median(self._windows))
        low, high = np.percentile(self._windows, [25, 75])
        self._run.observe("seconds_per_100_iterations_spread", float(high - low))


def _observe_memory(run: TrialRun, memory: HostMemory, before: int) -> None:
    """Host memory, and per GPU what the allocator and the driver say; devices are named by UUID."""
    run.observe("host_memory_before", before)
    run.observe("host_memory_peak", memory.peak)
    run.observe("host_memory_mean", memory.mean)
    run.observe("host_memory_training", memory.training_peak - before)
    run.resolved["memory"] = memory.source
    peaks = run.backend.device_memory()
    for name, allocated in zip(device_names(len(peaks)), peaks, strict=True):
        run.observe("device_memory_peak", allocated, device=name)
    if source := process_memory_source():
        run.resolved["driver memory"] = source
    for uuid, held in process_memory().items():
        run.observe("device_memory_driver", held, device=uuid)
