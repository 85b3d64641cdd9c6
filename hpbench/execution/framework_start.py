"""Starts the framework as a job does, computes once, and prints what came of it as one line of JSON.

A process of its own for ``hpbench doctor``: what crashes or hangs here takes nothing else with it.
"""

import json
from importlib import import_module

import numpy as np

from hpbench.engine.tensorflow_backend import TensorFlowBackend
from hpbench.parts.models.lenet import lenet


def _fault(library: str) -> str:
    """Why a library cannot be imported; empty if it can."""
    try:
        import_module(library)
    except Exception as error:  # a broken installation raises nearly anything
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    backend = TensorFlowBackend(threads=1, deterministic=True)
    logits = lenet({"variant": "lenet-5"}, (28, 28, 1), 10)(np.ones((2, 28, 28, 1), dtype=np.float32))
    print(
        json.dumps(
            {
                "devices": backend.describe()["devices"],
                "finite": bool(np.isfinite(logits).all()) and logits.shape == (2, 10),
                "faults": {library: _fault(library) for library in ("keras_tuner", "tensorflow_datasets")},
            }
        )
    )
