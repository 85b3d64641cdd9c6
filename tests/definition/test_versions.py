"""A bundled definition's version is raised when its data, protocol or targets change.

``versions.json`` keeps a digest of these for every version. To record a new version:

    python -m tests.definition.test_versions
"""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from hpbench.definition.load import bundled, parse
from hpbench.definition.resolve import Selection
from hpbench.records.trial import canonical_json
from tests.conftest import SMALL

RECORD = Path(__file__).with_name("versions.json")
WORDS = {"title", "question", "source", "why", "text", "where", "tolerance_from", "remark"}
HOW_MUCH = {"seeds", "timed_seeds", "reading_seeds", "readings", "reading_cases", "limits"}
SHOWN = {"figures", "advice", "gated"}


def digest(text):
    """Of what decides a trial's result and a claim's verdict: not words, figures, how much is run, what is gated."""
    definition = parse(text, "x.yaml", Selection()).source.values
    return hashlib.sha256(canonical_json(essence(definition)).encode()).hexdigest()[:16]


def essence(node):
    if isinstance(node, dict):
        kept = node.keys() - WORDS - HOW_MUCH - SHOWN
        return {key: essence(node[key]) for key in kept}
    return [essence(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("name", bundled())
def test_a_changed_definition_has_a_new_version(name):
    text = bundled()[name].read_text(encoding="utf-8")
    version = str(parse(text, name, Selection()).definition.version)
    recorded = json.loads(RECORD.read_text())[name]
    assert version in recorded, f"record version {version}: python -m tests.definition.test_versions"
    assert recorded[version] == digest(text), "data, protocol or targets have changed: raise the version"


@pytest.mark.parametrize(
    "change",
    [
        ("{name: digits}", "{name: digits, size: 20}"),
        ("iterations: 12", "iterations: 13"),
        ("slow: {learning_rate: 0.01}", "slow: {learning_rate: 0.02}"),
        ("name: greater", "name: greater, margin: 0.1"),
        ("{model.variant: caffe}", "{model.variant: caffe, training.batch_size: 3}"),
        ("seeds: 2", "reported: {test_accuracy: {values: {slow: 0.5}, where: here}}\nseeds: 2"),
        ("timed_seeds: 1", "profiles: {quick: {training.iterations: 3}}"),
    ],
)
def test_data_protocol_and_targets_change_the_digest(change):
    assert change[0] in SMALL
    assert digest(SMALL.replace(*change)) != digest(SMALL)


@pytest.mark.parametrize(
    "change",
    [
        ("title: A small", "title: A tiny"),
        ("seeds: 2", "seeds: 5"),
        ("where: section 1", "where: section 2"),
        ("timed_seeds: 1", "limits: {seconds: 5}"),
        ("timed_seeds: 1", "gated: [{metric: test_accuracy, direction: higher, threshold: 0.02}]"),
        ("profiles: {quick: {training.iterations: 3}}", "profiles: {quick: {training.iterations: 3, seeds: 3}}"),
    ],
)
def test_words_and_how_much_is_run_do_not(change):
    text = SMALL + "profiles: {quick: {training.iterations: 3}}\n"
    assert change[0] in text
    assert digest(text.replace(*change)) == digest(text)


def record():
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for name, path in bundled().items():
        text = path.read_text(encoding="utf-8")
        version = str(parse(text, name, Selection()).definition.version)
        known.setdefault(name, {}).setdefault(version, digest(text))
    RECORD.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(record())
