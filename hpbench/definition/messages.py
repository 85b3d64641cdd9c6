"""Pydantic's errors in words for a person, with the location in the file."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hpbench.catalogue.datasets import TFDS_PATTERN
from hpbench.catalogue.own import PATTERN as OWN_PATTERN
from hpbench.catalogue.part import OWN
from hpbench.definition import fields
from hpbench.definition.faults import Found, Location, instead, nearest
from hpbench.definition.schema import Definition, Settings

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "string": "text (put it in quotation marks)",
    "str": "text",
    "bool": "true or false",
    "tuple": "a list, such as [a, b]",
    "dict": "a block of fields, such as {name: value}",
    "model": "a block of fields, such as {name: value}",
}
"""First word of an error's type, or a type's name, to what should stand there."""
_MISSING = " is missing"
_LIMITS = {
    "greater_than": "greater than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "string_too_long": "at most {max_length} characters long",
}
_MOVED = {"compute.time_limit": "limits.seconds"}
"""Fields of earlier versions, and where they are now."""
_PATTERNS = {
    OWN_PATTERN: "code of your own is named package.module:attribute, such as my_models:small_net",
    TFDS_PATTERN: "a set of TensorFlow Datasets is named NAME[/configuration][:version], such as kmnist:3.0.1",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "use small letters and digits, joined by dashes, such as my-benchmark",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$": "use letters, digits, '_', '-' and '.', and begin with a letter or digit",
}


def describe(error: ValidationError) -> list[Found]:
    """Location, as a person would write it, and message of every error; one error for each mistake."""
    root = Settings if error.title == Settings.__name__ else Definition
    described: list[Found] = []
    choices: dict[Location, dict[Location, str]] = {}
    misspelt: set[Location] = set()
    for item in error.errors(include_url=False):
        location = tuple(item["loc"])
        if location[-1:] == ("[key]",) and item["type"] != "extra_forbidden":
            location = location[:-1]
        written, _ = fields.follow(root, location)
        _, parent = fields.follow(root, location[:-1])
        if item["type"] == "extra_forbidden" and (meant := nearest(str(location[-1]), fields.names(parent))):
            misspelt.add((*written[:-1], meant))
        message = _message(written, parent, dict(item))
        choice = _choice(root, location)
        if choice is None:
            described.append((written, message))
        else:
            at, expected = choice
            found = message if len(written) > len(at) else f"'{dotted(at)}' has to be {expected}{_found(item['input'])}"
            choices.setdefault(at, {})[written] = found
    for at, found_here in choices.items():
        inside = {place: message for place, message in found_here.items() if place != at}
        described += (inside or found_here).items()
    return [(place, message) for place, message in described if not (place in misspelt and message.endswith(_MISSING))]


def dotted(location: Location) -> str:
    """The path of a field as a definition writes it, without positions in lists."""
    return ".".join(item for item in location if isinstance(item, str))


def _choice(root: type[BaseModel], location: Location) -> tuple[Location, str] | None:
    """Where the location enters a value of which several types are possible, and those; None if it does not."""
    for end in range(1, len(location)):
        written, kind = fields.follow(root, location[:end])
        if fields.is_union(kind) and not all(map(fields.is_block, fields.members(kind))):
            return written, " or ".join(dict.fromkeys(map(_kind_words, fields.members(kind))))
    return None


def _kind_words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"'{value}'" for value in get_args(kind))
    name = getattr(get_origin(kind) or kind, "__name__", "")
    return _KINDS.get("float" if name == "int" else name, name)


def _message(location: Location, parent: Any, item: dict[str, Any]) -> str:
    field, kind, context = dotted(location), item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        moved = f"it is '{_MOVED[field]}' now" if field in _MOVED else ""
        return f"unknown field '{field}'; {moved or _known_fields(str(location[-1]), parent)}"
    if kind == "missing":
        return f"'{field}'{_MISSING}"
    if kind == "union_tag_invalid":
        known = [name for name in re.findall(r"'([^']*)'", context["expected_tags"]) if name != OWN]
        own = f", or code of your own as {OWN}" if OWN in context["expected_tags"] else ""
        return f"'{field}' has no member named '{context['tag']}'; {instead(context['tag'], known)}{own}"
    if kind in ("union_tag_not_found", "model_attributes_type"):
        example = item["input"] if isinstance(item["input"], str) else "..."
        return f"'{field}' needs a 'name' that says which one it is: {{name: {example:.40}}}{_found(item['input'])}"
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
        return f"'{field}' cannot be {_shown(item['input'])}; {instead(str(item['input']), known)}"
    if kind == "string_pattern_mismatch":
        return f"'{field}': {_PATTERNS.get(context['pattern'], 'this cannot stand here')}{_found(item['input'])}"
    if kind == "too_short":
        return f"'{field}' needs at least {context['min_length']} of them, found {context['actual_length']}"
    if kind == "too_long":
        return f"'{field}' may have at most {context['max_length']} of them, found {context['actual_length']}"
    if kind == "value_error":
        return f"'{field}': {context['error']}"
    expected = _LIMITS[kind].format(**context) if kind in _LIMITS else _KINDS.get(kind.split("_")[0])
    return f"'{field}' has to be {expected or item['msg']}{_found(item['input'])}"


def _known_fields(name: str, parent: Any) -> str:
    """What could have been meant by a field that the block does not have."""
    known, part = fields.names(parent), fields.part_name(parent)
    close = nearest(name, known)
    meant = f"did you mean '{close}'?" if close else ""
    if part is None:
        return meant or f"known here: {', '.join(known)}"
    others = ", ".join(field for field in known if field != "name")
    if not others:
        return f"'{part}' has no parameters"
    return f"'{part}' has: {others}; {meant}" if meant else f"'{part}' has: {others}"


def _found(value: Any) -> str:
    return f", found {_shown(value)}"


def _shown(value: Any) -> str:
    """A value as a definition would write it, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        kind = "a list" if isinstance(value, list) else "a block of fields"
        return f"{kind} that is empty" if not value else kind
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
