"""Whatever a file holds, ``hpbench validate`` ends with 0 or 2 and words, never with a traceback."""

import copy
import json
import re

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hpbench.cli.main import hpbench
from hpbench.definition.blame import at
from hpbench.definition.load import bundled
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.yaml_tree import YamlTree
from tests.conftest import SMALL
from tests.definition.marked import COMPLETE

GOOD = {"small": SMALL, "complete": COMPLETE} | {name: path.read_text("utf-8") for name, path in bundled().items()}
TREES = {name: YamlTree(text, name).values for name, text in GOOD.items()}
EXAMPLES = {"small": 100, "complete": 40}
EXAMPLES_BUNDLED = 5
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 3),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "a:b", "fast", "training.iterations", "<<", "*", "1e3", "\ud800", "default", 10**400, 1e308]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=5), SCALARS, max_size=2))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "any.yaml"


def validate(path, content):
    """Check these bytes as a person would; True if they are a definition without fault."""
    path.write_bytes(content)
    done = CliRunner().invoke(hpbench, ["validate", str(path)])
    assert done.exception is None or isinstance(done.exception, SystemExit), content
    if done.exit_code == 0:
        assert done.output == f"{path}: fine\n"
        return True
    assert done.exit_code == 2
    for line in done.output.splitlines():
        assert re.fullmatch(rf"{re.escape(str(path))}(:[1-9]\d*:[1-9]\d*)?: \S.*", line), line
    assert done.output.strip()
    return False


def plan(content):
    """A definition without fault can be planned in each of its profiles."""
    tree = YamlTree(content.decode("utf-8-sig"), "x")
    for profile in tree.values.get("profiles") or ["quick"]:
        Resolved(tree, Selection(profile)).planned_cases()


def places(node, above=()):
    """Where every value of a tree stands."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def encoded(text):
    return text.encode("utf-8", "surrogatepass")


@given(content=st.binary(max_size=200))
@example(content=b"\xff\xfe")
@example(content=b"\0")
@settings(max_examples=200, deadline=None)
def test_random_bytes(path, content):
    assert not validate(path, content)


@given(text=st.one_of(st.text(max_size=60), st.text("ab:-[]{}&*!|>'\"#%@`?,.\n\t 01~<=", max_size=60)))
@settings(max_examples=300, deadline=None)
def test_random_text(path, text):
    assert not validate(path, encoded(text))


@pytest.mark.parametrize("name", GOOD)
def test_good_files_with_lines_changed(path, name):
    lines = GOOD[name].splitlines(keepends=True)
    number = st.integers(0, len(lines) - 1)

    @given(number, number, st.sampled_from(["delete", "double", "swap", "indent", "cut"]))
    @settings(max_examples=EXAMPLES.get(name, EXAMPLES_BUNDLED), deadline=None)
    def check(one, other, change):
        changed = list(lines)
        match change:
            case "delete":
                del changed[one]
            case "double":
                changed.insert(other, changed[one])
            case "swap":
                changed[one], changed[other] = changed[other], changed[one]
            case "indent":
                changed[one] = f"  {changed[one]}"
            case "cut":
                changed[one] = changed[one][: other % (len(changed[one]) + 1)]
        content = encoded("".join(changed))
        if validate(path, content):
            plan(content)

    check()


@pytest.mark.parametrize("name", GOOD)
def test_good_files_with_characters_put_in(path, name):
    @given(st.integers(0, len(GOOD[name])), st.integers(0, 12), st.one_of(st.binary(max_size=4), st.text(max_size=4)))
    @settings(max_examples=EXAMPLES.get(name, EXAMPLES_BUNDLED), deadline=None)
    def check(start, length, new):
        before, after = GOOD[name][:start], GOOD[name][start + length :]
        content = encoded(before) + (new if isinstance(new, bytes) else encoded(new)) + encoded(after)
        if validate(path, content):
            plan(content)

    check()


@pytest.mark.parametrize("name", GOOD)
def test_good_files_with_values_of_other_kinds(path, name):
    everywhere = list(places(TREES[name]))

    @given(st.lists(st.tuples(st.sampled_from(everywhere), VALUES), min_size=1, max_size=3))
    @settings(
        max_examples=EXAMPLES.get(name, EXAMPLES_BUNDLED), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    def check(replaced):
        tree = copy.deepcopy(TREES[name])
        for place, value in replaced:
            node = at(tree, place[:-1])
            if isinstance(node, dict) or (isinstance(node, list) and place[-1] in range(len(node))):
                node[place[-1]] = value
        content = encoded(json.dumps(tree))
        if validate(path, content):
            plan(content)

    check()
