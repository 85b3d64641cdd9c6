"""Options that several verbs share, and how known errors end a command."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hpbench.definition.load import bundled, find, read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.yaml_tree import YamlTree

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


def output_option(function: _Command) -> _Command:
    """Where reports go."""
    return click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("reports"),
        show_default=True,
        help="Folder of the reports.",
    )(function)


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
        **others: Any,
    ) -> Any:
        selection = Selection(profile, dict(_change(text) for text in changes), seeds, cases, readings)
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
            "--reading", "readings", multiple=True, help="Only this reading, such as 'sgd=plain' (may be repeated)."
        ),
    )
    decorated: Callable[..., Any] = with_selection
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def default_data_folder() -> Path:
    """The user's cache folder for prepared data sets."""
    from platformdirs import user_cache_path

    return user_cache_path("hpbench", appauthor=False) / "data"


def _change(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"'{text}' is not KEY=VALUE, such as training.iterations=200", param_hint="--set")
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
