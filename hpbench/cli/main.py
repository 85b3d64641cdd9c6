"""``hpbench``: finds the verb's file, and turns known errors into one message and an exit code."""

from __future__ import annotations

import sqlite3
import sys
import traceback
from importlib import import_module
from typing import Any

import click

from hpbench import __version__
from hpbench.cli.exit_codes import HARNESS_FAILED, INTERRUPTED, WRONG_USAGE
from hpbench.errors import MachineError, UserError
from hpbench.execution.interrupts import was_interrupted

VERBS = {
    "list": "Bundled benchmarks.",
    "new": "Write a definition to start from.",
    "validate": "Check definition files.",
    "show": "A benchmark's plan and what it will cost, without running it.",
    "run": "Run benchmarks and write their reports.",
    "tune": "Tune a Keras model of your own in seven steps.",
    "lr-find": "Find a learning rate for a model of your own: step 3 of 'tune' alone.",
    "report": "Write reports again from stored results.",
    "compare": "Put runs side by side: values, differences, verdicts.",
    "reference": "Save, show and update reference runs.",
    "gate": "Hold a run to a reference, for CI.",
    "ab": "Hold one environment to another, trial by trial in turns.",
    "merge": "Join results files of shards or machines.",
    "history": "Each metric over commits, with change points.",
    "best": "The best point that a search found, also as a definition.",
    "diagnose": "Name the shape of learning curves, and what to try.",
    "logs": "What failed trials printed.",
    "data": "Data sets: list, describe, prepare.",
    "schema": "JSON Schema of a definition, for editors.",
    "doctor": "Check this machine: framework, devices, settings, data.",
}


class _Verbs(click.Group):
    """Loads a verb's module only when it is used, so that help starts at once."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # where a verb does not see to it; click's own code for it is that of a regression
            click.echo("\ninterrupted", err=True)
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"hpbench.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=_Verbs,
    epilog="Example: hpbench run lenet-batch-lr --profile smoke",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="hpbench")
def hpbench() -> None:
    """Turn a document's hyperparameter experiment into a benchmark.

    A definition goes in; accuracy, wall time and memory come out beside the numbers that the document reported, with a
    verdict on each of its claims under each way of reading what it leaves open.
    """


def main() -> None:
    """Entry point of the console script. Exit codes: see ``hpbench run --help``."""
    try:
        hpbench(prog_name="hpbench")
    except (MachineError, OSError, sqlite3.Error) as error:
        click.echo(f"hpbench: {error}", err=True)
        sys.exit(HARNESS_FAILED)
    except UserError as error:
        click.echo(str(error), err=True)
    except Exception as error:  # a fault of hpbench; Python's own code for it is that of a regression
        if was_interrupted(error):
            click.echo("\ninterrupted", err=True)
            sys.exit(INTERRUPTED)
        traceback.print_exc()
        sys.exit(HARNESS_FAILED)
    sys.exit(WRONG_USAGE)
