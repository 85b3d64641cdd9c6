"""Heads and classes that a definition names and its data does not have are told before the first trial."""

import pytest

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.execution.fits import HeadsError, require_heads

HEADS = {"domain": ("amazon", "dslr"), "item": ("mug", "pen")}


def check(text, heads, **changes):
    resolved = parse(text, "small.yaml", Selection(readings=("default",), changes=changes))
    require_heads(resolved.definition, [item.settings for item in resolved.planned_cases()], heads)


def test_one_label_needs_no_names(small_text):
    check(small_text, {})


def test_names_of_heads_and_classes_that_are_there(small_text):
    text = small_text.replace("metric: test_accuracy", "metric: test_accuracy.item")
    check(text, HEADS, **{"training.only": {"domain": "dslr"}})


@pytest.mark.parametrize(
    ("metric", "changes", "message"),
    [
        ("test_accuracy.itme", {}, "metric test_accuracy.itme: .* did you mean 'test_accuracy.item'"),
        ("test_accuracy", {}, "metric test_accuracy: the data has several labels an image"),
        (
            "test_loss",
            {"training.only": {"domian": "dslr"}},
            "training.only: the data has no head 'domian'; .*'domain'",
        ),
        ("test_loss", {"training.only": {"domain": "dlsr"}}, "the head 'domain' has no class 'dlsr'; .*'dslr'"),
        (
            "test_loss",
            {"training.procedure": {"name": "transfer", "source": {"item": "mgu"}}},
            "training.procedure.source: the head 'item' has no class 'mgu'",
        ),
        (
            "test_loss",
            {"training.instruments": [{"name": "confusion", "heads": ["itm"]}]},
            "confusion: .* no head 'itm'",
        ),
    ],
)
def test_a_name_that_leads_nowhere(small_text, metric, changes, message):
    with pytest.raises(HeadsError, match=message):
        check(small_text.replace("metric: test_accuracy", f"metric: {metric}"), HEADS, **changes)


def test_a_head_where_there_is_one_label(small_text):
    text = small_text.replace("metric: test_accuracy", "metric: test_accuracy.item")
    with pytest.raises(HeadsError, match="the data has one label an image; write test_accuracy"):
        check(text, {})
    with pytest.raises(HeadsError, match="no head 'domain': its images have one label, without a name"):
        check(small_text, {}, **{"training.only": {"domain": "dslr"}})
