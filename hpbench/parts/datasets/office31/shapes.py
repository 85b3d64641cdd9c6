"""The shapes of which objects of the generated stand-in for Office-31 are drawn.

Coordinates run from -1 to 1, x to the right and y down. A shape's paint is one of the object's own colours (``body``,
its ``dark`` and ``light`` tones, ``accent``) or a fixed one (``black``, ``white``, ``grey``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

Points = tuple[tuple[float, float], ...]


class Shape(NamedTuple):
    """A filled polygon, or a line of that width.

    Args:
        paint: What it is painted with.
        points: Corners, or the line's points.
        width: Of a line; 0 for a polygon.
    """

    paint: str
    points: Points
    width: float = 0.0


class Kind(NamedTuple):
    """A kind of object.

    Args:
        shapes: From back to front.
        texture: ``plain``, ``stripes``, ``bars``, ``checks``, ``dots`` or ``grain``.
        hue: Usual hue of the body, 0 to 1; None if any is usual.
        saturation: Usual saturation of the body.
        value: Usual brightness of the body.
        upright: Whether it stands, so that it is hardly turned.
    """

    shapes: tuple[Shape, ...]
    texture: str = "plain"
    hue: float | None = None
    saturation: float = 0.6
    value: float = 0.6
    upright: bool = True


def box(paint: str, left: float, top: float, right: float, bottom: float) -> Shape:
    """A rectangle."""
    return Shape(paint, ((left, top), (right, top), (right, bottom), (left, bottom)))


def oval(paint: str, left: float, top: float, right: float, bottom: float) -> Shape:
    """An ellipse."""
    return Shape(paint, points_on(left, top, right, bottom, 0.0, 360.0))


def ring(paint: str, left: float, top: float, right: float, bottom: float, width: float) -> Shape:
    """The outline of an ellipse."""
    return arc(paint, left, top, right, bottom, 0.0, 360.0, width)


def arc(
    paint: str, left: float, top: float, right: float, bottom: float, start: float, end: float, width: float
) -> Shape:
    """A part of an ellipse's outline, in degrees from the right, clockwise."""
    return Shape(paint, points_on(left, top, right, bottom, start, end), width)


def line(paint: str, width: float, *points: tuple[float, float]) -> Shape:
    """A line through points."""
    return Shape(paint, points, width)


def area(paint: str, *points: tuple[float, float]) -> Shape:
    """A polygon."""
    return Shape(paint, points)


def many(paint: str, boxes: Sequence[tuple[float, float, float, float]]) -> tuple[Shape, ...]:
    """Several rectangles of one paint."""
    return tuple(box(paint, *corners) for corners in boxes)


def keys(
    paint: str, columns: int, rows: int, left: float, top: float, right: float, bottom: float
) -> tuple[Shape, ...]:
    """Rectangles in rows and columns with gaps, as keys are."""
    width, height = (right - left) / columns, (bottom - top) / rows
    places = ((left + c * width, top + r * height) for r in range(rows) for c in range(columns))
    return tuple(box(paint, x, y, x + 0.78 * width, y + 0.72 * height) for x, y in places)


def points_on(left: float, top: float, right: float, bottom: float, start: float, end: float) -> Points:
    """Points on an ellipse, from one angle to another."""
    count = max(8, round((end - start) / 12))
    angles = [math.radians(start + (end - start) * i / count) for i in range(count + 1)]
    x, y, a, b = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    return tuple((x + a * math.cos(angle), y + b * math.sin(angle)) for angle in angles)
