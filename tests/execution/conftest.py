"""Jobs with callbacks of one's own, by which a test looks into a job's process."""

import pytest

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.definition.schema import Settings
from hpbench.execution.code import code_fingerprint
from hpbench.execution.job import Job
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.plan.cases import cells
from tests.conftest import QUICK, SMALL


@pytest.fixture
def job_with(tmp_path, monkeypatch):
    """Makes a job of one trial, the small benchmark's case ``fast``, with callbacks from a module ``mine``."""
    monkeypatch.chdir(tmp_path)

    def make(code, *callbacks, timed=False):
        (tmp_path / "mine.py").write_text(code)
        selection = Selection(
            seeds=1, cases=("fast",), readings=("default",), changes={"training.callbacks": list(callbacks)} | QUICK
        )
        planned = cells(
            parse(SMALL, "small.yaml", selection),
            lambda settings: prepare_dataset(settings.dataset.model_dump(), tmp_path).fingerprint,
        )
        code = code_fingerprint(Settings.model_validate(planned[0].trial.settings))
        return Job((planned[0].trial,), timed, str(tmp_path), code, ("mine",))

    return make
