"""Imports point down: a module imports from lower floors and from its own folder only."""

import ast
from pathlib import Path

import hpbench

ROOT = Path(hpbench.__file__).parent
FLOORS = {
    "cli": 6,
    "gate": 5,
    "protocol": 5,
    "execution": 4,
    "report": 4,
    "engine": 3,
    "plan": 3,
    "analysis": 3,
    "definition": 2,
    "parts": 2,
    "catalogue": 1,
    "measure": 1,
    "records": 1,
    "errors": 0,
}
DOING = {"plan", "parts", "measure", "engine", "execution"}
TELLING = {"analysis", "report", "gate"}
FRAMEWORKS = {"keras", "tensorflow", "keras_tuner", "jax", "torch"}
ALLOWED = {"parts": FRAMEWORKS, "engine": FRAMEWORKS, "protocol": FRAMEWORKS, "plan": {"keras_tuner"}}
"""Folder to the frameworks that it may import; others none."""


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        folder = path.relative_to(ROOT).parts[0] if path.parent != ROOT else ""
        yield path, folder, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module


def test_every_folder_has_a_floor():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders <= set(FLOORS)


def test_imports_point_down():
    wrong = []
    for path, folder, tree in modules():
        for name in imported(tree):
            if folder and name.startswith("hpbench."):
                target = name.split(".")[1]
                if target != folder and FLOORS.get(target, 99) >= FLOORS[folder]:
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_the_two_wings_do_not_import_each_other():
    wrong = []
    for path, folder, tree in modules():
        other = TELLING if folder in DOING else DOING if folder in TELLING else set()
        wrong += [
            f"{path.relative_to(ROOT)} imports {name}"
            for name in imported(tree)
            if name.split(".")[:1] == ["hpbench"] and name.split(".")[1:2] and name.split(".")[1] in other
        ]
    assert not wrong


def test_only_parts_and_engine_import_a_framework_and_plans_the_tuner_that_proposes():
    wrong = []
    for path, folder, tree in modules():
        allowed = ALLOWED.get(folder, set())
        wrong += [
            f"{path.relative_to(ROOT)} imports {name}"
            for name in imported(tree)
            if name and name.split(".")[0] in FRAMEWORKS - allowed
        ]
    assert not wrong


def test_files_stay_readable():
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path, _, _ in modules()}
    assert not {name: lines for name, lines in long.items() if lines > 350}
