"""New definitions: they are fine as they are, and their comments know every part."""

import re

import pytest

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.claims import CLAIMS
from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.catalogue.takes import TAKES
from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import bundled, read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.scaffold import (
    ScaffoldError,
    check,
    checked_name,
    from_table,
    starter,
    starter_with_code,
    write,
)
from hpbench.records.metrics import METRICS


def written(files, folder):
    return {path.name: path for path in write(files, folder)}


@pytest.mark.parametrize("files", [starter("my-first"), starter_with_code("my-first")], ids=["plain", "code"])
def test_a_new_definition_has_a_plan_in_every_profile(files, tmp_path):
    tree = read(written(files, tmp_path)["my_first.yaml"])
    for profile in ("smoke", "quick", "standard"):
        assert Resolved(tree, Selection(profile)).planned_cases()
    definition = Resolved(tree, Selection()).definition
    assert (definition.id, definition.title) == ("my-first", "My first")
    assert len(definition.claims) == 2
    assert all(block for block in (definition.open, definition.reported, definition.figures))


def test_what_is_made_up_is_marked():
    text = starter("my-first")["my_first.yaml"]
    for field in ("question", "text", "why"):
        values = re.findall(rf"^ *(?:- )?{field}: (.*)$", text, re.MULTILINE)
        assert values
        assert all("EXAMPLE" in value for value in values), field


@pytest.mark.parametrize(
    "register", [CALLBACKS, CLAIMS, DATASETS, MODELS, OPTIMIZERS, SCHEDULES, TAKES], ids=lambda register: register.kind
)
def test_the_comments_list_every_part_with_its_fields(register):
    text = starter("my-first")["my_first.yaml"]
    for name, parameters in register.items():
        entry = re.search(rf"^#   {name}\b(?:[^#]|#       )*", text, re.MULTILINE)
        assert entry, name
        fields = set(parameters.model_fields) - {"name", "scale", "metric", "take"}
        assert all(field in entry[0] for field in fields)


def test_the_comments_list_every_metric():
    text = starter("my-first")["my_first.yaml"]
    assert all(re.search(rf"^#   .*\b{metric}\b|^#       .*\b{metric}\b", text, re.MULTILINE) for metric in METRICS)


def test_own_parts_are_named_by_the_module_that_is_written_beside_them():
    files = starter_with_code("two-words")
    assert list(files) == ["two_words.yaml", "two_words_parts.py"]
    named = set(re.findall(r"two_words_parts:(\w+)", files["two_words.yaml"]))
    assert named == {"gratings", "small_net", "WarmUp", "LargestWeight"}
    defined = set(re.findall(r"^(?:def|class) (\w+)", files["two_words_parts.py"], re.MULTILINE))
    assert named == defined
    assert "$" not in files["two_words_parts.py"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("My Benchmark", "try 'my-benchmark'"),
        ("batch_size", "try 'batch-size'"),
        ("--", "try 'my-benchmark'"),
        ("Größe", "try 'gr-e'"),
        ("../up", "try 'up'"),
        ("a" * 61, "at most 60"),
        (next(iter(bundled())), "bundled"),
    ],
)
def test_a_name_that_cannot_be_an_id_is_refused_with_one_that_can(name, words):
    with pytest.raises(ScaffoldError) as error:
        checked_name(name)
    assert words in str(error.value)


def test_a_module_has_to_begin_with_a_letter():
    with pytest.raises(ScaffoldError, match="begin with a letter"):
        starter_with_code("2nd-try")


def test_nothing_is_written_when_one_file_is_in_the_way(tmp_path):
    (tmp_path / "mine_parts.py").write_text("precious", encoding="utf-8")
    with pytest.raises(ScaffoldError, match=r"mine_parts\.py exists"):
        write(starter_with_code("mine"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine_parts.py"]
    assert (tmp_path / "mine_parts.py").read_text(encoding="utf-8") == "precious"
    write(starter_with_code("mine"), tmp_path, force=True)
    assert (tmp_path / "mine_parts.py").read_text(encoding="utf-8") != "precious"


def test_a_faulty_definition_is_not_written(tmp_path):
    text = starter("mine")["mine.yaml"].replace("seeds: 3", "seeds: none")
    with pytest.raises(DefinitionError) as error:
        write({"mine.yaml": text}, tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'mine.yaml'}:")
    assert not list(tmp_path.iterdir())


def test_the_example_claim_of_a_table_is_a_claim(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("learning_rate,test_accuracy\n0.1,0.9\n0.2,0.8\n0.3,\n", encoding="utf-8")
    text = from_table("mine", table)["mine.yaml"]
    before, _, after = text.partition("# For example:\n#\n")
    lines = after.split("\n\n")[0]
    uncommented = "\n".join(line.removeprefix("# ") for line in lines.splitlines())
    assert "CASE1 has the largest test accuracy" in uncommented
    check(before.replace("claims: []\n", "") + uncommented + after.removeprefix(lines), "mine.yaml")
