"""Reference files come back as they were, to the last bit, and refuse what they are not."""

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.gate import reference
from hpbench.gate.reference import ReferenceFileError
from hpbench.gate.sides import Asked, BenchmarkSide, CaseSide, Speed
from tests.gate.sides import ACCURACY, MEMORY, TIME, benchmark, case

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
DIGITS = st.text("0123456789abcdef", min_size=16, max_size=16)
SEEDS = st.integers(0, 9999)
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
CASES = st.builds(
    CaseSide,
    settings=DIGITS,
    data=DIGITS,
    code=DIGITS,
    curves=st.dictionaries(SEEDS, DIGITS, max_size=3),
    loads=st.dictionaries(SEEDS, st.floats(0, 64), max_size=2),
    values=st.dictionaries(NAMES, st.dictionaries(SEEDS, NUMBERS, max_size=4), max_size=3),
)
ASKED = st.builds(
    Asked,
    changes=st.dictionaries(NAMES, st.one_of(st.integers(), NAMES, st.booleans()), max_size=2),
    seeds=st.none() | st.integers(1, 9),
    cases=st.lists(NAMES, max_size=2).map(tuple),
    gated=st.booleans(),
)
SIDES = st.builds(
    BenchmarkSide,
    version=st.integers(1, 99),
    file=NAMES,
    profile=st.sampled_from(["smoke", "quick"]),
    selection=ASKED,
    created=NAMES,
    backend=NAMES,
    precision=NAMES,
    data=NAMES,
    generated=st.booleans(),
    machine=st.dictionaries(NAMES, NAMES, max_size=3),
    machine_id=DIGITS,
    calibration=st.dictionaries(NAMES, st.builds(Speed, value=st.floats(1e-3, 1e6), unit=st.just("GB/s")), max_size=2),
    gated=st.lists(st.sampled_from([ACCURACY, TIME, MEMORY]), unique_by=lambda one: one.metric).map(tuple),
    groups=st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=2).map(tuple), max_size=1),
    failures=st.lists(NAMES, max_size=1).map(tuple),
    cases=st.dictionaries(NAMES, st.dictionaries(NAMES, CASES, max_size=2), max_size=2),
)


@given(st.dictionaries(NAMES, SIDES, max_size=2))
def test_a_reference_comes_back_as_it_was(tmp_path_factory, benchmarks):
    path = tmp_path_factory.mktemp("reference") / "reference.json"
    reference.write(path, benchmarks)
    text = path.read_text(encoding="utf-8")
    assert reference.read(path).benchmarks == benchmarks
    reference.write(path, reference.read(path).benchmarks)
    assert path.read_text(encoding="utf-8") == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_keeps_its_bits(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("reference") / "reference.json"
    reference.write(path, {"small": benchmark({"base": case(test_accuracy=[value])})})
    back = reference.read(path).benchmarks["small"].values("base", "default", "test_accuracy")[0]
    assert struct.pack("<d", back) == struct.pack("<d", value)


def test_what_is_not_finite_is_null_and_the_text_is_sorted(tmp_path):
    path = tmp_path / "reference.json"
    side = benchmark({"b": case(test_accuracy=[*[0.5] * 10, math.nan, 0.5]), "a": case(test_accuracy=[0.5])})
    reference.write(path, {"small": side})
    text = path.read_text(encoding="utf-8")
    assert '"10": null,' in text
    assert text.index('"9": 0.5') < text.index('"10": null') < text.index('"11": 0.5')
    assert text.index('"a": {') < text.index('"b": {')
    assert json.loads(text)["format"] == 1
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:-20], "cannot be read as a reference file"),
        (lambda text: text.replace('"format": 1', '"format": 2'), "is of format 2, newer than this hpbench"),
        (lambda text: text.replace('"format": 1', '"format": 0'), "format"),
        (lambda text: text.replace("0.5", "NaN", 1), "NaN is not JSON"),
        (lambda text: text.replace("0.5", '"much"', 1), "test_accuracy.0: Input should be a valid number"),
        (lambda text: text.replace('"version"', '"verzion"'), "benchmarks.small.verzion: Extra inputs"),
        (lambda text: text.replace('"format": 1', '"format": 1, "format": 1'), "'format' stands twice"),
        (lambda text: text.replace('"selection": {}', '"selection": {"speed": 5}'), "selection.speed: Extra inputs"),
        (lambda text: text.replace('"version"', '"groups": {"g": []}, "version"'), "groups.g: Tuple should"),
        (lambda text: "[" * 100_000, "cannot be read as a reference file"),
        (lambda text: "[]", "it holds no JSON object"),
    ],
)
def test_faulty_files_are_refused_in_words(tmp_path, change, words):
    path = tmp_path / "reference.json"
    reference.write(path, {"small": benchmark({"base": case(test_accuracy=[0.5])})})
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ReferenceFileError, match=words):
        reference.read(path)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ReferenceFileError, match="hpbench reference save"):
        reference.read(tmp_path / "none.json")
