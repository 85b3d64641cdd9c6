"""The report of curves that were made to have a shape: confusion matrices of both sets, and what the names mean."""

import json
from types import SimpleNamespace

import pytest

from hpbench.definition.load import bundled, parse
from hpbench.definition.resolve import Selection
from hpbench.records.tables import OBSERVATION_COLUMNS, TRIAL_COLUMNS, RunTables
from hpbench.report.facts import gather
from hpbench.report.json_export import text
from hpbench.report.sections.shapes import shapes
from tests.curve_shapes import PLANTED
from tests.report.reading import section, tables

pd = pytest.importorskip("pandas")
METRICS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy", "learning_rate")
MISTAKEN = "lenet-caffe/plateau"


@pytest.fixture(scope="module")
def report():
    """The bundled benchmark with planted curves, all as intended but one case's."""
    definition_text = bundled()["learning-curves"].read_text(encoding="utf-8")
    resolved = parse(definition_text, "learning_curves.yaml", Selection(profile="standard", seeds=2))
    definition = resolved.definition
    intended = {
        case: shape
        for by_shape in (definition.shapes.tuned_on, definition.shapes.held_out)
        for shape, cases in by_shape.items()
        for case in cases
    }
    trials, observations, settings = [], [], {}
    for planned in resolved.planned_cases():
        if planned.case not in intended:
            continue
        settings[planned.case, planned.reading] = planned.settings.model_dump(mode="json")
        curves = PLANTED["healthy" if planned.case == MISTAKEN else intended[planned.case]]
        for seed in range(2):
            place = planned.case, planned.reading, seed
            trials.append((*place, "ok", False, "", False, 1.5))
            for metric in METRICS:
                pairs = zip(curves.iterations, getattr(curves, metric), strict=True)
                observations += [(*place, metric, float(at), float(value), "{}") for at, value in pairs]
    found = RunTables(
        trials=pd.DataFrame(trials, columns=list(TRIAL_COLUMNS)),
        observations=pd.DataFrame(observations, columns=list(OBSERVATION_COLUMNS)),
        settings=settings,
        data={"name": "digits", "classes": 10, "counts": {}, "generated": False},
        machine={},
        command="hpbench run learning-curves",
        created="2026-01-02T03:04:05Z",
    )
    facts = gather(found, resolved)
    return SimpleNamespace(markdown=f"\n{shapes(facts)}", json=json.loads(text(facts)))


def test_every_shape_is_tuned_on_and_held_out_with_other_cases():
    content = bundled()["learning-curves"].read_text(encoding="utf-8")
    definition = parse(content, "x.yaml", Selection(profile="standard")).definition
    assert set(definition.shapes.tuned_on) == set(definition.shapes.held_out) == set(PLANTED)
    tuned_on = {case for cases in definition.shapes.tuned_on.values() for case in cases}
    held_out = {case for cases in definition.shapes.held_out.values() for case in cases}
    assert not tuned_on & held_out


def test_balanced_accuracy_stands_with_the_number_of_curves(report):
    summary, confusion, *_ = tables(section(report.markdown, "### Curves held out"))
    by_name = {row["who names"]: row for row in summary}
    assert len(by_name) == 4
    rules = by_name["the rules of `hpbench diagnose`"]
    held_out = sum(int(value) for row in confusion for name, value in row.items() if name != "intended")
    assert int(rules["n"]) == held_out
    shares = [float(value) for name, value in rules.items() if name in PLANTED]
    assert float(rules["balanced accuracy"]) == pytest.approx(sum(shares) / len(shares), abs=0.001)
    assert float(rules["plateau"]) == pytest.approx(2 / 3, abs=0.001)


def test_the_confusion_matrix_says_what_was_mistaken_for_what(report):
    held_out = section(report.markdown, "### Curves held out")
    confusion = {row["intended"]: row for row in tables(held_out)[1]}
    assert (confusion["plateau"]["plateau"], confusion["plateau"]["healthy"]) == ("4", "2")
    assert confusion["diverged"]["diverged"] == "6"
    assert f"- {MISTAKEN} (plateau): healthy 2" in held_out


def test_it_is_said_which_curves_the_rules_were_tuned_on(report):
    tuned_on = section(report.markdown, "### Curves that the rules were tuned on")
    assert "The thresholds of the rules were chosen on curves of these cases" in tuned_on
    assert "mlp on mnist5k" in tuned_on
    assert "lenet on digits" in section(report.markdown, "### Curves held out")


def test_the_json_has_the_same_counts(report):
    rules = report.json["shapes"]["held_out"][0]
    wrong = [count for count in rules["counts"] if count["intended"] != count["named"]]
    assert wrong == [{"intended": "plateau", "named": "healthy", "n": 2}]
    assert rules["n"] == sum(count["n"] for count in rules["counts"])
    assert rules["balanced_accuracy"] == pytest.approx(1 - 1 / 3 / len(PLANTED))
