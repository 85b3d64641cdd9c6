"""``hpbench history``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.options import output_option, require_writable
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.gate.history import History


@click.command(epilog="Example: hpbench history build/history.jsonl --metric test_accuracy")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("benchmarks", nargs=-1)
@output_option
@click.option("--metric", "metrics", multiple=True, help="Only this metric, such as test_accuracy (may be repeated).")
@click.option("--changed", is_flag=True, help="Print only series that have a change point.")
def command(file: Path, benchmarks: tuple[str, ...], output: Path, metrics: tuple[str, ...], changed: bool) -> None:
    """Show each metric over the gated runs of a history FILE, of all BENCHMARKS if none is named, with change points.

    'hpbench gate --history FILE' appends to one. Prints a table, and writes history.md with a chart of each metric to
    the output folder; the tables also to $GITHUB_STEP_SUMMARY if that is set. A change point stands where the runs
    before and after differ by more than chance: of series that do not change, 1 in 100 has one. It takes about a dozen
    runs to see one, three of them after it.
    """
    from hpbench.gate.history import damage, read
    from hpbench.gate.history_report import HEADERS, analysed, overview, summary, write
    from hpbench.gate.write import add_to_summary
    from hpbench.report.markup import plain_table

    require_writable(output, "--output")
    history = read(file)
    if told := damage(file, history, "left out here; the next gated run moves it aside"):
        click.echo(told, err=True)
    series = analysed(history, benchmarks, metrics)
    if not series:
        raise UserError(f"{file} holds no such series; it holds {_held(history)}")
    shown = [one for one in series if one.changes or not changed]
    click.echo(plain_table(HEADERS, overview(shown)) if shown else "no series has a change point")
    page, *_ = write(series, output)
    for path in (page, *add_to_summary(summary(series))):
        click.echo(f"wrote {path}")


def _held(history: History) -> str:
    """Which benchmarks and metrics there are."""
    places = history.series()
    benchmarks, metrics = dict.fromkeys(one.benchmark for one in places), dict.fromkeys(one.metric for one in places)
    return f"runs of {', '.join(benchmarks)}, with {', '.join(metrics)}" if places else "nothing"
