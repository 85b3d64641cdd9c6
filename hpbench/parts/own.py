"""Code of one's own, brought to the form that the catalogue's parts have.

Each function here takes a part's name, ``package.module:attribute``, imports what it names, and returns what the
register of its kind returns for a part of its own: see the parts beside this file.
"""

from __future__ import annotations

import contextlib
import difflib
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from hpbench.catalogue.own import require_allowed
from hpbench.catalogue.sources import source_files
from hpbench.errors import UserError
from hpbench.parts.datasets.arrays import ARRAY_NAMES, Arrays, SourceFile
from hpbench.parts.datasets.checks import assemble
from hpbench.parts.quiet import quiet_errors

REQUIRED = ("x_train", "y_train", "x_test", "y_test")


class OwnCodeError(UserError):
    """Code of one's own that cannot be imported, or does not give what its kind has to."""


def model(name: str) -> Callable[[Mapping[str, Any], tuple[int, int, int], int], Any]:
    """A function ``(input_shape, classes, **fields)`` that returns a Keras model giving logits (n, classes)."""
    build = _load(name)

    def make(parameters: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int) -> Any:
        import keras

        made = _call(name, build, input_shape, classes, **_fields(parameters))
        if not isinstance(made, keras.Model):
            raise OwnCodeError(f"{name} has to return a keras.Model; it returned {_kind(made)}")
        shape = made.compute_output_shape((None, *input_shape))
        if tuple(shape) != (None, classes):
            raise OwnCodeError(f"{name}: the model has to give logits of shape (n, {classes}); it gives {shape}")
        return made

    return make


def dataset(name: str) -> Callable[[Mapping[str, Any], Path], Arrays]:
    """A function ``(**fields)`` that returns a mapping of arrays, named as in an NPZ file of hpbench.

    ``x_train``, ``y_train``, ``x_test``, ``y_test``, and if wanted ``x_validation``, ``y_validation``; beside them
    ``title`` and ``source`` (texts), and ``generated`` (whether the images were made up).
    """
    read = _load(name)

    def arrays(parameters: Mapping[str, Any], folder: Path) -> Arrays:
        fields = {key: value for key, value in _fields(parameters).items() if key != "scale"}
        given = _call(name, read, **fields)
        if not isinstance(given, Mapping):
            raise OwnCodeError(f"{name} has to return a mapping of arrays such as x_train; it returned {_kind(given)}")
        words: dict[str, Any] = {"title": name, "source": f"code of one's own, {name}", "generated": False}
        words |= {key: given[key] for key in words if key in given}
        stacks = {key: np.asarray(value) for key, value in given.items() if key not in words}
        _check_names(name, stacks, words)
        return assemble(
            stacks,
            {key: f"{name}, {key}" for key in stacks},
            0,
            str(words["title"]),
            str(words["source"]),
            tuple(SourceFile.of(path) for path in source_files(name.partition(":")[0])),
            generated=bool(words["generated"]),
        )

    return arrays


def _check_names(name: str, stacks: Iterable[str], words: Iterable[str]) -> None:
    """Check that every array that has to be there is, and no other."""
    missing = [key for key in REQUIRED if key not in stacks]
    unknown = [key for key in stacks if key not in ARRAY_NAMES]
    if missing or unknown:
        faults = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        known = ", ".join([*ARRAY_NAMES, *words])
        raise OwnCodeError(f"{name}: the mapping {' and '.join(faults)}; it may have: {known}")


class _Schedules:
    """Stands where the class of a schedule of the catalogue would."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._make = _load(name)

    def for_training(self, parameters: Mapping[str, Any], learning_rate: float, iterations: int) -> Any:
        """The schedule of one training."""
        import keras

        made = _call(self._name, self._make, learning_rate, **_fields(parameters))
        if not isinstance(made, keras.optimizers.schedules.LearningRateSchedule):
            raise OwnCodeError(f"{self._name} has to be a LearningRateSchedule class; calling it gave {_kind(made)}")
        return made


def schedule(name: str) -> _Schedules:
    """A ``LearningRateSchedule`` class, called with the base rate and the other fields."""
    return _Schedules(name)


def optimizer(name: str) -> Callable[[Mapping[str, Any], Any], Any]:
    """A Keras optimizer class, called with ``learning_rate`` and the other fields."""
    make = _load(name)

    def made(parameters: Mapping[str, Any], learning_rate: Any) -> Any:
        import keras

        result = _call(name, make, learning_rate=learning_rate, **_fields(parameters))
        if not isinstance(result, keras.optimizers.Optimizer):
            raise OwnCodeError(f"{name} has to be a Keras optimizer class; calling it gave {_kind(result)}")
        return result

    return made


def callback(name: str) -> Callable[..., Any]:
    """A Keras callback class, called with the other fields."""
    make = _load(name)

    def made(**fields: Any) -> Any:
        import keras

        result = _call(name, make, **fields)
        if not isinstance(result, keras.callbacks.Callback):
            raise OwnCodeError(f"{name} has to be a Keras callback class; calling it gave {_kind(result)}")
        return result

    return made


def _load(name: str) -> Any:
    """What the name leads to.

    Raises:
        CodeNotAllowedError: Its module is not allowed in this process.
        OwnCodeError: It cannot be imported, or has no such attribute.
    """
    require_allowed([name])
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        # Jobs have imported the framework; elsewhere its greetings are not for the person who waits.
        with contextlib.nullcontext() if "keras" in sys.modules else quiet_errors():
            module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise OwnCodeError(f"{name}: there is no module '{error.name}' in {here} or among the libraries") from error
    if not hasattr(module, attribute):
        close = difflib.get_close_matches(attribute, dir(module), n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise OwnCodeError(f"{name}: the module has no '{attribute}'{hint}")
    return getattr(module, attribute)


def _call(name: str, function: Any, /, *arguments: Any, **fields: Any) -> Any:
    """Call it; a ``TypeError`` of the call itself names the part, so that a misspelt field is found."""
    if not callable(function):
        raise OwnCodeError(f"{name} has to be something that can be called; it is {_kind(function)}")
    try:
        return function(*arguments, **fields)
    except TypeError as error:
        raise OwnCodeError(f"{name}, called with the fields {fields or 'none'}: {error}") from error


def _fields(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key != "name"}


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
