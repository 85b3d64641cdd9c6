"""A model builder of one's own: what it takes, what its own rate is, and models at any rate and weight decay."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import keras

from hpbench.parts.own import faults_told
from hpbench.protocol.data import Batch
from hpbench.protocol.step import ProtocolError, shown
from hpbench.protocol.trainee import Trainee, without_regularisation

RATE, DECAY = "learning_rate", "weight_decay"
PROBED = (1e-3, 2e-3)
"""Two rates at which a builder is called to see whether it uses what it is given."""

KEPT = 4
"""Models that are kept to be used again, so that they are not compiled anew for every trial."""


class Builder:
    """Makes models by a function ``build(learning_rate, weight_decay)`` that returns a compiled ``keras.Model``.

    What the function does not take is not given. Without ``learning_rate``, the rate of the optimizer is set.

    Args:
        build: The function.
        batch: One batch of the data.
        seed: Set by ``keras.utils.set_random_seed`` before every call.
        name: Of the model, for messages and the report.

    Attributes:
        name: Of the model.
        seed: Of its initialisation.
        classes: How many its models tell apart.
        takes: Which of ``learning_rate`` and ``weight_decay`` the function takes.
        own_rate: The rate that it uses when it is given none; None if it has to be given one.
        remarks: What a reader has to know of it.

    Raises:
        OwnCodeError: The function fails.
        ProtocolError: It does not return such a model, or its rate cannot be varied.
    """

    def __init__(self, build: Callable[..., Any], batch: Batch, seed: int, name: str = "build") -> None:
        if not callable(build):
            raise ProtocolError(f"{name} has to be a function that returns a compiled model; it is {build!r}")
        self._build, self._batch, self.seed, self.name = build, batch, seed, name
        self.takes, rate_is_needed = _taken(build, name)
        self._takes_rate = RATE in self.takes
        self._kept: dict[tuple[float | None, float | None, bool], Trainee] = {}
        self._switched: list[str] = []
        first = self._make(PROBED[0] if rate_is_needed else None, None)
        self.own_rate = None if rate_is_needed else first.learning_rate
        self.classes = first.classes
        self._settable = first.settable and self._given_is_used(rate_is_needed, first)
        if not self._takes_rate and not first.settable:
            raise ProtocolError(
                f"{name}: the optimizer has a schedule or function for its rate, which cannot be set from outside; "
                f"let the function take {RATE} and build the schedule from it"
            )
        self.remarks = self._words()

    @property
    def takes_decay(self) -> bool:
        """Whether weight decay can be searched."""
        return DECAY in self.takes

    def at(self, learning_rate: float, weight_decay: float | None = None) -> Trainee:
        """A model in its first state, with this rate and decay; the same initial weights every time."""
        model = self._trainee(learning_rate, weight_decay, bare=False)
        model.restart(learning_rate if self._settable else None)
        return model

    def bare(self, learning_rate: float | None = None) -> tuple[Trainee, list[str]]:
        """A model as ``at`` gives it, without any regularisation; and what was switched off."""
        rate = learning_rate if learning_rate is not None else self.own_rate or PROBED[0]
        model = self._trainee(rate, None, bare=True)
        model.restart(rate if self._settable else None)
        return model, self._switched

    def _trainee(self, learning_rate: float, weight_decay: float | None, *, bare: bool) -> Trainee:
        key = (None if self._settable else learning_rate, weight_decay or None, bare)
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._make(learning_rate, weight_decay, bare=bare)
        return self._kept[key]

    def _make(self, learning_rate: float | None, weight_decay: float | None, *, bare: bool = False) -> Trainee:
        given: dict[str, float] = {}
        if self._takes_rate and learning_rate is not None:
            given[RATE] = learning_rate
        if self.takes_decay:
            given[DECAY] = weight_decay or 0.0
        keras.utils.set_random_seed(self.seed)
        with faults_told(self.name):
            model = self._build(**given)
        if bare and isinstance(model, keras.Model) and getattr(model, "optimizer", None) is not None:
            with faults_told(self.name):
                model(self._batch[0][:1], training=False)  # weights have to be there before their penalties go
            self._switched = without_regularisation(model)
        return Trainee(model, self.name, self._batch)

    def _given_is_used(self, rate_is_needed: bool, first: Trainee) -> bool:
        """Whether the rate that is given is the optimizer's as it is, so that setting it is the same as building."""
        if not self._takes_rate:
            return True
        low = first if rate_is_needed else self._make(PROBED[0], None)
        if _near(low.learning_rate, PROBED[0]):
            return True
        high = self._make(PROBED[1], None)
        if _near(low.learning_rate, high.learning_rate):
            raise ProtocolError(
                f"{self.name} takes {RATE} and does not use it: at {PROBED[0]:g} and at {PROBED[1]:g} its optimizer "
                f"has the rate {shown(low.learning_rate)}; hand it to the optimizer"
            )
        return False

    def _words(self) -> tuple[str, ...]:
        words = []
        if not self._takes_rate:
            words.append(f"{self.name} takes no {RATE}; the rate of its optimizer is set instead.")
        elif not self._settable:
            words.append(f"{self.name} makes something of its own of {RATE}; a model is built for every rate.")
        if not self.takes_decay:
            words.append(f"{self.name} takes no {DECAY}; only the rate is searched.")
        return tuple(words)


def _taken(build: Callable[..., Any], name: str) -> tuple[tuple[str, ...], bool]:
    """Which of rate and weight decay it takes, and whether it has to be given a rate.

    Raises:
        ProtocolError: It needs something else, which nobody gives.
    """
    try:
        parameters = inspect.signature(build).parameters
    except (TypeError, ValueError):
        return (RATE, DECAY), True
    anything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    named = {
        key: p for key, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }  # fmt: skip
    optional = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    needed = [
        key
        for key, p in parameters.items()
        if p.default is inspect.Parameter.empty
        and p.kind not in optional
        and (key not in (RATE, DECAY) or p.kind is p.POSITIONAL_ONLY)
    ]
    if needed:
        raise ProtocolError(
            f"{name} needs {', '.join(needed)}; it may need {RATE} and {DECAY}, by name, and everything else has to "
            "have a default"
        )
    needs_rate = RATE in named and named[RATE].default is inspect.Parameter.empty
    return tuple(key for key in (RATE, DECAY) if anything or key in named), needs_rate


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-4)
