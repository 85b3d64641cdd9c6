"""A search through the real command: every trial once, also after it was killed; its best point as a definition."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from functools import partial

import pytest

DEFINITION = """\
schema: 1
id: searched
version: 1
title: A search
question: Which rate is best?
source: {title: A document}
dataset: {name: digits, size: 8, scale: 0.0625}
model: {name: mlp, units: [8]}
training: {optimizer: {name: sgd}, schedule: {name: constant}, learning_rate: 0.05, batch_size: 16, iterations: 30}
cases: {alone: {}}
seeds: 1
timed_seeds: 0
studies:
  random:
    why: To compare.
    seeds: 2
    search:
      strategy: random
      trials: 5
      space:
        learning_rate: {name: log, low: 0.0001, high: 1000}
        training.optimizer: {name: choice, values: [{name: sgd}, {name: adam}]}
      again: 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    (folder / "searched.yaml").write_text(DEFINITION)
    return folder


@pytest.fixture(scope="module")
def hpbench(folder, warm):
    return partial(warm.run, cwd=folder, env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")})


def rows(path):
    """Case, seed and settings of all cells, and the values of their results."""
    with sqlite3.connect(path) as store:
        return store.execute(
            """SELECT cell.name, cell.seed, trial.settings, observation.name, iteration, value
               FROM cell JOIN trial ON trial.identity = cell.trial JOIN attempt ON attempt.trial = cell.trial
               JOIN observation ON observation.attempt = attempt.id
               WHERE observation.name = 'test_accuracy' ORDER BY cell.name, cell.seed"""
        ).fetchall()


@pytest.fixture(scope="module")
def unbroken(folder, hpbench):
    done = hpbench("run", "searched.yaml", "--jobs", "1", "--results", "whole.sqlite", "--output", "whole")
    assert done.returncode == 0, done.stderr
    return rows(folder / "whole.sqlite")


def test_every_point_with_every_seed_and_the_winner_again(unbroken):
    places = [(name, seed) for name, seed, *_ in unbroken]
    assert places == [
        ("alone", 0),
        *((f"random/{n}", s) for n in range(1, 6) for s in (0, 1)),
        ("random/winner", 2),
        ("random/winner", 3),
    ]


def test_a_search_that_was_killed_ends_with_exactly_the_same_trials(folder, unbroken, warm, hpbench):
    words = ("run", "searched.yaml", "--jobs", "1", "--results", "killed.sqlite", "--no-report")
    process = warm.start(*words, cwd=folder, env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")})
    deadline = time.monotonic() + 250
    while time.monotonic() < deadline and not attempts(folder / "killed.sqlite"):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < attempts(folder / "killed.sqlite") < 13
    done = hpbench(*words)
    assert done.returncode == 0, done.stderr
    assert "done before" in done.stdout
    latest = {row[:2]: row for row in rows(folder / "killed.sqlite")}
    assert list(latest.values()) == unbroken
    assert attempts(folder / "killed.sqlite") == 13


def attempts(path):
    if not path.exists():
        return 0
    with sqlite3.connect(path) as store:
        try:
            return store.execute("SELECT count(*) FROM attempt WHERE outcome IN ('ok', 'diverged')").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def test_the_best_point_is_written_as_a_definition_that_runs(folder, unbroken, hpbench):
    done = hpbench("best", "searched", "--results", "whole.sqlite", "--write", "best-rate.yaml")
    assert done.returncode == 0, done.stderr
    assert "the best of 5 points" in done.stdout
    assert "run again with 2 fresh seeds" in done.stdout
    again = hpbench("run", "best-rate.yaml", "--results", "best.sqlite", "--seeds", "2", "--no-report")
    assert again.returncode == 0, again.stderr
    settings = {name: text for name, _, text, *_ in unbroken}
    assert {text for name, _, text, *_ in rows(folder / "best.sqlite")} == {settings["random/winner"]}


def test_a_file_that_exists_is_not_written_over(folder, unbroken, hpbench):
    (folder / "mine.yaml").write_text("mine")
    done = hpbench("best", "searched", "--results", "whole.sqlite", "--write", "mine.yaml")
    assert done.returncode == 2
    assert (folder / "mine.yaml").read_text() == "mine"


def test_a_changed_space_is_refused_by_name(folder, unbroken, hpbench):
    (folder / "changed.yaml").write_text(DEFINITION.replace("high: 1000", "high: 10"))
    done = hpbench("run", "changed.yaml", "--results", "whole.sqlite", "--no-report")
    assert done.returncode == 2
    assert "space.learning_rate.high was 1000.0 and is 10.0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("other",), "holds no run of other; it holds: searched"),
        (("searched", "--study", "grid"), "has no search 'grid'; it has: random"),
    ],
)
def test_what_is_not_there_is_told(unbroken, hpbench, words, said):
    done = hpbench("best", *words, "--results", "whole.sqlite")
    assert done.returncode == 2
    assert said in done.stderr


def test_the_plan_of_a_search_is_shown_without_keras_tuner(folder):
    code = """
import sys
from hpbench.cli.main import hpbench
hpbench(["show", "searched.yaml"], standalone_mode=False)
assert not {"keras", "keras_tuner", "tensorflow"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "12 of searches" in done.stdout
