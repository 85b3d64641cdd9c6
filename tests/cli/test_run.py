"""The command as a person uses it: real processes, real training, on a benchmark that takes seconds.

Where ``by_itself`` is used the process imports what it needs, as a person's does; elsewhere that has been done.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

QUICK = ("--reading", "default", "--set", "model={name: mlp, units: [8]}", "--set", "compute.compile=graph")
"""What compiles at once, where the training itself is not what is looked at."""


def by_itself(*arguments, cwd):
    command = [sys.executable, "-m", "hpbench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300)


def observations(path, costs=False):
    """Everything observed, by (trial, metric, iteration, labels)."""
    query = (
        "SELECT a.trial, o.name, o.iteration, o.labels, o.value FROM observation o JOIN attempt a ON a.id = o.attempt"
    )
    with sqlite3.connect(path) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    wall = re.compile("seconds|memory|clock|other_load")
    return {row[:4]: row[4] for row in rows if costs or not wall.search(row[1])}


def outcomes(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT outcome, count(*) FROM attempt GROUP BY outcome").fetchall()
    connection.close()
    return dict(rows)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a benchmark that was run once."""
    from tests.conftest import SMALL

    folder = tmp_path_factory.mktemp("work")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    done = by_itself("run", "small.yaml", "--data", "data", cwd=folder)
    return folder, done


def test_a_run_ends_well_and_writes_its_report(workplace):
    folder, done = workplace
    assert done.returncode == 0, done.stderr
    assert "small: 5 ok" in done.stdout
    assert (folder / "reports/small.md").read_text(encoding="utf-8").startswith("# A small benchmark")
    assert (folder / "reports/README.md").exists()
    assert "Traceback" not in done.stderr


def test_progress_is_plain_lines_without_a_terminal(workplace):
    _, done = workplace
    assert "small: 5 trials to run, about" in done.stderr
    assert "[5/5]" in done.stderr
    assert "\x1b[" not in done.stderr


def test_running_again_skips_what_is_done(workplace, hpbench):
    folder, _ = workplace
    before = observations(folder / "results/hpbench.sqlite", costs=True)
    done = hpbench("run", "small.yaml", "--data", "data", cwd=folder)
    assert done.returncode == 0
    assert "5 done before" in done.stdout
    assert observations(folder / "results/hpbench.sqlite", costs=True) == before


def test_the_same_trials_in_other_processes_give_the_same_bits(workplace, hpbench):
    """Also where the framework was imported before the command began, as it is for most of these tests."""
    folder, _ = workplace
    more = ("--results", "other.sqlite", "--no-report", "--jobs", "1", "--set", "timed_seeds=0")
    done = hpbench("run", "small.yaml", "--data", "data", *more, cwd=folder)
    assert done.returncode == 0
    first, second = observations(folder / "results/hpbench.sqlite"), observations(folder / "other.sqlite")
    assert len(first) > 50
    assert first == second


def test_the_report_twice_is_the_same_bytes(workplace, hpbench):
    folder, _ = workplace
    texts = []
    for output in ("first", "second"):
        assert hpbench("report", "--output", output, cwd=folder).returncode == 0
        files = sorted(path for path in (folder / output).rglob("*") if path.is_file())
        texts.append([(path.relative_to(folder / output), path.read_bytes()) for path in files])
    assert texts[0] == texts[1]
    assert len(texts[0]) >= 3


def test_the_json_report_is_strict_and_has_what_scripts_rely_on(workplace, hpbench):
    folder, _ = workplace
    done = hpbench("report", "small", "--format", "json", "--output", "json", cwd=folder)
    assert done.returncode == 0, done.stderr

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    data = json.loads((folder / "json/small.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert {
        "benchmark",
        "version",
        "profile",
        "command",
        "data",
        "machine",
        "rows",
        "curves",
        "claims",
    } <= set(data)
    assert data["benchmark"] == "small"
    assert set(data["data"]) >= {"name", "fingerprint", "generated"}
    assert "digits" in data["data"]["name"]
    default = [row for row in data["rows"] if row["reading"] == "default" and row["case"] == "fast"]
    metrics = {
        "test_accuracy", "train_accuracy", "seconds_training", "seconds_per_100_iterations",
        "seconds_compile", "seconds_total",
        "host_memory_peak", "host_memory_training",
    }  # fmt: skip
    assert metrics <= {row["metric"] for row in default}
    accuracy = next(row for row in default if row["metric"] == "test_accuracy")
    assert set(accuracy) == {
        "case",
        "reading",
        "settings",
        "labels",
        "metric",
        "unit",
        "n",
        "diverged",
        "mean",
        "low",
        "high",
        "reported",
        "device",
    }
    last = [
        curve["value"]
        for curve in data["curves"]
        if (curve["case"], curve["reading"], curve["metric"], curve["iteration"])
        == ("fast", "default", "test_accuracy", 12)
    ]
    assert accuracy["n"] == len(last) == 2
    assert accuracy["mean"] == pytest.approx(sum(last) / 2)
    assert {claim["verdict"] for claim in data["claims"]} <= {
        "supported",
        "contradicted",
        "inconclusive",
        "observed",
        "not-measured",
    }


def test_an_interrupt_ends_cleanly_and_the_same_command_goes_on(workplace, warm, hpbench):
    folder, _ = workplace
    arguments = ("run", "small.yaml", "--data", "data", "--results", "broken.sqlite", "--no-report", "--jobs", "1")
    arguments += ("--set", "timed_seeds=0", "--set", "training.iterations=1500", "--set", "training.evaluate_every=300")
    arguments += (*QUICK, "--seeds", "3")
    process = warm.start(*arguments, cwd=folder)
    deadline = time.monotonic() + 250
    while time.monotonic() < deadline and not (
        (folder / "broken.sqlite").exists() and _attempts(folder / "broken.sqlite")
    ):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "To go on: hpbench run small.yaml" in errors
    assert "Traceback" not in errors
    kept = outcomes(folder / "broken.sqlite")
    assert 1 <= kept["ok"] < 6
    again = hpbench(*arguments, cwd=folder)
    assert again.returncode == 0
    assert f"{kept['ok']} done before" in again.stdout
    unbroken = hpbench(*(a.replace("broken", "whole") for a in arguments), cwd=folder)
    assert unbroken.returncode == 0
    assert observations(folder / "broken.sqlite") == observations(folder / "whole.sqlite")


def _attempts(path):
    try:
        return outcomes(path)
    except sqlite3.Error:
        return {}


def test_some_trials_failed_is_3_and_nothing_measured_is_4(workplace, hpbench):
    folder, _ = workplace
    text = (folder / "small.yaml").read_text(encoding="utf-8")
    mixed = text.replace("id: small", "id: mixed").replace("slow: {learning_rate: 0.01}", "slow: {dataset.size: 8}")
    (folder / "mixed.yaml").write_text(mixed, encoding="utf-8")
    untimed = ("--data", "data", "--jobs", "1", "--seeds", "1", "--reading", "default", "--set", "timed_seeds=0")
    graph = ("--set", "compute.compile=graph")
    done = hpbench("run", "mixed.yaml", *untimed, *graph, "--results", "mixed.sqlite", cwd=folder)
    assert done.returncode == 3
    assert set(outcomes(folder / "mixed.sqlite")) == {"ok", "failed"}
    assert "images of at least 12 x 12 pixels" in done.stderr
    short = ("--set", "limits.seconds=0.001")
    every = hpbench("run", "small.yaml", *untimed, "--results", "none.sqlite", *short, cwd=folder)
    assert every.returncode == 4
    assert "nothing was measured" in every.stderr
    assert set(outcomes(folder / "none.sqlite")) == {"timed_out"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "smal.yaml"), "no such file; did you mean 'small.yaml'"),
        (("run", "nothing"), "no benchmark 'nothing'"),
        (("run", "small.yaml", "--case", "x"), "has no case x"),
        (("run", "small.yaml", "--set", "seeds"), "KEY=VALUE"),
        (("run", "small.yaml", "--set", "training.iterations=many"), "training.iterations"),
        (("run", "small.yaml", "--set", "dataset={name: npz, path: none.npz}"), "none.npz"),
        (
            ("run", "lenet-batch-lr", "--profile", "huge"),
            "no profile 'huge'; it has: smoke, quick, standard, full",
        ),
        (("report", "--results", "none-there.sqlite"), "no results in none-there.sqlite"),
        (("report", "other"), "holds no run of other; it holds: small"),
        (("run", "small.yaml", "--results", "small.yaml"), "cannot be used as a results file"),
        (("nonsense",), "No such command"),
    ],
)
def test_wrong_usage_is_2_in_words(workplace, hpbench, arguments, words):
    folder, _ = workplace
    done = hpbench(*arguments, cwd=folder)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
