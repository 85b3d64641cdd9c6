"""``hpbench doctor`` as a person uses it."""

import json
import os
import subprocess
import sys

import pytest


def doctor(*arguments, cwd, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KERAS_", "TF_"))}
    return subprocess.run(
        [sys.executable, "-m", "hpbench", "doctor", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment | {"HOME": str(cwd), "XDG_CACHE_HOME": str(cwd / "cache")} | variables,
        timeout=300,
    )


def test_a_machine_without_problems_ends_with_0_and_a_line_a_check(tmp_path):
    """The command of the README, as it stands."""
    done = doctor(cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(line.startswith(("ok ", "note ")) for line in lines)
    for subject in ("Python", "libraries", "framework", "cores", "memory", "keras.json", "results", "data"):
        assert sum(line[9:].startswith(f"{subject}: ") for line in lines) == 1, subject
    assert not {"results", "reports"} & {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / "cache" / "hpbench").exists()


@pytest.fixture
def broken_framework(tmp_path):
    """A folder with a ``tensorflow`` that cannot be imported."""
    (tmp_path / "tensorflow.py").write_text("raise RuntimeError('built for another processor')", encoding="utf-8")
    return str(tmp_path)


def test_problems_end_with_3_and_say_what_to_do(tmp_path, broken_framework):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras/keras.json").write_text('{"floatx": "float64"}', encoding="utf-8")
    variables = {"KERAS_MAX_EPOCHS": "2", "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONPATH": broken_framework}
    done = doctor("--json", cwd=tmp_path, **variables)
    assert done.returncode == 3, done.stderr
    checks = {check["subject"]: check for check in json.loads(done.stdout)["checks"]}
    problems = {subject for subject, check in checks.items() if check["mark"] == "problem"}
    assert problems == {"KERAS_MAX_EPOCHS", "framework"}
    assert "unset it" in checks["KERAS_MAX_EPOCHS"]["advice"]
    assert checks["TF_ENABLE_ONEDNN_OPTS"]["mark"] == "note"
    assert 'floatx "float64"' in checks["keras.json"]["found"]
    assert checks["keras.json"]["mark"] == "note"


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="there is no /proc, where nothing can be written")  # noqa: PTH110
def test_a_broken_framework_and_a_place_that_cannot_be_written(tmp_path, broken_framework):
    done = doctor("--results", "/proc/results/r.sqlite", cwd=tmp_path, PYTHONPATH=broken_framework)
    assert done.returncode == 3
    assert "Traceback" not in done.stdout + done.stderr
    problems = [line for line in done.stdout.splitlines() if line.startswith("problem")]
    assert len(problems) == 2
    assert "RuntimeError: built for another processor" in problems[0]
    assert "/proc/results" in problems[1]
