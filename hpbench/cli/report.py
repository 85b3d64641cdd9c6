"""``hpbench report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.options import benchmarks_argument, formats_option, output_option, require_writable, results_option
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.records.store import Run, Store


@click.command(epilog="Example: hpbench report lenet-batch-lr --format json --output reports")
@benchmarks_argument
@results_option
@output_option
@click.option("--profile", help="The newest run of this profile, instead of the newest run.")
@click.option(
    "--machine", default="", help="The newest run of the machine whose fingerprint begins so ('hpbench merge')."
)
@formats_option
def command(
    benchmarks: tuple[str, ...],
    results: Path,
    output: Path,
    profile: str | None,
    machine: str,
    formats: tuple[str, ...],
) -> None:
    """Write reports of the newest stored runs (benchmark ids; all that have results if none is named)."""
    from hpbench.records.store import Store

    require_writable(output, "--output")
    with Store(results) as store:
        stored = store.runs(profile=profile)
        runs = {run.benchmark: run for run in stored if run.machine_id.startswith(machine)}
        unknown = set(benchmarks) - set(runs)
        if unknown or not runs:
            wanted = ", ".join(sorted(unknown)) or "any benchmark"
            having = ", ".join(runs) or "nothing"
            of_profile = f" with profile {profile}" if profile else ""
            of_machine = f" of machine {machine}" if machine else ""
            raise UserError(f"{results} holds no run of {wanted}{of_profile}{of_machine}; it holds: {having}")
        for benchmark in benchmarks or runs:
            tell(write_report(store, runs[benchmark], output, formats), output)


def write_report(store: Store, run: Run, output: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write the report of a stored run from the store alone."""
    from hpbench.definition.load import parse
    from hpbench.definition.resolve import Selection
    from hpbench.records.choose import load
    from hpbench.report.write import write

    resolved = parse(run.definition, run.file, Selection.from_dict(run.selection))
    return write(load(store, run), resolved, output, formats)


def tell(written: list[Path], output: Path) -> None:
    """Name the files that were written into the folder itself, not the figures below it."""
    for path in written:
        if path.parent == output:
            click.echo(f"wrote {path}")
