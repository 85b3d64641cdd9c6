import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import bundled, find, read
from hpbench.definition.resolve import Selection, SelectionError
from hpbench.definition.yaml_tree import YamlTree
from tests.conftest import SMALL


def faults_of(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DefinitionError) as caught:
        read(path)
    return [(fault.line, fault.column, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize("path", bundled().values(), ids=bundled())
def test_every_bundled_definition_is_valid_and_named_like_its_file(path):
    assert read(path).values["id"] == path.stem.replace("_", "-")


CHANGES = {
    "unknown field with the nearest": ("version: 1", "verzion: 1", "did you mean 'version'"),
    "missing field": ("title: A small benchmark\n", "", "'title' is missing"),
    "unknown part": (
        "name: constant",
        "name: constatn",
        "no member named 'constatn'; there are: constant, step",
    ),
    "part without a name": ("schedule: {name: constant}", "schedule: {}", "needs a 'name'"),
    "parameter the part does not have": (
        "name: constant",
        "name: constant, gamma: 1",
        "unknown field 'training.schedule.constant.gamma'",
    ),
    "wrong type": ("batch_size: 16", "batch_size: many", "'training.batch_size'"),
    "not positive": ("iterations: 12", "iterations: 0", "greater than 0"),
    "claim about no case": (
        "cases: [fast], than",
        "cases: [quick], than",
        "names case 'quick'; there are: slow, fast",
    ),
    "unknown claim kind": ("name: greater", "name: larger", "no member named 'larger'"),
    "answer that changes nothing that is": (
        "{model.variant: caffe}",
        "{model.kind: caffe}",
        "unknown field 'model.kind'",
    ),
    "answer with a bad value": ("{model.variant: caffe}", "{model.variant: torch}", "model.variant"),
    "first answer changes something": (
        "lenet-5: {}",
        "lenet-5: {seeds: 1}",
        "the first answer is the default",
    ),
    "one answer only": ("      caffe: {model.variant: caffe}\n", "", "at least 2"),
    "case with an unknown field": (
        "slow: {learning_rate",
        "slow: {learning_rat",
        "unknown field 'training.learning_rat'",
    ),
    "reading case that is none": (
        "reading_cases: [slow]",
        "reading_cases: [slwo]",
        "there is no case 'slwo'",
    ),
    "bad id": ("id: small", "id: Small One", "'id'"),
    "duplicate key": ("seeds: 2", "seeds: 2\nseeds: 3", "duplicate key"),
    "not YAML": ("cases:\n", "cases: [\n", "not YAML"),
    "not a number": ("learning_rate: 0.01}", "learning_rate: .nan}", "finite"),
    "profile with an unknown field": (
        "seeds: 2",
        "profiles: {quick: {training.iteratoins: 3}}\nseeds: 2",
        "unknown field 'training.iteratoins'",
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_fault_is_named_with_its_place(change, tmp_path):
    before, after, expected = change
    assert before in SMALL
    faults = faults_of(tmp_path / "bad.yaml", SMALL.replace(before, after, 1))
    assert any(expected in message for _, _, message in faults), faults
    changed = after.strip().splitlines()[-1] if after.strip() else ""
    lines = SMALL.replace(before, after, 1).splitlines()
    if changed and expected not in ("duplicate key", "not YAML", "at least 2"):
        places = {number for number, line in enumerate(lines, 1) if changed.splitlines()[-1] in line}
        assert any(line in places or any(abs(line - place) <= 2 for place in places) for line, _, _ in faults), (
            faults,
            places,
        )


def test_all_faults_are_reported_at_once(tmp_path):
    text = (
        SMALL.replace("version: 1", "verzion: 1")
        .replace("name: greater", "name: larger")
        .replace("iterations: 12", "iterations: 0")
    )
    assert len(faults_of(tmp_path / "bad.yaml", text)) >= 4


def test_line_and_column_are_those_of_the_key(tmp_path):
    text = SMALL.replace("batch_size: 16", "batch_size: many")
    line = 1 + text[: text.index("batch_size: many")].count("\n")
    assert faults_of(tmp_path / "bad.yaml", text)[0][:2] == (line, 3)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_refused_in_words(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(DefinitionError):
        read(path)


@given(start=st.integers(0, len(SMALL) - 1), length=st.integers(0, 20), new=st.text(max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_mutated_definition_is_read_or_refused_in_words(tmp_path_factory, start, length, new):
    path = tmp_path_factory.mktemp("mutated") / "bad.yaml"
    path.write_bytes((SMALL[:start] + new + SMALL[start + length :]).encode("utf-8", "surrogatepass"))
    try:
        tree = read(path)
    except DefinitionError as error:
        message = str(error)
    else:
        message = str(tree.values["id"])
    assert message.strip()


def test_yaml_cannot_run_code():
    with pytest.raises(DefinitionError):
        YamlTree("id: !!python/object/apply:os.system ['true']\n", "bad.yaml")


def test_multiplying_aliases_are_refused():
    levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 9))
    with pytest.raises(DefinitionError, match="aliases"):
        YamlTree(f"l0: &l0 [1]\n{levels}\n", "bomb.yaml")


def test_yaml_1_2_numbers():
    assert YamlTree("a: 1e-3\nb: no\nc: 0o17\n", "x").values == {"a": 0.001, "b": "no", "c": 15}


def test_an_unknown_benchmark_names_the_nearest():
    with pytest.raises(SelectionError, match="did you mean 'lenet-batch-lr'"):
        find("lenet-batch-rl")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(DefinitionError, match="cannot be read"):
        read(tmp_path / "none.yaml")


def test_selection_round_trips_through_json():
    import json

    selection = Selection("smoke", {"training.iterations": 3}, 2, ("a",), ("x=y",))
    assert Selection.from_dict(json.loads(json.dumps(selection.as_dict()))) == selection
