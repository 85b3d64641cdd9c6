"""The protocol from Python: all seven steps, or the third alone."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from hpbench import __version__
from hpbench.execution.interrupts import deferred_interrupt
from hpbench.protocol import initial_loss, overfit, rate
from hpbench.protocol.budget import MINUTES, Budget
from hpbench.protocol.builder import Builder
from hpbench.protocol.curves import looked_at
from hpbench.protocol.data import Data, data_of
from hpbench.protocol.outcome import Outcome
from hpbench.protocol.overfit_causes import Attempt
from hpbench.protocol.points import Trial, best_of
from hpbench.protocol.rate import RateCurve
from hpbench.protocol.report import write
from hpbench.protocol.search import EPOCHS, Search
from hpbench.protocol.step import ProtocolError, Step, Tell
from hpbench.report.numerals import plural

BATCH_SIZE = 32

RATE_SHARE = 0.5
"""Of the time left after step 2, how much step 3 may take; the rest is for trials."""


def tune(
    build: Callable[..., Any],
    data: Any,
    *,
    minutes: float | None = None,
    trials: int | None = None,
    output: Path | str | None = None,
    epochs: int = EPOCHS,
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
    names: tuple[str, str] | None = None,
    tell: Tell = lambda words: None,
    show: Callable[[Step], None] = lambda step: None,
) -> Outcome:
    """Run the seven steps on a model builder and data.

    It ends after step 1 or 2 if that does not pass: what follows would mean nothing.

    Args:
        build: ``build(learning_rate, weight_decay)`` that returns a compiled ``keras.Model`` for a classification; see
            ``Builder`` for what it may leave out.
        data: ``((x_train, y_train), (x_validation, y_validation))``, or a function that returns that; a loader may
            stand in place of the first pair. See ``data_of``.
        minutes: Budget of time; 10 if neither it nor ``trials`` is given.
        trials: Budget of trainings in steps 4 and 5.
        output: Folder for ``tune.md`` and its figures; None for no report.
        epochs: Of a trial of step 4, if the budget holds them; at least twice as many in step 5.
        batch_size: Of arrays.
        seed: Of initialisation, order and search. The same seed gives the same numbers, as far as the budget's time
            lets the same trials begin, where operations are deterministic (``hpbench tune`` sees to that).
        names: What model and data are called in messages and the report.
        tell: Is told the progress, in words.
        show: Is given every step when it is done.

    Returns:
        What was found; also after Ctrl-C, with what was done until then.

    Raises:
        OwnCodeError: The builder or the loader fails.
        ProtocolError: They are not as they have to be, or an argument is not.

    Example:
        >>> outcome = tune(build, data, minutes=5, output="reports")  # doctest: +SKIP
        >>> outcome.best.point  # doctest: +SKIP
        Point(learning_rate=0.0316, weight_decay=0.0001)
    """
    work = _Work(
        build,
        data,
        Budget(MINUTES if minutes is None and trials is None else minutes, trials),
        batch_size,
        seed,
        names,
        show,
    )
    if epochs < 1:
        raise ProtocolError(f"a trial needs at least one epoch; found {epochs}")
    with work.until_interrupted():
        work.all_steps(epochs, tell)
    return work.outcome(output, "tune")


def find_rate(
    build: Callable[..., Any],
    data: Any,
    *,
    minutes: float | None = None,
    output: Path | str | None = None,
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
    names: tuple[str, str] | None = None,
    tell: Tell = lambda words: None,
    show: Callable[[Step], None] = lambda step: None,
) -> Outcome:
    """Step 3 alone: at which learning rates does the loss fall within 100 iterations?

    Args, errors and what is returned are those of ``tune``; the report is ``lr-find.md``.
    """
    work = _Work(build, data, Budget(MINUTES if minutes is None else minutes, None), batch_size, seed, names, show)
    with work.until_interrupted():
        work.rate(work.budget, tell)
    return work.outcome(output, "lr-find")


class _Work:
    """What has been done so far, kept through an interruption."""

    def __init__(
        self,
        build: Callable[..., Any],
        data: Any,
        budget: Budget,
        batch_size: int,
        seed: int,
        names: tuple[str, str] | None,
        show: Callable[[Step], None],
    ) -> None:
        if batch_size < 1:
            raise ProtocolError(f"a batch needs at least one example; found {batch_size}")
        model_name, data_name = names or (getattr(build, "__name__", "build"), "data")
        self.data: Data = data_of(data, data_name, batch_size, seed)
        batches = self.data.first(1)
        if not batches:
            raise ProtocolError(f"{data_name}: the training data has no batches")
        self.builder = Builder(build, batches[0], seed, model_name)
        self.budget, self._batch_size, self._show = budget, batch_size, show
        self.steps: list[Step] = []
        self.attempts: list[Attempt] = []
        self.rates: list[RateCurve] = []
        self.trials: list[Trial] = []
        self._search: Search | None = None
        self.interrupted = False
        self._labels_unseen = False

    @contextmanager
    def until_interrupted(self) -> Iterator[None]:
        """Ctrl-C ends the block, and what was done stays: also of the step under way."""
        try:
            with deferred_interrupt():
                yield
        except KeyboardInterrupt:
            self.interrupted = True
            done = {step.number for step in self.steps}
            for step in self._so_far():
                if step.number not in done:
                    self._done(replace(step, passed=False, unfinished=True))

    def _so_far(self) -> Iterator[Step]:
        """The steps that have anything to show."""
        if self.attempts:
            yield overfit.unfinished(self.attempts, "It was interrupted")
        if self.rates:
            yield self._rate_judged("It was interrupted")
        if self._search:
            yield from self._search.so_far()

    def all_steps(self, epochs: int, tell: Tell) -> None:
        """The seven steps, until one of the first two does not pass."""
        tell("step 1: initial loss")
        if not self._done(initial_loss.initial_loss(self.builder, self.data)).passed:
            return
        learnt = self._done(overfit.overfit(self.builder, self.data, self.budget, self.attempts, tell))
        if not learnt.passed:
            return
        self._labels_unseen = overfit.NOT_COMPARED in learnt.remarks
        centre = self.rate(self.budget.part(RATE_SHARE), tell)
        if centre is None:
            return
        trying = self._search = Search(self.builder, self.data, self.budget, self.trials, tell)
        if self._done(trying.coarse(centre, epochs)).passed:
            self._done(trying.refine(2 * epochs))
            best = best_of(self.trials)
            if best is not None:
                self._done(looked_at(best.curve, self.builder.classes, str(best.point), self.builder.takes_decay))
            self._done(returned(trying, self.budget.left()))

    def rate(self, budget: Budget, tell: Tell) -> float | None:
        """Step 3 within a budget of its own; the rate with the lowest loss, None if none learns."""
        complete = rate.measured(self.builder, self.data, budget, self.rates, tell)
        if not self.rates:
            raise ProtocolError("the budget's time ended before one rate was tried; give more minutes")
        ended = "" if complete else f"Its share of the budget, {budget}, ended"
        step = self._done(self._rate_judged(ended))
        found = step.found.get(rate.BEST)
        return float(found) if found is not None else None

    def _rate_judged(self, ended: str) -> Step:
        """Step 3 from the rates that were tried; ``ended`` is what ended it early, in words."""
        return rate.judged(self.rates, self.builder.own_rate, self.builder.classes, ended, self._labels_unseen)

    def outcome(self, output: Path | str | None, name: str) -> Outcome:
        """What was found until now, written as a report of that name if a folder is given."""
        outcome = Outcome(
            model=self.builder.name,
            data=self.data.name,
            steps=tuple(self.steps),
            attempts=tuple(self.attempts),
            rates=tuple(sorted(self.rates, key=lambda curve: curve.learning_rate)),
            trials=tuple(self.trials),
            best=best_of(self.trials),
            seed=self.builder.seed,
            batch_size=self._batch_size,
            budget=str(self.budget),
            seconds=self.budget.seconds_spent(),
            interrupted=self.interrupted,
            versions={
                "hpbench": __version__,
                "Keras": str(keras.__version__),
                "backend": str(keras.backend.backend()),
                "Python": platform.python_version(),
            },
            classes=self.builder.classes,
            own_rate=self.builder.own_rate,
            remarks=(*self.builder.remarks, *self.data.remarks),
            takes=self.builder.takes,
        )
        if output is not None:
            write(outcome, Path(output), name)
        return outcome

    def _done(self, step: Step) -> Step:
        self.steps.append(step)
        self._show(step)
        return step


def returned(search: Search, left: str) -> Step:
    """Step 7: how often step 5 was gone back to; ``left`` is what is left of the budget, in words."""
    rounds = f"Step 5 was done in {plural(search.rounds, 'round')}"
    if search.settled:
        concluded = f"{rounds} and has settled: {search.why_ended}. Budget is left: {left}."
    else:
        concluded = f"{rounds}, until the budget ended it: {search.why_ended}."
    checked = "After every round the curves of the best trial say where to look next, while there is budget."
    return Step(7, "Go back to step 5", checked, {"rounds": search.rounds}, concluded, True)
