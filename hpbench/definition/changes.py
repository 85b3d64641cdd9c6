"""Changing fields of a definition by dotted path: profiles, answers, cases and ``--set``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_changes(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``tree`` with each dotted path set to its value; what lies on the way is copied, the rest is shared.

    A list is entered by the ``id`` of its item (``claims.my-claim.test.metric``). A block that is missing, because a
    default stands for it, is made; whether it may be there is for validation to say. A name that itself has a dot
    cannot be reached so: its block is given whole.

    Raises:
        KeyError: If a path runs through something that is not there; its argument says which.
    """
    result = dict(tree)
    for path, value in changes.items():
        result = _set(result, path.split("."), value, path)
    return result


def _set(node: Any, names: list[str], value: Any, path: str) -> Any:
    if not names:
        return value
    name, *rest = names
    if isinstance(node, dict):
        return {**node, name: _set(node.get(name, {}), rest, value, path)}
    if isinstance(node, list):
        for index, item in enumerate(node):
            if isinstance(item, dict) and item.get("id") == name:
                return [*node[:index], _set(item, rest, value, path), *node[index + 1 :]]
    raise KeyError(f"{path}: there is no '{name}' to change")


def case_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """A case's changes as dotted paths: a bare name is a field of ``training``, or a whole block."""
    blocks = ("dataset", "model", "training", "compute")
    return {path if "." in path or path in blocks else f"training.{path}": value for path, value in changes.items()}


def with_seeds(tree: Mapping[str, Any], seeds: int, timed_seeds: int) -> dict[str, Any]:
    """A definition's values with that many seeds everywhere, timed ones as before but no more.

    Args:
        tree: The values.
        seeds: Number of seeds.
        timed_seeds: Number of timed ones where the values have none.
    """
    studies = {name: {**body, "seeds": seeds} for name, body in tree.get("studies", {}).items()}
    timed = min(seeds, tree.get("timed_seeds", timed_seeds))
    return {**tree, "seeds": seeds, "reading_seeds": seeds, "timed_seeds": timed, "studies": studies}
