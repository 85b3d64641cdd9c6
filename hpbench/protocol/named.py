"""Models and data by the names of a command line: the catalogue's, or ``package.module:name`` for code of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hpbench.catalogue.by_name import defaults
from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.models import MODELS
from hpbench.parts import own
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.protocol.step import ProtocolError

MOMENTUM = 0.9
OWN_RATE = 0.01
"""Rate of a bundled model where none is given."""


def data_named(name: str, folder: Path) -> Any:
    """Data as ``data_of`` takes it.

    Args:
        name: Of the catalogue, or of a function of one's own that returns the data.
        folder: Of prepared data sets.

    Raises:
        DataError: It cannot be read.
        OwnCodeError: The function cannot be imported.
        ProtocolError: It is not data that the protocol can use.
    """
    if ":" in name:
        return own.function(name)
    parameters = defaults(name, DATASETS)
    prepared = prepare_dataset(parameters.model_dump(), folder)
    if prepared.heads:
        raise ProtocolError(f"{name}: each image has several labels; the protocol examines models with one output")
    arrays = prepared.load()
    scale = parameters.model_dump()["scale"]
    if not len(arrays["validation"][0]):
        raise ProtocolError(f"{name}: there are no validation images; the protocol judges settings by them")
    splits = (arrays["train"], arrays["validation"])
    return tuple((images.astype(np.float32) * np.float32(scale), labels) for images, labels in splits)


def builder_named(name: str, data: Any) -> Callable[..., Any]:
    """A model builder as ``Builder`` takes it.

    Args:
        name: Of the catalogue, or of a function of one's own.
        data: Whose shape a bundled model takes.

    Raises:
        OwnCodeError: The function cannot be imported.
        ProtocolError: A bundled model does not take such data.
    """
    if ":" in name:
        function: Callable[..., Any] = own.function(name)
        return function
    parameters = defaults(name, MODELS).model_dump()
    images, labels = data.x_validation, data.y_validation
    if images.ndim != 4 or labels.ndim != 1:
        raise ProtocolError(
            f"{name} takes images (n, height, width, channels) with labels (n,); {data.name} gives {images.shape} and "
            f"{labels.shape}"
        )
    classes = int(labels.max()) + 1
    make = MODELS.load(name)

    def build(learning_rate: float = OWN_RATE, weight_decay: float = 0.0) -> Any:
        try:
            model = make(parameters, images.shape[1:], classes)
        except ValueError as error:
            raise ProtocolError(str(error)) from None
        model.compile(
            optimizer=keras.optimizers.SGD(learning_rate, momentum=MOMENTUM, weight_decay=weight_decay or None),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    return build
