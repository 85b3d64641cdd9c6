"""Whole trials, each in a job's process."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hpbench.catalogue import own
from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.definition.schema import Settings
from hpbench.execution.code import code_fingerprint
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Job
from hpbench.execution.limits import Limits
from hpbench.execution.local import LocalExecutor
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.plan.cases import cells
from hpbench.records.trial import Trial, TrialResult
from tests.conftest import QUICK, SMALL


class Done(NamedTuple):
    """A trial with its result, the folder that it ran in, and its values by metric: (iteration, value)."""

    trial: Trial
    result: TrialResult
    folder: Path
    curves: dict[str, list[tuple[int | None, float]]]

    def values(self, name: str) -> list[float]:
        """A metric's values in their order."""
        return [value for _, value in self.curves[name]]


@pytest.fixture(scope="module")
def trials(tmp_path_factory, request):
    """Runs the small benchmark's case ``fast``, ``QUICK`` and with these callbacks, one trial a seed.

    The trials share a job, or have each its own if they are to be ``apart``.
    The text ``CODE`` of the test's module is the module ``mine``, which lies in the working folder and is allowed.
    """
    folder = tmp_path_factory.mktemp("trials")
    (folder / "mine.py").write_text(request.module.CODE)

    def done(callbacks: list[dict[str, Any]], seeds: int = 1, apart: bool = False, **changes: Any) -> list[Done]:
        changes = (
            QUICK
            | {"dataset": {"name": "digits", "size": 8}, "training.callbacks": callbacks}
            | {path.replace("__", "."): value for path, value in changes.items()}
        )
        selection = Selection(seeds=seeds, cases=("fast",), readings=("default",), changes=changes)
        planned = cells(
            parse(SMALL, "small.yaml", selection),
            lambda settings: prepare_dataset(settings.dataset.model_dump(), folder).fingerprint,
        )
        job_trials = tuple(cell.trial for cell in planned)
        ended = []
        with job_environment("tensorflow", 1) as place, pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            code = code_fingerprint(Settings.model_validate(job_trials[0].settings))
            groups = [(trial,) for trial in job_trials] if apart else [job_trials]
            jobs = [Job(group, False, str(folder), code, ("mine", "keras")) for group in groups]
            LocalExecutor(1, folder / place).run(jobs, Limits(300.0), ended.append)
        results = [message.result for message in ended if isinstance(message, Ended)]
        pairs = zip(job_trials, results, strict=True)
        return [Done(trial, result, folder, _curves(result)) for trial, result in pairs]

    return done


def _curves(result: TrialResult) -> dict[str, list[tuple[int | None, float]]]:
    found: dict[str, list[tuple[int | None, float]]] = {}
    for item in result.observations:
        found.setdefault(item.name, []).append((item.iteration, item.value))
    return found


@pytest.fixture
def mine(tmp_path, monkeypatch, request):
    """The module ``mine`` for this process: the text ``CODE`` of the test's module, allowed, as ``keras`` is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(own, "_allowed", {"mine", "keras"})
    (tmp_path / "mine.py").write_text(request.module.CODE)
    yield
    sys.modules.pop("mine", None)
