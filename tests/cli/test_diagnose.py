"""``hpbench diagnose``: stored runs, files, drawings, and mistakes in words."""

import json
import re
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from hpbench.cli.main import hpbench
from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.errors import UserError
from hpbench.plan.cases import cells
from hpbench.records.store import Store
from hpbench.records.trial import Observation, Outcome, TrialResult
from tests.curve_shapes import PLANTED

SHAPES = {"slow": "underfitting", "fast": "overfitting"}
METRICS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy", "learning_rate")


def diagnose(*arguments):
    return CliRunner().invoke(hpbench, ["diagnose", *map(str, arguments)])


def refused(*arguments):
    """The message with which the command ends."""
    done = diagnose(*arguments)
    assert isinstance(done.exception, UserError), done.output
    return str(done.exception)


def write_csv(path, shape):
    curves = PLANTED[shape]
    columns = ("iteration", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate")
    values = [curves.iterations, *(getattr(curves, name) for name in ("train_loss", "test_loss"))]
    values += [curves.train_accuracy, curves.test_accuracy, curves.learning_rate]
    rows = [",".join(columns), *(",".join(map(repr, map(float, row))) for row in zip(*values, strict=True))]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def results(small_text, tmp_path):
    """A stored run whose cases have planted curves."""
    selection = Selection("quick", {}, 1)
    plan = cells(parse(small_text, "small.yaml", selection), lambda settings: "data")
    path = tmp_path / "results.sqlite"
    record = {
        "benchmark": "small",
        "version": 1,
        "profile": "quick",
        "definition": small_text,
        "file": "small.yaml",
        "selection": selection.as_dict(),
        "command": "hpbench run small.yaml",
        "machine": {},
        "machine_id": "here",
        "data": {"classes": 10},
    }
    with Store(path, create=True) as store:
        run = store.add_run(record)
        store.add_cells(run, plan, {cell.trial.identity: "code" for cell in plan})
        for cell in plan:
            curves = PLANTED[SHAPES[cell.case]]
            seen = tuple(
                Observation(metric, float(value), int(iteration))
                for metric in METRICS
                for iteration, value in zip(curves.iterations, getattr(curves, metric), strict=True)
            )
            result = TrialResult(cell.trial.identity, Outcome.OK, seen, timed=False, code="code")
            store.add_result(result, "here", 1.0)
    return path


def test_each_stored_curve_is_named_with_evidence_and_advice(results):
    done = diagnose("small", "--results", results)
    assert done.exit_code == 0, done.output
    assert "slow, seed 0: underfitting (training images are fitted no better than others" in done.output
    assert "fast, seed 0: overfitting" in done.output
    assert re.search(r"test loss at the end [\d.]+ % above its lowest", " ".join(done.output.split()))
    assert "smoke" not in done.output
    assert "try: a larger model, or less regularisation" in done.output


def test_a_run_of_the_profile_smoke_is_said_to_mean_nothing(results):
    with Store(results) as store:
        store.connection.execute("UPDATE run SET profile = 'smoke'")
        store.connection.commit()
    done = diagnose("small", "--results", results)
    assert done.output.startswith("note: a run of the profile smoke")
    assert "numbers mean nothing" in done.output


def test_one_case_and_another_reading(results):
    only = diagnose("small", "--case", "slow", "--results", results).output
    assert "slow, seed 0" in only
    assert "fast" not in only
    other = diagnose("small", "--reading", "model=caffe", "--results", results)
    assert "slow, seed 0: underfitting" in other.output


@pytest.mark.parametrize("shape", ["healthy", "plateau", "flat-start"])
def test_a_csv_file_is_named_and_drawn(shape, tmp_path):
    path = write_csv(tmp_path / "training.csv", shape)
    done = diagnose(path, "--classes", 10, "--output", tmp_path / "drawn")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"training.csv: {shape} (")
    root = ElementTree.fromstring((tmp_path / "drawn" / "training.csv.svg").read_text(encoding="utf-8"))
    texts = {element.text for element in root.iter()}
    assert {f"training.csv: {shape}", "accuracy", "training data", "other data"} <= texts


def test_a_history_is_named(tmp_path):
    curves = PLANTED["overfitting"]
    path = tmp_path / "history.json"
    path.write_text(json.dumps({"loss": list(curves.train_loss), "val_loss": list(curves.test_loss)}))
    assert diagnose(path).output.startswith("history.json: overfitting")


def test_a_diverged_training_is_drawn_as_far_as_it_goes(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("epoch,loss\n0,2.3\n1,2000\n2,nan\n")
    done = diagnose(path, "--output", tmp_path)
    assert "short.csv: diverged" in done.output
    assert "last finite loss at 1" in done.output
    assert (tmp_path / "short.csv.svg").exists()


def test_mistakes_are_told_in_words(results, tmp_path):
    assert "has no case sloww; it has: slow, fast" in refused("small", "--case", "sloww", "--results", results)
    assert "it holds: small" in refused("lenet-batch-lr", "--results", results)
    assert "hpbench run lenet-batch-lr" in refused("lenet-batch-lr", "--results", results)
    assert "no open point 'modle'" in refused("small", "--reading", "modle=caffe", "--results", results)
    assert "no run of small (full); it holds: small (quick)" in refused(
        "small", "--profile", "full", "--results", results
    )
    assert "cannot be read" in refused(tmp_path / "none.csv")
    (tmp_path / "curves.txt").write_text("loss")
    assert "end in .csv or .json" in refused(tmp_path / "curves.txt")
    missing = diagnose("training.txt", "--classes", 10)
    assert "training.txt: there is no such file" in str(missing.exception)
    assert "there is no such file" in refused("runs/training")
    assert "no results in" in refused("small", "--results", tmp_path / "none.sqlite")
    assert diagnose().exit_code == 2


def test_options_without_effect_are_refused(results, tmp_path):
    of_file = diagnose(tmp_path / "curves.csv", "--case", "slow")
    assert (of_file.exit_code, "--case does not apply" in of_file.output) == (2, True)
    of_run = diagnose("small", "--classes", 10, "--results", results)
    assert (of_run.exit_code, "--classes does not apply" in of_run.output) == (2, True)


def test_a_run_without_losses_is_told(small_text, results, tmp_path):
    with Store(results) as store:
        store.connection.execute("DELETE FROM observation WHERE name = 'train_loss'")
        store.connection.commit()
    assert "has no training loss over the iterations" in refused("small", "--results", results)
