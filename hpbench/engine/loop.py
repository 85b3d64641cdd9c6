"""Stretches of iterations, each followed by an evaluation and the callbacks.

Evaluation and callbacks have clocks of their own and are never inside a training time.
"""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.catalogue.instruments import INSTRUMENTS
from hpbench.engine.backend import Accuracies, Stretch, Trainable
from hpbench.engine.batches import batch_indices
from hpbench.engine.heads import headed
from hpbench.engine.hooks import Hooks
from hpbench.engine.trial_run import Phase, TrialRun
from hpbench.measure.clock import Clocks
from hpbench.measure.load import OtherLoad
from hpbench.measure.memory import HostMemory
from hpbench.records.seeds import derive
from hpbench.records.trial import Outcome


def read_instruments(run: TrialRun, model: Any, phase: Phase, iteration: int | None = None) -> None:
    """What the trial's instruments read of the model.

    Args:
        run: The trial.
        model: As it is now.
        phase: Which images it is trained and tested on.
        iteration: Updates done, for the instruments that are to read then; None for those that read at the end.
    """
    started = time.perf_counter()
    for spec in run.settings.training.instruments:
        if (iteration is None and not spec.at) or iteration in spec.at:
            for reading in INSTRUMENTS.load(spec.name)(spec, model, run, phase):
                run.observe(reading.name, reading.value, iteration, **phase.labels, **reading.labels)
    run.seconds_of_instruments += time.perf_counter() - started


class Loop:
    """Stretches of iterations, each followed by an evaluation and the callbacks.

    Args:
        run: The trial.
        model: Its model, which callbacks see.
        program: The compiled model.
        phase: Which images, and for how long.
        clocks: Takes the times of training, evaluation and callbacks.
        memory: Takes the memory of a timed trial; None for another.
        anew: Whether the counters of memory begin with this training, and not with one before it.
    """

    def __init__(
        self,
        run: TrialRun,
        model: Any,
        program: Trainable,
        phase: Phase,
        clocks: Clocks,
        memory: HostMemory | None,
        *,
        anew: bool = True,
    ) -> None:
        self._run = run
        self._model = model
        self._program = program
        self._clocks = clocks
        self._memory = memory
        self._anew = anew
        self._training = training = run.settings.training
        self._phase = phase
        iterations = phase.iterations
        every = training.evaluate_every or iterations
        read_at = {one for spec in training.instruments for one in spec.at if 0 < one < iterations}
        self._ends = sorted({*range(every, iterations, every), *read_at, iterations})
        self._hooks = Hooks(
            training.callbacks,
            model,
            evaluations=len(self._ends),
            steps=every,
            trial=run.trial.identity,
            heads=run.heads.names,
        )
        self._windows: list[float] = []

    def run(self) -> None:
        """From the first iteration to the last, or to where the trial ends; beside it the load of other processes."""
        with OtherLoad() if self._run.timed else contextlib.nullcontext() as others:
            self._train()
        if others is not None and others.cores is not None:
            self._observe("other_load", others.cores)

    def _train(self) -> None:
        training, hooks = self._training, self._hooks
        seed = derive("data order", self._run.trial.benchmark, self._run.trial.seed)
        rows, iterations = self._phase.rows, self._phase.iterations
        batches = rows[batch_indices(len(rows), training.batch_size, iterations, seed)]
        with self._clocks.measure("callbacks"):
            hooks.begin_training()
        if self._memory is not None and self._anew:
            self._memory.reset()
            self._run.backend.reset_device_memory()
        logs: dict[str, float] = {}
        read_instruments(self._run, self._model, self._phase, 0)
        for index, (start, end) in enumerate(zip([0, *self._ends], self._ends, strict=False)):
            logs = self._epoch(index, batches[start:end], start, end)
            read_instruments(self._run, self._model, self._phase, end)
            if self._run.message:
                self._stand_to_the_end(logs, self._ends[index + 1 :])
                break
        with self._clocks.measure("callbacks"):
            hooks.end_training(logs)
        chance = self._run.heads.chance_loss(self._run.classes)
        self._observe("worse_than_chance", float(not logs["train_loss"] <= chance))
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
        found |= {"batch_loss": stretch.loss, **self._by_head("batch_accuracy", stretch.batch_accuracy)}
        found |= self._program.observed()
        with self._clocks.measure("callbacks"):
            logs = self._hooks.end_epoch(index, found, stretch)
        for name, value in logs.items():
            self._observe(name, value, end)
        if self._run.timed:
            self._observe("training_clock", self._clocks.seconds["training"], end)
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
        loss = float(np.mean([item.loss for item in done]))
        accuracy = tuple(np.mean([item.accuracy for item in done], axis=0).tolist())
        return Stretch(loss, done[-1].batch_accuracy, accuracy, len(done), done[-1].finite)

    def _evaluate(self) -> dict[str, float]:
        size, rows = self._training.test_batch_size, self._phase.rows
        sample = min(self._training.train_sample, len(rows))
        everything = len(rows) == len(self._run.splits["train"][1])
        tested = self._phase.tested
        of_test = None if tested is None else len(tested)
        test_loss, test_accuracy = self._program.evaluate("test", size, of_test, tested)
        train_loss, train_accuracy = self._program.evaluate(
            "train", size, sample, None if everything else rows[:sample]
        )
        losses = {"test_loss": test_loss, "train_loss": train_loss}
        return {
            **self._by_head("test_accuracy", test_accuracy),
            **self._by_head("train_accuracy", train_accuracy),
            **losses,
            "generalisation_gap": test_loss - train_loss,
        }

    def _by_head(self, metric: str, values: Accuracies) -> dict[str, float]:
        return {headed(metric, head): value for head, value in zip(self._run.heads.names, values, strict=True)}

    def _observe(self, name: str, value: float, iteration: int | None = None) -> None:
        """Keep a value under its metric's name, with the head as a label."""
        metric, _, head = name.partition(".")
        if head and head in self._run.heads.names:
            self._run.observe(metric, value, iteration, **self._phase.labels, head=head)
        else:
            self._run.observe(name, value, iteration, **self._phase.labels)

    def _diverged(self, stretch: Stretch, iteration: int) -> None:
        self._run.outcome = Outcome.DIVERGED
        what, when = ("a weight", "by") if math.isfinite(stretch.loss) else ("the loss", "at")
        self._run.message = f"{what} was not finite {when} iteration {iteration}"
        self._observe(f"diverged_{when}_iteration", iteration)

    def _stand_to_the_end(self, logs: dict[str, float], rest: list[int]) -> None:
        """Diverged is a result, and so is the state in which a callback stopped: it stands to the curve's end."""
        for later in rest:
            for name, value in logs.items():
                self._observe(name, value, later)

    def _observe_windows(self) -> None:
        """Median of the windows between evaluations, and interquartile range, in seconds for 100 iterations."""
        self._observe("seconds_per_100_iterations", statistics.median(self._windows))
        low, high = np.percentile(self._windows, [25, 75])
        self._observe("seconds_per_100_iterations_spread", float(high - low))
