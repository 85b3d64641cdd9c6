"""The gate as CI uses it: real runs of a model of one's own that changes, and every exit code by a real command."""

import json
import os
import re
import shutil
import signal
import time

import pytest
from click.testing import CliRunner

from hpbench.cli.main import hpbench as command
from hpbench.cli.main import main
from hpbench.gate.history import read
from hpbench.measure.machine import commit
from hpbench.records.layout import StoreFullError
from hpbench.records.store import Store

TINY = """\
schema: 1
id: tiny
version: 1
title: A tiny benchmark with a gate
question: Has it become worse?
source: {title: A document}
dataset: {name: digits, size: 8}
model: {name: "tiny_net:net", units: 24}
training:
  optimizer: {name: sgd, momentum: 0.9}
  schedule: {name: constant}
  learning_rate: 0.1
  batch_size: 32
  iterations: 60
  evaluate_every: 30
  train_sample: 50
cases:
  base: {}
  wide: {model.units: 32}
seeds: 4
timed_seeds: 0
gated:
  - {metric: test_accuracy, direction: higher, threshold: 0.02}
  - {metric: seconds_per_100_iterations, direction: lower, threshold: 0.05, relative: true}
"""
NET = """\
import keras


def net(input_shape, classes, units):
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(units, activation="relu")(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes)(hidden))
"""


ALLOWED = ("--data", "data", "--allow-code", "tiny_net", "--jobs", "1")
OPTIONS = ("--reference", "reference.json", *ALLOWED)


def environment(**variables):
    """Without what a CI job has set."""
    return {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"} | variables


@pytest.fixture(scope="module")
def hpbench(warm):
    """Runs ``hpbench``."""
    return lambda *arguments, cwd, **variables: warm.run(*arguments, cwd=cwd, env=environment(**variables))


@pytest.fixture(scope="module")
def gate(hpbench):
    """Runs ``hpbench gate`` in a folder."""
    return lambda folder, *arguments, **variables: hpbench("gate", *OPTIONS, *arguments, cwd=folder, **variables)


def found(folder):
    """What gate.json says, and by case the verdicts on the accuracy."""
    document = json.loads((folder / "build/gate/gate.json").read_text(encoding="utf-8"))
    return document, {pair["case"]: pair["verdict"] for pair in document["gated"]}


@pytest.fixture(scope="module")
def original(hpbench, tmp_path_factory):
    """A folder with a stored run and a reference of it."""
    folder = tmp_path_factory.mktemp("gate")
    (folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    (folder / "tiny_net.py").write_text(NET, encoding="utf-8")
    done = hpbench("run", "tiny.yaml", *ALLOWED, "--no-report", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = hpbench("reference", "save", "reference.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(original, tmp_path):
    """A copy of it to change."""
    return shutil.copytree(original, tmp_path / "copy")


def edit(folder, change):
    """Change the reference's benchmark, as JSON."""
    path = folder / "reference.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document["benchmarks"]["tiny"])
    path.write_text(json.dumps(document), encoding="utf-8")


def of_fewer_seeds_and_other_bits(benchmark):
    for readings in benchmark["cases"].values():
        side = readings["default"]
        side["curves"] = {"0": "other"}
        side["values"]["test_accuracy"] = {"0": side["values"]["test_accuracy"]["0"] - 0.001}


def test_0_nothing_has_changed(gate, folder):
    """The run is made, and finds all of its trials done with the same code."""
    summary = folder / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    done = gate(folder, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tiny: 8 done before" in done.stdout
    assert "gate: fine: nothing that is gated has become worse." in done.stdout
    document, verdicts = found(folder)
    assert verdicts == {"base": "identical", "wide": "identical"}
    assert (document["outcome"], document["exit_code"]) == ("fine", 0)
    markdown = (folder / "build/gate/gate.md").read_text(encoding="utf-8")
    assert markdown.startswith("# Gate: fine")
    assert summary.read_text(encoding="utf-8") == f"before\n{markdown}"


@pytest.fixture(scope="module")
def changed(gate, original, tmp_path_factory):
    """A copy in which the same stored run was gated twice into a history, and then a worse model; the last gate."""
    folder = shutil.copytree(original, tmp_path_factory.mktemp("changed") / "copy")
    for _ in range(2):
        done = gate(folder, "--no-run", "--history", "kept/history.jsonl")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "wrote kept/history.jsonl" in done.stdout
        assert len(read(folder / "kept/history.jsonl").entries) == 1
    (folder / "tiny_net.py").write_text(NET.replace("Dense(units,", "Dense(1,"), encoding="utf-8")
    return folder, gate(folder, "--history", "kept/history.jsonl")


def test_1_a_changed_model_has_become_worse(hpbench, gate, changed, tmp_path):
    folder, done = shutil.copytree(changed[0], tmp_path / "copy"), changed[1]
    assert done.returncode == 1, done.stdout + done.stderr
    assert "8 trials to run, 8 run again, because their code" in done.stderr
    document, verdicts = found(folder)
    assert verdicts == {"base": "worse", "wide": "worse"}
    assert all(pair["difference"]["mean"] < -0.2 for pair in document["gated"])
    assert all(pair["p"] < 0.005 and pair["significant"] for pair in document["gated"])
    compared = hpbench("compare", "reference.json", "results/hpbench.sqlite", cwd=folder)
    assert compared.returncode == 0
    assert "**worse**" in compared.stdout
    plan = hpbench("gate", "--plan", "--reference", "reference.json", cwd=folder)
    assert plan.returncode == 0
    assert "tiny, wide" in plan.stdout
    assert "Enough of them:\nhpbench run tiny.yaml --profile quick --seeds " in plan.stdout
    updated = hpbench("reference", "update", "reference.json", cwd=folder)
    assert "tiny, base, test_accuracy: worse" in updated.stdout
    assert gate(folder, "--no-run").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gate",), "name the reference with --reference FILE"),
        (("gate", "--reference", "none.json"), "there is no reference file none.json"),
        (("gate", "--reference", "tiny.yaml"), "tiny.yaml cannot be read as a reference file"),
        (("gate", "--reference", "reference.json", "lenet-batch-lr"), "has no benchmark lenet-batch-lr; it has: tiny"),
        (
            ("gate", "--reference", "reference.json", "--no-run", "--results", "none.sqlite"),
            "no results in none.sqlite",
        ),
        (("gate", "--reference", "reference.json"), "--allow-code"),
        (("compare", ".", "reference.json"), "there is no file .; name a results file"),
        (("compare", "reference.json", "none"), "there is no file none; name a results file, a reference file, or a"),
        (("compare", "reference.json", "#99"), "has no run 99; the newest are: 1 (tiny, quick)"),
        (("reference", "save", "reference.json"), "reference.json exists"),
        (("reference", "save", "tiny.yaml/new.json"), "tiny.yaml cannot be written"),
        (("compare", "#1", "#1", "--output", "tiny.yaml/x"), "tiny.yaml/x cannot be written"),
        (("report", "--output", "tiny.yaml/x"), "tiny.yaml/x cannot be written"),
        (("reference", "save", "new.json", "lenet-batch-lr"), "holds no such run of lenet-batch-lr; it holds: tiny"),
    ],
)
def test_2_wrong_usage_in_words(hpbench, original, arguments, words):
    done = hpbench(*arguments, cwd=original)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_3_some_trials_failed(gate, folder):
    broken = NET.replace("    inputs =", "    assert units < 30, 'too wide'\n    inputs =")
    (folder / "tiny_net.py").write_text(broken, encoding="utf-8")
    done = gate(folder)
    assert done.returncode == 3, done.stdout + done.stderr
    document, verdicts = found(folder)
    assert verdicts == {"base": "identical", "wide": "not comparable"}
    assert len(document["failures"]) == 4
    assert "too wide" in (folder / "build/gate/gate.md").read_text(encoding="utf-8")


def test_3_the_machine_could_not_go_on_and_the_report_is_written_first(folder, monkeypatch):
    def full(*arguments):
        raise StoreFullError("the disk is full")

    monkeypatch.setattr("hpbench.cli.run.run_all", full)
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(command, ["gate", "--reference", "reference.json", "--allow-code", "tiny_net"])
    assert done.exit_code == 3, done.output
    assert found(folder)[0]["failures"] == ["the run: the disk is full"]


def test_3_a_stored_run_that_was_cut_off_is_no_fine_one(hpbench, gate, folder):
    """As after kill -9: the plan is stored, and some of its trials are not."""
    with Store(folder / "results/hpbench.sqlite") as store, store.connection as connection:
        connection.execute("DELETE FROM observation WHERE attempt = (SELECT max(id) FROM attempt)")
        connection.execute("DELETE FROM attempt WHERE id = (SELECT max(id) FROM attempt)")
    done = gate(folder, "--no-run")
    assert done.returncode == 3, done.stdout + done.stderr
    (failure,) = found(folder)[0]["failures"]
    assert re.search(r"tiny: (base|wide), default, seed \d: not run", failure)
    saved = hpbench("reference", "save", "cut.json", cwd=folder)
    assert "not in the reference: " in saved.stderr
    assert f"{failure.removeprefix('tiny: ')}" in saved.stderr


def test_4_nothing_was_measured(gate, folder):
    edit(folder, lambda benchmark: benchmark.update(profile="full"))
    done = gate(folder, "--no-run")
    assert done.returncode == 4, done.stdout + done.stderr
    assert found(folder)[0]["outcome"] == "nothing measured"
    assert "tiny: results/hpbench.sqlite holds no run of it in profile full" in done.stderr


def test_5_another_version_is_not_comparable(gate, folder):
    edit(folder, lambda benchmark: benchmark.update(version=2))
    done = gate(folder, "--no-run")
    assert done.returncode == 5, done.stdout + done.stderr
    assert "not comparable (definition version 2 beside 1)" in done.stdout
    made = re.search("tiny: the run of 20.* is judged, made by commit (.*)", done.stderr)
    assert made[1] == commit(), "the present one, which is then not said"


def test_5_a_definition_that_changed_under_its_version_is_said_to_have(gate, folder):
    (folder / "tiny.yaml").write_text(TINY.replace("evaluate_every: 30", "evaluate_every: 60"), encoding="utf-8")
    done = gate(folder)
    assert done.returncode == 5, done.stdout + done.stderr
    assert "other settings, both with --profile quick: the definition has changed, and its version has not" in (
        done.stdout
    )


def test_6_too_few_seeds_are_unclear_unless_that_is_accepted(gate, folder):
    edit(folder, of_fewer_seeds_and_other_bits)
    done = gate(folder, "--no-run")
    assert done.returncode == 6, done.stdout + done.stderr
    assert "unclear (too few seeds: 1, and a test needs 3)" in done.stdout
    assert gate(folder, "--no-run", "--accept-unclear").returncode == 0
    assert found(folder)[0]["accepted"] is True


def test_gated_runs_go_to_a_history_that_is_then_drawn(hpbench, changed):
    """The same run twice is one entry; a changed model is another; the history is drawn with both."""
    folder, summary = changed[0], changed[0] / "summary.md"
    before, now = read(folder / "kept/history.jsonl").entries
    assert (before.outcome, now.outcome) == ("fine", "regression")
    assert {value.metric for value in now.values} >= {"test_accuracy", "test_loss"}
    assert {value.n for value in now.values} == {4}
    done = hpbench("history", "kept/history.jsonl", "--output", "out", cwd=folder, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if "base" in line and "test accuracy" in line)
    assert row.split()[-2] == "2"
    assert (folder / "out/history.md").exists()
    assert list((folder / "out/history").glob("*test-accuracy.svg"))
    assert "## History" in summary.read_text(encoding="utf-8")


def test_a_damaged_line_of_a_history_is_told_and_kept_aside(gate, folder):
    history = folder / "history.jsonl"
    assert gate(folder, "--no-run", "--history", "history.jsonl").returncode == 0
    with history.open("a", encoding="utf-8") as file:
        file.write('{"format": 1, "bench')
    done = gate(folder, "--no-run", "--history", "history.jsonl")
    assert done.returncode == 0
    assert "line 2: not readable (a write that was cut off?), moved to history.jsonl.damaged" in done.stderr
    assert len(read(history).entries) == 1


@pytest.mark.parametrize(
    ("history", "words"), [("tiny.yaml", "is not a history of hpbench"), ("tiny.yaml/none.jsonl", "--history")]
)
def test_2_what_cannot_be_a_history_is_said_before_the_run(gate, folder, history, words):
    (folder / "tiny_net.py").write_text(NET.replace("Dense(units,", "Dense(1,"), encoding="utf-8")
    before = (folder / history.partition("/")[0]).read_bytes()
    done = gate(folder, "--history", history)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "trials to run" not in done.stderr
    assert not (folder / "build/gate/gate.md").exists()
    assert (folder / history.partition("/")[0]).read_bytes() == before


def test_3_a_history_that_cannot_be_written_any_more_is_in_the_reports(folder, monkeypatch):
    def full(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr("hpbench.gate.history.append", full)
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(command, ["gate", "--reference", "reference.json", "--no-run", "--history", "new.jsonl"])
    assert done.exit_code == 3, done.output
    assert "gate: failed" in done.output
    document, verdicts = found(folder)
    assert document["failures"] == ["the run is not in the history: no space left"]
    assert (document["exit_code"], set(verdicts.values())) == (3, {"identical"})


def of_ctrl_c(error):
    """What a library makes of it."""
    error.__cause__ = KeyboardInterrupt()
    return error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (of_ctrl_c(SystemError("a result with an exception set")), 130, "interrupted"),
        (KeyError("x"), 3, "KeyError"),
    ],
)
def test_neither_ctrl_c_nor_a_fault_of_hpbench_ends_as_a_regression(folder, monkeypatch, capfd, error, code, words):
    def fail(*arguments):
        raise error

    monkeypatch.setattr("hpbench.gate.compare.compare", fail)
    monkeypatch.setattr("sys.argv", ["hpbench", "gate", "--reference", "reference.json", "--no-run"])
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    assert words in capfd.readouterr().err


WAITING = f"import time\nfrom pathlib import Path\n\n{NET}".replace(
    "    inputs =", "    Path('begun').touch()\n    time.sleep(60)\n    inputs ="
)


def test_130_ctrl_c_during_the_run_ends_the_gate_without_a_verdict(warm, folder):
    (folder / "tiny_net.py").write_text(WAITING, encoding="utf-8")
    process = warm.start("gate", *OPTIONS, cwd=folder)
    while process.poll() is None and not (folder / "begun").exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "interrupted; what is done is kept. To go on: hpbench gate" in errors
    assert not (folder / "build/gate/gate.json").exists()


def test_results_of_older_code_that_were_kept_are_marked(hpbench, gate, folder):
    (folder / "tiny_net.py").write_text(f"{NET}# another\n", encoding="utf-8")
    done = hpbench("run", "tiny.yaml", *ALLOWED, "--no-report", "--keep-stale", cwd=folder)
    assert "8 of those stale" in done.stdout
    compared = hpbench("compare", "reference.json", "results/hpbench.sqlite", cwd=folder)
    assert "second is stale: made by older code at 4 seeds" in compared.stdout
    judged = gate(folder, "--no-run")
    assert judged.returncode == 6, judged.stdout + judged.stderr
    assert "tiny, base, test_accuracy: unclear (made by older code)" in judged.stdout
    assert "first is stale" not in compared.stdout


def test_a_definition_that_has_another_id_now_is_said_to_have_one(gate, folder):
    (folder / "tiny.yaml").write_text(TINY.replace("id: tiny", "id: small"), encoding="utf-8")
    done = gate(folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "tiny.yaml, named by reference.json, is of benchmark small now" in done.stderr


def test_the_plan_asks_for_runs_like_those_of_the_reference(hpbench, original):
    narrow = ("--case", "wide", "--set", "training.evaluate_every=20", "--seeds", "4", "--results", "narrow.sqlite")
    assert hpbench("run", "tiny.yaml", *ALLOWED, *narrow, "--no-report", cwd=original).returncode == 0
    saved = hpbench("reference", "save", "narrow.json", "--results", "narrow.sqlite", cwd=original)
    assert "not in the reference, and so not gated: wide, seconds_per_100_iterations" in saved.stderr
    plan = hpbench("gate", "--plan", "--reference", "narrow.json", "--results", "none.sqlite", cwd=original)
    assert plan.returncode == 0, plan.stderr
    assert "hpbench run tiny.yaml --profile quick --set training.evaluate_every=20 --case wide --seeds " in plan.stdout
    stored = hpbench("gate", "tiny.yaml", "--plan", "--results", "narrow.sqlite", cwd=original)
    assert stored.stdout == plan.stdout
    for words in (("other.yaml", "--plan"), ("lenet-batch-lr", "--plan")):
        wrong = hpbench("gate", *words, "--results", "narrow.sqlite", cwd=original)
        assert wrong.returncode == 2, wrong.stdout


def test_a_reference_shows_what_it_gates(hpbench, original):
    done = hpbench("reference", "show", "reference.json", cwd=original)
    assert done.returncode == 0
    assert "tiny, version 1, --profile quick, of 20" in done.stdout
    assert "wide, test_accuracy: 0." in done.stdout
    assert "seconds_per_100_iterations: not measured, so not gated" in done.stdout


def test_runs_are_compared_by_number_and_written_to_files(hpbench, original):
    done = hpbench("compare", "#1", "results/hpbench.sqlite#1", "--output", "build", cwd=original)
    assert done.returncode == 0, done.stderr
    document = json.loads((original / "build/compare.json").read_text(encoding="utf-8"))
    (comparison,) = document["comparisons"]
    assert {pair["verdict"] for pair in comparison["gated"] + comparison["shown"]} == {"identical"}


def test_what_is_gated_is_no_part_of_a_trial_s_identity(hpbench, folder):
    (folder / "tiny.yaml").write_text(TINY.replace("threshold: 0.02", "threshold: 0.03"), encoding="utf-8")
    done = hpbench("run", "tiny.yaml", *ALLOWED, "--no-report", cwd=folder)
    assert "tiny: 8 done before" in done.stdout
