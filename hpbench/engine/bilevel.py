"""The procedure ``bilevel``: learning rate and weight decay are tuned by gradient while the model trains.

The inner loop minimises the training loss over the weights, the outer one the validation loss over the
hyperparameters (Franceschi et al. 2018, section 2). The inner loop is cut short, as in truncated back-propagation: an
outer step looks back through one inner loop only, and the next inner loop begins where it ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.catalogue.optimizers import Sgd
from hpbench.catalogue.work import Bilevel
from hpbench.engine.backend import Accuracies, Program, Rows, Stretch, Unrolled, ValidationGradient
from hpbench.engine.batches import batch_indices
from hpbench.engine.loop import Loop, read_instruments
from hpbench.engine.selection import select
from hpbench.engine.train import measured, observe_stages, phase_of, place, prepared
from hpbench.engine.trial_run import Phase, TrialRun
from hpbench.errors import UserError
from hpbench.measure.clock import Clocks
from hpbench.records.seeds import derive

TUNABLE = ("learning_rate", "weight_decay")
"""In the order of ``Unrolled.gradient``."""


class NoValidationImagesError(UserError):
    """There is nothing to tune hyperparameters on."""


def bilevel(run: TrialRun) -> None:
    """Train as the settings say, and observe what ``train`` does, the hyperparameters and the validation loss.

    An inner loop does not reach past an evaluation: where ``evaluate_every`` is no multiple of ``inner_steps``, the
    last one before it is shorter, and is compiled when it is first met.

    Raises:
        NoValidationImagesError: The data set has no validation images.
    """
    procedure, training = run.settings.training.procedure, run.settings.training
    assert isinstance(procedure, Bilevel)
    assert isinstance(training.optimizer, Sgd)
    clocks = Clocks(run.backend.synchronise)
    phase = phase_of(run, training.only)
    validation = _validation(run, procedure, phase)
    place(run)
    with measured(run) as memory:
        model, program = prepared(run, phase, clocks)
        with clocks.measure("compile"):
            unroll = _unroll(run, model, program.mode)
            if run.timed:
                unroll.warm_up((procedure.inner_steps, training.batch_size), len(validation(0)))
        outer = Outer(procedure, training.learning_rate, training.optimizer.l2)
        tuned = Tuned(program, unroll, outer, validation, procedure.inner_steps)
        Loop(run, model, tuned, phase, clocks, memory).run()
    observe_stages(run, clocks)
    read_instruments(run, model, phase)


class Outer:
    """The hyperparameters, and what an outer step does to their logarithms.

    Args:
        procedure: Which of them are tuned, and how.
        learning_rate: At the start.
        weight_decay: At the start; 0 only if it is not tuned.

    Attributes:
        values: Learning rate and weight decay, (2,).
    """

    def __init__(self, procedure: Bilevel, learning_rate: float, weight_decay: float) -> None:
        self.values: NDArray[np.float64] = np.array([learning_rate, weight_decay])
        self._procedure = procedure
        self._tuned = np.array([name in procedure.tune for name in TUNABLE])
        self._done = 0

    def step(self, gradient: NDArray[np.float64]) -> None:
        """Go down the gradient with respect to the logarithms, (2,), no further than the largest change.

        Where the gradient is not finite, or all outer steps are done, nothing changes.
        """
        wanted = self._procedure.outer_steps
        if wanted is not None and self._done == wanted:
            return
        self._done += 1
        limit = self._procedure.largest_change
        change = np.clip(-self._procedure.outer_rate * gradient, -limit, limit)
        self.values = self.values * np.exp(np.where(self._tuned & np.isfinite(change), change, 0.0))


class Tuned:
    """A program whose iterations are inner loops, each followed by an outer step; the one inside evaluates.

    Args:
        program: Evaluates the model.
        unroll: Does an inner loop.
        outer: The hyperparameters.
        validation: From the number of an outer step, from 0, to the indices of its validation images.
        inner_steps: Iterations of an inner loop.
    """

    def __init__(
        self,
        program: Program,
        unroll: ValidationGradient,
        outer: Outer,
        validation: Callable[[int], Rows],
        inner_steps: int,
    ) -> None:
        self._program = program
        self._unroll = unroll
        self._outer = outer
        self._validation = validation
        self._inner_steps = inner_steps
        self._loops = 0
        self._observed: dict[str, float] = {}

    def run(self, batches: NDArray[np.int32]) -> Stretch:
        """Do one update a row of ``batches`` (iterations, batch size), indices into the training images."""
        losses: list[float] = []
        right: list[NDArray[Any]] = []
        finite = True
        for start in range(0, len(batches), self._inner_steps):
            found = self._inner_loop(batches[start : start + self._inner_steps])
            done = _done(found.losses)
            losses.extend(found.losses[:done].tolist())
            right.extend(found.right[:done])
            finite = found.finite and math.isfinite(losses[-1])
            if not finite:
                break
        shares = np.asarray(right, np.float64) / batches.shape[1]
        return Stretch(
            loss=float(np.mean(losses)),
            batch_accuracy=tuple(shares[-1].tolist()),
            accuracy=tuple(shares.mean(axis=0).tolist()),
            iterations=len(losses),
            finite=finite,
        )

    def _inner_loop(self, batches: NDArray[np.int32]) -> Unrolled:
        """An inner loop and the outer step after it."""
        rate, decay = self._outer.values.tolist()
        found = self._unroll(batches, self._validation(self._loops), rate, decay)
        self._loops += 1
        self._observed = {
            "chosen_rate": rate,
            "chosen_weight_decay": decay,
            "validation_loss": found.validation_loss,
        }
        self._outer.step(found.gradient)
        return found

    def evaluate(
        self, split: str, batch_size: int, images: int | None = None, rows: Rows | None = None
    ) -> tuple[float, Accuracies]:
        """Mean loss, and accuracy of each head, on a split, on its first ``images``, or on those of ``rows``."""
        return self._program.evaluate(split, batch_size, images, rows)

    def observed(self) -> Mapping[str, float]:
        """Learning rate and weight decay of the last iteration, and the validation loss after it."""
        return self._observed


def _done(losses: NDArray[Any]) -> int:
    """Iterations until a loss was not finite, that one with them."""
    broken = np.flatnonzero(~np.isfinite(losses))
    return int(broken[0]) + 1 if len(broken) else len(losses)


def _unroll(run: TrialRun, model: Any, mode: str) -> ValidationGradient:
    """The inner loop of a job's model, compiled once where it can be."""
    key = f"{run.settings.program} unrolled"
    if key not in run.programs:
        data = run.backend.place({"validation": run.splits["validation"]})
        run.programs[key] = run.backend.validation_gradient(
            model, run.programs["data"]["train"], data["validation"], mode, run.heads
        )
    unroll: ValidationGradient = run.programs[key]
    return unroll


def _validation(run: TrialRun, procedure: Bilevel, phase: Phase) -> Callable[[int], Rows]:
    """Of each outer step all validation images, or as many as wanted, each epoch of them a fresh permutation.

    The classes that the training leaves out are left out here, too.
    """
    labels = run.splits["validation"][1]
    if not len(labels):
        raise NoValidationImagesError(
            "the procedure bilevel tunes on validation images, and the data set has none; "
            "split some off its training images, such as 'dataset: {validation: 500}'"
        )
    rows = select(labels, run.settings.training.only, run.heads)
    if procedure.validation_images is None:
        return lambda step: rows
    seed = derive("validation order", run.trial.benchmark, run.trial.seed)
    drawn = rows[batch_indices(len(rows), procedure.validation_images, phase.iterations, seed)]
    return lambda step: drawn[step]
