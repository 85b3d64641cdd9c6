import pytest

from hpbench.definition.faults import DefinitionError, Fault
from hpbench.definition.load import bundled, find, read
from hpbench.definition.resolve import Selection, SelectionError
from hpbench.definition.yaml_tree import YamlTree


@pytest.mark.parametrize("path", bundled().values(), ids=bundled())
def test_every_bundled_definition_is_valid_and_named_like_its_file(path):
    assert read(path).values["id"] == path.stem.replace("_", "-")


def test_yaml_cannot_run_code():
    with pytest.raises(DefinitionError):
        YamlTree("id: !!python/object/apply:os.system ['true']\n", "bad.yaml")


def test_multiplying_aliases_are_refused():
    levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 9))
    with pytest.raises(DefinitionError, match="aliases"):
        YamlTree(f"l0: &l0 [1]\n{levels}\n", "bomb.yaml")


def test_yaml_1_2_values():
    text = "a: 1e-3\nb: no\nc: 0o17\nd: 2020-01-31\ne: =\n1e3: ~\n"
    assert YamlTree(text, "x").values == {"a": 0.001, "b": "no", "c": 15, "d": "2020-01-31", "e": "=", "1e3": None}


def test_merged_fields_stand_behind_own_ones():
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 5}\n"
    assert YamlTree(text, "x").values["c"] == {"x": 5, "y": 2, "z": 4}


def test_an_unknown_benchmark_names_the_nearest():
    with pytest.raises(SelectionError, match="did you mean 'lenet-batch-lr'"):
        find("lenet-batch-rl")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "a definition is a mapping of fields"),
        ("# nothing\n", (1, 1), "a definition is a mapping of fields"),
        ("- a\n", (1, 1), "a definition is a mapping of fields"),
        ("a: 1\nb: [\n", (3, 1), "not YAML: while parsing a flow node"),
        ("a: 1\n\tb: 2\n", (2, 1), "not YAML: "),
        ("a: 1\nb: c: d\n", (2, 5), "not YAML: mapping values are not allowed here"),
        ("a: *none\n", (1, 4), "undefined alias"),
        ("a: 1\n---\nb: 2\n", (2, 1), "expected a single document"),
        ("a: 1\nb: \0\n", (2, 4), r"the character '\x00' is not allowed in YAML text"),
        ("a: &a [*a]\n", (1, 4), "nested deeper than 40 levels: does a value contain itself?"),
        ("a: &a\n  <<: *a\n", (1, 1), "a value contains itself"),
        ("a: 1\n<<: 2\n", (1, 1), "'<<' takes a mapping of fields"),
        ("[" * 100_000, (1, 42), "nested deeper than 40 levels"),
        ("- " * 100_000, (1, 83), "nested deeper than 40 levels"),
        ("? [a]\n: 1\n", (1, 3), "a field's name has to be text"),
        ("a: 1\nb: !!python/name:os.system x\n", (2, 1), "the tag 'tag:yaml.org,2002:python/name:os.system' is not"),
        ("a: !!binary aGk=\n", (1, 1), "the tag 'tag:yaml.org,2002:binary' is not allowed"),
        ("a: !!set {x}\n", (1, 1), "the tag 'tag:yaml.org,2002:set' is not allowed"),
        ("a: 1\nb: .inf\n", (2, 1), "'.inf' is not a finite number"),
        ("a: 1e999\n", (1, 1), "'1e999' is not a finite number"),
        ("a: " + "9" * 5000, (1, 1), "cannot be read as a number"),
        ("a: 99999999999999999999\n", (1, 1), "a whole number beyond 64 bits"),
        ("a: !!float one\n", (1, 1), "'one' cannot be read as a number"),
        ('a: "\\ud800"\n', (1, 1), "holds half a character"),
        ('"\\udc00": 1\n', (1, 1), "holds half a character"),
        ("a: 1\nb: 2\na: 3\n", (3, 1), "duplicate field 'a': it stands in line 1 already"),
        ("\n".join(f"a{i}: {i}" for i in range(30_000)), (25_000, 9), "over 50,000 values"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(text, place, words):
    with pytest.raises(DefinitionError) as caught:
        YamlTree(text, "x")
    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == place
    assert words in fault.message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"id: a\ntitle: \xe9t\xe9\n", ":2:8: not UTF-8 text: byte 14 is 0xe9; save the file as UTF-8"),
        ("id: a".encode("utf-16"), ":1:1: not UTF-8 text: byte 1 is 0xff; save the file as UTF-8"),
        (b"#" * 1_000_001, ": larger than 1,000,000 bytes: not a definition"),
        (b"\x89PNG\r\n\x1a\n\0\0", ":1:1: not UTF-8 text: byte 1 is 0x89; save the file as UTF-8"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_place(content, expected, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(DefinitionError) as caught:
        read(path)
    assert str(caught.value) == f"{path}{expected}"


def test_a_byte_order_mark_is_no_fault(small_text, tmp_path):
    path = tmp_path / "small.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + small_text.encode())
    assert read(path).values["id"] == "small"


def test_a_missing_file_names_the_nearest_one(small_file):
    path = small_file.with_name("smal.yaml")
    with pytest.raises(DefinitionError, match=f"{path}: there is no such file; did you mean '{small_file}'?"):
        read(path)


def test_a_file_that_cannot_be_opened_is_said(tmp_path):
    for path, words in [
        (tmp_path / "none" / "a.yaml", "there is no such file; there is no folder"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / ("a" * 300 + ".yaml"), "cannot be read: File name too long"),
        (tmp_path / "a\0.yaml", "cannot be read: embedded null byte"),
    ]:
        with pytest.raises(DefinitionError, match=words):
            read(path)


def test_a_fault_is_one_printable_line():
    assert str(Fault("a\nb.yaml", 1, 2, "x\ud800\ty")) == r"a\nb.yaml:1:2: x\ud800\ty"


def test_selection_round_trips_through_json():
    import json

    selection = Selection("smoke", {"training.iterations": 3}, 2, ("a",), ("x=y",))
    assert Selection.from_dict(json.loads(json.dumps(selection.as_dict()))) == selection
