"""``hpbench merge``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: hpbench merge all.sqlite shard-1.sqlite shard-2.sqlite")
@click.argument("merged", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("stores", metavar="STORE...", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
def command(merged: Path, stores: tuple[Path, ...]) -> None:
    """Join results files of shards (parts of a run, by --case, --reading or benchmark) or machines into one, OUT.

    The STOREs stay as they are. The same trial on two machines stays two, the same attempt in two files is kept once.
    Runs that are parts of one run are joined, so that 'hpbench report --results OUT' tells of the whole.

    Exit codes: 0 fine, 2 wrong usage, or a file that is missing, no results file, or of a newer version, or an OUT
    that exists, 3 the files contradict each other (both sides are said) or a full disk. Then there is no OUT.
    """
    from hpbench.cli.options import require_writable
    from hpbench.definition.shards import join
    from hpbench.records.merge import merge
    from hpbench.report.numerals import plural

    require_writable(merged.parent, "OUT")
    found = merge(stores, merged, join)
    twice = f"; {found.twice} more were there twice" if found.twice else ""
    click.echo(
        f"wrote {merged}: {plural(found.runs, 'run')}, {plural(found.attempts, 'attempt')} "
        f"of {plural(len(found.machines), 'machine')}{twice}"
    )
    for note in (*found.notes, *found.machines_told()):
        click.echo(note)
