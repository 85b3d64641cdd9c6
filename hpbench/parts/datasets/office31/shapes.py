"""How the 31 kinds of object of Office-31 are drawn in the generated stand-in: shapes, a texture, usual colours.

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
    return Shape(paint, _arc(left, top, right, bottom, 0.0, 360.0))


def ring(paint: str, left: float, top: float, right: float, bottom: float, width: float) -> Shape:
    """The outline of an ellipse."""
    return arc(paint, left, top, right, bottom, 0.0, 360.0, width)


def arc(
    paint: str, left: float, top: float, right: float, bottom: float, start: float, end: float, width: float
) -> Shape:
    """A part of an ellipse's outline, in degrees from the right, clockwise."""
    return Shape(paint, _arc(left, top, right, bottom, start, end), width)


def line(paint: str, width: float, *points: tuple[float, float]) -> Shape:
    """A line through points."""
    return Shape(paint, points, width)


def area(paint: str, *points: tuple[float, float]) -> Shape:
    """A polygon."""
    return Shape(paint, points)


def many(paint: str, boxes: Sequence[tuple[float, float, float, float]]) -> tuple[Shape, ...]:
    """Several rectangles of one paint."""
    return tuple(box(paint, *corners) for corners in boxes)


def keys(columns: int, rows: int, left: float, top: float, right: float, bottom: float) -> list[tuple[float, ...]]:
    """Rectangles in rows and columns with gaps, as keys are."""
    width, height = (right - left) / columns, (bottom - top) / rows
    return [
        (left + c * width, top + r * height, left + (c + 0.78) * width, top + (r + 0.72) * height)
        for r in range(rows)
        for c in range(columns)
    ]


def _arc(left: float, top: float, right: float, bottom: float, start: float, end: float) -> Points:
    count = max(8, round((end - start) / 12))
    angles = [math.radians(start + (end - start) * i / count) for i in range(count + 1)]
    x, y, a, b = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    return tuple((x + a * math.cos(angle), y + b * math.sin(angle)) for angle in angles)


def _keys(paint: str, columns: int, rows: int, *corners: float) -> tuple[Shape, ...]:
    left, top, right, bottom = corners
    return tuple(box(paint, *found) for found in keys(columns, rows, left, top, right, bottom))


KINDS: dict[str, Kind] = {
    "back_pack": Kind(
        (
            arc("dark", -0.25, -1.0, 0.25, -0.6, 180, 360, 0.08),
            area("body", (-0.6, -0.5), (-0.3, -0.85), (0.3, -0.85), (0.6, -0.5), (0.7, 0.9), (-0.7, 0.9)),
            box("dark", -0.5, 0.1, 0.5, 0.75),
            line("light", 0.05, (-0.55, -0.25), (0.55, -0.25)),
        ),
        "grain",
        0.6,
        0.5,
        0.4,
    ),
    "bike": Kind(
        (
            ring("black", -1.0, -0.1, -0.2, 0.7, 0.08),
            ring("black", 0.2, -0.1, 1.0, 0.7, 0.08),
            line("body", 0.08, (-0.6, 0.3), (-0.25, -0.4), (0.4, -0.4), (0.0, 0.3), (-0.6, 0.3)),
            line("body", 0.08, (-0.25, -0.4), (0.0, 0.3)),
            line("body", 0.08, (0.6, 0.3), (0.35, -0.6), (0.6, -0.7)),
            line("black", 0.1, (-0.45, -0.55), (-0.1, -0.55)),
        ),
        "plain",
        0.0,
    ),
    "bike_helmet": Kind(
        (
            Shape("body", (*_arc(-0.9, -0.7, 0.9, 0.9, 180, 360), (0.8, 0.35), (-0.8, 0.35))),
            area("black", (-0.6, 0.0), (-0.25, -0.55), (-0.15, -0.5), (-0.4, 0.1)),
            area("black", (-0.1, 0.05), (-0.05, -0.6), (0.1, -0.6), (0.15, 0.05)),
            area("black", (0.6, 0.0), (0.3, -0.55), (0.2, -0.5), (0.4, 0.1)),
            line("black", 0.04, (-0.6, 0.35), (0.0, 0.9), (0.6, 0.35)),
        ),
        "stripes",
        None,
        0.7,
        0.8,
    ),
    "bookcase": Kind(
        (
            box("body", -0.65, -1.0, 0.65, 1.0),
            *many("dark", [(-0.55, -0.9 + 0.47 * i, 0.55, -0.52 + 0.47 * i) for i in range(4)]),
            *many("accent", [(-0.5 + 0.3 * i, -0.82 + 0.47 * i, -0.3 + 0.3 * i, -0.53 + 0.47 * i) for i in range(3)]),
        ),
        "grain",
        0.08,
        0.55,
        0.6,
    ),
    "bottle": Kind(
        (
            area(
                "body",
                (-0.12, -0.75),
                (0.12, -0.75),
                (0.15, -0.4),
                (0.35, -0.1),
                (0.35, 1.0),
                (-0.35, 1.0),
                (-0.35, -0.1),
                (-0.15, -0.4),
            ),
            box("accent", -0.16, -1.0, 0.16, -0.72),
            box("light", -0.35, 0.15, 0.35, 0.6),
        ),
        "bars",
        0.55,
        0.5,
        0.75,
    ),
    "calculator": Kind(
        (
            box("body", -0.6, -0.95, 0.6, 0.95),
            box("light", -0.48, -0.82, 0.48, -0.45),
            *_keys("accent", 4, 5, -0.46, -0.28, 0.54, 0.9),
        ),
        "plain",
        0.6,
        0.15,
        0.35,
        upright=False,
    ),
    "desk_chair": Kind(
        (
            area("body", (-0.4, -1.0), (0.4, -1.0), (0.45, -0.1), (-0.45, -0.1)),
            area("dark", (-0.6, 0.0), (0.6, 0.0), (0.5, 0.22), (-0.5, 0.22)),
            line("grey", 0.1, (0.0, 0.2), (0.0, 0.65)),
            line("black", 0.08, (-0.6, 0.95), (0.0, 0.65), (0.6, 0.95)),
            line("black", 0.08, (0.0, 0.65), (0.0, 0.95)),
            line("black", 0.07, (-0.62, 0.0), (-0.62, -0.3), (-0.42, -0.3)),
            line("black", 0.07, (0.62, 0.0), (0.62, -0.3), (0.42, -0.3)),
        ),
        "checks",
        0.65,
        0.3,
        0.25,
    ),
    "desk_lamp": Kind(
        (
            oval("dark", -0.55, 0.75, 0.35, 0.98),
            line("body", 0.09, (-0.1, 0.85), (-0.45, 0.0), (0.2, -0.65)),
            area("body", (0.0, -0.75), (0.3, -0.95), (0.85, -0.35), (0.35, -0.1)),
            oval("light", 0.4, -0.45, 0.8, -0.1),
        ),
        "plain",
        0.13,
        0.5,
        0.7,
    ),
    "desktop_computer": Kind(
        (
            box("body", -0.45, -0.95, 0.45, 0.95),
            box("dark", -0.35, -0.8, 0.35, -0.6),
            box("dark", -0.35, -0.5, 0.35, -0.3),
            oval("accent", -0.1, -0.05, 0.1, 0.15),
            *many("black", [(-0.3, 0.4 + 0.13 * i, 0.3, 0.46 + 0.13 * i) for i in range(4)]),
        ),
        "plain",
        0.6,
        0.05,
        0.3,
    ),
    "file_cabinet": Kind(
        (
            box("body", -0.6, -0.95, 0.6, 0.95),
            *many("light", [(-0.52, -0.88 + 0.61 * i, 0.52, -0.33 + 0.61 * i) for i in range(3)]),
            *many("black", [(-0.18, -0.7 + 0.61 * i, 0.18, -0.6 + 0.61 * i) for i in range(3)]),
        ),
        "plain",
        0.1,
        0.12,
        0.65,
    ),
    "headphones": Kind(
        (
            arc("body", -0.75, -0.95, 0.75, 0.75, 180, 360, 0.12),
            oval("dark", -0.95, -0.15, -0.5, 0.75),
            oval("dark", 0.5, -0.15, 0.95, 0.75),
            oval("light", -0.75, 0.05, -0.5, 0.55),
            oval("light", 0.5, 0.05, 0.75, 0.55),
        ),
        "plain",
        None,
        0.3,
        0.3,
    ),
    "keyboard": Kind(
        (box("body", -1.0, -0.4, 1.0, 0.4), *_keys("light", 12, 4, -0.93, -0.32, 0.97, 0.36)),
        "plain",
        0.6,
        0.05,
        0.25,
        upright=False,
    ),
    "laptop_computer": Kind(
        (
            area("dark", (-0.75, -0.8), (0.75, -0.8), (0.75, 0.2), (-0.75, 0.2)),
            box("accent", -0.66, -0.71, 0.66, 0.12),
            area("body", (-0.75, 0.22), (0.75, 0.22), (0.98, 0.8), (-0.98, 0.8)),
            *_keys("black", 10, 3, -0.68, 0.28, 0.72, 0.55),
            box("dark", -0.2, 0.6, 0.2, 0.75),
        ),
        "plain",
        0.6,
        0.05,
        0.6,
    ),
    "letter_tray": Kind(
        (
            *many("dark", [(-0.9, -0.55 + 0.5 * i, 0.9, -0.45 + 0.5 * i) for i in range(3)]),
            line("body", 0.08, (-0.9, -0.6), (-0.9, 0.75)),
            line("body", 0.08, (0.9, -0.6), (0.9, 0.75)),
            *many("white", [(-0.7, -0.64 + 0.5 * i, 0.65, -0.55 + 0.5 * i) for i in range(3)]),
        ),
        "bars",
        None,
        0.2,
        0.3,
    ),
    "mobile_phone": Kind(
        (
            box("body", -0.42, -0.9, 0.42, 0.9),
            box("accent", -0.34, -0.68, 0.34, 0.1),
            *_keys("light", 3, 4, -0.32, 0.22, 0.38, 0.85),
        ),
        "plain",
        0.6,
        0.1,
        0.2,
        upright=False,
    ),
    "monitor": Kind(
        (
            box("body", -0.95, -0.8, 0.95, 0.5),
            box("accent", -0.85, -0.7, 0.85, 0.38),
            area("dark", (-0.12, 0.5), (0.12, 0.5), (0.15, 0.8), (-0.15, 0.8)),
            oval("dark", -0.5, 0.72, 0.5, 0.95),
        ),
        "plain",
        0.6,
        0.05,
        0.15,
    ),
    "mouse": Kind(
        (
            oval("body", -0.5, -0.75, 0.5, 0.85),
            line("black", 0.04, (0.0, -0.75), (0.0, 0.0)),
            line("black", 0.04, (-0.5, 0.0), (0.5, 0.0)),
            oval("dark", -0.09, -0.5, 0.09, -0.15),
            line("grey", 0.05, (0.0, -0.75), (0.2, -1.0)),
        ),
        "plain",
        0.6,
        0.1,
        0.35,
        upright=False,
    ),
    "mug": Kind(
        (
            ring("dark", 0.2, -0.4, 0.9, 0.45, 0.14),
            area("body", (-0.65, -0.7), (0.5, -0.7), (0.45, 0.8), (-0.6, 0.8)),
            oval("light", -0.65, -0.85, 0.5, -0.55),
            oval("accent", -0.35, -0.2, 0.2, 0.4),
        ),
        "dots",
        None,
        0.6,
        0.8,
    ),
    "paper_notebook": Kind(
        (
            box("body", -0.7, -0.95, 0.7, 0.95),
            box("white", -0.2, -0.65, 0.5, -0.3),
            *(oval("grey", -0.8, -0.88 + 0.22 * i, -0.6, -0.76 + 0.22 * i) for i in range(8)),
        ),
        "stripes",
        None,
        0.7,
        0.7,
        upright=False,
    ),
    "pen": Kind(
        (
            line("body", 0.16, (-0.95, 0.0), (0.6, 0.0)),
            area("dark", (0.6, -0.09), (0.95, 0.0), (0.6, 0.09)),
            line("light", 0.06, (-0.9, -0.12), (-0.4, -0.12)),
        ),
        "plain",
        0.62,
        0.7,
        0.5,
        upright=False,
    ),
    "phone": Kind(
        (
            area("body", (-0.8, 0.8), (-0.6, -0.4), (0.6, -0.4), (0.8, 0.8)),
            *_keys("light", 3, 4, -0.1, -0.2, 0.55, 0.65),
            line("dark", 0.24, (-0.85, -0.55), (-0.5, -0.72), (0.5, -0.72), (0.85, -0.55)),
            box("accent", -0.55, -0.2, -0.2, 0.1),
        ),
        "plain",
        0.1,
        0.1,
        0.35,
    ),
    "printer": Kind(
        (
            box("white", -0.45, -0.9, 0.45, -0.3),
            area("body", (-0.9, -0.3), (0.9, -0.3), (0.95, 0.6), (-0.95, 0.6)),
            box("black", -0.6, 0.1, 0.6, 0.25),
            area("white", (-0.5, 0.2), (0.5, 0.2), (0.6, 0.8), (-0.6, 0.8)),
            box("accent", 0.55, -0.2, 0.8, -0.08),
        ),
        "plain",
        0.6,
        0.05,
        0.5,
    ),
    "projector": Kind(
        (
            box("body", -0.95, -0.45, 0.95, 0.45),
            oval("dark", 0.15, -0.4, 0.85, 0.4),
            oval("accent", 0.3, -0.24, 0.7, 0.24),
            *many("dark", [(-0.85, -0.3 + 0.16 * i, -0.2, -0.22 + 0.16 * i) for i in range(4)]),
        ),
        "plain",
        0.6,
        0.03,
        0.8,
    ),
    "punchers": Kind(
        (
            box("dark", -0.85, 0.4, 0.85, 0.65),
            area("body", (-0.8, 0.3), (-0.7, -0.35), (0.6, -0.55), (0.85, 0.3)),
            box("grey", -0.45, 0.2, -0.25, 0.5),
            box("grey", 0.3, 0.2, 0.5, 0.5),
        ),
        "plain",
        None,
        0.6,
        0.5,
    ),
    "ring_binder": Kind(
        (
            box("body", -0.45, -0.95, 0.75, 0.95),
            box("dark", -0.75, -0.95, -0.42, 0.95),
            box("white", -0.69, -0.5, -0.48, 0.2),
            ring("grey", -0.7, 0.45, -0.47, 0.72, 0.05),
        ),
        "checks",
        None,
        0.75,
        0.65,
    ),
    "ruler": Kind(
        (
            box("body", -1.0, -0.14, 1.0, 0.14),
            *(line("black", 0.025, (-0.95 + 0.1 * i, -0.14), (-0.95 + 0.1 * i, -0.02)) for i in range(20)),
        ),
        "plain",
        0.14,
        0.5,
        0.85,
        upright=False,
    ),
    "scissors": Kind(
        (
            ring("body", -0.95, -0.75, -0.35, -0.15, 0.14),
            ring("body", -0.95, 0.15, -0.35, 0.75, 0.14),
            line("grey", 0.13, (-0.4, -0.3), (0.95, 0.3)),
            line("grey", 0.13, (-0.4, 0.3), (0.95, -0.3)),
            oval("black", 0.18, -0.08, 0.34, 0.08),
        ),
        "plain",
        0.02,
        0.8,
        0.75,
        upright=False,
    ),
    "speaker": Kind(
        (
            box("body", -0.5, -0.95, 0.5, 0.95),
            oval("dark", -0.25, -0.8, 0.25, -0.3),
            oval("dark", -0.42, -0.1, 0.42, 0.75),
            oval("grey", -0.16, 0.16, 0.16, 0.48),
        ),
        "dots",
        0.08,
        0.15,
        0.25,
    ),
    "stapler": Kind(
        (
            line("body", 0.22, (-0.85, 0.1), (0.8, -0.35)),
            line("dark", 0.16, (-0.9, 0.45), (0.9, 0.45)),
            line("grey", 0.08, (-0.8, 0.28), (0.75, 0.05)),
            oval("dark", -0.95, 0.05, -0.6, 0.5),
        ),
        "plain",
        None,
        0.6,
        0.35,
    ),
    "tape_dispenser": Kind(
        (
            area("body", (-0.9, 0.7), (-0.8, -0.05), (-0.3, -0.6), (0.2, -0.55), (0.5, 0.1), (0.95, -0.05), (0.9, 0.7)),
            ring("light", -0.65, -0.5, 0.25, 0.4, 0.2),
            line("grey", 0.05, (0.15, -0.4), (0.9, -0.05)),
        ),
        "plain",
        None,
        0.3,
        0.3,
    ),
    "trash_can": Kind(
        (
            area("body", (-0.7, -0.75), (0.7, -0.75), (0.5, 0.95), (-0.5, 0.95)),
            oval("dark", -0.72, -0.95, 0.72, -0.58),
            *(line("light", 0.04, (-0.45 + 0.3 * i, -0.5), (-0.33 + 0.22 * i, 0.85)) for i in range(4)),
        ),
        "bars",
        0.5,
        0.15,
        0.5,
    ),
}
"""Name of the class, as in Office-31 and in its order, to how it is drawn."""
