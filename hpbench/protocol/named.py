"""Models and data by the names of a command line: the catalogue's, or ``package.module:name`` for code of one's own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic import ValidationError

from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.own import PATTERN, CodeNotAllowedError, is_allowed, require_present
from hpbench.catalogue.part import Parameters, Register
from hpbench.parts import own
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.protocol.step import ProtocolError

MOMENTUM = 0.9
OWN_RATE = 0.01
"""Rate of a bundled model where none is given."""


def require_named(model: str, data: str) -> None:
    """Check names without importing anything of one's own.

    Raises:
        CodeNotAllowedError: Code of one's own is not allowed in this process.
        MissingCodeError: Its module is not there.
        ProtocolError: A name is unknown, or a part cannot be used as it is.
    """
    for name, register in ((model, MODELS), (data, DATASETS)):
        if re.fullmatch(PATTERN, name):
            _require_allowed(name)
            require_present([name])
        else:
            _parameters(name, register)


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
    parameters = _parameters(name, DATASETS)
    prepared = prepare_dataset(parameters.model_dump(), folder)
    if prepared.heads:
        raise ProtocolError(f"{name}: each image has several labels; the protocol examines models with one output")
    arrays = prepared.load()
    scale = parameters.model_dump()["scale"]
    if not len(arrays["validation"][0]):
        raise ProtocolError(f"{name}: there are no validation images; the protocol judges settings by them")
    return tuple((images.astype(np.float32) * np.float32(scale), labels) for images, labels in _two(arrays))


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
    parameters = _parameters(name, MODELS).model_dump()
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


def _two(arrays: Any) -> Iterable[tuple[Any, Any]]:
    return arrays["train"], arrays["validation"]


def _require_allowed(name: str) -> None:
    if not is_allowed(name):
        raise CodeNotAllowedError(
            f"{name} is code that is not hpbench's. Read it, and if you trust it, add "
            f"--allow-code {name.partition(':')[0]}"
        )


def _parameters(name: str, register: Register) -> Parameters:
    """The part's parameters, all at their defaults."""
    if name not in register:
        close = difflib.get_close_matches(name, register, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(register)};"
        raise ProtocolError(
            f"there is no {register.kind} '{name}'; {hint} your own is named package.module:function, "
            "such as mine:build"
        )
    try:
        return register[name].model_validate({"name": name})
    except ValidationError as error:
        missing = ", ".join(str(fault["loc"][-1]) for fault in error.errors())
        raise ProtocolError(
            f"the {register.kind} {name} needs {missing}, which this command does not take; write a function of "
            "your own that makes it, and name that: package.module:function"
        ) from None
