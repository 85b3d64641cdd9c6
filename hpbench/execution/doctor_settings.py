"""Settings outside a definition that act on a training: environment variables and Keras' own configuration file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from hpbench.execution.checks import Check, Mark
from hpbench.execution.environment import REFUSED
from hpbench.measure.machine import RECORDED


class _Rule(NamedTuple):
    """What to say of variables whose name matches the pattern."""

    pattern: str
    mark: Mark
    words: str


_OWN = "Nothing to do: hpbench sets it itself for its jobs"
_CHANGES = "It changes results or times; the report says that it was set. Unset it if you do not mean that"
_DETERMINISTIC = "Operations are deterministic anyway, unless a definition says deterministic: false; then unset it"
_RULES = (
    *(
        _Rule(name, Mark.PROBLEM, "It changes training silently, so hpbench refuses to run: unset it")
        for name in REFUSED
    ),
    _Rule("KERAS_BACKEND", Mark.NOTE, "The definition names the backend, and hpbench sets it; nothing to do"),
    _Rule("KERAS_HOME", Mark.NOTE, "Jobs have a private one, so that no keras.json acts on them; nothing to do"),
    _Rule("KERAS_*", Mark.NOTE, "Jobs inherit it; unset it if you do not mean that"),
    *(_Rule(name, Mark.NOTE, _CHANGES) for name in RECORDED),
    _Rule("TF_USE_LEGACY_KERAS", Mark.NOTE, "Nothing to do: hpbench imports Keras 3 whatever it says"),
    _Rule("TF_DETERMINISTIC_OPS", Mark.NOTE, _DETERMINISTIC),
    _Rule("TF_CUDNN_DETERMINISTIC", Mark.NOTE, _DETERMINISTIC),
    _Rule("OMP_NUM_THREADS", Mark.NOTE, _OWN),
    _Rule("OPENBLAS_NUM_THREADS", Mark.NOTE, _OWN),
    _Rule("TF_NUM_INTRAOP_THREADS", Mark.NOTE, _OWN),
    _Rule("TF_NUM_INTEROP_THREADS", Mark.NOTE, _OWN),
    _Rule("CUDA_DEVICE_ORDER", Mark.NOTE, _OWN),
    _Rule("CUDA_VISIBLE_DEVICES", Mark.NOTE, "Only these GPUs are used, none if it is empty; unset it to use all"),
    _Rule("TFDS_DATA_DIR", Mark.NOTE, "Sets of TensorFlow Datasets are looked for there, too"),
    _Rule("PYTHONPATH", Mark.NOTE, "Modules there come before installed ones; unset it if you do not mean that"),
)
_KERAS_DEFAULTS = {
    "backend": "tensorflow",
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
}


def variables(environment: Mapping[str, str]) -> Iterator[Check]:
    """Variables that are set and act on a training, or would if hpbench let them."""
    found = [(name, rule) for name in sorted(environment) if (rule := _rule(name)) is not None]
    for name, rule in found:
        yield Check(rule.mark, name, f"set to '{environment[name]}'", rule.words)
    if not found:
        yield Check(Mark.OK, "variables", "none is set that acts on a training")


def _rule(name: str) -> _Rule | None:
    return next((rule for rule in _RULES if fnmatchcase(name, rule.pattern)), None)


def keras_configuration(environment: Mapping[str, str]) -> Check:
    """Keras' configuration file: what in it differs from Keras' defaults."""
    folder = environment.get("KERAS_HOME")
    path = (Path(folder) if folder else Path("~/.keras").expanduser()) / "keras.json"
    advice = "Jobs of hpbench do not read it; trainings of your own that you compare with a report do"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        different = {name: value for name, value in settings.items() if value != _KERAS_DEFAULTS.get(name)}
    except FileNotFoundError:
        return Check(Mark.OK, "keras.json", f"no {path}")
    except (OSError, ValueError, AttributeError) as error:
        return Check(Mark.NOTE, "keras.json", f"{path} cannot be read ({error})", advice)
    if not different:
        return Check(Mark.OK, "keras.json", f"{path} has Keras' defaults")
    words = ", ".join(f"{name} {json.dumps(value)}" for name, value in different.items())
    return Check(Mark.NOTE, "keras.json", f"{path} sets {words}", advice)
