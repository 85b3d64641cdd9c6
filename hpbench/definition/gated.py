"""What of a benchmark is gated: the metrics whose worsening ends ``hpbench gate`` with an error."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from hpbench.catalogue.numbers import Number

MOST_GATED = 3
"""Metrics that a definition may gate: each further one makes every test stricter."""


class Gated(BaseModel):
    """A metric that later runs may not worsen, and by how much it may change before that matters in practice."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    metric: str
    direction: Literal["higher", "lower"] = Field(description="which way is better")
    threshold: Number = Field(gt=0, description="change that matters, in the metric's unit, or a share if relative")
    relative: StrictBool = Field(default=False, description="whether the threshold is a share of the reference's value")
    cases: tuple[str, ...] = Field(
        default=(), description="cases, or groups for the mean of theirs; all of the document's own if none"
    )
