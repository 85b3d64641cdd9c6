"""Settings as a reader sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpbench.definition.schema import Compute, Settings, Training


def flat(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings by name, a part as one text: ``optimizer`` to ``sgd (momentum 0.9, l2 0.0005)``.

    Fields of ``training`` and ``compute`` stand by their own names, those that are not set not at all. All are in the
    schema's order.
    """
    found: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and "name" not in value:
            found |= {name: text(inner) for name, inner in value.items() if inner is not None}
        else:
            found[key] = text(value)
    order = [*Settings.model_fields, *Training.model_fields, *Compute.model_fields]
    known = {name: place for place, name in enumerate(order)}
    return {name: found[name] for name in sorted(found, key=lambda name: (known.get(name, len(known)), name))}


def text(value: Any) -> str:
    """A value in a line."""
    if isinstance(value, Mapping):
        return _part(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(text, value)) or "none"
    return "none" if value is None else str(value)


def _part(value: Mapping[str, Any]) -> str:
    """A part's name and its parameters."""
    parameters = ", ".join(f"{key} {text(inner)}" for key, inner in value.items() if key != "name")
    name = str(value.get("name", ""))
    return f"{name} ({parameters})" if name and parameters else name or parameters or "none"
