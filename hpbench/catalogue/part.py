"""What a part is: a parameter model, and the import path of the code behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from importlib import import_module, util
from operator import or_
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field


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
    """

    def __init__(self, kind: str, paths: Mapping[type[Parameters], str]) -> None:
        self.kind = kind
        self._models = {name_of(model): model for model in paths}
        self._paths = {name_of(model): path for model, path in paths.items()}

    def __getitem__(self, name: str) -> type[Parameters]:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def load(self, name: str) -> Any:
        """Import and return the code behind the part. This is where Keras may be imported."""
        module, attribute = self._paths[name].split(":")
        return getattr(import_module(module), attribute)

    def source(self, name: str) -> Path:
        """The file that holds the part's code, found without importing it."""
        module = self._paths[name].split(":")[0]
        parent, _, leaf = module.rpartition(".")
        found = util.find_spec(parent)
        folder = Path(next(iter(found.submodule_search_locations or []))) if found else Path()
        return folder / f"{leaf}.py"

    @property
    def specification(self) -> Any:
        """A type for a definition's field: one of this kind's parts, told apart by ``name``."""
        models = list(self._models.values())
        if len(models) == 1:
            return models[0]
        return Annotated[reduce(or_, models), Field(discriminator="name")]
