"""Figures and tables of nets: layer by layer, over a setting, inference, and cases matched in it; planted results."""

import math
from dataclasses import replace

import pytest

from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.inference import inferences, matched
from hpbench.analysis.layers import by_layer
from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import read
from hpbench.report.facts import gather
from hpbench.report.figures import draw
from hpbench.report.markdown import markdown
from tests.analysis.conftest import DEFINITION, PlantedRun

NETS = """planner: {name: matched_latency, study: equal-time, reference: deep}
groups:
  by-depth: [depth/*]
figures:
  - {id: sweep, title: By depth, kind: sweep, metric: test_accuracy, to: model.depth, cases: [by-depth]}
  - {id: norms, title: Gradients, kind: layers, metric: gradient_norm, at: 0, scale: log, cases: [depth/d8, depth/d14]}
studies:
  depth:
    why: Depth.
    cases:
      d8: {model: {name: conv_stack, depth: 8}}
      d14: {model: {name: conv_stack, depth: 14}}
  cost:
    why: Cost.
    cases: {w8: {model: {name: conv_stack, depth: 8, width: 8}, training.procedure: {name: latency, batch_sizes: [32]}}}
  equal-time:
    why: Equal time.
    cases:
      deep: {model: {name: conv_stack, depth: 14, width: 8}}
      wide: {model: {name: conv_stack, depth: 8, width: 8}}
"""
TEXT = DEFINITION.replace("studies:\n", NETS, 1)


@pytest.fixture
def run():
    planted = PlantedRun(TEXT)
    for case, accuracies in {"depth/d8": [0.7, 0.8, 0.9], "depth/d14": [0.8, 0.9, 1.0]}.items():
        planted.whole(case, "test_accuracy", accuracies)
        layers = ["conv-001", "conv-002", "dense"] if case == "depth/d8" else ["conv-001", "conv-003", "dense"]
        for place, layer in enumerate(layers):
            for seed, norm in enumerate([1.0, 10.0, 100.0]):
                values = [norm * 10**-place, 5.0]
                planted.curve(case, seed, "gradient_norm", values, iterations=[0.0, 100.0], labels={"layer": layer})
    planted.whole("cost/w8", "seconds_per_image", [2e-6, 3e-6, 4e-6], batch="32")
    planted.whole("cost/w8", "parameters", [1234.0] * 3)
    return planted


def matched_run(run):
    """As the planner leaves it: the search with seed 0, what was found with others, and trained."""
    tried = {"deep": {8: [1.0, 1.02, 0.98, 1.0]}, "wide": {8: [0.5], 12: [1.04, 1.06, 1.08, 1.07]}}
    settings = {}
    for case, widths in tried.items():
        depth = 14 if case == "deep" else 8
        for width, ratios in widths.items():
            name = f"equal-time/{case}, model.width={width}"
            run.whole(name, "inference_ratio", ratios, batch="32")
            run.whole(name, "seconds_per_image", [1e-4] * len(ratios), batch="32")
            model = {"name": "conv_stack", "depth": depth, "width": width}
            procedure = {"name": "latency", "batch_sizes": [1, 32]}
            settings[name, "default"] = {"model": model, "training": {"procedure": procedure}}
        run.whole(f"equal-time/{case}", "test_accuracy", [0.9, 0.9, 0.9])
    tables = run.tables()
    wide = tables.settings["equal-time/wide", "default"]
    settings["equal-time/wide", "default"] = {**wide, "model": {**wide["model"], "width": 12}}
    return replace(tables, settings={**tables.settings, **settings})


def test_layers_stand_in_their_order_with_the_mean_of_the_logarithms(run):
    evidence = default_evidence(run.tables(), run.resolved)
    found = by_layer(evidence, "gradient_norm", "depth/d14", 0, log=True)
    assert [one.layer for one in found] == ["conv-001", "conv-003", "dense"]
    assert [one.interval.mean for one in found] == pytest.approx([10.0, 1.0, 0.1])
    assert found[0].interval.low < 10 < found[0].interval.high


def test_without_an_iteration_the_last_one_counts(run):
    found = by_layer(default_evidence(run.tables(), run.resolved), "gradient_norm", "depth/d8")
    assert [one.interval.mean for one in found] == [5.0, 5.0, 5.0]


def test_figures_over_layers_and_over_a_setting_are_drawn(run):
    figures = draw(gather(run.tables(), run.resolved))
    assert figures.asked.keys() == {"sweep", "norms"}
    assert "layer, from the first to the last" in figures.asked["norms"].svg
    assert ">depth<" in figures.asked["sweep"].svg
    assert ">14<" in figures.asked["sweep"].svg


def test_numbers_layer_by_layer_stand_in_the_report(run):
    facts = gather(run.tables(), run.resolved)
    text = markdown(facts, draw(facts))
    section = text[text.index("## Layer by layer") :]
    assert "     2 |" in section
    assert "10.0" in section


def test_latency_is_shown_in_microseconds_an_image(run):
    (found,) = inferences(default_evidence(run.tables(), run.resolved))
    assert found.seconds[32].mean == pytest.approx(3e-6)
    facts = gather(run.tables(), run.resolved)
    text = markdown(facts, draw(facts))
    row = next(line for line in text.splitlines() if line.startswith("| cost/w8") and "1,234" in line)
    assert "3.00 [" in row


def test_the_ratio_of_what_was_found_leaves_the_search_s_own_measurement_out(run):
    deep, wide = matched(default_evidence(matched_run(run), run.resolved))
    assert (deep.value, wide.value) == (8, 12)
    assert wide.tried == {8: 0.5, 12: 1.04}
    assert wide.ratio.mean == pytest.approx((1.06 + 1.08 + 1.07) / 3)
    assert wide.near
    assert wide.accuracies["test_accuracy"].mean == 0.9


def test_what_is_not_near_enough_is_said(run):
    tables = matched_run(run)
    shifted = tables.observations.copy()
    far = (shifted["case"] == "equal-time/wide, model.width=12") & (shifted["metric"] == "inference_ratio")
    shifted.loc[far, "value"] += 0.1
    facts = gather(replace(tables, observations=shifted), run.resolved)
    text = markdown(facts, draw(facts))
    rows = text[text.index("## At equal latency") :].splitlines()
    assert " no " in next(line for line in rows if line.startswith("| equal-time/wide"))
    assert " yes " in next(line for line in rows if line.startswith("| equal-time/deep"))
    assert "| equal-time/wide | 8: 0.500, 12: 1.14 |" in "\n".join(rows)


def test_a_group_of_a_study_is_the_mean_of_its_cases(run):
    from hpbench.catalogue.takes import Final

    values = default_evidence(run.tables(), run.resolved).values("by-depth", "test_accuracy", Final())
    assert list(values.values()) == pytest.approx([0.75, 0.85, 0.95])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("to: model.depth, ", ""), "names the setting 'to'"),
        (("to: model.depth", "to: model.dept"), "no setting"),
        (
            ("kind: layers, metric: gradient_norm, at: 0", "kind: curves, metric: gradient_norm, at: 0"),
            "for figures of layers",
        ),
        (("[depth/*]", "[dept/*]"), "no case matches"),
        (("depth: 14}}\n  cost", "depth: 15}}\n  cost"), "depth is 6 n + 2, such as 14 or 20"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change, said, tmp_path):
    file = tmp_path / "nets.yaml"
    assert change[0] in TEXT
    file.write_text(TEXT.replace(*change))
    with pytest.raises(DefinitionError) as caught:
        read(file)
    assert said in str(caught.value)
    assert "nets.yaml:" in str(caught.value)


def test_a_norm_of_zero_has_no_place_on_a_log_axis(run):
    run.curve("depth/d8", 0, "gradient_norm", [0.0], iterations=[0.0], labels={"layer": "last"})
    found = by_layer(default_evidence(run.tables(), run.resolved), "gradient_norm", "depth/d8", 0, log=True)
    assert math.isnan(found[-1].interval.mean)
