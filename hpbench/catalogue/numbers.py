"""Kinds of number that a definition's fields take: text, true and false are none, as in the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError


def _whole(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticKnownError("int_type")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticKnownError("float_type")
    return value


WHOLE = BeforeValidator(_whole)
"""Marks a type of whole numbers that is none of those below; it comes last."""
NUMBER = BeforeValidator(_number)
"""The same of numbers."""
Whole = Annotated[int, WHOLE]
"""A whole number; 1e3 is one."""
Number = Annotated[float, NUMBER]
"""A number, whole or not."""
Shape = tuple[int, int, int]
"""Height, width and channels of an image."""
