"""Which fields a definition may have at a place, read off its schema."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from hpbench.catalogue.own import Own
from hpbench.catalogue.part import OWN, name_of
from hpbench.definition.faults import Location, instead


def follow(root: type[BaseModel], location: Location) -> tuple[Location, Any]:
    """A location of pydantic's as a person writes it, and the type expected there; None where any value may stand.

    Pydantic puts into a location which member of a union a value was taken for; a person does not write that.
    """
    written: list[str | int] = []
    kind: Any = root
    for item in location:
        if is_union(kind):
            kind = next((member for member in members(kind) if _is_label(str(item), member)), None)
        else:
            written.append(item)
            kind = plain(_inside(kind, item))
    return tuple(written), kind


def unknown_setting(root: type[BaseModel], values: Any, path: str) -> str | None:
    """The name in a dotted path that no field has, with what could have been meant; None if there is none.

    Args:
        root: The block that the path starts from.
        values: What the definition has there; parts are known by their names in it.
        path: A dotted path.
    """
    kind: Any = root
    for name in path.split("."):
        if is_union(kind):
            label = _label(values)
            kind = next((member for member in members(kind) if is_block(member) and _is_label(label, member)), None)
        if not is_block(kind) or issubclass(kind, Own):
            return None
        if name not in names(kind):
            return f"'{name}'; {instead(name, names(kind))}"
        kind = plain(_inside(kind, name))
        values = values.get(name) if isinstance(values, dict) else None
    return None


def names(kind: Any) -> list[str]:
    """Names of the fields of a block, as written; empty where that is not a fixed set."""
    if not is_block(kind):
        return []
    return [info.alias or name for name, info in kind.model_fields.items()]


def part_name(kind: Any) -> str | None:
    """The name in the catalogue, if the block is a part's."""
    if not is_block(kind) or "name" not in kind.model_fields or issubclass(kind, Own):
        return None
    return name_of(kind)


def is_block(kind: Any) -> bool:
    """Whether the type is that of a block of fields."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def is_union(kind: Any) -> bool:
    """Whether one of several types is expected."""
    return get_origin(kind) in (Union, UnionType)


def members(kind: Any) -> list[Any]:
    """The types of a union."""
    return [plain(member) for member in get_args(kind)]


def plain(kind: Any) -> Any:
    """A type without annotations, and without None beside a single other."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if is_union(kind):
        others = [member for member in get_args(kind) if member is not type(None)]
        return plain(others[0]) if len(others) == 1 else kind
    return kind


def _inside(kind: Any, item: str | int) -> Any:
    """The type of what a block, a mapping or a list has at ``item``."""
    arguments = get_args(kind)
    if is_block(kind):
        return next((info.annotation for name, info in kind.model_fields.items() if item in (name, info.alias)), None)
    if get_origin(kind) is dict:
        return arguments[1]
    if get_origin(kind) is tuple:
        return arguments[item] if isinstance(item, int) and ... not in arguments else arguments[0]
    return None


def _label(values: Any) -> str:
    """What pydantic calls the part that has these values."""
    name = values.get("name") if isinstance(values, dict) else None
    return OWN if ":" in str(name) else str(name)


def _is_label(item: str, member: Any) -> bool:
    """Whether pydantic calls this member of a union so: a part by its name, another type by its own."""
    if is_block(member):
        return item == (OWN if issubclass(member, Own) else name_of(member))
    origin = get_origin(member)
    kind = "literal" if origin is Literal else getattr(origin or member, "__name__", "")
    return item.partition("[")[0] == kind
