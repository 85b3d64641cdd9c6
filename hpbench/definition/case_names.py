"""Names of the cases of a definition that may have faults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hpbench.definition.blame import applied
from hpbench.definition.cells import named_groups, study_cases, table_cases, table_groups
from hpbench.definition.changes import case_changes, with_changes
from hpbench.definition.faults import instead
from hpbench.definition.searching import WINNER

LARGEST_GRID = 10_000
"""Points that a study's grid may have."""


@dataclass(frozen=True)
class CaseNames:
    """The cases that a definition has.

    Attributes:
        own: Names of the document's own cases.
        groups: Name of every group of cases to its cases.
        changes: Name of every case, those of studies as ``study/case``, to what it changes.
        unsure: Beginnings of names of which it cannot be said whether they exist, because the block that would give
            them is faulty.
    """

    own: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    changes: Mapping[str, Mapping[str, Any]]
    unsure: tuple[str, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CaseNames:
        """Those of a definition's values, as far as they are what they should be."""
        cases, table = values.get("cases", {}), values.get("table")
        own = {**block(cases), **table_cases(table)}
        changes = dict(own)
        unsure = [] if isinstance(cases, dict) and (isinstance(table, dict) or own) else [""]
        for study, body in block(values.get("studies")).items():
            listed, grid = block(block(body).get("cases")), block(body).get("grid", {})
            changes |= study_cases(study, listed, {})
            if isinstance(block(body).get("search"), dict):
                changes[f"{study}/{WINNER}"] = {}
            if is_grid(grid) and grid_size(grid) <= LARGEST_GRID:
                changes |= study_cases(study, {}, grid)
            else:
                unsure.append(f"{study}/")
            if not isinstance(body, dict) or not isinstance(body.get("cases", {}), dict):
                unsure.append(f"{study}/")
        groups = table_groups(table) | named_groups(values.get("groups"), changes)
        return cls(tuple(own), groups, {name: block(change) for name, change in changes.items()}, tuple(unsure))

    def also(self, others: CaseNames) -> CaseNames:
        """With the names of others beside them; the cases to list stay."""
        return replace(
            self,
            groups={**self.groups, **others.groups},
            changes={**self.changes, **others.changes},
            unsure=self.unsure + others.unsure,
        )

    def unknown(self, name: str) -> str | None:
        """What is wrong with a name; None if there is such a case, or may be."""
        if name in self.changes or name in self.groups or name.startswith(self.unsure):
            return None
        return f"there is no case '{name}'; {instead(name, [*self.changes, *self.groups], self.own)}"

    def settings(self, name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values with a case's changes, as far as they can be made."""
        return applied(values, case_changes(self._of(name)))[0]

    def training(self, name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The block ``training`` of a case; empty if it cannot be said."""
        return training(values, self._of(name))

    def _of(self, name: str) -> Mapping[str, Any]:
        """What a case changes; of a group its first case."""
        first = next(iter(self.groups.get(name, ())), name)
        return self.changes.get(first, {})


def training(values: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The block ``training`` with a case's changes; empty if it cannot be said."""
    inside = {path: value for path, value in case_changes(changes).items() if path.split(".")[0] == "training"}
    try:
        return block(with_changes({"training": values.get("training")}, inside)["training"])
    except KeyError:
        return {}


def block(value: Any) -> dict[str, Any]:
    """The value if it is a block of fields, else an empty one."""
    return value if isinstance(value, dict) else {}


def is_grid(value: Any) -> bool:
    """Whether it maps axes to lists of plain values."""
    return isinstance(value, dict) and all(
        isinstance(levels, list) and all(isinstance(level, int | float | str) for level in levels)
        for levels in value.values()
    )


def grid_size(grid: Mapping[str, list[Any]]) -> int:
    """Number of a grid's points."""
    return math.prod(len(levels) for levels in grid.values())
