"""Shapes that the learning curves of a training have, what each means, and what to try where one is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

ShapeName = Literal[
    "flat-start",
    "plateau",
    "decayed-too-early",
    "still-improving",
    "overfitting",
    "underfitting",
    "diverged",
    "healthy",
]
SHAPE_NAMES: tuple[str, ...] = get_args(ShapeName)
NONE_OF_THESE = "none of these"


@dataclass(frozen=True)
class Shape:
    """What a shape means, and what to try."""

    meaning: str
    advice: str


SHAPES: Mapping[str, Shape] = {
    "flat-start": Shape(
        "the loss is flat at first and falls later: the initial weights let no gradient through",
        "other initial weights, such as He's or Glorot's; then batch normalisation",
    ),
    "plateau": Shape(
        "the loss falls and then stays at a high level: the learning rate is too high for the end",
        "decay the learning rate from where the loss becomes flat, or begin with a lower one",
    ),
    "decayed-too-early": Shape(
        "the loss was falling well and is flat from where the learning rate was decayed",
        "keep the first learning rate for longer, and decay it only once the loss has become flat",
    ),
    "still-improving": Shape(
        "loss and accuracy are still getting better at the end, also on images not trained on",
        "train longer",
    ),
    "overfitting": Shape(
        "the training images are fitted ever better while others get worse: the gap grows",
        "more regularisation, more training data, a smaller model, or stop where the test loss is lowest",
    ),
    "underfitting": Shape(
        "training images are fitted no better than others, and both badly",
        "a larger model, or less regularisation",
    ),
    "diverged": Shape(
        "the loss is not finite, or ends worse than chance",
        "a learning rate three to ten times lower; then clipped gradients or a warm-up",
    ),
    "healthy": Shape(
        "the loss has fallen to a low level and stays there, and other images fare well, too",
        "nothing about the training; what is left to gain is in data and model",
    ),
    NONE_OF_THESE: Shape(
        "the curves fit no shape that is known here, or are too short to tell",
        "look at the drawing; evaluate more often, and check data and labels if the loss has never fallen",
    ),
}
