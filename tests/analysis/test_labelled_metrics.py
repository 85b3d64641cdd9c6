"""A definition names a metric with labels by dots: claims, reported numbers and chance are those of the head."""

import dataclasses

import pytest

from hpbench.analysis.claims import findings
from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.summary import comparisons, rows
from hpbench.analysis.verdicts import Verdict
from hpbench.catalogue.takes import Final
from hpbench.records.metrics import base_name, dotted, metric

HEADS = {"domain": ["a", "b", "c"], "item": list("pqrs")}


def with_heads(run):
    tables = run.tables()
    return dataclasses.replace(tables, data={**tables.data, "heads": HEADS})


def test_names_and_titles():
    assert dotted("test_accuracy", {}) == "test_accuracy"
    assert dotted("test_accuracy", {"phase": "source", "head": "item"}) == "test_accuracy.item.source"
    assert base_name("test_accuracy.item.source") == "test_accuracy"
    assert metric("test_accuracy.item") == ("fraction", "test accuracy, item")
    assert metric("my.own") == ("1", "my.own")


def test_a_head_s_values_are_found_by_its_name(planted):
    planted.whole("A", "test_accuracy", [0.5, 0.6], head="item")
    planted.whole("A", "test_accuracy", [0.9, 0.8], head="domain")
    evidence = default_evidence(planted.tables(), planted.resolved)
    assert evidence.values("A", "test_accuracy.item", Final()) == {0: 0.5, 1: 0.6}
    assert evidence.values("A", "test_accuracy", Final()) == {}


def test_a_claim_and_a_reported_number_may_be_a_head_s(planted_as):
    run = planted_as("test_accuracy", "test_accuracy.item")
    run.whole("A", "test_accuracy", [0.85, 0.86, 0.87], head="item")
    found = {one.claim: one for one in findings(run.tables(), run.resolved) if one.reading == "default"}
    assert found["a-high"].verdict is Verdict.SUPPORTED
    (compared,) = [
        one for one in comparisons(run.tables(), run.resolved) if one.key == "A" and one.reading == "default"
    ]
    assert compared.mean == pytest.approx(0.86)
    (row,) = rows(run.tables(), run.resolved)
    assert (row.reported, row.labels) == (0.9, {"head": "item"})


def test_chance_is_that_of_the_head(planted):
    evidence = default_evidence(with_heads(planted), planted.resolved)
    assert (evidence.classes("test_accuracy.item"), evidence.classes("test_accuracy.domain")) == (4, 3)
    assert evidence.classes("test_accuracy") == 10
