"""Code of one's own, brought to the form that the catalogue's parts have.

Each function here takes a part's name, ``package.module:attribute``, imports what it names, and returns what the
register of its kind returns for a part of its own: see the parts beside this file.

Whatever goes wrong in such code ends in an ``OwnCodeError`` that says where; the exception itself is its cause.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from hpbench.catalogue.own import is_allowed, require_allowed
from hpbench.catalogue.sources import source_files
from hpbench.errors import UserError
from hpbench.parts.datasets.arrays import ARRAY_NAMES, Arrays, SourceFile
from hpbench.parts.datasets.checks import assemble
from hpbench.parts.quiet import quiet_errors

REQUIRED = ("x_train", "y_train", "x_test", "y_test")
VALIDATION = ("x_validation", "y_validation")


class OwnCodeError(UserError):
    """Code of one's own that cannot be imported, fails, or does not give what its kind has to."""


def model(name: str) -> Callable[[Mapping[str, Any], tuple[int, int, int], int], Any]:
    """A function ``(input_shape, classes, **fields)`` that returns a Keras model giving logits (n, classes)."""
    build = function(name)

    def make(parameters: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int) -> Any:
        import keras

        made = _call(name, build, input_shape, classes, **_fields(parameters))
        if not isinstance(made, keras.Model):
            raise OwnCodeError(f"{name} has to return a keras.Model; it returned {_kind(made)}")
        shape = _call(name, made.compute_output_shape, (None, *input_shape))
        if tuple(shape) != (None, classes):
            raise OwnCodeError(f"{name}: the model has to give logits of shape (n, {classes}); it gives {shape}")
        if not made.built:
            _call(name, made.build, (None, *input_shape))
        return made

    return make


def dataset(name: str) -> Callable[[Mapping[str, Any], Path], Arrays]:
    """A function ``(**fields)`` that returns a mapping of arrays, named as in an NPZ file of hpbench.

    ``x_train``, ``y_train``, ``x_test``, ``y_test``, and if wanted ``x_validation``, ``y_validation``; beside them
    ``title`` and ``source`` (texts), ``generated`` (whether the images were made up), and ``files`` (paths of the files
    that it reads: when one of them changes, the data is prepared again, as it is when the code changes).
    """
    read = function(name)

    def arrays(parameters: Mapping[str, Any], folder: Path) -> Arrays:
        fields = {key: value for key, value in _fields(parameters).items() if key != "scale"}
        given = _call(name, read, **fields)
        if not isinstance(given, Mapping):
            raise OwnCodeError(f"{name} has to return a mapping of arrays such as x_train; it returned {_kind(given)}")
        words = {"title": name, "source": f"code of one's own, {name}", "generated": False, "files": ()}
        words |= {key: given[key] for key in words if key in given}
        stacks = {key: _array(name, key, value) for key, value in given.items() if key not in words}
        _check_names(name, stacks, words)
        with faults_told(name):
            title, source, generated = str(words["title"]), str(words["source"]), bool(words["generated"])
        return assemble(
            stacks,
            {key: f"{name}, {key}" for key in stacks},
            0,
            title,
            source,
            _files(name, words["files"]),
            generated=generated,
        )

    return arrays


def _array(name: str, key: str, value: Any) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(value)
    except Exception as error:  # whatever the library of such an array raises
        raise OwnCodeError(f"{name}: {key} has to be an array of one shape; it is {_kind(value)} ({error})") from error


def _files(name: str, paths: Any) -> tuple[SourceFile, ...]:
    """The files that a data set says it reads, seen from the working folder."""
    if not isinstance(paths, (list, tuple)) or not all(isinstance(path, (str, Path)) for path in paths):
        raise OwnCodeError(f"{name}: files has to be a list of paths; it is {paths!r}")
    return tuple(SourceFile.of(Path(path).absolute()) for path in paths)


def _check_names(name: str, stacks: Iterable[str], words: Iterable[str]) -> None:
    """Check that every array that has to be there is, and no other."""
    wanted = [*REQUIRED, *(VALIDATION if any(key in stacks for key in VALIDATION) else ())]
    missing = [key for key in wanted if key not in stacks]
    unknown = [str(key) for key in stacks if key not in ARRAY_NAMES]
    if missing or unknown:
        faults = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        known = ", ".join([*ARRAY_NAMES, *words])
        raise OwnCodeError(f"{name}: the mapping {' and '.join(faults)}; it may have: {known}")


class _Schedules:
    """Stands where the class of a schedule of the catalogue would."""

    def __init__(self, name: str) -> None:
        import keras

        self._name = name
        self._make = _class(name, keras.optimizers.schedules.LearningRateSchedule, "LearningRateSchedule")

    def for_training(self, parameters: Mapping[str, Any], learning_rate: float, iterations: int) -> Any:
        """The schedule of one training."""
        return _call(self._name, self._make, learning_rate, **_fields(parameters))


def schedule(name: str) -> _Schedules:
    """A ``LearningRateSchedule`` class, called with the base rate and the other fields."""
    return _Schedules(name)


def optimizer(name: str) -> Callable[[Mapping[str, Any], Any], Any]:
    """A Keras optimizer class, called with ``learning_rate`` and the other fields."""
    import keras

    make = _class(name, keras.optimizers.Optimizer, "Keras optimizer")

    def made(parameters: Mapping[str, Any], learning_rate: Any) -> Any:
        fields = _fields(parameters)
        if "learning_rate" in fields:
            raise OwnCodeError(f"{name}: learning_rate is a field of training, not of its optimizer")
        return _call(name, make, learning_rate=learning_rate, **fields)

    return made


def callback(name: str) -> Callable[..., Any]:
    """A Keras callback class, called with the other fields."""
    import keras

    return instances(name, keras.callbacks.Callback, "Keras callback")


def instances(name: str, base: type, words: str) -> Callable[..., Any]:
    """Makes instances of a subclass of ``base``, called with the other fields; ``words`` say what the base is."""
    make = _class(name, base, words)

    def made(**fields: Any) -> Any:
        return _call(name, make, **fields)

    return made


def _class(name: str, base: type, words: str) -> Any:
    """The class that the name leads to; nothing else is ever called."""
    found = _load(name)
    if not (isinstance(found, type) and issubclass(found, base)):
        what = f"the class {found.__name__}" if isinstance(found, type) else _kind(found)
        raise OwnCodeError(f"{name} has to be a {words} class; it is {what}")
    return found


def function(name: str) -> Any:
    """The function that the name leads to, of an allowed module itself: not one that this has imported from others.

    Raises:
        CodeNotAllowedError: Its module is not allowed in this process.
        OwnCodeError: It cannot be imported, is none, or comes from elsewhere.
    """
    found = _load(name)
    if not callable(found):
        raise OwnCodeError(f"{name} has to be something that can be called; it is {_kind(found)}")
    home = str(getattr(found, "__module__", None))
    if not is_allowed(home):
        raise OwnCodeError(
            f"{name} comes from the module {home}, which is not allowed; name {home}:{name.partition(':')[2]} and add "
            f"--allow-code {home} (it may be repeated), or name a function that {name.partition(':')[0]} defines itself"
        )
    return found


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
        sys.path.append(here)  # behind the libraries: what lies there must not take the place of one of them
    # Jobs have imported the framework; elsewhere its greetings are not for the person who waits.
    quiet = contextlib.nullcontext() if "keras" in sys.modules else quiet_errors()
    with faults_told(name), quiet:
        module = import_module(module_name)
    if not hasattr(module, attribute):
        close = difflib.get_close_matches(attribute, dir(module), n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        file = getattr(module, "__file__", None) or "part of Python"
        raise OwnCodeError(f"{name}: the module ({file}) has no '{attribute}'{hint}")
    return getattr(module, attribute)


def _call(name: str, function: Any, /, *arguments: Any, **fields: Any) -> Any:
    """Call it, after a look at whether it takes these arguments: a misspelt field is told as what it is."""
    with contextlib.suppress(ValueError):  # some functions that are not written in Python do not say what they take
        signature = inspect.signature(function, follow_wrapped=False)
        try:
            signature.bind(*arguments, **fields)
        except TypeError as error:
            given = fields or "none"
            raise OwnCodeError(f"{name} takes {signature}; called with the fields {given}: {error}") from error
    with faults_told(name):
        return function(*arguments, **fields)


@contextlib.contextmanager
def faults_told(name: str) -> Iterator[None]:
    """Turn every exception of the block into an ``OwnCodeError`` that says what arose and where.

    Running out of memory stays what it is: it says nothing against the code.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            raise
        raise OwnCodeError(f"{name}{_place(name, error)}: {type(error).__name__}: {error}") from error


def _place(name: str, error: BaseException) -> str:
    """The last line of one's own code that the exception went through; nothing if it did not reach it."""
    if isinstance(error, SyntaxError):
        return f", {error.filename}, line {error.lineno}"
    own = set(map(str, source_files(name.partition(":")[0])))
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in own]
    return f", {lines[-1].filename}, line {lines[-1].lineno}" if lines else ""


def _fields(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key != "name"}


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
