"""Planted predictions: alike or not, dead or hardly learned, confused, and examples."""

import pytest

from hpbench.analysis.predictions import alike, confusions, examples

HEADS = ("domain", "item")


def instruments(run, case, information, dead, reading="default"):
    """One value a seed of each head's information (alike in both) and of one layer's dead units."""
    for head in HEADS:
        run.whole(case, "prediction_entropy", [0.5] * len(information), reading, head=head)
        run.whole(case, "prediction_information", information, reading, head=head)
        run.whole(case, "most_frequent_prediction", [0.9] * len(information), reading, head=head)
    run.whole(case, "dead_unit_share", dead, reading, layer="hidden-1")


def test_trials_that_give_every_image_the_same_are_counted_and_of_these_those_with_a_dead_layer(planted):
    instruments(planted, "A", [0.0, 0.009, 0.5], [1.0, 0.4, 1.0])
    (found,) = alike(planted.tables())
    assert (found.case, found.n, found.same, found.dead) == ("A", 3, 2, 1)
    assert found.dead_units["hidden-1"].mean == pytest.approx(0.8)
    assert found.information["item"].mean == pytest.approx(0.509 / 3)
    assert list(found.entropy) == list(HEADS)


def test_both_heads_have_to_be_alike(planted):
    instruments(planted, "A", [0.0], [0.0])
    planted.whole("A", "prediction_information", [0.0], head="third")
    planted.observations[-1] = (*planted.observations[-1][:5], 0.2, planted.observations[-1][6])
    (found,) = alike(planted.tables())
    assert found.same == 0


def test_readings_stand_apart(planted):
    instruments(planted, "A", [0.0], [1.0])
    instruments(planted, "A", [1.0], [0.0], "accuracy=batch")
    assert [(one.reading, one.same) for one in alike(planted.tables())] == [("default", 1), ("accuracy=batch", 0)]


def test_without_instruments_there_is_nothing(planted):
    planted.whole("A", "test_accuracy", [0.5])
    tables = planted.tables()
    assert (alike(tables), confusions(tables), examples(tables)) == ([], {}, {})


def confused(run, counts, seed=0, case="A"):
    for (true, predicted), count in counts.items():
        labels = {"head": "domain", "true": true, "predicted": predicted}
        run.curve(case, seed, "confusion", [count], iterations=[float("nan")], labels=labels)


def test_confusion_is_the_share_of_the_true_class_over_all_seeds(planted):
    confused(planted, {("a", "a"): 8, ("a", "b"): 2, ("b", "b"): 5})
    confused(planted, {("a", "a"): 10, ("b", "a"): 5}, seed=1)
    shares = confusions(planted.tables())["domain"]["A"]
    assert shares == {("a", "a"): 0.9, ("a", "b"): 0.1, ("b", "a"): 0.5, ("b", "b"): 0.5}


def test_an_example_says_what_it_is_and_what_it_is_taken_for(planted):
    for seed, probability in ((0, 0.7), (1, 0.9)):
        labels = {"head": "item", "example": "1", "true": "mug", "predicted": "pen"}
        for metric, value in (("example_probability", probability), ("example_probability_of_true", 0.2)):
            planted.curve("A", seed, metric, [value], iterations=[float("nan")], labels=labels)
    ((found,),) = examples(planted.tables()).values()
    assert (found.true, found.predicted) == ({"item": "mug"}, {"item": "pen"})
    assert (found.probability, found.of_true) == ({"item": 0.7}, {"item": 0.2})  # the first seed's
