"""All that is wrong with a definition: as it stands, and under its answers, profiles and cases.

A change is to blame for what is wrong after it and was not before. Everything works on plain values, so that one
fault does not hide another, and reports each once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from hpbench.definition.blame import applied, blamed, target
from hpbench.definition.case_names import CaseNames, block
from hpbench.definition.combinations import combined_faults, rate_set_twice
from hpbench.definition.faults import Fault, Found, Location, instead
from hpbench.definition.messages import describe
from hpbench.definition.references import grids_read, references, takes
from hpbench.definition.schema import Definition
from hpbench.definition.yaml_tree import YamlTree

Values = Mapping[str, Any]

_Check = Callable[[Values, CaseNames], Iterator[Found]]

_MEMBERS = {
    "cases": "case",
    "groups": "group",
    "studies": "study",
    "open": "open point",
    "reported": "reported metric",
    "claims": "claim",
    "figures": "figure",
}
"""Fields whose members have names of the definition's own, with the word for one."""


def definition_faults(tree: YamlTree) -> list[Fault]:
    """Every fault of a definition's values, each at its place."""
    values = tree.values
    found = [*_faults_of_protocol(values, CaseNames.of(values)), *grids_read(values)]
    before = tuple(found)
    for point, body in block(values.get("open")).items():
        for answer, changes in block(block(body).get("answers")).items():
            found += _block(values, ("open", point, "answers", answer), changes, before, _faults_of_protocol)
    for profile, changes in block(values.get("profiles")).items():
        found += _block(values, ("profiles", profile), changes, before, _faults)
    found += combined_faults(values)
    return [tree.fault(location, message) for location, message in found]


def _faults(values: Values, names: CaseNames) -> Iterator[Found]:
    try:
        Definition.model_validate(values)
    except ValidationError as error:
        yield from describe(error)
    yield from rate_set_twice(values)
    yield from references(values, names)


def _faults_of_protocol(values: Values, names: CaseNames) -> Iterator[Found]:
    """Those of what the document did; a profile may train too short for its claims."""
    yield from _faults(values, names)
    yield from takes(values, names)


def _block(values: Values, place: Location, changes: Any, before: Iterable[Found], check: _Check) -> Iterator[Found]:
    """What goes wrong by the changes of an answer or a profile.

    Args:
        values: Of the definition.
        place: Of the block of changes.
        changes: Dotted path to new value.
        before: What is wrong without them.
        check: What looks for faults.
    """
    if not block(changes):
        return
    members = {path: _no_member(values, path) for path in block(changes)}
    yield from (((*place, path), message) for path, message in members.items() if message)
    changed, refused = applied(values, {path: value for path, value in block(changes).items() if not members[path]})
    targets = {path: target(values, path) for path in members}
    before = set(before)
    for path, message in refused.items():
        if not any(location and targets[path][: len(location)] == location for location, _ in before):
            yield (*place, path), message
    for location, message in check(changed, CaseNames.of(values).also(CaseNames.of(changed))):
        if (location, message) not in before:
            yield blamed(location, place, targets), message


def _no_member(values: Values, path: str) -> str | None:
    """What is wrong with a path into a member, such as a claim, that the definition does not have."""
    first, *inside = path.split(".")
    members = values.get(first, {})
    if first not in _MEMBERS or not isinstance(members, dict | list) or len(inside) < 1 + isinstance(members, dict):
        return None
    known = list(members) if isinstance(members, dict) else [str(block(member).get("id")) for member in members]
    return None if inside[0] in known else f"there is no {_MEMBERS[first]} '{inside[0]}'; {instead(inside[0], known)}"
