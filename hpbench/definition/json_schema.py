"""The JSON Schema of a definition, for editors that complete and check while one writes."""

from __future__ import annotations

import json
from typing import Any

from hpbench.definition.schema import Definition

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:hpbench:definition:1"
"""Ends in the number that a definition gives as ``schema``."""


def json_schema() -> dict[str, Any]:
    """The schema, for JSON Schema 2020-12.

    What ``cases``, ``answers`` and ``profiles`` change, by dotted path, is left open: ``hpbench validate`` checks it.
    """
    schema = json.loads(json.dumps(Definition.model_json_schema(by_alias=True)).replace("``", "`"))
    title = {"title": "hpbench definition", "description": "One benchmark of hpbench."}
    return {"$schema": DIALECT, "$id": IDENTITY, **schema, **title}
