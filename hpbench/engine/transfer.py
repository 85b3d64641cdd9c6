"""The procedure ``transfer``: train on one part of the data, freeze all but the last layer, train that on another."""

from __future__ import annotations

from typing import Any

from hpbench.catalogue.work import Transfer
from hpbench.engine.loop import Loop, read_instruments
from hpbench.engine.train import measured, observe_stages, phase_of, place, prepared, step_of
from hpbench.engine.trial_run import TrialRun
from hpbench.errors import UserError
from hpbench.measure.clock import Clocks

SOURCE = "source"


class NothingToFreezeError(UserError):
    """A model has no layer with weights before its last one."""


def transfer(run: TrialRun) -> None:
    """Both trainings take as long as the settings say; the second one is observed as the trial's own.

    What is observed in the first one has the label ``phase: source``; memory is that of both. The optimizer begins
    anew with the second. Where the first one diverges or is stopped, the second begins with what it left.

    Raises:
        NothingToFreezeError: The model has one layer with weights only.
    """
    procedure = run.settings.training.procedure
    assert isinstance(procedure, Transfer)
    first, second = Clocks(run.backend.synchronise), Clocks(run.backend.synchronise)
    source = phase_of(run, procedure.source, phase=SOURCE)
    target = phase_of(run, run.settings.training.only)
    place(run)
    with measured(run) as memory:
        learned, program = prepared(run, source, first)
        Loop(run, learned, program, source, first, memory).run()
        ended, run.message = run.message, ""
        model, program = prepared(run, target, second, " frozen", freeze_all_but_last)
        program.reset(learned, target.rows, step_of(run))
        Loop(run, model, program, target, second, memory, anew=False).run()
    run.message = run.message or (f"on the source: {ended}" if ended else "")
    observe_stages(run, first, ("training",), phase=SOURCE)
    observe_stages(run, second)
    read_instruments(run, model, target)


def freeze_all_but_last(model: Any) -> None:
    """Keep the weights of all layers but the last that has any.

    Raises:
        NothingToFreezeError: No other layer has weights.
    """
    weighted = [layer for layer in model.layers if layer.weights]
    if len(weighted) < 2:
        raise NothingToFreezeError("the procedure transfer needs a model with two layers with weights or more")
    for layer in weighted[:-1]:
        layer.trainable = False
