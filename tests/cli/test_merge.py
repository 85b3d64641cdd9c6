"""Shards of a run, made by real processes, give the report of the unbroken run when they are merged."""

import os
from functools import partial

import pytest

from hpbench.records.choose import load
from hpbench.records.store import Store
from tests.conftest import SMALL

CHANGES = ("--set", "timed_seeds=0", "--jobs", "1")
MLP = (
    SMALL.replace("{name: lenet, variant: lenet-5}", "{name: mlp, units: [4]}")
    .replace("lenet-5: {}", "few: {}")
    .replace("caffe: {model.variant: caffe}", "many: {model.units: [6]}")
)


@pytest.fixture(scope="module")
def hpbench(warm):
    """Runs ``hpbench`` as on a wide terminal."""
    return partial(warm.run, env=os.environ | {"COLUMNS": "200"})


@pytest.fixture(scope="module")
def workplace(hpbench, tmp_path_factory):
    """A folder with an unbroken run and two shards, by case and by seeds."""
    folder = tmp_path_factory.mktemp("shards")
    (folder / "small.yaml").write_text(MLP, encoding="utf-8")
    for name, options in {"whole": (), "slow": ("--case", "slow"), "fast": ("--case", "fast")}.items():
        words = ("run", "small.yaml", "--data", "data", *CHANGES, *options)
        report = ("--output", name) if name == "whole" else ("--no-report",)
        done = hpbench(*words, "--results", f"{name}.sqlite", *report, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def merged(hpbench, workplace):
    done = hpbench("merge", "all.sqlite", "slow.sqlite", "fast.sqlite", cwd=workplace)
    assert done.returncode == 0, done.stderr
    return done.stdout


def neutral(folder, path):
    """A report's text without when and by what command it was run."""
    with Store(path) as store:
        run = store.runs()[-1]
    texts = {file.relative_to(folder): file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()}
    return {name: text.replace(run.command, "(command)").replace(run.created, "(when)") for name, text in texts.items()}


def test_the_merge_says_what_it_joined(merged):
    assert "wrote all.sqlite: 2 runs, 6 attempts of 1 machine" in merged
    assert "small, profile quick: 2 runs joined to one of 5 cells" in merged


def test_the_report_of_the_merge_is_that_of_the_unbroken_run(hpbench, workplace, merged):
    done = hpbench("report", "small", "--results", "all.sqlite", "--output", "joined", cwd=workplace)
    assert done.returncode == 0, done.stderr
    joined = neutral(workplace / "joined", workplace / "all.sqlite")
    assert joined == neutral(workplace / "whole", workplace / "whole.sqlite")
    assert {"small.md", "small.json"} <= {path.name for path in joined}


def test_the_command_of_the_joined_run_is_that_of_all_shards(workplace, merged):
    with Store(workplace / "all.sqlite") as store:
        *shards, joined = store.runs()
    assert joined.command == " && ".join(run.command for run in shards)
    assert joined.selection["cases"] == []


def test_merging_in_steps_or_twice_gives_the_same_run(hpbench, workplace, merged):
    steps = (
        ("one.sqlite", "fast.sqlite"),
        ("two.sqlite", "one.sqlite", "slow.sqlite"),
        ("three.sqlite", "two.sqlite", "all.sqlite"),
    )
    for words in steps:
        assert hpbench("merge", *words, cwd=workplace).returncode == 0
    tables = []
    for name in ("all", "two", "three"):
        with Store(workplace / f"{name}.sqlite") as store:
            tables.append(load(store, store.runs()[-1]))
    for other in tables[1:]:
        assert other.trials.drop(columns="elapsed").equals(tables[0].trials.drop(columns="elapsed"))
        assert other.observations.equals(tables[0].observations)


def test_one_shard_alone_stays_what_it_is(hpbench, workplace, merged):
    done = hpbench("merge", "alone.sqlite", "slow.sqlite", cwd=workplace)
    assert done.stdout == "wrote alone.sqlite: 1 run, 3 attempts of 1 machine\n"
    assert done.returncode == 0


def test_a_run_goes_on_in_the_merged_file(hpbench, workplace, merged):
    (workplace / "going.sqlite").write_bytes((workplace / "all.sqlite").read_bytes())
    words = ("run", "small.yaml", "--data", "data", *CHANGES, "--results", "going.sqlite", "--no-report")
    assert "5 done before" in hpbench(*words, cwd=workplace).stdout


def test_contradicting_files_end_with_3_and_without_a_merge(hpbench, workplace, merged):
    wrong = workplace / "wrong.sqlite"
    wrong.write_bytes((workplace / "whole.sqlite").read_bytes())
    with Store(wrong, create=True) as store, store.connection:
        store.connection.execute("UPDATE observation SET value = 0.123 WHERE name = 'test_accuracy' AND iteration = 8")
    done = hpbench("merge", "never.sqlite", "all.sqlite", "wrong.sqlite", cwd=workplace)
    assert done.returncode == 3
    assert "in all.sqlite but 0.123 in wrong.sqlite" in done.stderr
    assert not (workplace / "never.sqlite").exists()
    again = hpbench("merge", "all.sqlite", "slow.sqlite", cwd=workplace)
    assert again.returncode == 2
    assert "all.sqlite exists" in again.stderr


def test_runs_of_other_software_stay_apart_and_of_other_machines_can_be_told(hpbench, workplace, merged):
    for name, change in {"commit": '"commit": "1234567"', "machine": '"CPU": "Another"'}.items():
        path = workplace / f"{name}.sqlite"
        path.write_bytes((workplace / "fast.sqlite").read_bytes())
        key = change.split(":")[0]
        with Store(path, create=True) as store, store.connection:
            (text,) = store.connection.execute("SELECT machine FROM run").fetchone()
            start = text.index(key)
            text = text[:start] + change + text[text.index('", "', start) + 1 :]
            store.connection.execute("UPDATE run SET machine = ?", (text,))
            if name == "machine":
                store.connection.execute("UPDATE run SET machine_id = 'feed'")
                store.connection.execute("UPDATE attempt SET machine_id = 'feed'")
    done = hpbench("merge", "apart.sqlite", "slow.sqlite", "commit.sqlite", cwd=workplace)
    assert "runs of one machine stay apart, because they differ in software or commit" in done.stdout
    done = hpbench("merge", "both.sqlite", "slow.sqlite", "machine.sqlite", cwd=workplace)
    assert "--machine feed: Another" in done.stdout
    words = ("report", "--results", "both.sqlite", "--output", "feed", "--format", "csv", "--machine")
    assert hpbench(*words, "feed", cwd=workplace).returncode == 0
    assert ",slow," not in (workplace / "feed" / "small.csv").read_text(encoding="utf-8")
    assert "of machine none" in hpbench(*words, "none", cwd=workplace).stderr
