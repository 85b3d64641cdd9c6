"""``hpbench new`` as a person uses it: what it writes is valid, shown and run by the commands that it prints."""

import json
import shlex
import subprocess
import sys

import pytest


def proposed(done):
    """The commands that ``hpbench new`` prints."""
    return [shlex.split(line) for line in done.stdout.splitlines() if line.startswith("  ")]


@pytest.fixture
def run_in_smoke(hpbench):
    """Run some cases of a proposed command quickly; its JSON report."""

    def run(command, folder, *cases):
        assert command[:2] == ["hpbench", "run"]
        options = [word for case in cases for word in ("--case", case)]
        options += [] if "--profile" in command else ["--profile", "smoke"]
        options += ["--reading", "default", "--set", "timed_seeds=0", "--data", "data"]
        done = hpbench(*command[1:], *options, cwd=folder)
        assert done.returncode == 0, done.stderr
        (report,) = (folder / "reports").glob("*.json")
        return json.loads(report.read_text(encoding="utf-8"))

    return run


def test_a_new_definition_runs_by_the_commands_that_are_printed(tmp_path, hpbench, run_in_smoke):
    done = hpbench("new", "my-first", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("wrote my_first.yaml\n")
    validate, show, smoke, run = proposed(done)
    assert hpbench(*validate[1:], cwd=tmp_path).stdout == "my_first.yaml: fine\n"
    assert "12 trials" in hpbench(*show[1:], cwd=tmp_path).stdout
    assert smoke == [*run, "--profile", "smoke"]
    report = run_in_smoke(smoke, tmp_path, "slow", "fast")
    assert len(report["claims"]) >= 2


def test_own_parts_run_in_another_folder(tmp_path, hpbench, run_in_smoke):
    done = hpbench("new", "my-own", "--code", "--folder", "my place", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    enter, *_, run = proposed(done)
    assert enter == ["cd", "my place"]
    folder = tmp_path / "my place"
    assert {path.name for path in folder.iterdir()} == {"my_own.yaml", "my_own_parts.py"}
    report = run_in_smoke(run, folder, "fast")
    assert report["data"]["generated"]
    assert any(row["metric"] == "largest_weight" for row in report["rows"])


def test_a_table_runs(tmp_path, hpbench, run_in_smoke):
    (tmp_path / "t.csv").write_text("case;learning_rate;test_accuracy\nA;0,5;90%\n", encoding="utf-8")
    bad = hpbench("new", "mine", "--from", "t.csv", cwd=tmp_path)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("t.csv:2:2: 'learning_rate': a comma")
    (tmp_path / "t.csv").write_text("case;learning_rate;test_accuracy\nA;0.5;90%\nB;0.1;\n", encoding="utf-8")
    done = hpbench("new", "mine", "--from", "t.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = run_in_smoke(proposed(done)[-1], tmp_path)
    rows = {row["case"]: row["reported"] for row in report["rows"] if row["metric"] == "test_accuracy"}
    assert rows == {"A": 0.9, "B": None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("My Benchmark",), "try 'my-benchmark'"),
        (("mine", "--code", "--from", "t.csv"), "do not go together"),
        (("mine", "--from", "nowhere.csv"), "nowhere.csv"),
        (("taken",), "taken.yaml exists"),
        (("mine", "--folder", "taken.yaml"), "taken.yaml"),
        (("mine", "--folder", "taken.yaml/below"), "taken.yaml"),
    ],
)
def test_what_cannot_be_done_ends_with_2_in_words(tmp_path, hpbench, arguments, words):
    (tmp_path / "taken.yaml").write_text("mine", encoding="utf-8")
    done = hpbench("new", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "taken.yaml").read_text(encoding="utf-8") == "mine"


def test_force_writes_over_a_file(tmp_path, hpbench):
    (tmp_path / "taken.yaml").write_text("mine", encoding="utf-8")
    assert hpbench("new", "taken", "--force", cwd=tmp_path).returncode == 0
    assert "id: taken" in (tmp_path / "taken.yaml").read_text(encoding="utf-8")


def test_new_imports_nothing_heavy(tmp_path):
    code = """
import sys
from hpbench.cli.main import hpbench
hpbench(["new", "light"], standalone_mode=False)
print(sorted({"keras", "tensorflow", "pandas", "scipy", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
