"""``hpbench doctor``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from hpbench.cli.exit_codes import HARNESS_FAILED
from hpbench.cli.options import data_option, results_option


@click.command(epilog="Example: hpbench doctor")
@results_option
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@click.pass_context
def command(ctx: click.Context, results: Path, data_folder: Path, as_json: bool) -> None:
    """Check this machine: what would stop a run or change it, and what to do about it.

    Each line is a check: ok, note (worth knowing) or problem. Exit code 3 if there is a problem.
    """
    from hpbench.execution.checks import Mark
    from hpbench.execution.doctor import examine

    checks = []
    for check in examine(results, data_folder):
        checks.append(check)
        if not as_json:
            click.echo(str(check))
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2))
    if any(check.mark is Mark.PROBLEM for check in checks):
        ctx.exit(HARNESS_FAILED)
