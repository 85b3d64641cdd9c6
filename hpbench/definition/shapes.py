"""What a definition says of the shapes that its learning curves are made to have."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hpbench.catalogue.shapes import ShapeName


class Shapes(BaseModel):
    """Cases whose learning curves are made to have a shape, to see how often the diagnosis names it.

    Its rules were tuned on those of ``tuned_on`` and have not seen those of ``held_out``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tuned_on: dict[ShapeName, tuple[str, ...]] = Field(default={}, description="shape to cases, or groups of them")
    held_out: dict[ShapeName, tuple[str, ...]] = Field(default={}, description="shape to cases, or groups of them")
