"""``hpbench validate`` and ``hpbench schema``."""

import json
import shutil

import jsonschema
import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from hpbench.cli.main import hpbench
from hpbench.definition.load import bundled
from hpbench.definition.schema import Definition
from hpbench.definition.yaml_tree import YamlTree, read_text
from tests.conftest import SMALL
from tests.definition.marked import COMPLETE

RATIO = {"name": "ratio", "metric": "test_accuracy", "case": "fast", "to": ["slow"]}


def invoke(*arguments):
    return CliRunner().invoke(hpbench, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def schema():
    return json.loads(invoke("schema").output)


def faults(schema, values):
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(values)]


def changed(path, value):
    """The small definition with the field at a path set."""
    values = YamlTree(SMALL, "small").values
    node = values
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return values


def test_every_file_is_checked_and_every_fault_told(small_file):
    good = shutil.copy(small_file, small_file.with_name("good.yaml"))
    text = small_file.read_text(encoding="utf-8").replace("seeds: 2", "sedes: 2").replace("[fast]", "[fats]")
    small_file.write_text(text, encoding="utf-8")
    done = invoke("validate", small_file, "lenet-batch-lr", good, small_file.with_name("smal.yaml"))
    assert done.exit_code == 2
    assert done.stdout.splitlines() == ["lenet-batch-lr: fine", f"{good}: fine"]
    assert done.stderr.splitlines() == [
        f"{small_file}:27:1: unknown field 'sedes'; did you mean 'seeds'?",
        f"{small_file}:34:58: there is no case 'fats'; did you mean 'fast'? there are: slow, fast",
        f"{small_file.with_name('smal.yaml')}: there is no such file; did you mean '{small_file}'?",
    ]


def test_code_of_ones_own_is_not_imported_to_be_checked(small_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    text = SMALL.replace("model: {name: lenet, variant: lenet-5}", "model: {name: 'mine:net', width: 3}")
    small_file.write_text(text.replace("{model.variant: caffe}", "{model.width: 4}"), encoding="utf-8")
    done = invoke("validate", small_file)
    assert (done.exit_code, done.output) == (0, f"{small_file}: fine\n")


def test_the_schema_is_one(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "hpbench definition"
    assert "schema" in schema["properties"]
    assert "format" not in schema["properties"]


@pytest.mark.parametrize("text", [SMALL, COMPLETE, *map(read_text, bundled().values())])
def test_the_schema_accepts_what_is_a_definition(schema, text):
    assert faults(schema, YamlTree(text, "x").values) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verzion",), 1),
        (("schema",), 2),
        (("model",), {"name": "lnet"}),
        (("model",), {"name": "lenet", "depth": 3}),
        (("model", "name"), "my-models:net"),
        (("training", "batch_size"), "many"),
        (("training", "batch_size"), 0),
        (("training", "batch_size"), "16"),
        (("training", "batch_size"), True),
        (("training", "batch_size"), 1.5),
        (("training", "learning_rate"), "0.1"),
        (("training", "learning_rate"), True),
        (("training", "learning_rate"), 0),
        (("training", "optimizer"), {"name": "sgd", "nesterov": "yes"}),
        (("training", "optimizer"), {"name": "sgd", "nesterov": 1}),
        (("limits",), {"memory_gib": 0}),
        (("limits",), {"memory_gib": "8"}),
        (("claims", 0, "test"), RATIO | {"around_reported": 1}),
        (("claims", 0, "test"), RATIO | {"around_reported": "0.1"}),
        (("advice",), {"targets": ["0.9"]}),
        (("studies",), {"s": {"why": "x", "grid": {"batch_size": []}}}),
        (("studies",), {"s": {"why": "x", "grid": {"batch_size": [None]}}}),
        (("schema",), True),
        (("training", "schedule"), {"name": "step", "factor": 0.5}),
        (("claims", 0, "test", "name"), "larger"),
        (("cases",), {}),
        (("profiles",), {"tiny": {}}),
    ],
)
def test_the_schema_refuses_what_is_none_as_hpbench_does(schema, path, value):
    assert faults(schema, changed(path, value))
    with pytest.raises(ValidationError):
        Definition.model_validate(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("training", "iterations"), 1e3),
        (("training", "learning_rate"), 1),
        (("training", "optimizer"), {"name": "sgd", "nesterov": True}),
        (("limits",), {"memory_gib": 8}),
        (("claims", 0, "test"), RATIO | {"around_reported": 0.1}),
        (("studies",), {"s": {"why": "x", "grid": {"training.optimizer.nesterov": [False, True]}}}),
    ],
)
def test_the_schema_accepts_what_hpbench_does(schema, path, value):
    assert faults(schema, changed(path, value)) == []
    Definition.model_validate(changed(path, value))


def test_the_schema_leaves_ones_own_parts_open(schema):
    assert faults(schema, changed(("model",), {"name": "my_models:net", "width": 3})) == []


def test_every_part_and_kind_of_claim_is_described_in_the_schema(schema):
    undescribed = [name for name, body in schema["$defs"].items() if not body.get("description")]
    assert undescribed == []
    assert "``" not in json.dumps(schema)


def test_the_schema_is_written_to_a_file(schema, tmp_path):
    path = tmp_path / "new" / "definition.schema.json"
    done = invoke("schema", "--output", path)
    assert (done.exit_code, done.output) == (0, f"wrote {path}\n")
    assert json.loads(path.read_text(encoding="utf-8")) == schema
