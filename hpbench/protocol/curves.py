"""Step 6: what the learning curves of a trial say, as ``hpbench diagnose`` reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpbench.analysis.diagnosis import FEWEST_POINTS, Diagnosis, diagnose
from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.sign_words import evidence_words, smoothing_words
from hpbench.catalogue.shapes import NONE_OF_THESE, SHAPES
from hpbench.protocol.step import Step
from hpbench.report.numerals import plural

TITLE = "Look at the learning curves"


@dataclass(frozen=True)
class Curve:
    """One trial, epoch by epoch.

    Attributes:
        train_loss: Mean loss of the epoch's batches, in nats; may not be finite.
        train_accuracy: Share, on a sample of the training data after the epoch.
        validation_loss: In nats, after the epoch.
        validation_accuracy: Share, after the epoch.
        learning_rate: After the epoch.
    """

    train_loss: tuple[float, ...] = ()
    train_accuracy: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()
    validation_accuracy: tuple[float, ...] = ()
    learning_rate: tuple[float, ...] = ()

    @property
    def epochs(self) -> int:
        """How many were completed."""
        return len(self.validation_accuracy)

    def learning_curves(self, classes: int) -> LearningCurves:
        """The curves by epoch, from 1, in the form in which they are read and drawn."""
        return LearningCurves(
            np.arange(1.0, self.epochs + 1),
            np.array(self.train_loss),
            test_loss=np.array(self.validation_loss),
            train_accuracy=np.array(self.train_accuracy),
            test_accuracy=np.array(self.validation_accuracy),
            learning_rate=np.array(self.learning_rate),
            classes=classes,
        )


def diagnosed(curve: Curve, classes: int) -> Diagnosis:
    """The shape of the curves; ``none of these`` where they are too short to tell."""
    return diagnose(curve.learning_curves(classes))


def looked_at(curve: Curve, classes: int, setting: str, takes_decay: bool = True) -> Step:
    """The step.

    Args:
        curve: Of the best trial.
        classes: How many the loss tells apart.
        setting: Of that trial, in words.
        takes_decay: Whether weight decay was searched.
    """
    diagnosis = diagnosed(curve, classes)
    found: dict[str, float | int | str] = {
        "epochs": curve.epochs,
        "training accuracy": f"{curve.train_accuracy[-1]:.1%}",
        "validation accuracy": f"{curve.validation_accuracy[-1]:.1%}",
        "shape": diagnosis.shape,
    }
    concluded, advice = f"{diagnosis.shape.capitalize()}: {SHAPES[diagnosis.shape].meaning}.", diagnosis.advice
    short = diagnosis.shape == NONE_OF_THESE and curve.epochs < FEWEST_POINTS
    if short:
        concluded = f"{plural(curve.epochs, 'epoch')} are too few to read a shape from: it takes {FEWEST_POINTS}."
        advice = "a larger budget, or more --epochs"
    remarks = [f"To try: {advice.replace('test loss', 'validation loss')}."]
    if diagnosis.shape == "overfitting" and not takes_decay:
        remarks.append("Let the function take weight_decay, as one way to regularise, to have that searched, too.")
    words = "; ".join(evidence_words(diagnosis.evidence, classes, "validation"))
    if words and not short:
        remarks.append(f"Evidence: {words}. {smoothing_words(diagnosis.evidence)}".strip())
    checked = f"The shape of loss and accuracy by epoch of the best trial, {setting}, as hpbench diagnose reads it."
    return Step(6, TITLE, checked, found, concluded, passed=True, remarks=tuple(remarks), unfinished=short)
