"""``hpbench report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.options import benchmarks_argument, output_option, results_option
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.records.store import Run, Store

FORMATS = ("markdown", "json")


@click.command(epilog="Example: hpbench report lenet-batch-lr --format json --output reports")
@benchmarks_argument
@results_option
@output_option
@click.option("--profile", help="The newest run of this profile, instead of the newest run.")
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=FORMATS,
    show_default=True,
    help="What to write (may be repeated).",
)
def command(
    benchmarks: tuple[str, ...], results: Path, output: Path, profile: str | None, formats: tuple[str, ...]
) -> None:
    """Write reports of the newest stored runs (benchmark ids; all that have results if none is named)."""
    from hpbench.records.store import Store

    with Store(results) as store:
        runs = {run.benchmark: run for run in store.runs(profile=profile)}
        unknown = set(benchmarks) - set(runs)
        if unknown or not runs:
            wanted = ", ".join(sorted(unknown)) or "any benchmark"
            having = ", ".join(runs) or "nothing"
            of_profile = f" with profile {profile}" if profile else ""
            raise UserError(f"{results} holds no run of {wanted}{of_profile}; it holds: {having}")
        for benchmark in benchmarks or runs:
            for path in write_report(store, runs[benchmark], output, formats):
                if path.suffix in (".md", ".json"):
                    click.echo(f"wrote {path}")


def write_report(store: Store, run: Run, output: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write the report of a stored run from the store alone."""
    from hpbench.definition.load import parse
    from hpbench.definition.resolve import Selection
    from hpbench.records.choose import load
    from hpbench.report.write import write

    resolved = parse(run.definition, run.file, Selection.from_dict(run.selection))
    return write(load(store, run), resolved, output, formats)
