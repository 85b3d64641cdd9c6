"""The procedure ``train``: from a fresh initialisation, a fixed number of iterations, evaluated at intervals.

Compilation and warm-up come before the training's time; instruments come after it.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras

from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.steps import STEPS
from hpbench.engine.backend import Program, Rows
from hpbench.engine.framework import seed_initialisation
from hpbench.engine.hooks import wants_every_iteration
from hpbench.engine.loop import Loop, read_instruments
from hpbench.engine.selection import rows_to_test, training_rows
from hpbench.engine.steps import Step
from hpbench.engine.trial_run import Phase, TrialRun
from hpbench.measure.clock import Clocks
from hpbench.measure.gpu import device_names, process_memory, process_memory_source
from hpbench.measure.memory import HostMemory, give_back, level
from hpbench.parts.schedules import Constant
from hpbench.records.seeds import derive

STAGES = ("build", "compile", "training", "evaluation", "callbacks")
STRETCH = 1024
"""Iterations that are compiled as one loop, so that trials of any length share it."""


def train(run: TrialRun) -> None:
    """Train as the settings say and observe accuracy, loss and, if timed, time and memory."""
    clocks = Clocks(run.backend.synchronise)
    phase = phase_of(run, run.settings.training.only)
    place(run)
    with measured(run) as memory:
        model, program = prepared(run, phase, clocks)
        Loop(run, model, program, phase, clocks, memory).run()
    observe_stages(run, clocks)
    read_instruments(run, model, phase)


def phase_of(run: TrialRun, only: Mapping[str, str], **labels: str) -> Phase:
    """The phase that trains and tests on the images of these classes, as long as the settings say."""
    rows = training_rows(run, only)
    return Phase(rows, rows_to_test(run, only), run.settings.training.updates(len(rows)), labels)


def place(run: TrialRun) -> None:
    """Put the data on the device, once a job."""
    if "data" not in run.programs:
        run.programs["data"] = run.backend.place({split: run.splits[split] for split in ("train", "test")})


@contextlib.contextmanager
def measured(run: TrialRun) -> Iterator[HostMemory | None]:
    """Memory of what is done inside, if the trial is timed."""
    if not run.timed:
        yield None
        return
    with HostMemory() as memory:
        give_back()  # what reading the data has freed
        before = level()
        yield memory
        _observe_memory(run, memory, before)


def observe_stages(run: TrialRun, clocks: Clocks, stages: Iterable[str] = STAGES, **labels: str) -> None:
    """The clocks' seconds of a timed trial."""
    for stage in stages if run.timed else ():
        run.observe(f"seconds_{stage}", clocks.seconds.get(stage, 0.0), None, **labels)


def prepared(
    run: TrialRun, phase: Phase, clocks: Clocks, key: str = "", change: Callable[[Any], None] | None = None
) -> tuple[Any, Program]:
    """A freshly initialised model and its compiled program.

    Args:
        run: The trial.
        phase: What is to be done with it.
        clocks: Takes the times to build and to compile.
        key: Tells programs of one trial apart.
        change: Changes the model before it is compiled.
    """
    with clocks.measure("build"):
        model, optimizer = build(run, phase.iterations)
        if change is not None:
            change(model)
        run.observe("trainable_weights", weights_of(model), None, **phase.labels)
    with clocks.measure("compile"):
        return _program(run, model, optimizer, phase.rows, run.settings.program + key)


def weights_of(model: Any) -> int:
    """Number of trainable weights."""
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def build(run: TrialRun, iterations: int) -> tuple[Any, Any]:
    """A freshly initialised model and its optimizer. Clear, seed, build: ``clear_session`` would erase the seed."""
    training = run.settings.training
    first = run.programs.keys() <= {"data"}
    if first:
        keras.backend.clear_session()
    keras.config.set_floatx(run.settings.compute.precision)
    seeded = keras.utils.set_random_seed if first or run.settings.own_parts else seed_initialisation
    seeded(derive("initialisation", run.trial.benchmark, run.trial.seed) % 2**32)
    model = build_model(run, run.settings.model)
    schedule = SCHEDULES.load(training.schedule.name).for_training(
        training.schedule.model_dump(exclude={"name"}), training.learning_rate, iterations
    )
    # A number is a variable of the optimizer, which trials share a program by, and callbacks change.
    rate = schedule.learning_rate if isinstance(schedule, Constant) else schedule
    optimizer = OPTIMIZERS.load(training.optimizer.name)(training.optimizer.model_dump(exclude={"name"}), rate)
    return model, optimizer


def build_model(run: TrialRun, spec: Any) -> Any:
    """A model of the catalogue for the trial's data, initialised with what is drawn next."""
    return MODELS.load(spec.name)(spec.model_dump(), tuple(run.splits["train"][0].shape[1:]), run.classes)


def step_of(run: TrialRun) -> Step:
    """The trial's step strategy."""
    spec = run.settings.training.step
    step: Step = STEPS.load(spec.name)(**spec.model_dump(exclude={"name"}))
    return step


def _program(run: TrialRun, model: Any, optimizer: Any, rows: Rows, key: str) -> tuple[Any, Program]:
    """The compiled program and its model, with the weights just initialised; compiled once a job where it can be."""
    training = run.settings.training
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
            heads=run.heads,
        )
        run.programs[key] = model, program
    else:
        run.programs[key][1].reset(model, rows, step_of(run), optimizer)
    compiled: tuple[Any, Program] = run.programs[key]
    if run.timed:
        compiled[1].warm_up(training.test_batch_size)
    run.resolved |= {"compile": compiled[1].mode, "compile_reason": compiled[1].reason}
    return compiled


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
