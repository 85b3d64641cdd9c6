"""Programs for tests, in this process."""

from hpbench.engine.steps import Step
from hpbench.engine.tensorflow_backend import TensorFlowBackend


class Unconfigured(TensorFlowBackend):
    """The backend without its settings for a whole process, which cannot be made once TensorFlow has started."""

    def __init__(self):
        self._gpus = []
        self._deterministic = False


def compiled(model, optimizer, data, mode="auto", step=None, stretch=200, batch_size=16):
    """A program over data that is trained on and evaluated."""
    return Unconfigured().compile(
        model,
        optimizer,
        {"train": data, "test": data},
        mode,
        batch_size=batch_size,
        stretch=stretch,
        step=step or Step(),
    )
