"""Options that several verbs share."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hpbench.definition.load import bundled, find, read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.yaml_tree import YamlTree
from hpbench.errors import UserError
from hpbench.parts.datasets.folders import default_data_folder
from hpbench.report.formats import DEFAULT_FORMATS, FORMATS

_Command = TypeVar("_Command", bound=Callable[..., Any])


def benchmarks_argument(function: _Command) -> _Command:
    """Benchmark ids or definition files; none for all bundled ones."""
    return click.argument("benchmarks", nargs=-1)(function)


def results_option(function: _Command) -> _Command:
    """The results file."""
    return click.option(
        "--results",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("results/hpbench.sqlite"),
        show_default=True,
        help="Results file (SQLite).",
    )(function)


def data_option(function: _Command) -> _Command:
    """The data folder, handed to the verb as ``data_folder``."""
    return click.option(
        "--data",
        "data_folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_data_folder,
        help="Folder of prepared data sets; the user's cache folder if not given.",
    )(function)


def output_option(function: _Command) -> _Command:
    """Where reports go."""
    return click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("reports"),
        show_default=True,
        help="Folder of the reports.",
    )(function)


def formats_option(function: _Command) -> _Command:
    """What reports are written in, handed to the verb as ``formats``."""
    readers = ", ".join(f"{name} for {known.reader}" for name, known in FORMATS.items())
    return click.option(
        "--format",
        "formats",
        type=click.Choice(list(FORMATS)),
        multiple=True,
        default=DEFAULT_FORMATS,
        show_default=True,
        help=f"What to write (may be repeated): {readers}.",
    )(function)


def allow_code_option(function: _Command) -> _Command:
    """Which code of one's own a definition may name."""
    return click.option(
        "--allow-code",
        multiple=True,
        metavar="MODULE",
        help="Let definitions run code of this module or package (may be repeated).",
    )(function)


def require_writable(folder: Path, option: str) -> None:
    """Make a folder, or say that it cannot be written before anything is run.

    Raises:
        UserError: If it cannot be made, or not written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror}); name another with {option}") from None


def selection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What of a benchmark to run, handed to the verb as one ``selection``."""

    @functools.wraps(function)
    def with_selection(
        *arguments: Any,
        profile: str,
        changes: tuple[str, ...],
        seeds: int | None,
        cases: tuple[str, ...],
        readings: tuple[str, ...],
        claims: tuple[str, ...],
        gated: bool,
        **others: Any,
    ) -> Any:
        change = dict(parse_change(text) for text in changes)
        selection = Selection(profile, change, seeds, cases, readings, claims, gated)
        return function(*arguments, selection=selection, **others)

    options = (
        click.option(
            "--profile", default="quick", show_default=True, help="How much to run: smoke, quick, standard or full."
        ),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change a field by its dotted path; the value is YAML.",
        ),
        click.option("--seeds", type=click.IntRange(min=1), help="Number of seeds, instead of the profile's."),
        click.option("--case", "cases", multiple=True, help="Only this case (may be repeated)."),
        click.option(
            "--claim",
            "claims",
            multiple=True,
            help="Only the trials that this claim needs (may be repeated); those of --case come on top.",
        ),
        click.option(
            "--gated",
            is_flag=True,
            help="Only the cases that the definition gates, under the default reading; --case and --claim add theirs.",
        ),
        click.option(
            "--reading", "readings", multiple=True, help="Only this reading, such as 'sgd=plain' (may be repeated)."
        ),
    )
    decorated: Callable[..., Any] = with_selection
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def parse_change(text: str, example: str = "training.iterations=200") -> tuple[str, Any]:
    """Key and value of ``KEY=VALUE``; the value is YAML."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"'{text}' is not KEY=VALUE, such as {example}", param_hint="--set")
    tree = YamlTree(f"value: {value}", "--set")
    return key.strip(), tree.values["value"]


def load_all(names: tuple[str, ...]) -> list[YamlTree]:
    """The named definitions, all bundled ones if none is named.

    Raises:
        UserError: If one is faulty or unknown.
    """
    return [read(find(name)) for name in names or bundled()]


def resolve_all(names: tuple[str, ...], selection: Selection) -> list[Resolved]:
    """The named definitions with the selection applied, and checked to have a plan.

    Raises:
        UserError: If one is faulty or unknown, or does not have what is asked for.
    """
    resolved = [Resolved(tree, selection) for tree in load_all(names)]
    for item in resolved:
        item.planned_cases()
    return resolved
