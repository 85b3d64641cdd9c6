"""The README tells the truth: its commands and its definition run as they stand."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.office31_tree import write_tree

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("hpbench ")
]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with the bundled definitions and the README's own one, as its reader would have them."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "benchmarks", folder / "benchmarks")
    definition = re.search(r"```yaml\n(schema: .*?)```", README, re.DOTALL)
    assert definition
    (folder / "momentum.yaml").write_text(definition.group(1), encoding="utf-8")
    training, table = re.findall(r"```csv\n(.*?)```", README, re.DOTALL)
    (folder / "training.csv").write_text(training, encoding="utf-8")
    (folder / "results.csv").write_text(table, encoding="utf-8")
    step = re.search(r"```python\n(from hpbench.engine.steps .*?)```", README, re.DOTALL)
    assert step
    mine = re.search(r"```python\n(import keras\n.*?)```", README, re.DOTALL)
    assert mine
    (folder / "mine.py").write_text(mine.group(1), encoding="utf-8")
    write_tree(folder / "path" / "to" / "office31")
    (folder / "steps.py").write_text(step.group(1), encoding="utf-8")
    return folder


TRAINS = ("run", "gate", "tune", "lr-find")
"""Verbs that import TensorFlow, which they find imported; the others are started as they stand."""


@pytest.fixture
def run(workplace, warm):
    environment = os.environ | {"XDG_CACHE_HOME": str(workplace / "cache")}

    def run(command):
        words = shlex.split(command)
        if words[1] in TRAINS:
            return warm.run(*words[1:], cwd=workplace, env=environment)
        words = [sys.executable, "-m", *words]
        return subprocess.run(words, cwd=workplace, env=environment, capture_output=True, text=True, timeout=300)

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_every_hpbench_command_of_the_readme_runs(command, run):
    """In the README's order, in one folder; runs of hours, or over data that the reader has to bring, only planned."""
    planned = "path/to/" in command or "--profile full" in command
    done = run(command.replace("hpbench run", "hpbench show") if planned else command)
    if "data prepare mnist" in command and "Is there a network?" in done.stderr:
        pytest.skip("fetching MNIST needs a network")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def test_the_search_works_in_a_project_of_one_s_own():
    example = re.search(r"```python\n(from hpbench.engine.fitting .*?)```", README, re.DOTALL)
    assert example
    import keras
    import numpy as np

    images = np.random.default_rng(0).random((20, 8), dtype=np.float32)
    labels = np.arange(20) % 2
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2, activation="softmax")])
    before = float(keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, model(images))))
    names = {"model": model, "images": images, "labels": labels}
    exec(example.group(1), names)
    after = float(keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, model(images))))
    assert after < before
    assert names["model"].observed()["rate_bound"] > 0
    assert len([line for line in example.group(1).splitlines() if line.startswith("model")]) <= 4


def test_the_commands_leave_what_the_readme_says(workplace):
    for name in ("README.md", "lenet-batch-lr.md", "lenet-batch-lr.json", "momentum.md"):
        assert (workplace / "reports" / name).exists()


def test_the_readme_names_every_bundled_benchmark_and_profile():
    for path in (ROOT / "benchmarks").glob("*.yaml"):
        assert f"benchmarks/{path.name}" in README
    for word in ("smoke", "quick", "standard", "full"):
        assert f"`{word}`" in README


def test_tox_and_ci_run_what_the_readme_says():
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    assert "env_list = lint, types, tests" in tox
    assert "commands = python benchmarks {posargs}" in tox
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "python -m tox\n" in ci
    assert "python -m tox -e bench -- --profile smoke" in ci


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_within_the_repository_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / target).exists(), target
