"""Applying changes to a definition that may have faults, and saying which of them is to blame for what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpbench.definition.changes import with_changes
from hpbench.definition.faults import Location


def applied(values: Mapping[str, Any], changes: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The values with those changes that can be made, and why the others cannot, by path."""
    refused: dict[str, str] = {}
    for path, value in changes.items():
        try:
            values = with_changes(values, {path: value})
        except KeyError as error:
            refused[path] = str(error.args[0])
    return values, refused


def target(values: Any, path: str) -> Location:
    """The location that a dotted path changes; an item of a list is found by its ``id``."""
    location: list[str | int] = []
    for name in path.split("."):
        key: str | int = name
        if isinstance(values, list):
            ids = [item.get("id") if isinstance(item, dict) else None for item in values]
            key = ids.index(name) if name in ids else name
        location.append(key)
        values = at(values, (key,))
    return tuple(location)


def at(values: Any, location: Location) -> Any:
    """What stands at a location; None if there is nothing."""
    for key in location:
        if isinstance(values, dict):
            values = values.get(key)
        elif isinstance(values, list) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return None
    return values


def blamed(fault: Location, block: Location, targets: Mapping[str, Location]) -> Location:
    """Where a block of changes is to blame for a fault.

    Args:
        fault: Where the fault is in what comes out.
        block: Where the block is.
        targets: Each path of the block, as written, with the location that it changes.
    """
    path = max(targets, key=lambda one: _shared(targets[one], fault), default=None)
    if path is None or (len(targets) > 1 and not _shared(targets[path], fault)):
        return block
    reached = targets[path]
    return (*block, path, *(fault[len(reached) :] if fault[: len(reached)] == reached else ()))


def _shared(one: Location, other: Location) -> int:
    """How many steps two locations go together."""
    together = 0
    for here, there in zip(one, other, strict=False):
        if here != there:
            break
        together += 1
    return together
