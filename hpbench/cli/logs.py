"""``hpbench logs``."""

from __future__ import annotations

from pathlib import Path

import click

from hpbench.cli.options import results_option
from hpbench.errors import UserError
from hpbench.records.store import Failure, Store

SHOWN = 12
"""Characters of a trial's identity that are shown, and are enough to name it."""


@click.command(epilog="Example: hpbench logs 3f2a")
@click.argument("trial", default="")
@results_option
def command(trial: str, results: Path) -> None:
    """Show what a failed trial printed, its newest attempt last; without TRIAL, list the failed ones.

    TRIAL is the beginning of a trial's identity, as the list shows it.
    """
    with Store(results) as store:
        failures = store.failures(trial.lower())
    if not trial:
        for failure in failures:
            click.echo(_line(failure))
        if not failures:
            click.echo(f"no trial in {results} has failed")
        return
    found = {failure.trial for failure in failures}
    if not found:
        raise UserError(f"no failed trial in {results} begins with '{trial}'; 'hpbench logs' lists them")
    if len(found) > 1:
        several = ", ".join(sorted(identity[:SHOWN] for identity in found))
        raise UserError(f"'{trial}' is the beginning of several: {several}")
    for failure in failures:
        click.echo(_line(failure))
        click.echo(failure.output.rstrip() or "(it printed nothing)")


def _line(failure: Failure) -> str:
    where = f"{failure.benchmark}, {failure.cell}, seed {failure.seed}"
    return f"{failure.trial[:SHOWN]}  {failure.ended}  {where}: {failure.outcome}: {failure.message}"
