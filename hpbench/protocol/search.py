"""Steps 4, 5 and 7: a small grid around the rate of step 3, then finer and longer trials while there is budget."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hpbench.protocol.budget import COARSE_SHARE, Budget, BudgetEndedError, Cost, planned
from hpbench.protocol.builder import Builder
from hpbench.protocol.curves import Curve
from hpbench.protocol.data import Batch, Data
from hpbench.protocol.points import DECAYS, Point, Trial, best_of, grid
from hpbench.protocol.rounds import Round, Rounds
from hpbench.protocol.step import Step, Tell, shown
from hpbench.protocol.trainee import Trainee
from hpbench.report.numerals import plural

EPOCHS = 5
"""Of a trial of step 4. The document says 5 to 10; the lecture behind it says 1 to 5."""

MEASURED = 10
"""Iterations from which the time of an epoch is estimated."""

TOLD_EVERY = 10.0
"""Seconds of a trial after which its progress is told."""

SAMPLE = 2000
"""Training examples on which the training accuracy is taken."""


class Search:
    """The trials of steps 4 and 5 within a budget.

    Args:
        builder: Of the model.
        data: All data.
        budget: Is kept: a trial whose estimate does not fit is not begun.
        trials: Is filled, so that what was done is kept if it is interrupted.
        tell: Is told the progress.
    """

    def __init__(self, builder: Builder, data: Data, budget: Budget, trials: list[Trial], tell: Tell) -> None:
        self._builder, self._data, self._budget, self._trials, self._tell = builder, data, budget, trials, tell
        self._cost = Cost(0.0, 0.0)
        self._sample: Batch | None = None
        self._asked: tuple[float, int] = (0.0, 0)
        self._before: Trial | None = None
        self.rounds = 0
        self.why_ended = ""
        self.settled = False

    def coarse(self, centre: float, epochs: int) -> Step:
        """Step 4: the grid.

        Args:
            centre: The rate of step 3.
            epochs: Of each trial, if the budget holds them.
        """
        self._asked = centre, epochs
        points = grid(centre, self._builder.takes_decay)
        left = self._budget.trials_left()
        share = None if left is None else max(1, round(left * COARSE_SHARE))
        try:
            self._cost = self._measured(centre)
        except BudgetEndedError:
            return self._judged_coarse("")
        plan = planned(points, epochs, self._cost, COARSE_SHARE * self._budget.seconds_left(), share)
        shrunk = plan.shrunk
        for number, point in enumerate(plan.points, 1):
            if not self._fits(plan.epochs):
                shrunk = f"{shrunk} The time did not hold all of these, either.".strip()
                break
            self._tell(f"step 4, {number} of {len(plan.points)}: {point}, {self._length(plan.epochs)}")
            self._run(4, 0, point, plan.epochs)
            self._tell(f"  validation accuracy {self._trials[-1].accuracy:.1%}")
        return self._judged_coarse(shrunk)

    def refine(self, epochs: int) -> Step:
        """Steps 5 and 7: rounds of finer and longer trials, each after a look at the best curve.

        Args:
            epochs: Of the first round, if the budget holds them: more than in step 4.
        """
        self._before = best_of(self._trials)
        remarks: list[str] = []
        rounds = Rounds(epochs, self._builder.classes, len(self._data.x_validation), self._builder.seed)
        while self._has_trials() and not self.why_ended:
            one = rounds.next(self._trials, lambda wanted: self._cost.longest(wanted, self._budget.seconds_left()))
            remarks += [one.remark] if one.remark else []
            self.why_ended, self.settled = one.why_ended, one.settled
            self._train_round(one)
        return self._judged_fine(remarks)

    def _train_round(self, one: Round) -> None:
        """Its trials, as far as the budget holds them; told in one line."""
        best = best_of(self._trials)
        if one.points and best:
            self._tell(
                f"step 5, round {one.number}: {plural(len(one.points), 'setting')} near {best.point}, "
                f"{self._length(one.epochs)} each; best so far {best.accuracy:.1%}"
            )
        for point in one.points:
            if not self._may_run(one.epochs):
                break
            self.rounds = one.number
            self._run(5, one.number, point, one.epochs)

    def so_far(self) -> tuple[Step, ...]:
        """Steps 4 and 5 from the trials that were begun, after an interruption."""
        self.why_ended = "it was interrupted"
        begun = {trial.step for trial in self._trials}
        coarse = (self._judged_coarse(""),) if 4 in begun else ()
        return (*coarse, self._judged_fine([])) if 5 in begun else coarse

    def _may_run(self, epochs: int) -> bool:
        """Whether another trial of step 5 fits; if not, ``why_ended`` says what ended the search."""
        if self._has_trials() and not self._fits(epochs):
            self.why_ended = f"another trial, about {self._cost.of(epochs):.0f} s, does not fit into the time left"
        return not self.why_ended

    def _has_trials(self) -> bool:
        """Whether the budget has another trial; if not, ``why_ended`` says so."""
        left = self._budget.trials_left()
        if left is not None and left <= 0:
            self.why_ended = "the trials are used up"
        return not self.why_ended

    def _length(self, epochs: int) -> str:
        """Of a trial, in words."""
        return f"{plural(epochs, 'epoch')}, about {self._cost.of(epochs):.0f} s"

    def _fits(self, epochs: int) -> bool:
        return self._cost.of(epochs) <= self._budget.seconds_left()

    def _run(self, step: int, number: int, point: Point, epochs: int) -> None:
        """Train one setting, and keep what came of it, also where it is cut short; of a long one, progress is told."""
        begun = self._budget.seconds_spent()
        curve, cut = Curve(), True
        self._budget.done += 1
        try:
            trainee = self._builder.at(point.learning_rate, point.weight_decay)
            ends: list[float] = []
            told = 0.0
            for epoch in range(epochs):
                curve = self._epoch(trainee, epoch, curve)
                ends.append(self._budget.seconds_spent() - begun)
                if epoch + 1 < epochs and ends[-1] - told >= TOLD_EVERY:
                    done = f"epoch {epoch + 1} of {epochs}"
                    self._tell(f"  {point}, {done}: validation accuracy {curve.validation_accuracy[-1]:.1%}")
                    told = ends[-1]
                if not math.isfinite(curve.train_loss[-1]):
                    break
            cut = False
            self._cost = self._learnt(ends)
        except BudgetEndedError:
            pass
        finally:
            seconds = self._budget.seconds_spent() - begun
            self._trials.append(Trial(step, number, point, epochs, curve, seconds, cut))

    def _learnt(self, ends: list[float]) -> Cost:
        """What a trial takes, after one more: from the seconds from its beginning to each epoch's end.

        Only the first epoch may have been slowed by compiling, or, where the model was used before, not.
        """
        if len(ends) > 1:
            return replace(self._cost, epoch=(ends[-1] - ends[0]) / (len(ends) - 1))
        return replace(self._cost, epoch=min(max(self._cost.epoch, ends[0] - self._cost.start), ends[0]))

    def _measured(self, centre: float) -> Cost:
        """What a trial takes, from a few iterations of a model of its own.

        Raises:
            BudgetEndedError: The time is over.
        """
        self._tell("step 4: measuring how long an epoch takes")
        begun = self._budget.seconds_spent()
        trainee = self._builder.at(centre, DECAYS[1] if self._builder.takes_decay else None)
        batches = self._data.first(MEASURED + 1)
        trainee.train(batches[0])
        self._judge(trainee)
        start = self._budget.seconds_spent() - begun
        begun = self._budget.seconds_spent()
        for batch in batches[1:]:
            self._budget.require_time()
            trainee.train(batch)
        iteration = (self._budget.seconds_spent() - begun) / max(1, len(batches) - 1)
        begun = self._budget.seconds_spent()
        self._judge(trainee)
        count = 0
        for _ in self._data.train.epoch(0):  # also what the loader itself takes
            self._budget.require_time()
            count += 1
        return Cost(start, self._budget.seconds_spent() - begun + count * iteration)

    def _judge(self, trainee: Trainee) -> tuple[float, float, float]:
        """Accuracy on training data; loss and accuracy on validation data."""
        loss, accuracy = trainee.judge(self._data.x_validation, self._data.y_validation)
        return trainee.judge(*self._training_sample())[1], loss, accuracy

    def _epoch(self, trainee: Trainee, number: int, curve: Curve) -> Curve:
        """The curve with another epoch; training ends at the first loss that is not finite."""
        losses: list[float] = []
        for batch in self._data.train.epoch(number):
            self._budget.require_time()
            losses.append(trainee.train(batch))
            if not math.isfinite(losses[-1]):
                break
        self._budget.require_time()
        known, loss, accuracy = self._judge(trainee)
        return Curve(
            (*curve.train_loss, float(np.mean(losses))),
            (*curve.train_accuracy, known),
            (*curve.validation_loss, loss),
            (*curve.validation_accuracy, accuracy),
            (*curve.learning_rate, trainee.learning_rate),
        )

    def _training_sample(self) -> Batch:
        """Training examples whose accuracy is taken: as many as for validation, up to ``SAMPLE``."""
        if self._sample is None:
            wanted = min(SAMPLE, len(self._data.x_validation))
            batches: list[Batch] = []
            for batch in self._data.train.epoch(0):
                batches.append(batch)
                if sum(len(x) for x, _ in batches) >= wanted:
                    break
            x, y = (np.concatenate(part)[:wanted] for part in zip(*batches, strict=True))
            self._sample = (x, y)
        return self._sample

    def _judged_coarse(self, shrunk: str) -> Step:
        centre, epochs = self._asked
        done = [trial for trial in self._trials if trial.step == 4]
        best = best_of(done)
        found: dict[str, float | int | str] = {"trials": len(done)}
        remarks = [shrunk] if shrunk else []
        if best:
            found |= {"best setting": str(best.point), "its validation accuracy": f"{best.accuracy:.1%}"}
            if best.accuracy <= 1 / self._builder.classes:
                remarks.append(f"That is no better than guessing one of {self._builder.classes} classes.")
            concluded = (
                f"The best of {plural(len(done), 'setting')} is {best.point}: validation accuracy {best.accuracy:.1%}."
            )
            edge = min(trial.point.learning_rate for trial in done)
            if best.point.learning_rate == edge and len({trial.point.learning_rate for trial in done}) > 1:
                remarks.append("The best rate lies on the grid's lower edge; step 5 looks below it, too.")
        else:
            concluded = "No setting was trained to its end before the time was over."
        checked = (
            f"Up to {epochs} epochs on all training data at rates around {shown(centre)}"
            + (" and weight decays, on logarithmic scales" if self._builder.takes_decay else ", on a logarithmic scale")
            + "; judged on the validation data."
        )
        return Step(4, "Search a small grid", checked, found, concluded, best is not None, (), tuple(remarks))

    def _judged_fine(self, remarks: list[str]) -> Step:
        before = self._before
        done = [trial for trial in self._trials if trial.step == 5]
        best = best_of(self._trials)
        found: dict[str, float | int | str] = {"trials": len(done)}
        if best and before:
            found |= {"best setting": str(best.point), "its validation accuracy": f"{best.accuracy:.1%}"}
            found["its epochs"] = best.curve.epochs
        if not done:
            concluded = f"No finer trial was begun: {self.why_ended}."
        elif best and before and best.rank > before.rank:
            concluded = f"Finer and longer: {before.accuracy:.1%} became {best.accuracy:.1%}, with {best.point}."
        else:
            concluded = "Nothing finer or longer was better than the best of step 4."
        checked = (
            "Settings drawn near the best one, trained for longer; every round closer to the best so far, and longer "
            "where nothing new is left near it."
        )
        return Step(5, "Refine, and train longer", checked, found, concluded, True, (), tuple(remarks))
