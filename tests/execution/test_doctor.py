"""What the doctor says of software, settings and places that were made bad on purpose."""

import json
import os
import sys
import tomllib
from pathlib import Path

import pytest

from hpbench.execution import doctor
from hpbench.execution.checks import Check, Mark
from hpbench.execution.doctor_settings import keras_configuration, variables
from hpbench.execution.environment import REFUSED
from hpbench.measure import machine
from hpbench.records.store import Store

ROOT = Path(__file__).parents[2]


def marks(checks):
    return {check.subject: check.mark for check in checks}


@pytest.fixture
def broken_framework(tmp_path, monkeypatch):
    """Puts a module ``tensorflow`` of this source before the real one, for processes that are started."""

    def put(source):
        (tmp_path / "tensorflow.py").write_text(source, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return put


def test_a_check_is_one_line():
    check = Check(Mark.NOTE, "memory", "1 GiB", "Give --jobs 1")
    assert str(check) == "note     memory: 1 GiB. Give --jobs 1"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise ImportError('libfoo.so.7: no such file')", "ImportError: libfoo.so.7: no such file"),
        ("import os; os.abort()", "killed by signal 6"),
        ("import sys; sys.exit(5)", "ended with status 5"),
        ("import sys; print('no GPU driver', file=sys.stderr); sys.exit(1)", "no GPU driver"),
    ],
)
def test_a_framework_that_breaks_is_a_problem_in_its_own_words(broken_framework, source, words):
    broken_framework(source)
    (check,) = doctor.check_framework(time_limit=60)
    assert check.mark is Mark.PROBLEM
    assert words in check.found
    assert check.advice


def test_a_framework_that_hangs_is_a_problem(broken_framework):
    broken_framework("import time; time.sleep(600)")
    (check,) = doctor.check_framework(time_limit=1)
    assert check.mark is Mark.PROBLEM
    assert "did not start within 1 s" in check.found


def test_the_framework_starts_and_computes_here_and_a_library_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    """Variables that a run would refuse do not keep the framework from being checked."""
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.setenv("KERAS_BACKEND", "none such")
    (tmp_path / "tensorflow_datasets.py").write_text("raise ImportError('no six')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    framework, library = doctor.check_framework(time_limit=120)
    assert (framework.subject, framework.mark) == ("framework", Mark.OK)
    assert framework.found.endswith("it sees: CPU")
    assert (library.subject, library.mark) == ("tensorflow_datasets", Mark.PROBLEM)
    assert library.found == "cannot be imported: ImportError: no six"


def test_a_library_that_is_not_installed_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "LIBRARIES", ("numpy", "no-such-library"))
    assert marks(doctor.check_libraries()) == {"no-such-library": Mark.PROBLEM, "libraries": Mark.OK}


def test_the_versions_of_python_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (first, last) = doctor.PYTHON
    assert project["requires-python"] == f">={first[0]}.{first[1]},<{last[0]}.{last[1] + 1}"
    assert doctor.check_python().mark is Mark.OK


def test_another_python_is_a_problem(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert doctor.check_python().mark is Mark.PROBLEM


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        *((name, Mark.PROBLEM) for name in REFUSED),
        ("TF_ENABLE_ONEDNN_OPTS", Mark.NOTE),
        ("XLA_FLAGS", Mark.NOTE),
        ("TF_XLA_FLAGS", Mark.NOTE),
        ("KERAS_BACKEND", Mark.NOTE),
        ("KERAS_HOME", Mark.NOTE),
        ("KERAS_NNX_ENABLED", Mark.NOTE),
        ("OMP_NUM_THREADS", Mark.NOTE),
        ("TF_NUM_INTRAOP_THREADS", Mark.NOTE),
        ("CUDA_VISIBLE_DEVICES", Mark.NOTE),
        ("TFDS_DATA_DIR", Mark.NOTE),
    ],
)
def test_a_variable_that_acts_on_a_training_is_shown_with_advice(name, mark):
    (check,) = variables({name: "7", "PATH": "/bin", "PYTHONHASHSEED": "1"})
    assert (check.mark, check.subject, check.found) == (mark, name, "set to '7'")
    assert check.advice


def test_other_variables_are_not():
    assert marks(variables({"PATH": "/bin", "PYTHONHASHSEED": "1"})) == {"variables": Mark.OK}


@pytest.mark.parametrize(
    ("text", "mark", "words"),
    [
        (None, Mark.OK, "no "),
        ('{"floatx": "float32", "backend": "tensorflow"}', Mark.OK, "defaults"),
        (
            '{"floatx": "float16", "backend": "tensorflow", "max_epochs": 2}',
            Mark.NOTE,
            'floatx "float16", max_epochs 2',
        ),
        ("[1]", Mark.NOTE, "cannot be read"),
        ("{", Mark.NOTE, "cannot be read"),
        ("\udcff", Mark.NOTE, "cannot be read"),
    ],
)
def test_keras_configuration_file_is_compared_with_the_defaults(tmp_path, monkeypatch, text, mark, words):
    monkeypatch.setenv("HOME", str(tmp_path))
    if text is not None:
        (tmp_path / ".keras").mkdir()
        (tmp_path / ".keras/keras.json").write_bytes(text.encode(errors="surrogateescape"))
    check = keras_configuration({})
    assert check.mark is mark
    assert words in check.found


def test_keras_configuration_file_is_looked_for_where_keras_would(tmp_path):
    (tmp_path / "keras.json").write_text('{"epsilon": 0.1}', encoding="utf-8")
    assert "epsilon 0.1" in keras_configuration({"KERAS_HOME": str(tmp_path)}).found


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc, where nothing can be written")
@pytest.mark.parametrize("folder", ["/proc", "/proc/none/such"])
def test_a_place_that_cannot_be_written_is_a_problem(folder):
    check = doctor.check_place("data folder", Path(folder))
    assert check.mark is Mark.PROBLEM
    assert "cannot be written" in check.found


def test_a_place_that_is_not_made_yet_is_judged_by_where_it_would_be(tmp_path):
    check = doctor.check_place("data folder", tmp_path / "not/yet")
    assert check.mark is Mark.OK
    assert "not made yet" in check.found
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize(("limit", "mark"), [("LITTLE_SPACE", Mark.NOTE), ("NO_SPACE", Mark.PROBLEM)])
def test_little_space_is_said(tmp_path, monkeypatch, limit, mark):
    monkeypatch.setattr(doctor, "LITTLE_SPACE", float("inf"))
    monkeypatch.setattr(doctor, limit, float("inf"))
    assert doctor.check_place("data folder", tmp_path).mark is mark


def test_a_results_file_is_opened_and_a_run_on_it_is_named_and_left_alone(tmp_path):
    path = tmp_path / "r.sqlite"
    assert doctor.check_results(path).mark is Mark.OK
    assert not path.exists()
    with Store(path, create=True) as store:
        assert doctor.check_results(path).found == f"{path}, 0 runs"
        with store.held("hpbench run x"):
            busy = doctor.check_results(path)
    assert busy.mark is Mark.NOTE
    assert f"process {os.getpid()}" in busy.found
    path.write_text("no database at all, but text of some length" * 100, encoding="utf-8")
    assert doctor.check_results(path).mark is Mark.PROBLEM


def test_prepared_data_is_listed(tmp_path):
    from hpbench.parts.datasets.prepared import prepare_dataset

    assert "nothing is prepared" in next(doctor.check_data(tmp_path)).found
    prepare_dataset({"name": "digits", "size": 8}, tmp_path)
    assert "digits" in next(doctor.check_data(tmp_path)).found


def test_load_memory_and_cores_are_read():
    checks = [doctor.check_load(), doctor.check_memory(), doctor.check_cores(), doctor.check_start_method()]
    assert all(check.mark in (Mark.OK, Mark.NOTE) and check.found for check in checks)
    assert all(bool(check.advice) == (check.mark is Mark.NOTE) for check in checks)
    assert json.dumps(doctor.check_cores().found)[1].isdigit()


def test_a_limit_to_the_memory_is_heeded(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text(f"{doctor.GIB // 2}\n", encoding="ascii")
    monkeypatch.setattr(machine, "CGROUP_MEMORY", (str(tmp_path / "none"), str(limit)))
    check = doctor.check_memory()
    assert check.mark is Mark.NOTE
    assert "limited to 0.5 GiB" in check.found
    assert "--jobs 1" in check.advice


@pytest.mark.parametrize(("text", "words"), [("50000 100000", "the time of 0.5"), ("max 100000", "usable of")])
def test_a_limit_to_the_processors_is_heeded(tmp_path, monkeypatch, text, words):
    limit = tmp_path / "cpu.max"
    limit.write_text(text, encoding="ascii")
    monkeypatch.setattr(doctor, "CGROUP_CPU", str(limit))
    assert words in doctor.check_cores().found
