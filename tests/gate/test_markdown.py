"""The gate's page: what an engineer reads first stands first."""

from hpbench.gate.compare import compare
from hpbench.gate.markdown import MOST_NAMED, comparison_markdown, gate_markdown
from hpbench.gate.outcome import outcome
from hpbench.gate.sides import Speed
from tests.gate.sides import ACCURACY, MEMORY, benchmark, case, side

GOOD, BAD = [0.90, 0.91, 0.92, 0.91], [0.50, 0.52, 0.51, 0.53]


def page(reference, now, failures=()):
    comparison = compare(side("reference", small=reference), side("now", small=now))
    return gate_markdown(outcome(comparison, failures), comparison, failures, accepted=False)


def cases(number, bits, values):
    return benchmark({f"case-{index}": case(bits, test_accuracy=values) for index in range(number)})


def test_the_regression_with_its_numbers_comes_before_the_table():
    text = page(cases(1, "a", GOOD), cases(1, "b", BAD))
    title, said, worse, named, table, *_ = text.split("\n\n")
    assert title == "# Gate: regression"
    assert said.endswith("Of 1 gated comparison: 1 worse.")
    assert worse == "Worse:"
    assert named.startswith("- **small, case-0, test accuracy**: from 0.910 [")
    assert "to 0.515 [" in named
    assert "which is -0.395 [" in named
    assert named.endswith("threshold 0.02")
    assert table.startswith("| benchmark")


def test_of_many_regressions_the_first_are_named_and_the_rest_counted():
    above, _, table = page(cases(13, "a", GOOD), cases(13, "b", BAD)).partition("| benchmark")
    assert above.count("test accuracy") == MOST_NAMED
    assert "and 3 more, in the table" in above
    assert table.count("**worse**") == 13


def test_a_reason_without_a_verdict_is_said_once_with_how_often():
    above, _, _ = page(cases(3, "a", GOOD[:1]), cases(3, "b", BAD[:1])).partition("| benchmark")
    assert "- 3 unclear: too few seeds: 1, and a test needs 3" in above
    assert "Worse" not in above


def test_failures_come_before_the_table():
    above, _, _ = page(cases(1, "a", GOOD), cases(1, "a", GOOD), ["base: out of memory"]).partition("| benchmark")
    assert above.startswith("# Gate: failed")
    assert "- base: out of memory" in above


def test_what_differs_stands_in_the_fold_s_title_and_the_machine_s_speed_as_a_ratio():
    other = {"calibration": {"triad": Speed(value=120.0, unit="GB/s")}, "machine": {"CPU": "another"}}
    text = page(benchmark({"base": case(test_accuracy=GOOD)}), benchmark({"base": case(test_accuracy=GOOD)}, **other))
    assert "<summary>small: how both were made; differs in CPU</summary>" in text
    assert "| 1.20 times as fast |" in text
    text = page(cases(1, "a", GOOD), cases(1, "a", GOOD))
    assert "<summary>small: how both were made; the same code, data, machine and software</summary>" in text


def test_columns_and_words_name_the_sides_alike():
    assert "now less reference" in page(cases(1, "a", GOOD), cases(1, "b", GOOD))
    compared = comparison_markdown([compare(side(small=cases(1, "a", GOOD)), side(small=cases(1, "b", BAD)))])
    assert "second less first" in compared
    assert "reference" not in compared


def test_results_of_older_code_are_marked():
    fresh = case(test_accuracy=GOOD, host_memory_training=[1e6] * 4)
    stale = fresh.model_copy(update={"stale": (0, 2)})
    gated = (ACCURACY, MEMORY)
    text = page(benchmark({"base": fresh}, gated), benchmark({"base": stale}, gated))
    assert text.count("now is stale: made by older code at 2 seeds") == 2
    assert "reference is stale" not in text
