"""The README tells the truth: its commands and its definition run, with fewer cases and seeds where they take long."""

import os
import re
import shlex
import shutil
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
ELSEWHERE = {"hpbench doctor": "tests/cli/test_doctor.py"}
"""Commands that take long and that another test runs as they stand."""


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


UNTIMED = "--set timed_seeds=0"
ONE_SEED = f"--case fast --seeds 1 {UNTIMED}"
NARROWED = {
    "hpbench run lenet-batch-lr --profile smoke": "--case CASE1 --reading default",
    "hpbench run lenet-batch-lr --profile smoke --case CASE1 --case CASE8 --reading sgd=plain "
    "--seeds 3": f"--seeds 1 {UNTIMED}",
    "hpbench run lenet-batch-lr --profile smoke --case CASE1 --set training.iterations=40 "
    "--set 'training.schedule={name: cosine}'": f"--reading default {UNTIMED}",
    "hpbench run lenet-batch-lr --profile smoke --claim same-limit --reading default --seeds 3": "--seeds 2",
    "hpbench run learning-curves --profile smoke": "--case healthy",
    "hpbench run learning-curves --profile smoke --gated --seeds 5": "--seeds 2",
    "hpbench ab learning-curves --profile smoke --case healthy --old . --new . --seeds 2 --accept-unclear": "--seeds 1",
    "hpbench data info office31_like --set size=32": "--set share=0.05",
    "hpbench run my_benchmark.yaml": ONE_SEED,
    "hpbench run with_code.yaml --allow-code with_code_parts": f"{ONE_SEED} --reading default",
    "hpbench tune mine:build mine:data --allow-code mine --trials 4": "--trials 2 --epochs 2",
    "hpbench run momentum.yaml": f"--seeds 2 {UNTIMED}",
    "hpbench run momentum.yaml --set 'training.step={name: \"steps:SignOnly\"}' --set training.learning_rate=0.001 "
    "--allow-code steps": f"--case momentum --seeds 1 {UNTIMED}",
}
"""Commands that take long, with options that are added: less of the same. ``.ci/run`` makes the whole smoke runs."""


@pytest.fixture
def run(workplace, warm):
    environment = os.environ | {"XDG_CACHE_HOME": str(workplace / "cache")}

    def run(command):
        return warm.run(*shlex.split(command)[1:], cwd=workplace, env=environment)

    return run


def test_what_is_narrowed_or_run_elsewhere_is_in_the_readme():
    assert NARROWED.keys() | ELSEWHERE.keys() <= set(COMMANDS)
    for command, file in ELSEWHERE.items():
        assert f'"hpbench", "{command.split()[1]}"' in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ELSEWHERE])
def test_every_hpbench_command_of_the_readme_runs(command, run):
    """In the README's order, in one folder; long ones are narrowed, runs of hours or over data of one's own planned."""
    planned = "path/to/" in command or "--profile full" in command
    given = command.replace("hpbench run", "hpbench show") if planned else f"{command} {NARROWED.get(command, '')}"
    done = run(given)
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
