"""Callbacks between compiled stretches: to a Keras callback an evaluation is the end of an epoch.

They are called one after another as ``model.fit`` calls them, and share one dictionary of logs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import keras

from hpbench.catalogue.callbacks import CALLBACKS, Callback, OwnCallback
from hpbench.engine.backend import Stretch
from hpbench.engine.heads import headed
from hpbench.errors import UserError
from hpbench.parts.own import OwnCodeError, faults_told

ALIASES = {"loss": "batch_loss", "val_loss": "test_loss"}
"""What Keras calls values of ours, beside ``accuracy``, the mean over the batches, and ``val_accuracy``.

Of a model with several heads these are ``HEAD_accuracy`` and ``val_HEAD_accuracy``.
"""

_OF_ITERATIONS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_OF_EVALUATIONS = ("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end")
_MONITORING = (keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau, keras.callbacks.ModelCheckpoint)
_SETTING_THE_RATE = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)
_NOT_SETTABLE = "learning rate is not settable"
"""Keras' words when the optimizer has a schedule."""


class CallbackError(UserError):
    """A callback that cannot do in a training what it is there for."""


class Hooks:
    """The callbacks of one training, called by its loop.

    Args:
        specs: Parameters of the callbacks.
        model: The model that they see, with its optimizer.
        evaluations: Evaluations if nothing stops the training.
        steps: Iterations from one evaluation to the next.
        trial: Identity of the trial; its first 12 characters take the place of ``{trial}`` in texts of own callbacks.
        heads: Names of the model's heads; the only one has none.

    Attributes:
        every_iteration: Whether a callback wants to be called at every iteration.

    Raises:
        CallbackError: A callback has methods that would never be called.
        OwnCodeError: Code of one's own fails.
    """

    def __init__(
        self,
        specs: Sequence[Callback],
        model: Any,
        *,
        evaluations: int,
        steps: int,
        trial: str,
        heads: Sequence[str] = ("",),
    ) -> None:
        self.every_iteration = wants_every_iteration(specs)
        self._model = model
        self._heads = heads
        self._named = [_loaded(spec, trial) for spec in specs]
        for name, callback in self._named:
            with _told(name):
                callback.set_params({"epochs": evaluations, "steps": steps, "verbose": 0})
                callback.set_model(model)

    @property
    def stop(self) -> bool:
        """Whether a callback has asked for the training to end."""
        return bool(self._model.stop_training)

    def begin_training(self) -> None:
        """Before the first iteration.

        Raises:
            CallbackError: A callback of Keras that sets the learning rate stands beside a schedule that does.
        """
        self._model.stop_training = False
        for name, callback in self._named:
            if isinstance(callback, _SETTING_THE_RATE):
                _require_settable_rate(name, self._model.optimizer)
        self._call(lambda callback: callback.on_train_begin({}))

    def begin_epoch(self, index: int) -> None:
        """Before the iterations that end with the evaluation of this index."""
        self._call(lambda callback: callback.on_epoch_begin(index, {}))

    def begin_iteration(self, iteration: int, batch_size: int) -> None:
        """Before an iteration, counted from 0 since the last evaluation."""
        logs = {"size": batch_size}
        self._call(lambda callback: callback.on_train_batch_begin(iteration, logs))

    def end_iteration(self, iteration: int, stretch: Stretch) -> None:
        """After an iteration, a stretch of its own; the logs are its loss and the accuracy on its batch."""
        logs = {"loss": stretch.loss, **self._accuracies(stretch)}
        self._call(lambda callback: callback.on_train_batch_end(iteration, logs))

    def end_epoch(self, index: int, logs: Mapping[str, float], stretch: Stretch) -> dict[str, float]:
        """After an evaluation.

        Args:
            index: Of the evaluation, from 0.
            logs: What was measured, by its name here.
            stretch: The iterations since the last evaluation.

        Returns:
            What was measured, unchanged, and what callbacks added; without the aliases.

        Raises:
            CallbackError: A callback monitors what is not there.
            OwnCodeError: Code of one's own fails, or adds what is not a number.
        """
        aliases = self._accuracies(stretch) | {alias: logs[name] for alias, name in ALIASES.items()}
        for head in self._heads:
            aliases[f"val_{_of_head(head)}accuracy"] = logs[headed("test_accuracy", head)]
        seen: dict[Any, Any] = {**logs, **aliases}
        for name, callback in self._named:
            _require_monitored(name, callback, seen)
            with _told(name):
                callback.on_epoch_end(index, seen)
            _make_numbers(name, seen)
        added = {_text(name): value for name, value in seen.items() if name not in aliases}
        return added | dict(logs)

    def end_training(self, logs: Mapping[str, float]) -> None:
        """After the last evaluation, with its values."""
        self._call(lambda callback: callback.on_train_end(dict(logs)))

    def _accuracies(self, stretch: Stretch) -> dict[str, float]:
        """Those over a stretch's batches as Keras names them."""
        values = zip(self._heads, stretch.accuracy, strict=True)
        return {f"{_of_head(head)}accuracy": value for head, value in values}

    def _call(self, method: Callable[[Any], Any]) -> None:
        for name, callback in self._named:
            with _told(name):
                method(callback)


def _of_head(head: str) -> str:
    return f"{head}_" if head else ""


def wants_every_iteration(specs: Sequence[Callback]) -> bool:
    """Whether one of these callbacks is to be called at every iteration."""
    return any(isinstance(spec, OwnCallback) and spec.every_iteration for spec in specs)


def _loaded(spec: Callback, trial: str) -> tuple[str, Any]:
    """A callback with its name, made and looked at."""
    fields = spec.model_dump()
    name, every_iteration = fields.pop("name"), fields.pop("every_iteration", False)
    texts = {field: value for field, value in fields.items() if isinstance(value, str)}
    named = {field: text.replace("{trial}", trial[:12]) for field, text in texts.items()}
    callback = CALLBACKS.load(name)(**fields | named)
    if not every_iteration and (method := _needs_iterations(callback)):
        raise CallbackError(
            f"{name} in training.callbacks has {method}, which is called only if you add 'every_iteration: true' to it"
        )
    if method := _needs_evaluations(callback):
        raise CallbackError(
            f"{name} in training.callbacks has {method}, which is never called here: "
            "of a callback's methods those of epochs, of the training and, if wanted, of its batches are"
        )
    if isinstance(callback, _MONITORING) and callback.mode == "auto":
        callback.mode = _mode(callback.monitor)
    return name, callback


def _overridden(callback: Any, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Those of the methods that are not the base class's, and whether Keras has written them."""
    for name in names:
        method = getattr(callback, name)
        if getattr(method, "__func__", None) is not getattr(keras.callbacks.Callback, name):
            yield name, str(getattr(method, "__module__", "")).startswith("keras.")


def _needs_iterations(callback: Any) -> str | None:
    """The method that has to be called at every iteration; Keras' own do without, unless they save or write by it."""
    by_iteration = any(type(getattr(callback, field, None)) is int for field in ("save_freq", "update_freq"))
    found = (name for name, of_keras in _overridden(callback, _OF_ITERATIONS) if not of_keras or by_iteration)
    return next(found, None)


def _needs_evaluations(callback: Any) -> str | None:
    """The method of evaluations that a callback has; Keras' TensorBoard only marks with its own what it writes."""
    if isinstance(callback, keras.callbacks.TensorBoard):
        return None
    return next((name for name, _ in _overridden(callback, _OF_EVALUATIONS)), None)


def _mode(monitor: str) -> str:
    """Which values are better; Keras itself can tell only for names that its own ``compile`` was given."""
    monitor = monitor.partition(".")[0]
    if monitor.endswith("accuracy"):
        return "max"
    return "min" if monitor.endswith("loss") else "auto"


def _require_monitored(name: str, callback: Any, logs: Mapping[str, Any]) -> None:
    if isinstance(callback, _MONITORING) and callback.monitor not in logs:
        raise CallbackError(
            f"{name} in training.callbacks monitors '{callback.monitor}', which nothing observes; "
            f"there are: {', '.join(logs)}"
        )


def _make_numbers(name: str, logs: MutableMapping[Any, Any]) -> None:
    for key, value in logs.items():
        try:
            logs[key] = float(value)
        except (TypeError, ValueError) as error:
            raise OwnCodeError(f"{name}: '{key}' in the logs has to be a number; it is {value!r}") from error


def _text(name: Any) -> str:
    """What a callback called a value, as text that can be stored."""
    return str(name).encode("utf-8", "replace").decode()


def _require_settable_rate(name: str, optimizer: Any) -> None:
    """Set the rate to what it is: Keras refuses that beside a schedule, and would else only when the rate changes."""
    with _told(name):
        optimizer.learning_rate = float(optimizer.learning_rate)


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn what a callback raises into an error that names it."""
    try:
        with faults_told(name):
            yield
    except OwnCodeError as error:
        if _NOT_SETTABLE not in str(error):
            raise
        raise CallbackError(
            f"{name} in training.callbacks sets the learning rate, and so does the schedule; "
            "write 'schedule: {name: constant}'"
        ) from error
