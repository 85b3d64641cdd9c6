"""Pydantic's errors in words for a person, with the location in the file."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from hpbench.definition.schema import Definition

Location = tuple[str | int, ...]


def describe(error: ValidationError) -> list[tuple[Location, str]]:
    """Location and message of every error."""
    return [(tuple(item["loc"]), _message(dict(item))) for item in error.errors(include_url=False)]


def _message(item: dict[str, Any]) -> str:
    location = [str(part) for part in item["loc"]]
    field = ".".join(location)
    match item["type"]:
        case "extra_forbidden":
            return f"unknown field '{field}'{_nearest(location)}"
        case "missing":
            return f"'{field}' is missing"
        case "union_tag_invalid":
            found, known = item["ctx"]["tag"], item["ctx"]["expected_tags"]
            return f"'{field}' has no member named '{found}'; there are: {known.replace(chr(39), '')}"
        case "union_tag_not_found":
            return f"'{field}' needs a 'name' that says which one it is"
        case _:
            found = f", found {item['input']!r:.60}" if not isinstance(item["input"], dict | list) else ""
            return f"'{field}': {item['msg'][:1].lower()}{item['msg'][1:]}{found}"


def _nearest(location: list[str]) -> str:
    known = _fields(location[:-1])
    close = difflib.get_close_matches(location[-1], known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known here: {', '.join(known)}" if known else ""


def _fields(parents: list[str]) -> list[str]:
    """Names of the fields that the block at ``parents`` may have; empty where that is not a fixed set."""
    models: list[type[BaseModel]] = [Definition]
    for parent in parents:
        models = [inner for model in models for inner in _below(model, parent)] or models
    return [info.alias or name for model in models[:1] for name, info in model.model_fields.items()]


def _below(model: type[BaseModel], field: str) -> list[type[BaseModel]]:
    info = model.model_fields.get(field)
    if info is None:
        tag = model.model_fields.get("name")
        return [model] if tag is not None and field in str(tag.annotation) else []
    return _models(info.annotation)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models(argument)]
