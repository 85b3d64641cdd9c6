"""``hpbench data``: list, describe and prepare data sets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import TypeAdapter, ValidationError

from hpbench.catalogue.datasets import DATASETS, FromTfds
from hpbench.catalogue.own import allow
from hpbench.catalogue.part import Parameters
from hpbench.cli.data_heads import counts_by_head, not_as_published, reading
from hpbench.cli.options import allow_code_option, data_option, parse_change
from hpbench.definition.messages import describe
from hpbench.definition.schema import DatasetSpec
from hpbench.errors import UserError
from hpbench.parts.datasets.folders import size_on_disk, tfds_folders

if TYPE_CHECKING:
    from hpbench.parts.datasets.prepared import PreparedData

_Command = Callable[..., Any]


class DataSetError(UserError):
    """A data set of the command line that the catalogue does not have, or not with such parameters."""


def _data_set(function: _Command) -> _Command:
    """A data set by its name and parameters."""
    function = click.option(
        "--set", "changes", multiple=True, metavar="KEY=VALUE", help="A parameter of the data set; the value is YAML."
    )(allow_code_option(data_option(function)))
    return click.argument("name")(function)


@click.group(epilog="Example: hpbench data prepare mnist")
def command() -> None:
    """Data sets: list them, describe one, prepare one before it is used.

    A run prepares what it needs by itself but never downloads: for that there is 'hpbench data prepare'.
    """


@command.command("list", epilog="Example: hpbench data list")
@data_option
def list_(data_folder: Path) -> None:
    """List the data sets: name, what is prepared with which parameters, size on disk, what it is."""
    from hpbench.parts.datasets.prepared import prepared_sets

    data_folder = data_folder.resolve()
    prepared = prepared_sets(data_folder)
    own = {str(item.parameters["name"]) for item in prepared} - set(DATASETS)
    click.echo(f"prepared data sets are kept in {data_folder}")
    for name in [*DATASETS, *sorted(own)]:
        model = DATASETS.get(name)
        click.echo(f"{name}: {_first_line(model) if model else 'code of your own'}")
        for line in _states(model, [item for item in prepared if item.parameters["name"] == name]):
            click.echo(f"  {line}")
    click.echo("sets of TensorFlow Datasets on this machine:")
    sets = [f"{item.set} {item.version}, {_size(item.path)}, {item.path}" for item in tfds_folders(data_folder)]
    for line in sets or ["none"]:
        click.echo(f"  {line}")


@command.command(epilog="Example: hpbench data info digits --set size=32")
@_data_set
def info(name: str, changes: tuple[str, ...], data_folder: Path, allow_code: tuple[str, ...]) -> None:
    """Describe a data set: source, images, classes, fingerprint. It is prepared if need be, never downloaded."""
    import numpy as np

    from hpbench.parts.datasets.prepared import prepare_dataset

    allow(allow_code)
    parameters = _parameters(name, changes)
    data = prepare_dataset(parameters.model_dump(), data_folder.resolve())
    click.echo(f"title        {data.title}")
    click.echo(f"source       {data.source}")
    click.echo(f"images       {'generated' if data.generated else 'real'}, {_shape(data)}")
    arrays = data.load()
    for split, (_, labels) in arrays.items():
        by_class = "" if data.heads else " ".join(map(str, np.bincount(labels, minlength=data.classes)))
        click.echo(f"{split:12} {len(labels):,} images{f'; by class {by_class}' if by_class else ''}")
    if data.heads:
        labels = np.concatenate([labels for _, labels in arrays.values()])
        for line in (*counts_by_head(labels, data.heads), *not_as_published(parameters, labels)):
            click.echo(line)
    click.echo(f"fingerprint  {data.fingerprint}")
    click.echo(f"folder       {data.folder}, {_size(data.folder)}")


@command.command(epilog="Example: hpbench data prepare mnist, or: hpbench data prepare office31 --from FOLDER")
@click.option(
    "--from",
    "origin",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The folder of a set that is read from its published files (office31).",
)
@_data_set
def prepare(
    name: str, changes: tuple[str, ...], data_folder: Path, allow_code: tuple[str, ...], origin: Path | None
) -> None:
    """Prepare a data set for use. Sets of TensorFlow Datasets are downloaded if they are not on this machine."""
    from hpbench.parts.datasets.prepared import prepare_dataset
    from hpbench.parts.datasets.tfds import fetch

    allow(allow_code)
    parameters, data_folder = _parameters(name, changes), data_folder.resolve()
    if isinstance(parameters, FromTfds):
        fetch(parameters.model_dump(), data_folder)
    reader = str(getattr(parameters, "from_folder", ""))
    if origin is not None and not reader:
        known = ", ".join(name for name, model in DATASETS.items() if getattr(model, "from_folder", ""))
        raise DataSetError(f"--from is for sets that are read from their published files: {known}")
    with reading(reader, origin) as source:
        data = prepare_dataset(parameters.model_dump(), data_folder, source)
    counts = ", ".join(f"{count:,} {split}" for split, count in data.counts.items())
    click.echo(f"{data.title}: {counts}; {_shape(data)}")
    click.echo(f"fingerprint {data.fingerprint}")
    click.echo(f"in {data.folder}, {_size(data.folder)}")


def _parameters(name: str, changes: tuple[str, ...]) -> Parameters:
    """The catalogue's parameters of a data set.

    Raises:
        DataSetError: If there is no such set, or it has no such parameters.
    """
    given = {"name": name, **dict(parse_change(text, "size=32") for text in changes)}
    known: TypeAdapter[dict[str, Parameters]] = TypeAdapter(dict[str, DatasetSpec])
    try:
        return known.validate_python({"dataset": given})["dataset"]
    except ValidationError as error:
        hint = "'hpbench data list' names the data sets and what they need"
        raise DataSetError("\n".join([*(message for _, message in describe(error)), hint])) from error


def _states(model: type[Parameters] | None, prepared: list[PreparedData]) -> Iterator[str]:
    """One line for each prepared copy, or what is to be done for one."""
    for data in prepared:
        parameters = {key: value for key, value in data.parameters.items() if key != "name" and value is not None}
        words = " ".join(f"{key}={value}" for key, value in parameters.items())
        yield ", ".join(filter(None, ("prepared", words, _size(data.folder))))
    if model is not None and not prepared and getattr(model, "from_folder", None):
        yield "not prepared; needs --from FOLDER"
    elif model is not None and not prepared:
        needed = [key for key, field in model.model_fields.items() if field.is_required() and key != "name"]
        yield "not prepared" + (f"; needs {' '.join(f'{key}=...' for key in needed)}" if needed else "")


def _first_line(model: type[Parameters]) -> str:
    return (inspect.getdoc(model) or "").partition("\n")[0].replace("``", "").rstrip(".")


def _shape(data: PreparedData) -> str:
    heads = " and ".join(f"{len(names)} {head}" for head, names in data.heads.items())
    return f"{' x '.join(map(str, data.image_shape))} of {data.dtype}, {heads or data.classes} classes"


def _size(folder: Path) -> str:
    return f"{size_on_disk(folder) / 1e6:.1f} MB"
