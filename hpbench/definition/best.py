"""A search's best point as a definition of its own."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from hpbench.definition.changes import case_changes, with_changes
from hpbench.definition.resolve import Resolved
from hpbench.definition.schema import Settings

SEEDS = 5


def best_definition(resolved: Resolved, study: str, point: Mapping[str, Any], name: str) -> str:
    """YAML of a definition with one case, ``best``, whose settings are the search's with the point's.

    Args:
        resolved: The definition with the search, as it was run.
        study: The study of the search.
        point: Path of an axis to its value.
        name: Of the new definition, made an id of small letters, digits and dashes.
    """
    definition = resolved.definition
    settings = definition.model_dump(mode="json", include=set(Settings.model_fields), exclude_defaults=True)
    changed = with_changes(settings, case_changes(point))
    identity = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "best"
    fields = {
        "schema": 1,
        "id": identity[:60].rstrip("-"),
        "version": 1,
        "title": f"The best point of the search {study} of {definition.id}",
        "question": f"How good is what the search {study} of {definition.id}, version {definition.version}, found?",
        "source": definition.source.model_dump(mode="json", exclude_defaults=True),
        **changed,
        "cases": {"best": {}},
        "seeds": SEEDS,
        "timed_seeds": 1,
    }
    writer, text = YAML(), io.StringIO()
    writer.width = 120
    writer.dump(fields, text)
    return text.getvalue()
