"""Changing fields of a definition by dotted path: profiles, answers, cases and ``--set``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


def with_changes(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of ``tree`` with each dotted path set to its value.

    A list is entered by the ``id`` of its item (``claims.my-claim.test.metric``).

    Raises:
        KeyError: If a path runs through something that is not there; its argument says which.
    """
    result = copy.deepcopy(dict(tree))
    for path, value in changes.items():
        *parents, leaf = path.split(".")
        node: Any = result
        for parent in parents:
            node = _child(node, parent, path)
        if not isinstance(node, dict):
            raise KeyError(f"{path}: there is no field '{leaf}' to set here")
        node[leaf] = copy.deepcopy(value)
    return result


def _child(node: Any, name: str, path: str) -> Any:
    """The node of that name below ``node``; one that a default stands for is made, for validation to judge."""
    if isinstance(node, dict):
        return node.setdefault(name, {})
    if isinstance(node, list):
        for item in node:
            if isinstance(item, dict) and item.get("id") == name:
                return item
    raise KeyError(f"{path}: there is no '{name}'")


def case_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """A case's changes as dotted paths: a bare name is a field of ``training``, or a whole block."""
    blocks = ("dataset", "model", "training", "compute")
    return {path if "." in path or path in blocks else f"training.{path}": value for path, value in changes.items()}
