"""``hpbench schema``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hpbench.cli.options import require_writable
from hpbench.definition.json_schema import json_schema


@click.command(epilog="Example: hpbench schema --output definition.schema.json")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write it to.")
def command(output: Path | None) -> None:
    """Print the JSON Schema of a definition, with which an editor completes and checks one while you write.

    What changes other fields by dotted path is left to hpbench validate.
    """
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        require_writable(output.parent, "--output")
        output.write_text(f"{text}\n", encoding="utf-8")
        click.echo(f"wrote {output}")
