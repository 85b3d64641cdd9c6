import os
import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background; what tests start would ignore it, too
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import HealthCheck, settings

from tests.warm import Warm

settings.register_profile("hpbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hpbench")  # no test is timed: the machine may be busy

SMALL = """\
schema: 1
id: small
version: 1
title: A small benchmark
question: Does it run?
source: {title: A document}
dataset: {name: digits}
model: {name: lenet, variant: lenet-5}
training:
  optimizer: {name: sgd, momentum: 0.9}
  schedule: {name: constant}
  learning_rate: 0.05
  batch_size: 16
  iterations: 12
  evaluate_every: 4
  train_sample: 50
cases:
  slow: {learning_rate: 0.01}
  fast: {learning_rate: 0.05}
open:
  model:
    why: The document does not say which.
    answers:
      lenet-5: {}
      caffe: {model.variant: caffe}
reading_cases: [slow]
seeds: 2
timed_seeds: 1
claims:
  - id: fast-is-better
    text: The higher rate learns faster.
    where: section 1
    tolerance_from: none
    test: {name: greater, metric: test_accuracy, cases: [fast], than: [slow]}
"""

QUICK = {"model": {"name": "mlp", "units": [8]}, "compute.compile": "graph"}
"""Changes of it that compile at once, where the training itself is not what is looked at."""


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Starts ``hpbench`` without the seconds of importing TensorFlow."""
    warm = Warm()
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def hpbench(warm: Warm) -> Callable[..., CompletedProcess[str]]:
    """Runs ``hpbench`` to its end as a process of its own: ``hpbench(*arguments, cwd=folder)``."""
    return warm.run


@pytest.fixture
def small_text() -> str:
    """The text of a benchmark that takes a second."""
    return SMALL


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


LONGEST = (
    "test_readme.py",
    "test_ab.py",
    "test_resilience.py",
    "test_bilevel.py",
    "test_gate.py",
    "test_any_file.py",
    "test_rate_search.py",
    "test_run.py",
    "test_best.py",
    "test_gate_calibration.py",
)
"""Files of half a minute and more: they come first, so that no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; a file's own order stays."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
