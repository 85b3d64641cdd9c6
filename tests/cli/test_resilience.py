"""Accidents, for real: killed drivers and jobs, two drivers, full disks, changed code and data."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing

import psutil
import pytest

from tests.conftest import SMALL

KILLS = 12
CODE = """
import keras

def dense(input_shape, classes, units=8):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units), keras.layers.Dropout(0.5), keras.layers.Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), *layers])
"""
TINY = SMALL.replace("{name: lenet, variant: lenet-5}", "{name: mlp, units: [8]}").replace(
    "model.variant: caffe", "model.units: [12]"
)
"""Whose programs need no XLA, and whose trials are not timed: what is tested is not the benchmark."""
TINY = TINY.replace("timed_seeds: 1", "timed_seeds: 0\ncompute: {compile: graph}")
TINY = TINY.replace("{name: digits}", "{name: digits, size: 8}")
OWN = TINY.replace("{name: mlp, units: [8]}", '{name: "mine:dense", units: 8}').replace(
    "model.units: [12]", "model.units: 12"
)
FAST = ("--case", "fast", "--reading", "default")
"""Two trials of one program."""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(TINY, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(OWN.replace("id: small", "id: own"), encoding="utf-8")
    (tmp_path / "mine.py").write_text(CODE)
    return tmp_path


def rows(path, query):
    with closing(sqlite3.connect(path, uri=True)) as connection:
        return connection.execute(query).fetchall()


# --- kill -9


def victims(driver):
    """The processes of a run: the driver, and the jobs, which are children of the fork server."""
    try:
        children = psutil.Process(driver.pid).children(recursive=True)
        return [driver, *(child for child in children if child.ppid() != driver.pid)]
    except psutil.Error:
        return [driver]


def jobs(driver):
    """The jobs that have begun, each of which leads a group; the process that warms the fork server up does not."""
    try:
        return [victim for victim in victims(driver)[1:] if os.getpgid(victim.pid) == victim.pid]
    except ProcessLookupError:
        return []


def kill_one(driver, choose):
    """Kill the driver or a job, whatever it is doing; returns whether something was killed."""
    chosen = choose.choice(victims(driver))
    if driver.poll() is not None:
        return False
    try:
        chosen.send_signal(signal.SIGKILL)
    except psutil.Error:
        return False
    return True


def run_and_kill(start, results, kills):
    """Start the run again and again until ``kills`` processes were killed.

    A third of the runs are killed while they start; a third of the other kills come after the next result.
    """
    choose = random.Random(20261121)
    done = 0
    while done < kills:
        driver = start()
        if choose.random() < 1 / 3:
            time.sleep(choose.uniform(0.0, 0.7))
            done += kill_one(driver, choose)
        while done < kills and driver.poll() is None:
            if len(victims(driver)) > 1:
                before = outcomes(results)["ok"] if choose.random() < 1 / 3 else -1
                while outcomes(results)["ok"] == before and driver.poll() is None:
                    time.sleep(0.05)
                time.sleep(choose.uniform(0.0, 0.7))
                done += kill_one(driver, choose)
            time.sleep(0.02)
        driver.kill()
        driver.wait()


def outcomes(path):
    """How many attempts have ended how."""
    try:
        return Counter(dict(rows(f"file:{path}?mode=ro", "SELECT outcome, count(*) FROM attempt GROUP BY outcome")))
    except sqlite3.OperationalError:  # not there yet
        return Counter()


def test_after_a_dozen_kills_of_driver_and_jobs_the_results_are_those_of_an_unbroken_run(folder, warm, hpbench):
    arguments = ("run", "small.yaml", "--data", "data", "--seeds", "12", "--jobs", "2", "--reading", "default")
    arguments += ("--set", "training.iterations=1000", "--set", "training.evaluate_every=100")
    broken = folder / "results/hpbench.sqlite"
    run_and_kill(lambda: warm.start(*arguments, cwd=folder), broken, KILLS)
    assert outcomes(broken).keys() == {"ok", "failed"}
    last = hpbench(*arguments, cwd=folder)
    assert last.returncode == 0, last.stderr
    per_trial = rows(broken, "SELECT trial, sum(outcome = 'ok') FROM attempt GROUP BY trial")
    assert {count for _, count in per_trial} == {1}, "each trial has one result: nothing lost, nothing double"
    unbroken = hpbench(*arguments, "--results", "whole.sqlite", "--output", "whole", cwd=folder)
    assert unbroken.returncode == 0
    first, second = (json.loads((folder / name / "small.json").read_text()) for name in ("reports", "whole"))
    for key in ("rows", "curves", "claims", "comparisons"):
        assert first[key] == second[key]
    texts = [
        re.sub(r"run of \S+|hpbench run .*", "", (folder / name / "small.md").read_text())
        for name in ("reports", "whole")
    ]
    assert texts[0] == texts[1]
    kept = [path for path in (folder / "data").iterdir() if not path.name.startswith(".")]
    assert len(kept) == 1


def wait_until(condition, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.fixture
def endless(folder, warm):
    """A run that does not end by itself, once its first job has begun."""
    arguments = ("run", "small.yaml", "--data", "data", "--jobs", "1", "--no-report")
    arguments += ("--set", "training.iterations=9000000", "--set", "training.evaluate_every=100")
    driver = warm.start(*arguments, cwd=folder)
    wait_until(lambda: jobs(driver))
    yield driver
    driver.kill()
    driver.wait()


def test_jobs_end_with_their_driver(endless):
    started = jobs(endless)
    assert started
    endless.kill()
    endless.wait()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert [job for job in alive if job.status() != psutil.STATUS_ZOMBIE] == []


def test_a_second_driver_is_refused_with_the_first_one_s_process_and_the_next_one_goes_on(folder, endless, hpbench):
    run = ("run", "small.yaml", *FAST, "--data", "data", "--no-report")
    second = hpbench(*run, cwd=folder)
    assert second.returncode == 2
    assert f"is in use by process {endless.pid} on host {os.uname().nodename} (hpbench run small.yaml" in second.stderr
    assert hpbench(*run, "--results", "other.sqlite", cwd=folder).returncode == 0
    endless.kill()
    endless.wait()
    assert hpbench(*run, cwd=folder).returncode == 0


# --- places that cannot be written


@pytest.mark.parametrize("option", ["--results=/sys/kernel/results.sqlite", "--output=/sys/kernel/reports"])
def test_a_place_that_cannot_be_written_is_named_before_anything_runs(folder, option, hpbench):
    if not os.path.isdir("/sys/kernel"):  # noqa: PTH112
        pytest.skip("a folder that nobody can write is taken from /sys")
    done = hpbench("run", "small.yaml", "--data", "data", option, cwd=folder)
    assert done.returncode == 2
    assert "/sys/kernel" in done.stderr
    assert option.partition("=")[0] in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "results").exists()


@pytest.fixture
def small_disk(folder):
    """A file system of 256 KiB, where this user may mount one."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)  # a process that is ending may hold it


def test_a_full_disk_ends_in_words_and_the_same_command_goes_on_when_there_is_room(folder, small_disk, hpbench):
    arguments = ("run", "small.yaml", "--data", "data", "--results", "disk/results.sqlite", "--seeds", "8")
    arguments += ("--jobs", "1", "--reading", "default")
    arguments += ("--set", "training.evaluate_every=1", "--set", "training.iterations=60")
    done = hpbench(*arguments, cwd=folder)
    assert done.returncode == 3, done.stderr
    assert "disk/results.sqlite cannot be written: database or disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    results = small_disk / "results.sqlite"
    kept = rows(results, "SELECT count(*) FROM attempt WHERE outcome = 'ok'")[0][0]
    assert kept > 0
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    again = hpbench(*arguments, "--no-report", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert f"{kept} done before" in again.stdout


# --- failed trials


def test_what_a_failed_trial_printed_can_be_read(folder, hpbench):
    (folder / "mine.py").write_text(CODE.replace("    layers", "    print('units are', units)\n    layers", 1))
    done = hpbench(
        *("run", "own.yaml", "--data", "data", "--allow-code", "mine", *FAST),
        *("--set", "model.units=-1", "--seeds", "1"),
        cwd=folder,
    )
    assert done.returncode == 4
    assert "hpbench logs --results results/hpbench.sqlite" in done.stderr
    listed = hpbench("logs", cwd=folder)
    assert listed.returncode == 0
    identity, rest = listed.stdout.split(maxsplit=1)
    assert "own, fast, default, seed 0: failed: OwnCodeError: mine:dense" in rest
    assert "mine.py, line 6: ValueError: Received an invalid value for `units`" in rest
    told = hpbench("logs", identity[:6], cwd=folder)
    assert told.returncode == 0
    assert "units are -1" in told.stdout
    assert "Traceback (most recent call last)" in told.stdout
    wrong = hpbench("logs", "zzz", cwd=folder)
    assert (wrong.returncode, "no failed trial" in wrong.stderr) == (2, True)


# --- code of one's own, and changes of code and data


@pytest.fixture
def run_own(folder, hpbench):
    def run(*more):
        allowed = ("--data", "data", "--jobs", "1", "--allow-code", "mine")
        return hpbench("run", "own.yaml", *FAST, *allowed, *more, cwd=folder)

    return run


def test_code_of_one_s_own_runs_where_it_is_allowed_and_only_there(folder, hpbench, run_own):
    refused = hpbench("run", "own.yaml", "--data", "data", cwd=folder)
    assert refused.returncode == 2
    assert "mine:dense" in refused.stderr
    assert "--allow-code mine" in refused.stderr
    assert not (folder / "results").exists()
    done = run_own("--set", "timed_seeds=1")
    assert done.returncode == 0, done.stderr
    assert "own: 2 ok" in done.stdout
    assert "mine:dense" in (folder / "reports/own.md").read_text()
    shared = run_own("--results", "shared.sqlite", "--no-report")
    assert shared.returncode == 0
    query = """SELECT t.identity, o.name, o.iteration, o.value FROM observation o JOIN attempt a ON a.id = o.attempt
               JOIN trial t ON t.identity = a.trial WHERE o.name LIKE '%accuracy' OR o.name LIKE '%loss'"""
    alone = set(rows(folder / "results/hpbench.sqlite", query))
    assert alone == set(rows(folder / "shared.sqlite", query)), "dropout and all, alone or in a shared process"


def test_a_change_of_own_code_makes_its_results_stale(folder, hpbench, run_own):
    assert run_own("--no-report").returncode == 0
    (folder / "mine.py").write_text(CODE.replace("Dropout(0.5)", "Dropout(0.25)"))
    shown = hpbench("show", "own.yaml", *FAST, cwd=folder)
    assert "2 done before, 2 of those stale" in shown.stdout
    kept = run_own("--keep-stale")
    assert kept.returncode == 0
    assert "2 done before, 2 of those stale" in kept.stdout
    report = (folder / "reports/own.md").read_text()
    assert "2 of 2 results are stale" in report
    again = run_own()
    assert again.returncode == 0
    assert "own: 2 ok" in again.stdout
    assert "run again, because their code or a library has changed" in again.stderr
    assert "stale" not in (folder / "reports/own.md").read_text()


def test_data_that_has_changed_is_refused(folder, hpbench):
    import numpy as np

    def write(seed):
        numbers = np.random.default_rng(seed)
        arrays = {f"x_{split}": numbers.integers(0, 255, (40, 28, 28)).astype(np.uint8) for split in ("train", "test")}
        np.savez(folder / "mine.npz", y_train=np.arange(40) % 10, y_test=np.arange(40) % 10, **arrays)

    write(1)
    arguments = ("run", "small.yaml", *FAST, "--data", "data", "--jobs", "1", "--no-report")
    arguments += ("--set", "dataset={name: npz, path: mine.npz}")
    assert hpbench(*arguments, cwd=folder).returncode == 0
    before = rows(folder / "results/hpbench.sqlite", "SELECT count(*) FROM run")
    write(2)
    refused = hpbench(*arguments, cwd=folder)
    assert refused.returncode == 2
    assert "the data has changed" in refused.stderr
    assert "--results" in refused.stderr
    assert rows(folder / "results/hpbench.sqlite", "SELECT count(*) FROM run") == before
    write(1)
    assert "2 done before" in hpbench(*arguments, cwd=folder).stdout
