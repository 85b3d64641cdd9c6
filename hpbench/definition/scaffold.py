"""New definitions: the values of one to start from, and the commented file of any values."""

from __future__ import annotations

import io
import json
import re
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.claims import CLAIMS
from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.part import OWN, Parameters, Register
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.takes import TAKES
from hpbench.definition.changes import with_changes
from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import bundled, read
from hpbench.definition.table import read_table
from hpbench.definition.table_values import claim_to_try, definition_values
from hpbench.definition.yaml_tree import YamlTree
from hpbench.errors import UserError
from hpbench.records.metrics import METRICS

WIDTH = 116
"""Longest line of what is written, where words can be broken."""

_HEAD = ("schema", "id", "version", "title", "question", "source")
_BLOCKS = ("dataset", "model", "training", "cases", "open", "reported", "claims", "figures", "profiles")
EXAMPLE = "Numbers and sentences marked EXAMPLE are made up: put those of your document in their place."
_COMMON = ("name", "scale", "metric", "take")
"""Fields that every part of a kind has: the template speaks of them."""
_LISTS: dict[str, Register] = {
    "datasets": DATASETS,
    "models": MODELS,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "callbacks": CALLBACKS,
    "tests": CLAIMS,
    "takes": TAKES,
}


class ScaffoldError(UserError):
    """A new definition that cannot be written as asked."""


def checked_name(name: str) -> str:
    """The name, if a new benchmark may have it as its id.

    Raises:
        ScaffoldError: If it may not, with one that it may have.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        proposal = "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:60].strip("-") or "my-benchmark"
        raise ScaffoldError(
            f"'{name}' cannot be a benchmark's id, which is small letters and digits joined by dashes: try '{proposal}'"
        )
    if len(name) > 60:
        raise ScaffoldError(f"'{name}' has {len(name)} characters; a benchmark's id has at most 60")
    if name in bundled():
        raise ScaffoldError(f"'{name}' is the id of a bundled benchmark: try 'my-{name}'")
    return name


def definition_name(name: str) -> str:
    """The file of a new benchmark's definition: its id with underscores."""
    return f"{name.replace('-', '_')}.yaml"


def parts_module(name: str) -> str:
    """The module of a new benchmark's own parts.

    Raises:
        ScaffoldError: If Python could not import a module of that name.
    """
    module = f"{name.replace('-', '_')}_parts"
    if not module.isidentifier():
        raise ScaffoldError(f"'{name}' begins with a digit, so Python could not import {module}: begin with a letter")
    return module


def run_command(name: str, *, code: bool) -> str:
    """The command that runs a new benchmark from the folder it is in."""
    allowed = f" --allow-code {parts_module(name)}" if code else ""
    return f"hpbench run {definition_name(name)}{allowed}"


def starter(name: str) -> dict[str, str]:
    """Files by name: a definition to start from, LeNet-5 on small digits."""
    return {definition_name(name): _definition(_blank(checked_name(name)), EXAMPLE, run_command(name, code=False))}


def starter_with_code(name: str) -> dict[str, str]:
    """Files by name: a definition to start from, and the parts of one's own that it names."""
    module = parts_module(checked_name(name))
    values = with_changes(
        _blank(name),
        {
            "dataset": {"name": f"{module}:gratings", "images": 1000, "noise": 1.0, "seed": 1},
            "model": {"name": f"{module}:small_net", "filters": 8},
            "training.schedule": {"name": f"{module}:WarmUp", "iterations": 20},
            "training.callbacks": [{"name": f"{module}:LargestWeight"}],
        },
    )
    figure = {"id": "largest-weight", "title": "Largest weight of all cases", "metric": "largest_weight"}
    values["figures"] = [*values["figures"], values["figures"][0] | figure]
    return {
        definition_name(name): _definition(values, EXAMPLE, run_command(name, code=True)),
        f"{module}.py": _template("parts.py").substitute(name=name, module=module),
    }


def from_table(name: str, table: Path) -> dict[str, str]:
    """Files by name: a definition of the cases and reported numbers of a table.

    Raises:
        DefinitionError: With every fault of the table.
    """
    blank = _blank(checked_name(name))
    rows = read_table(table, blank)
    values = definition_values(rows, blank, table.name)
    origin = (
        f"Cases and reported numbers are those of {table.name}. The rest is filled in: put what your document says."
    )
    return {definition_name(name): _definition(values, origin, run_command(name, code=False), claim_to_try(rows))}


def write(files: Mapping[str, str], folder: Path, *, force: bool = False) -> list[Path]:
    """Write files by name, all or, if one is in the way, none; definitions are checked before.

    Raises:
        ScaffoldError: If one exists and ``force`` is not set, or the folder cannot be written.
        DefinitionError: If a definition is faulty.
    """
    paths = {folder / name: text for name, text in files.items()}
    existing = [str(path) for path in paths if path.exists()]
    if existing and not force:
        raise ScaffoldError(f"{', '.join(existing)} exists; take another name or folder, or --force to write over it")
    for path, text in paths.items():
        if path.suffix == ".yaml":
            check(text, str(path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ScaffoldError(f"{folder} cannot be written ({error.strerror}); take another folder") from None
    return list(paths)


def check(text: str, file: str) -> None:
    """Check a definition that is not written yet, as ``hpbench validate`` would.

    Raises:
        DefinitionError: With every fault found, as of the file ``file``.
    """
    with tempfile.TemporaryDirectory(prefix="hpbench-") as folder:
        path = Path(folder) / "definition.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            read(path)
        except DefinitionError as error:
            raise DefinitionError([replace(fault, file=file) for fault in error.faults]) from None


def _blank(name: str) -> dict[str, Any]:
    """Values to start from."""
    path = _templates() / "starter.yaml"
    values = YamlTree(path.read_text(encoding="utf-8"), path.name).values
    return values | {"id": name, "title": name.replace("-", " ").capitalize()}


def _definition(
    values: Mapping[str, Any], origin: str, run: str, example_claim: Mapping[str, Any] | None = None
) -> str:
    """A definition's text with comments on what each block is and which parts there are.

    Args:
        values: Of the definition's fields.
        origin: Where they come from, in one sentence.
        run: The command that runs it.
        example_claim: A claim to be written as a comment; none where ``values`` has claims.
    """
    slots = {name: _comment(_parts(register)) for name, register in _LISTS.items()}
    slots |= {block: _yaml({block: values[block]}) for block in _BLOCKS}
    if example_claim is not None:
        example = _yaml({"claims": [example_claim]})
        slots["claims"] += "\n# For example:\n#\n" + textwrap.indent(example, "# ")
    return _template("definition.yaml").substitute(
        slots,
        head=_yaml({name: values[name] for name in _HEAD}),
        title=values["title"],
        file=definition_name(values["id"]),
        origin="\n# ".join(textwrap.wrap(origin, WIDTH)),
        run=run,
        metrics=_comment(_metrics()),
    )


def _templates() -> Path:
    return Path(__file__).parent / "templates"


def _template(name: str) -> Template:
    return Template((_templates() / f"{name}.template").read_text(encoding="utf-8"))


def _comment(entries: Iterable[str]) -> str:
    """Comment lines, one entry under the other."""
    return "\n".join(
        textwrap.fill(entry, WIDTH, initial_indent="#   ", subsequent_indent="#       ", break_on_hyphens=False)
        for entry in entries
    )


def _parts(register: Register) -> Iterator[str]:
    """Name, fields and meaning of every part of a kind."""
    for name, parameters in register.items():
        yield f"{name}{_fields(parameters)}: {_meaning(parameters)}"
    if register.own is not None:
        yield f"{OWN}: {_meaning(register.own)}"


def _meaning(parameters: type[Parameters]) -> str:
    """The first paragraph of the docstring."""
    return " ".join((parameters.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")


def _metrics() -> Iterator[str]:
    """Names of the metrics, by unit."""
    for unit in dict.fromkeys(metric.unit for metric in METRICS.values()):
        yield f"{unit}: " + ", ".join(name for name, metric in METRICS.items() if metric.unit == unit)


def _fields(parameters: type[Parameters]) -> str:
    """The part's own fields in brackets, with the values they have if not given."""
    named = [
        name if field.is_required() or field.default is None else f"{name}={json.dumps(field.default)}"
        for name, field in parameters.model_fields.items()
        if name not in _COMMON
    ]
    return f" ({', '.join(named)})" if named else ""


def _yaml(values: Mapping[str, Any]) -> str:
    """YAML of a block; what has a ``name``, or no mapping in it, stands on one line."""
    writer = YAML()
    writer.width = 200
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump({name: _styled(value) for name, value in values.items()}, stream)
    return stream.getvalue().rstrip()


def _styled(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner: Any = CommentedMap({name: _styled(item) for name, item in value.items()})
        items: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple):
        inner = CommentedSeq([_styled(item) for item in value])
        items = value
    else:
        return value
    if not any(isinstance(item, Mapping) for item in items) or "name" in value:
        inner.fa.set_flow_style()
    return inner
