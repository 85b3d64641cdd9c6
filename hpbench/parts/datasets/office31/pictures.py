"""Pictures of a data set as PNG files: a contact sheet, and the images whose predictions are shown."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

TILE = 56
LARGE_TILE = 140
CAPTION = 15
COLUMNS = 4
_MARGIN = 6


def contact_sheet(images: NDArray[np.uint8], labels: NDArray[np.int32], heads: Mapping[str, Sequence[str]]) -> bytes:
    """One image of each class of the second head in each class of the first, side by side, with the class's name.

    Args:
        images: (n, height, width, 3).
        labels: (n, 2).
        heads: Names of the two heads and of their classes.
    """
    first, second = heads.values()
    rows = -(-len(second) // COLUMNS)
    width = len(first) * TILE + _MARGIN
    sheet = Image.new("RGB", (COLUMNS * width + _MARGIN, rows * (TILE + CAPTION) + _MARGIN), "white")
    pencil, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for item, name in enumerate(second):
        x, y = _MARGIN + item % COLUMNS * width, item // COLUMNS * (TILE + CAPTION)
        pencil.text((x, y + 1), name, fill="black", font=font)
        for place in range(len(first)):
            found = np.flatnonzero((labels[:, 0] == place) & (labels[:, 1] == item))
            if len(found):
                sheet.paste(_tile(images[found[0]], TILE), (x + place * TILE, y + CAPTION))
    return _png(sheet)


def strip(images: NDArray[np.uint8]) -> bytes:
    """Images (n, height, width, 3) side by side."""
    sheet = Image.new("RGB", (len(images) * (LARGE_TILE + _MARGIN) - _MARGIN, LARGE_TILE), "white")
    for index, image in enumerate(images):
        sheet.paste(_tile(image, LARGE_TILE), (index * (LARGE_TILE + _MARGIN), 0))
    return _png(sheet)


def _tile(image: NDArray[np.uint8], side: int) -> Image.Image:
    return Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)


def _png(sheet: Image.Image) -> bytes:
    """In 256 colours, which are enough and a third of the bytes."""
    stream = io.BytesIO()
    sheet.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()
