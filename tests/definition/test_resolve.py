import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.definition import readings
from hpbench.definition.changes import with_changes
from hpbench.definition.document import OpenPoint
from hpbench.definition.load import find, parse, read
from hpbench.definition.resolve import Resolved, Selection, SelectionError, study_cases

POINTS = {
    "a": OpenPoint(why="", answers={"one": {}, "two": {"x": 1}, "three": {"x": 2}}),
    "b": OpenPoint(why="", answers={"yes": {}, "no": {"y": 1}}),
}


def small(text, **selection):
    return parse(text, "small.yaml", Selection(**selection))


def test_table_1_of_the_document():
    """The nine cases as printed: train batch, test batch, base rate, 1000 iterations."""
    table = {
        "CASE1": (64, 128, 0.01), "CASE2": (32, 64, 0.01), "CASE3": (128, 256, 0.01),
        "CASE4": (64, 128, 0.04), "CASE5": (64, 128, 0.001),
        "CASE6": (32, 64, 0.02), "CASE7": (64, 128, 0.0025), "CASE8": (64, 128, 0.1), "CASE9": (32, 64, 0.005),
    }  # fmt: skip
    resolved = Resolved(read(find("lenet-batch-lr")), Selection("standard"))
    default = {item.case: item.settings.training for item in resolved.planned_cases() if item.reading == "default"}
    found = {
        case: (default[case].batch_size, default[case].test_batch_size, default[case].learning_rate) for case in table
    }
    assert found == table
    assert {default[case].iterations for case in table} == {1000}


def test_an_answer_changes_only_what_it_says():
    resolved = Resolved(read(find("lenet-batch-lr")), Selection("standard"))
    base, changed = resolved.under("default"), resolved.under("decay=as-written")
    assert changed.training.schedule.model_dump() == {
        "name": "recursive_inverse_power",
        "gamma": 0.001,
        "power": 0.75,
    }
    assert changed.model_copy(update={"training": base.training}) == base


def test_an_answer_may_change_a_reported_number_and_a_claim():
    resolved = Resolved(read(find("lenet-batch-lr")), Selection("standard"))
    assert resolved.under("memory-words=by").reported["host_memory_training"].values["CASE3 / CASE1"] == 2.26
    claims = {claim.id: claim for claim in resolved.under("train-accuracy=current-batch").claims}
    assert claims["case6-train-oscillates"].test.metric == "batch_accuracy"


def test_readings_expand():
    assert readings.expand("default", POINTS) == [{}]
    assert [readings.name(r) for r in readings.expand("one-at-a-time", POINTS)] == [
        "default",
        "a=two",
        "a=three",
        "b=no",
    ]
    everything = [readings.name(r) for r in readings.expand("all", POINTS)]
    assert everything[0] == "default"
    assert len(set(everything)) == 6
    assert [readings.name(r) for r in readings.expand(["b=no,a=two"], POINTS)] == ["default", "a=two,b=no"]


@given(
    st.fixed_dictionaries(
        {}, optional={"a": st.sampled_from(["one", "two", "three"]), "b": st.sampled_from(["yes", "no"])}
    )
)
def test_a_reading_is_known_by_its_name(chosen):
    name = ",".join(f"{point}={answer}" for point, answer in chosen.items()) or "default"
    reading = readings.parse(name, POINTS)
    assert readings.parse(readings.name(reading), POINTS) == reading


def test_selection_narrows(small_text):
    planned = small(small_text, cases=("fast",), readings=("model=caffe",), seeds=5).planned_cases()
    assert [(item.case, item.reading, item.seeds) for item in planned] == [("fast", "model=caffe", 5)]


def lenet(**selection):
    """What the bundled benchmark plans: (reading, case) to (seeds, timed seeds)."""
    resolved = Resolved(read(find("lenet-batch-lr")), Selection("standard", **selection))
    return {(item.reading, item.case): (item.seeds, item.timed_seeds) for item in resolved.planned_cases()}


def test_what_is_gated_runs_its_cases_alone_under_the_default_reading():
    whole = {("default", case): (10, 5) for case in ("CASE1", "CASE2", "CASE3")}
    assert lenet(gated=True) == whole
    assert lenet(gated=True, seeds=3) == dict.fromkeys(whole, (3, 3))
    assert lenet(gated=True, cases=("CASE9",)) == whole | {("default", "CASE9"): (10, 5)}
    assert set(lenet(gated=True, readings=("sgd=plain",))) == {("sgd=plain", case) for _, case in whole}


def test_groups_that_are_gated_run_all_of_their_cases_and_searches_are_left_out():
    few = Resolved(read(find("fewshot-lr-search")), Selection("standard", gated=True))
    planned = {item.case for item in few.planned_cases()}
    assert planned == {*few.definition.members["n1"], *few.definition.members["n5"], "by-fit/fixed-0.1", "by-fit/H1"}
    search = Resolved(read(find("search-strategies")), Selection("standard", gated=True))
    assert [item.case for item in search.planned_cases()] == ["untuned"]
    assert search.searches == {}


def test_a_definition_that_gates_nothing_has_nothing_gated_to_run(small_text):
    with pytest.raises(SelectionError, match="gates nothing: it has no 'gated'"):
        small(small_text, gated=True).planned_cases()
    gates_all = small_text + "gated: [{metric: test_accuracy, direction: higher, threshold: 0.02}]\n"
    planned = small(gates_all, gated=True).planned_cases()
    assert [(item.case, item.reading) for item in planned] == [("slow", "default"), ("fast", "default")]


def test_a_selection_comes_back_from_a_store_of_before_or_now():
    asked = Selection(gated=True, cases=("a",))
    assert Selection.from_dict(json.loads(json.dumps(asked.as_dict()))) == asked
    before = {name: value for name, value in Selection().as_dict().items() if name != "gated"}
    assert Selection.from_dict(before) == Selection()


def test_a_claim_about_accuracy_runs_its_cases_untimed_under_every_reading_asked_for():
    planned = lenet(claims=("same-limit",), readings=("default", "sgd=plain"))
    cases = ("CASE1", "CASE4", "CASE7")
    assert planned == {("default", case): (10, 0) for case in cases} | {("sgd=plain", case): (3, 0) for case in cases}


@pytest.mark.parametrize("claim", ["time-follows-batch", "memory-grows-with-batch", "case3-twice-case1-time"])
def test_a_claim_about_time_or_memory_runs_the_timed_seeds_only(claim):
    """The last one is about accuracy, but takes the seconds to a target."""
    planned = lenet(claims=(claim,), readings=("default", "sgd=plain"))
    assert set(planned.values()) == {(5, 5)}
    assert {reading for reading, _ in planned} == {"default"}


def test_claims_together_run_what_each_needs():
    planned = lenet(claims=("half-batch-memory", "same-limit"), readings=("default",))
    assert planned == {
        ("default", "CASE1"): (10, 5),
        ("default", "CASE2"): (5, 5),
        ("default", "CASE4"): (10, 0),
        ("default", "CASE7"): (10, 0),
    }


def test_cases_asked_for_come_on_top_of_those_of_claims():
    planned = lenet(claims=("case8-at-chance",), cases=("CASE2", "decay/cosine"), readings=("default",))
    assert planned == {
        ("default", "CASE2"): (10, 5),
        ("default", "CASE8"): (10, 0),
        ("default", "decay/cosine"): (3, 0),
    }


def test_a_claim_runs_the_cases_that_it_has_under_each_reading(small_text):
    """And is timed where an answer makes it one about time."""
    text = small_text.replace(
        "caffe: {model.variant: caffe}",
        "caffe: {model.variant: caffe}\n"
        "      time: {claims.fast-is-better.test: "
        "{name: between, metric: seconds_training, cases: [fast], high: 9}}",
    )
    planned = small(text, claims=("fast-is-better",)).planned_cases()
    assert [(item.reading, item.case, item.seeds, item.timed_seeds) for item in planned] == [
        ("default", "slow", 2, 0),
        ("default", "fast", 2, 0),
        ("model=caffe", "slow", 1, 0),
        ("model=caffe", "fast", 1, 0),
        ("model=time", "fast", 1, 1),
    ]


def test_only_claims_asked_for_are_told():
    resolved = Resolved(read(find("lenet-batch-lr")), Selection(claims=("same-limit", "case5-rises-late")))
    for reading in ("default", "train-accuracy=current-batch"):
        assert [claim.id for claim in resolved.under(reading).claims] == ["same-limit", "case5-rises-late"]
    assert resolved.under("train-accuracy=current-batch").claims[1].test.metric == "batch_accuracy"


def test_a_selection_comes_back_from_the_store():
    selection = Selection("smoke", {"seeds": 2}, 2, ("CASE1",), ("default",), ("same-limit",))
    assert Selection.from_dict(json.loads(json.dumps(selection.as_dict()))) == selection


def test_a_selection_stored_before_there_were_claims_is_read():
    stored = {key: value for key, value in Selection("smoke").as_dict().items() if key != "claims"}
    assert Selection.from_dict(stored) == Selection("smoke")


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"cases": ("none",)}, "has no case none; it has: slow, fast"),
        ({"readings": ("modle=caffe",)}, "no open point 'modle'; there are: model"),
        ({"readings": ("model=x",)}, "has no answer 'x'; it has: lenet-5, caffe"),
        ({"claims": ("fast-is-bettr",)}, "no claim 'fast-is-bettr'; did you mean 'fast-is-better'"),
        ({"claims": ("fast-is-better", "zzz")}, "no claim 'zzz'; there are: fast-is-better"),
        (
            {
                "claims": ("fast-is-better",),
                "changes": {"timed_seeds": 0, "claims.fast-is-better.test.metric": "seconds_total"},
            },
            "nothing to run for fast-is-better under default, model=caffe: .* needs timed_seeds of at least 1",
        ),
        ({"changes": {"training.iterations": -1}}, "greater than 0"),
        ({"changes": {"training.nothing": 1}}, "unknown field"),
        ({"changes": {"cases.slow.batch": 1}}, "unknown field 'training.batch'"),
    ],
)
def test_what_is_not_there_is_refused_in_words(selection, words, small_text):
    with pytest.raises(SelectionError, match=words):
        small(small_text, **selection).planned_cases()


def test_seeds_reach_a_study_whose_name_has_a_dot(small_text):
    text = small_text + "studies: {v1.5: {why: Two versions., cases: {c0.1: {learning_rate: 0.1}}}}\n"
    planned = small(text, seeds=4, readings=("default",)).planned_cases()
    assert [(item.case, item.seeds) for item in planned] == [("slow", 4), ("fast", 4), ("v1.5/c0.1", 4)]


def test_seeds_leave_out_a_study_that_the_profile_does(small_text):
    text = (
        small_text
        + "studies: {more: {why: Rates., cases: {a: {learning_rate: 0.1}}}}\nprofiles: {quick: {studies: {}}}\n"
    )
    assert {item.case for item in small(text, seeds=4).planned_cases()} == {"slow", "fast"}


def test_a_level_of_true_or_false_has_one_name_everywhere(small_text, tmp_path):
    """In the plan, and in a claim that ``validate`` checks."""
    text = small_text + "studies: {look: {why: Ahead., grid: {training.optimizer.nesterov: [true, false]}}}\n"
    names = [f"look/training.optimizer.nesterov={level}" for level in (True, False)]
    path = tmp_path / "good.yaml"
    path.write_text(text.replace("than: [slow]", f"than: {names}"), encoding="utf-8")
    planned = Resolved(read(path), Selection(claims=("fast-is-better",), readings=("default",))).planned_cases()
    assert [item.case for item in planned] == ["fast", *names]
    assert [item.settings.training.optimizer.nesterov for item in planned[1:]] == [True, False]


def test_changes_leave_the_original_alone():
    tree = {"a": {"b": [{"id": "x", "c": 1}]}}
    changed = with_changes(tree, {"a.b.x.c": 2, "d.e": 3})
    assert changed == {"a": {"b": [{"id": "x", "c": 2}]}, "d": {"e": 3}}
    assert tree == {"a": {"b": [{"id": "x", "c": 1}]}}


def test_a_grid_is_every_combination():
    names = list(study_cases("s", {"one": {}}, {"batch_size": (1, 2), "learning_rate": (0.1, 0.2)}))
    assert names == [
        "s/one",
        "s/batch_size=1,learning_rate=0.1",
        "s/batch_size=1,learning_rate=0.2",
        "s/batch_size=2,learning_rate=0.1",
        "s/batch_size=2,learning_rate=0.2",
    ]


def test_an_answer_may_change_a_case(small_text):
    """Only the case that it changes is run again; the other one shares the default reading's trials, seeds and all."""
    last = "      caffe: {model.variant: caffe}\n"
    point = "  rate:\n    why: x\n    answers: {said: {}, other: {cases.slow.learning_rate: 0.5}}\n"
    text = small_text.replace(last, last + point).replace("reading_cases: [slow]\n", "")
    planned = {(item.case, item.reading): item for item in parse(text, "small.yaml", Selection()).planned_cases()}
    assert planned["slow", "default"].settings.training.learning_rate == 0.01
    assert planned["slow", "rate=other"].settings.training.learning_rate == 0.5
    assert (planned["slow", "rate=other"].seeds, planned["slow", "rate=other"].timed_seeds) == (1, 0)
    assert planned["fast", "rate=other"].settings == planned["fast", "default"].settings
    assert (planned["fast", "rate=other"].seeds, planned["fast", "rate=other"].timed_seeds) == (2, 1)
