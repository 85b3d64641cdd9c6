"""What ``hpbench tune`` and ``hpbench lr-find`` have in common: their options, and what stands around the work."""

from __future__ import annotations

import functools
import os
import shlex
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpbench.cli.exit_codes import INTERRUPTED
from hpbench.cli.options import allow_code_option, data_option, output_option, require_writable

if TYPE_CHECKING:
    from hpbench.protocol import Outcome, Step

STEP_FAILED = 1
"""A step of the protocol did not pass; its advice was printed."""

ENDING = "ending once the iteration under way is done; Ctrl-C again ends at once"


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line.

    Attributes:
        model: Name of the builder.
        data: Name of the data.
        minutes: Budget of time.
        batch_size: Of arrays.
        seed: Of everything.
        threads: Of an operation.
        output: Folder of the report.
        data_folder: Of prepared data sets.
        allow_code: Modules of one's own.
    """

    model: str
    data: str
    minutes: float | None
    batch_size: int
    seed: int
    threads: int
    output: Path
    data_folder: Path
    allow_code: tuple[str, ...]


def protocol_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """MODEL, DATA and the options of both verbs, handed to the verb as one ``asked``."""

    @functools.wraps(function)
    def with_asked(*arguments: Any, **given: Any) -> Any:
        asked = {name: given.pop(name) for name in Asked.__dataclass_fields__}
        return function(*arguments, asked=Asked(**asked), **given)

    options = (
        click.argument("model"),
        click.argument("data"),
        click.option(
            "--minutes", type=click.FloatRange(min=0, min_open=True), help="Budget of time, once TensorFlow is up."
        ),
        click.option(
            "--batch-size",
            type=click.IntRange(min=1),
            default=32,
            show_default=True,
            help="Of arrays; a loader makes its own batches.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0, max=2**32 - 1),
            default=0,
            show_default=True,
            help="Of initial weights, order of the data and search.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            default=lambda: len(os.sched_getaffinity(0)),
            help="Threads of an operation; all that this process may use if not given.",
        ),
        output_option,
        data_option,
        allow_code_option,
    )
    decorated: Callable[..., Any] = with_asked
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def run(ctx: click.Context, work: Callable[..., Outcome], name: str, asked: Asked) -> None:
    """Do the work, show its steps and what came of it, and end with the exit code of that.

    Args:
        ctx: Of the verb.
        work: Called with builder, data, and what both verbs have in common, by name.
        name: Of the verb and its report.
        asked: By the person.

    Raises:
        UserError: Model or data are not there, are not allowed, or cannot be used.
    """
    from hpbench.execution.environment import job_environment
    from hpbench.execution.interrupts import deferred_interrupt

    _require_parts(asked)
    try:
        environment = job_environment("tensorflow", asked.threads)
        with deferred_interrupt(ENDING), environment, warnings.catch_warnings(action="ignore"):
            outcome = work(
                *_loaded(asked),
                minutes=asked.minutes,
                output=asked.output,
                batch_size=asked.batch_size,
                seed=asked.seed,
                names=(asked.model, asked.data),
                tell=_tell,
                show=_show,
            )
    except KeyboardInterrupt:
        click.echo("\ninterrupted before the first step was done; nothing was written", err=True)
        ctx.exit(INTERRUPTED)
    from hpbench.protocol.report import last_words

    click.echo("\n".join(["", *outcome.remarks, last_words(outcome), f"wrote {asked.output / name}.md"]))
    if outcome.interrupted:
        click.echo(f"interrupted; to begin again: {shlex.join(['hpbench', *sys.argv[1:]])}", err=True)
        ctx.exit(INTERRUPTED)
    ctx.exit(0 if outcome.passed else STEP_FAILED)


def _require_parts(asked: Asked) -> None:
    """Check names and output before the framework is started."""
    from hpbench.catalogue.by_name import require_named
    from hpbench.catalogue.datasets import DATASETS
    from hpbench.catalogue.models import MODELS
    from hpbench.catalogue.own import allow

    allow(asked.allow_code)
    require_named(asked.model, MODELS)
    require_named(asked.data, DATASETS)
    require_writable(asked.output, "--output")


def _loaded(asked: Asked) -> tuple[Any, Any]:
    """The builder and the data, with the framework started, quiet and deterministic."""
    from hpbench.parts.quiet import quiet_errors

    _tell("starting TensorFlow, reading model and data")
    with quiet_errors():
        from hpbench.engine.tensorflow_backend import TensorFlowBackend
        from hpbench.protocol import named
        from hpbench.protocol.data import data_of

        TensorFlowBackend(threads=asked.threads, deterministic=True)
    given = named.data_named(asked.data, asked.data_folder.resolve())
    data = data_of(given, asked.data, asked.batch_size, asked.seed)
    return named.builder_named(asked.model, data), data


def _tell(words: str) -> None:
    """Progress, on the error stream."""
    click.echo(words, err=True)


def _show(step: Step) -> None:
    """A step that is done, on the output."""
    from hpbench.protocol.report import text

    click.echo(f"\n{text(step)}")
