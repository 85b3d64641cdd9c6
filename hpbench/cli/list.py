"""``hpbench list``."""

from __future__ import annotations

import click

from hpbench.definition.load import bundled
from hpbench.definition.resolve import build
from hpbench.definition.yaml_tree import YamlTree, read_text


@click.command(epilog="Example: hpbench list")
def command() -> None:
    """List the bundled benchmarks: id, version, number of cases and claims, title."""
    trees = [YamlTree(read_text(path), str(path)) for path in bundled().values()]
    definitions = [build(tree.values, tree) for tree in trees]
    width = max((len(definition.id) for definition in definitions), default=0)
    for definition in definitions:
        counts = f"{len(definition.own_cases)} cases, {len(definition.claims)} claims"
        click.echo(f"{definition.id:{width}}  version {definition.version}  {counts}  {definition.title}")
