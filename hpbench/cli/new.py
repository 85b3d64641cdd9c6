"""``hpbench new``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click


@click.command(epilog="Example: hpbench new my-benchmark; hpbench new my-benchmark --from results.csv")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where to write; this folder if not given.",
)
@click.option("--code", is_flag=True, help="Also write a model, a data set, a schedule and a callback of your own.")
@click.option(
    "--from",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file of settings and reported numbers, one case a row.",
)
@click.option("--force", is_flag=True, help="Write over files that exist.")
def command(name: str, folder: Path, code: bool, table: Path | None, force: bool) -> None:
    """Write a commented definition that runs at once, as NAME.yaml with underscores for dashes.

    NAME is the benchmark's id: small letters and digits, joined by dashes.

    The columns of a table are 'case' (else CASE1, CASE2, ...), settings by the names that a definition's cases use
    (batch_size, learning_rate, iterations, optimizer, schedule, model, dataset, training.optimizer.momentum, ...), and
    reported numbers by metric (test_accuracy, ...; reported.learning_rate where a setting has the same name).
    """
    from hpbench.definition.scaffold import definition_name, from_table, run_command, starter, starter_with_code, write

    if code and table:
        raise click.UsageError("--code and --from do not go together: write the one, then name its parts in the other")
    files = from_table(name, table) if table else starter_with_code(name) if code else starter(name)
    for path in write(files, folder, force=force):
        click.echo(f"wrote {path}")
    click.echo("\nIt runs as it is. Read it, then:\n")
    file, run = definition_name(name), run_command(name, code=code)
    enter = [f"cd {shlex.quote(str(folder))}"] if folder != Path() else []
    for line in (*enter, f"hpbench validate {file}", f"hpbench show {file}", f"{run} --profile smoke", run):
        click.echo(f"  {line}")
