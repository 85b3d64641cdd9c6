"""A definition's values before they are checked: what is sound in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hpbench.definition.case_names import block
from hpbench.definition.faults import Location

Values = Mapping[str, Any]


def tests(values: Values) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Place and fields of every claim's test."""
    for index, claim in numbered(values.get("claims")):
        yield ("claims", index, "test"), block(block(claim).get("test"))


def numbered(value: Any) -> Iterator[tuple[int, Any]]:
    """Items of a list, each with its place; none of anything else."""
    return enumerate(value if isinstance(value, list) else ())


def texts(value: Any) -> Iterator[tuple[int, str]]:
    """The texts among them."""
    return ((index, item) for index, item in numbered(value) if isinstance(item, str))
