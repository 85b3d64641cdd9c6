"""What can be wrong with a document's table, with groups of cases, and with how long is trained."""

import pytest

from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import parse, read
from hpbench.definition.resolve import Selection
from tests.conftest import SMALL

TABLE = (
    SMALL
    + """\
table:
  title: Table 1
  where: page 2
  rows:
    small: {batch_size: 8}
    large: {batch_size: 32}
  columns:
    low: {learning_rate: 0.01}
    high: {learning_rate: 0.1}
  reported:
    test_accuracy: {small: [0.5, 0.6], large: [0.4, 0.7]}
groups:
  highs: ["*-high"]
"""
)


def faults(tmp_path, *change):
    assert not change or change[0] in TABLE
    path = tmp_path / "table.yaml"
    path.write_text(TABLE.replace(*change) if change else TABLE, encoding="utf-8")
    try:
        read(path)
    except DefinitionError as error:
        return [(path.read_text().splitlines()[fault.line - 1].strip(), fault.message) for fault in error.faults]
    return []


def test_a_sound_table_has_none(tmp_path):
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("small: [0.5, 0.6]", "small: [0.5]"), "table", "there are 2 columns and 1 numbers"),
        (("large: [0.4, 0.7]", "lagre: [0.4, 0.7]"), "table", "no row 'lagre'; there are: small, large"),
        (("test_accuracy: {small", "test_acuracy: {small"), "test_acuracy", "did you mean 'test_accuracy'"),
        (('highs: ["*-high"]', 'highs: ["*-hihg"]'), "highs", "no case matches"),
        (('highs: ["*-high"]', 'slow: ["*-high"]'), "slow", "'slow' is the name of a case"),
        (("cases: [fast], than", "cases: [small], than"), None, None),
        (("cases: [fast], than", "cases: [highs], than"), None, None),
        (("cases: [fast], than", "cases: [hihgs], than"), "test", "did you mean 'highs'"),
        (("large: {batch_size: 32}", "large: {batch_size: -1}"), "large", "greater than 0"),
        (("    low: {learning_rate", "    low: {learning_rat"), "low", "did you mean 'learning_rate'?"),
        (("  where: page 2\n", "  where: page 2\n  also: [rate_bond]\n"), "also", "did you mean 'rate_bound'"),
        (("  where: page 2\n", "  where: page 2\n  by_reading: [small-hgih]\n"), "by_reading", "small-high"),
    ],
)
def test_each_fault_is_told_at_its_place(tmp_path, change, line, words):
    found = faults(tmp_path, *change)
    if line is None:
        assert found == []
        return
    assert len(found) == 1, found
    assert found[0][0].startswith(line)
    assert words in found[0][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("  iterations: 12\n", "  iterations: 12\n  epochs: 3\n"), "give iterations or epochs, and not both"),
        (("  iterations: 12\n", ""), "give iterations or epochs, and not both"),
    ],
)
def test_how_long_is_trained_is_said_once(tmp_path, change, words):
    assert [message for _, message in faults(tmp_path, *change) if words in message]


def test_epochs_stand_for_iterations(tmp_path):
    assert faults(tmp_path, "  iterations: 12\n", "  epochs: 3\n") == []


@pytest.mark.parametrize(("images", "batch_size", "updates"), [(10, 4, 8), (50, 2, 75), (7, 8, 3), (1, 8, 1)])
def test_epochs_are_rounded_up_to_whole_batches(images, batch_size, updates):
    text = SMALL.replace("  iterations: 12\n", "  epochs: 3\n").replace("batch_size: 16", f"batch_size: {batch_size}")
    training = parse(text, "small.yaml", Selection()).definition.training
    assert training.updates(images) == updates


def test_neither_cases_nor_a_table_is_a_fault(tmp_path):
    found = faults(tmp_path, "cases:\n  slow: {learning_rate: 0.01}\n  fast: {learning_rate: 0.05}\n", "cases: {}\n")
    assert found
    path = tmp_path / "none.yaml"
    path.write_text(SMALL.split("cases:")[0] + "cases: {}\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match="give cases, a table, or both"):
        read(path)


def test_only_the_cells_of_a_row_are_run_under_a_reading_that_names_it():
    text = TABLE.replace("reading_cases: [slow]", "reading_cases: [small]")
    planned = parse(text, "table.yaml", Selection()).planned_cases()
    assert {item.case for item in planned if item.reading != "default"} == {"small-low", "small-high"}


def test_a_claim_about_a_column_runs_its_cells():
    text = TABLE.replace("cases: [fast], than: [slow]", "cases: [high], than: [low]")
    planned = parse(text, "table.yaml", Selection(claims=("fast-is-better",), readings=("default",))).planned_cases()
    assert {item.case for item in planned} == {"small-low", "small-high", "large-low", "large-high"}
