"""Environments that take turns on one machine, each with an hpbench in it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpbench import __version__
from hpbench.errors import UserError
from hpbench.execution.arm_specs import (
    SOURCE,
    Folder,
    Present,
    Requirements,
    Revision,
    Spec,
    dependencies,
    is_checkout,
    read_spec,
)
from hpbench.execution.installing import Say, clone, install, made

NEEDED = "--no-calibration"
"""Option of ``hpbench run`` without which an hpbench is too old to take turns."""
DROPPED = ("PYTHONPATH", "PYTHONHOME")
"""Variables of this process that are not an arm's."""
LENGTH = 12
"""Hexadecimal digits of a fingerprint."""
PROBE = """
import hashlib, pathlib, sys
from importlib import metadata
import hpbench
found = hashlib.sha256(sys.version.encode())
for line in sorted(f"{one.metadata['Name']} {one.version}" for one in metadata.distributions()):
    found.update(line.encode())
for path in sorted(pathlib.Path(hpbench.__file__).parent.rglob("*.py")):
    found.update(path.name.encode() + path.read_bytes())
print(found.hexdigest())
"""
"""Prints a digest of the interpreter, of all libraries' versions and of hpbench's code."""


@dataclass(frozen=True)
class Arm:
    """One of the environments.

    Attributes:
        name: What it is called, such as ``old``.
        spec: As the person named it.
        python: Its interpreter.
        variables: Environment variables that it needs beside this process's.
        results: Its results file.
    """

    name: str
    spec: str
    python: Path
    variables: Mapping[str, str]
    results: Path

    @property
    def environment(self) -> dict[str, str]:
        """All variables of its processes.

        No file of the working folder takes a library's place, and what they print comes in its order.
        """
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        return kept | {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"} | dict(self.variables)


def make_arm(name: str, spec: str, folder: Path, results: Path, say: Say) -> Arm:
    """The environment that a person names, made if it is not there, and checked to have an hpbench that fits.

    Args:
        name: What the arm is called.
        spec: Requirements, a git revision, a folder that holds an environment, or ``.``; see ``read_spec``.
        folder: Where environments are made, each below a name of its own.
        results: The arm's results file.
        say: Tells the person what takes a while.

    Raises:
        UserError: If there is no such thing, it cannot be made, or its hpbench is none or too old.
    """
    python, variables = _made(read_spec(spec), folder, lambda text: say(f"{name}: {text}"))
    arm = Arm(name, spec, python, variables, results)
    _require_hpbench(arm)
    return arm


def fingerprint(arm: Arm) -> str:
    """Short digest of an arm's interpreter, of its libraries' versions and of its hpbench's code."""
    done = _ask(arm, "-c", PROBE)
    if done.returncode:
        raise UserError(f"{_called(arm)} cannot be examined: {_last_line(done.stderr)}")
    return done.stdout.split()[-1][:LENGTH]


def _made(spec: Spec, folder: Path, say: Say) -> tuple[Path, dict[str, str]]:
    """Interpreter and variables of an environment."""
    match spec:
        case Folder(python):
            return python, {"PYTHONNOUSERSITE": "1"}
        case Present():
            return Path(sys.executable), _present(SOURCE if is_checkout() else None)
        case Revision(commit):
            return _revision(commit, folder, say)
        case Requirements():
            return _installed(spec, folder, say)


def _revision(commit: str, folder: Path, say: Say) -> tuple[Path, dict[str, str]]:
    """A commit's code under the present Python, or under one of its own where it needs other libraries."""

    def make(whole: Path) -> None:
        clone(SOURCE, commit, whole / "source")
        if dependencies(whole / "source") != dependencies(SOURCE):
            say(f"{commit[:LENGTH]} needs other libraries; making an environment of its own, which takes minutes")
            install(whole / "venv", ["--editable", str(whole / "source")], (), say)

    whole = made(folder / commit, make)
    if (whole / "venv").exists():
        return whole / "venv" / "bin" / "python", {"PYTHONNOUSERSITE": "1"}
    return Path(sys.executable), _present(whole / "source")


def _installed(spec: Requirements, folder: Path, say: Say) -> tuple[Path, dict[str, str]]:
    """This hpbench in a venv with other libraries; from source it is this very source."""
    own = ["--editable", str(SOURCE)] if is_checkout() else [f"hpbench=={__version__}"]
    arguments = [*([] if "hpbench" in spec.names else own), *spec.texts]
    key = [arguments, sorted(dependencies(SOURCE)), platform.python_version()]

    def make(whole: Path) -> None:
        say(f"making an environment with {' '.join(spec.texts)}, which takes minutes")
        install(whole / "venv", arguments, spec.names, say)

    whole = made(folder / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:LENGTH], make)
    return whole / "venv" / "bin" / "python", {"PYTHONNOUSERSITE": "1"}


def _present(source: Path | None) -> dict[str, str]:
    """Variables with which the present Python finds an hpbench's source before all, and what it finds now."""
    before = [str(Path(entry).absolute()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    entries = [*([str(source)] if source else []), *before]
    return {"PYTHONPATH": os.pathsep.join(entries)} if entries else {}


def _require_hpbench(arm: Arm) -> None:
    """That an arm's hpbench can take turns.

    Raises:
        UserError: If it has none, it cannot be started, or is too old.
    """
    done = _ask(arm, "-m", "hpbench", "run", "--help")
    if "No module named hpbench" in done.stderr:
        raise UserError(f"{_called(arm)} has no hpbench; install it there: {arm.python} -m pip install hpbench")
    if done.returncode:
        raise UserError(f"{_called(arm)} has an hpbench that does not start: {_last_line(done.stderr)}")
    if NEEDED not in done.stdout:
        raise UserError(f"{_called(arm)} has an hpbench that is too old: its 'hpbench run' knows no {NEEDED}")


def _ask(arm: Arm, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [str(arm.python), *arguments]
    try:
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=arm.environment
        )
    except OSError as error:
        return subprocess.CompletedProcess(words, 127, "", f"{arm.python}: {error.strerror}")


def _called(arm: Arm) -> str:
    return f"--{arm.name} {arm.spec}"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it printed nothing"])[-1]
