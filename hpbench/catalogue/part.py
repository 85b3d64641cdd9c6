"""What a part is: a parameter model, and the import path of the code behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Union, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from hpbench.catalogue.sources import module_file, source_files

OWN = "package.module:attribute"
"""What a part of one's own is called in a list of known names."""


class Parameters(BaseModel):
    """Base of every part's parameters: unknown names are errors, instances do not change.

    A subclass gives its part's name as ``name: Literal["..."]``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def name_of(parameters: type[BaseModel]) -> str:
    """The name a definition uses for the part with these parameters."""
    return str(get_args(parameters.model_fields["name"].annotation)[0])


class Register(Mapping[str, type[Parameters]]):
    """The parts of one kind, by name.

    Args:
        kind: What the parts are, for messages: ``"schedule"``.
        paths: Parameter model to ``"package.module:attribute"``.
        own: Parameter model and import path for parts of one's own, named by path; None where there are none. What
            the path leads to is called with a part's name and returns what ``load`` returns.
    """

    def __init__(
        self,
        kind: str,
        paths: Mapping[type[Parameters], str],
        own: tuple[type[Parameters], str] | None = None,
    ) -> None:
        self.kind = kind
        self.own = own[0] if own else None
        self._models = {name_of(model): model for model in paths}
        self._paths = {name_of(model): path for model, path in paths.items()}
        self._adapter = own[1] if own else ""

    def __getitem__(self, name: str) -> type[Parameters]:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def load(self, name: str) -> Any:
        """Import and return the code behind the part. This is where Keras may be imported.

        Raises:
            CodeNotAllowedError: For a part of one's own whose module is not allowed in this process.
        """
        if self._adapter and ":" in name:
            return attribute(self._adapter)(name)
        return attribute(self._paths[name])

    def sources(self, name: str) -> tuple[Path, ...]:
        """The files that hold the part's code, found without importing it."""
        if self._adapter and ":" in name:
            return (*source_files(name.partition(":")[0]), *_file_of(self._adapter))
        return _file_of(self._paths[name])

    @property
    def specification(self) -> Any:
        """A type for a definition's field: one of this kind's parts, told apart by ``name``."""
        models = list(self._models.values())
        if self.own is not None:
            tagged = [Annotated[model, Tag(name)] for name, model in self._models.items()]
            return Annotated[Union[(*tagged, Annotated[self.own, Tag(OWN)])], Discriminator(_tag)]
        if len(models) == 1:
            return models[0]
        return Annotated[reduce(or_, models), Field(discriminator="name")]


def _tag(value: Any) -> str | None:
    """Which member of a union a part is: by its name, or one's own if that is a path."""
    name = value.get("name") if isinstance(value, Mapping) else getattr(value, "name", None)
    if name is None:
        return None
    return OWN if ":" in str(name) else str(name)


def _file_of(path: str) -> tuple[Path, ...]:
    found = module_file(path.partition(":")[0])
    return (found,) if found else ()


def attribute(path: str) -> Any:
    """Import what a path, ``package.module:attribute``, leads to."""
    module, attribute = path.split(":")
    return getattr(import_module(module), attribute)
