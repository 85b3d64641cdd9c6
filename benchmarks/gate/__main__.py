"""``python benchmarks --gate``: runs the pools, draws the comparisons, writes the report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from benchmarks.gate.planted import PlantingError
from benchmarks.gate.pool import BUSY, QUIET, PoolError
from benchmarks.gate.report import SMALLEST_BUSY, SMALLEST_POOL, write
from benchmarks.gate.running import export, make_pool
from hpbench.errors import UserError

STORES = Path("build/gate-calibration")
REPORT = Path("reports/gate-calibration.md")
INTERRUPTED = 130


@click.command()
@click.option("--blocks", default=110, show_default=True, type=click.IntRange(min=5), help="Of three runs each, alone.")
@click.option("--busy-blocks", default=50, show_default=True, help="Of three runs each, beside a load; 0 for none.")
@click.option("--report-only", is_flag=True, help="Make the report anew from the values that lie beside it.")
@click.option("--output", type=Path, help=f"The report; {REPORT}, or the same below build/ where the pools are small.")
def main(blocks: int, busy_blocks: int, report_only: bool, output: Path | None) -> None:
    """Calibrate the gate, on a machine on which nothing else runs; it goes on where it stopped."""
    whole = blocks >= SMALLEST_POOL and busy_blocks >= SMALLEST_BUSY
    output = output or (REPORT if whole else Path("build") / REPORT.name)
    try:
        if not report_only:
            for pool, number in ((QUIET, blocks), (BUSY, busy_blocks)):
                if number and not make_pool(
                    STORES, pool, number, lambda text, pool=pool: click.echo(f"{pool}: {text}")
                ):
                    sys.exit(INTERRUPTED)
            export(STORES, output.with_suffix(""))
        write(output, shlex.join(["python", "benchmarks", "--gate", *_pools(blocks, busy_blocks)]))
    except (PlantingError, PoolError, UserError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"report: {output}")


def _pools(blocks: int, busy_blocks: int) -> list[str]:
    return [f"--blocks={blocks}", f"--busy-blocks={busy_blocks}"]


if __name__ == "__main__":
    main(prog_name="python benchmarks --gate")
