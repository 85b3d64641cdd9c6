"""``hpbench compare``."""

from __future__ import annotations

from pathlib import Path

import click

from hpbench.cli.options import require_writable, results_option


@click.command(epilog="Example: hpbench compare references/ci.json results/hpbench.sqlite")
@click.argument("first")
@click.argument("others", nargs=-1, required=True)
@results_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write compare.md and compare.json to, instead of printing the Markdown.",
)
def command(first: str, others: tuple[str, ...], results: Path, output: Path | None) -> None:
    """Put runs side by side: FIRST, and each of OTHERS beside it.

    A side is a reference file, a results file (the newest run of each benchmark in it), or one run of a results file by
    its number: FILE#12, or '#12' for one of --results.

    Per benchmark, case and metric: both values with 95 % intervals, the difference paired by seed, and a verdict on the
    second: better, worse, same, identical, unclear or not comparable, and why. Metrics that the definition gates are
    tested as 'hpbench gate' tests them; of others the interval decides. Times of different machines are only shown as
    a ratio to the calibration workload. It ends with 0 whatever it finds: 'hpbench gate' judges.
    """
    from hpbench.cli.sides import side
    from hpbench.gate.compare import compare
    from hpbench.gate.json_export import comparison_json
    from hpbench.gate.markdown import comparison_markdown
    from hpbench.report.files import write_whole

    if output is not None:
        require_writable(output, "--output")
    one = side(first, results)
    comparisons = [compare(one, side(other, results)) for other in others]
    if output is None:
        click.echo(comparison_markdown(comparisons), nl=False)
        return
    for name, text in (("md", comparison_markdown(comparisons)), ("json", comparison_json(comparisons))):
        write_whole(output / f"compare.{name}", [text])
        click.echo(f"wrote {output / f'compare.{name}'}")
