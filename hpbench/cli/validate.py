"""``hpbench validate``."""

from __future__ import annotations

import click

from hpbench.cli.exit_codes import WRONG_USAGE
from hpbench.cli.options import benchmarks_argument
from hpbench.definition.load import bundled, find, read
from hpbench.errors import UserError


@click.command(epilog="Example: hpbench validate my_benchmark.yaml")
@benchmarks_argument
@click.pass_context
def command(ctx: click.Context, benchmarks: tuple[str, ...]) -> None:
    """Check definitions (files or ids; all bundled ones if none is named) and report every fault found.

    Exit code 2 if there is one.
    """
    faulty = False
    for name in benchmarks or bundled():
        try:
            read(find(name))
            click.echo(f"{name}: fine")
        except UserError as error:
            faulty = True
            click.echo(str(error), err=True)
    if faulty:
        ctx.exit(WRONG_USAGE)
