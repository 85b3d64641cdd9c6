"""The procedure ``fit``: the same training by Keras' ``model.fit``, to compare with.

Same data, initialisation, batches and order as the procedure ``train``; measured at the end only. A step other than the
plain one is a ``train_step`` of the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from hpbench.catalogue.steps import Plain
from hpbench.engine.batches import batch_indices
from hpbench.engine.fitting import with_step
from hpbench.engine.heads import Heads, head_label
from hpbench.engine.loop import read_instruments
from hpbench.engine.selection import rows_to_test, training_rows
from hpbench.engine.train import build, observe_stages, step_of
from hpbench.engine.trial_run import Phase, TrialRun
from hpbench.errors import UserError
from hpbench.measure.clock import Clocks
from hpbench.records.seeds import derive

STAGES = ("build", "compile", "training", "evaluation")


class CallbacksError(UserError):
    """Callbacks stand beside a procedure that calls none."""


class InstrumentsError(UserError):
    """Instruments are to read on the way of a procedure that is looked at only at its end."""


def fit(run: TrialRun) -> None:
    """Train by ``model.fit`` in epochs of as many batches as the training images fill, evaluate at the end.

    The first epoch is done twice: what it takes before the state is put back is the time to compile.

    Raises:
        CallbacksError: The training has callbacks.
        InstrumentsError: One of its instruments is to read at iterations.
    """
    training = run.settings.training
    if training.callbacks:
        raise CallbacksError("the procedure fit measures at the end only and calls no callbacks; leave them out")
    if any(instrument.at for instrument in training.instruments):
        raise InstrumentsError("the procedure fit is read at the end only: leave out 'at' of its instruments")
    clocks = Clocks(run.backend.synchronise)
    rows, tested = training_rows(run, training.only), rows_to_test(run, training.only)
    iterations = training.updates(len(rows))
    with clocks.measure("build"):
        model, optimizer = build(run, iterations)
        if not isinstance(training.step, Plain):
            model = with_step(model, step_of(run))
        model.compile(optimizer=optimizer, loss=_loss(run.heads), metrics=_accuracies(run.heads))
    seed = derive("data order", run.trial.benchmark, run.trial.seed)
    batches = rows[batch_indices(len(rows), training.batch_size, iterations, seed)]
    epoch = max(1, len(rows) // training.batch_size)
    with clocks.measure("compile"):
        state = [*model.variables, *optimizer.variables, *getattr(model, "own", ())]
        before = [np.array(variable) for variable in state]
        _fit(model, run, batches[:epoch], epoch)
        for variable, value in zip(state, before, strict=True):
            variable.assign(value)
    with clocks.measure("training"):
        _fit(model, run, batches, epoch)
    with clocks.measure("evaluation"):
        sample = rows[: training.train_sample]
        for split, chosen in {"test": tested, "train": sample}.items():
            x, y = (part if chosen is None else part[chosen] for part in run.splits[split])
            lost, *accuracies = model.evaluate(x, y, batch_size=training.test_batch_size, verbose=0)
            for head, accuracy in zip(run.heads.names, accuracies, strict=True):
                run.observe(f"{split}_accuracy", accuracy, iterations, **head_label(head))
            run.observe(f"{split}_loss", lost, iterations)
    run.observe("worse_than_chance", float(not lost <= run.heads.chance_loss(run.classes)))
    for name, value in getattr(model, "observed", dict)().items():
        run.observe(name, value, iterations)
    run.resolved |= {"compile": "fit", "compile_reason": "trained by model.fit"}
    observe_stages(run, clocks, STAGES)
    read_instruments(run, model, Phase(rows, tested, iterations))
    if run.timed:
        run.observe("seconds_per_100_iterations", clocks.seconds["training"] * 100 / iterations)


def _loss(heads: Heads) -> Any:
    """As a user of Keras would give it, where there is one head."""
    return heads.losses if heads.classes else keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _accuracies(heads: Heads) -> list[Any]:
    """One metric a head."""
    return [_accuracy(heads, place) for place in range(len(heads.names))] if heads.classes else ["accuracy"]


def _accuracy(heads: Heads, place: int) -> Callable[[Any, Any], Any]:
    def accuracy(labels: Any, logits: Any) -> Any:
        answers, part = (list(found)[place] for found in (heads.answers(labels), heads.parts(logits)))
        return ops.equal(ops.cast(ops.argmax(part, -1), answers.dtype), answers)

    accuracy.__name__ = f"{heads.names[place]}_accuracy"
    return accuracy


def _fit(model: Any, run: TrialRun, batches: NDArray[np.int32], epoch: int) -> None:
    """Whole epochs, then what is left of one."""
    images, labels = (tf.convert_to_tensor(part) for part in run.splits["train"])

    def taken(rows: Any) -> tuple[Any, Any]:
        return tf.gather(images, rows), tf.gather(labels, rows)

    whole = len(batches) // epoch * epoch
    for part, steps in ((batches[:whole], epoch), (batches[whole:], len(batches) - whole)):
        if len(part):
            data = tf.data.Dataset.from_tensor_slices(part).map(taken).prefetch(tf.data.AUTOTUNE)
            model.fit(data, epochs=len(part) // steps, steps_per_epoch=steps, verbose=0)
