"""Making an environment to be compared: a venv with libraries, or a revision's source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.utils import canonicalize_name

from hpbench.errors import UserError

COMPLETE = "complete"
"""Name of the file that is written last: without it a folder is made anew."""
SHOWN = 5
"""Lines of a failed command's output that are shown."""
ELSEWHERE = ("PIP_CONSTRAINT", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH")
"""Variables that would let pip install something else, or somewhere else."""
UNRESOLVED = ("ResolutionImpossible", "No matching distribution found", "conflicting dependencies")
"""What pip says where versions do not go together."""

Say = Callable[[str], None]


def made(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made unless it is there and complete."""
    if not (folder / COMPLETE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / COMPLETE).touch()
    return folder


def clone(repository: Path, commit: str, folder: Path) -> None:
    """A commit's files, with git's record of which one it is; objects stay in the repository.

    Raises:
        UserError: With what git said.
    """
    _run(["git", "clone", "--quiet", "--shared", "--no-checkout", str(repository), str(folder)], f"cloning {commit}")
    _run(["git", "-C", str(folder), "checkout", "--quiet", "--detach", commit], f"checking out {commit}")


def install(folder: Path, arguments: Sequence[str], named: Collection[str], say: Say) -> None:
    """Make a venv and install into it, with the present environment's versions of all that is not named.

    Where those do not go together with what is to be installed, pip chooses, and that is said.

    Args:
        folder: Of the venv; not there yet.
        arguments: What pip is to install.
        named: Packages that are asked for by name, in the spelling of package indexes.
        say: Tells the person.

    Raises:
        UserError: With the last lines of what pip said.
    """
    install = [*_venv(folder), "install", "--quiet", "--disable-pip-version-check"]
    held = folder / "held.txt"
    held.write_text("".join(f"{line}\n" for line in present_versions(named)), encoding="utf-8")
    what = f"pip install {' '.join(arguments)}"
    done = _started([*install, "--constraint", str(held), *arguments])
    if done.returncode and any(word in done.stdout for word in UNRESOLVED):
        say(f"{what}: not with the present versions of the other libraries; pip chooses others")
        done = _started([*install, *arguments])
    _require(done, what)


def _venv(folder: Path) -> list[str]:
    """Make a venv; the command of its pip: the present one, if there is one, as to install another takes seconds."""
    python = str(folder / "bin" / "python")
    if find_spec("pip"):
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], f"making {folder}")
        return [sys.executable, "-m", "pip", "--python", python]
    _run([sys.executable, "-m", "venv", str(folder)], f"making {folder}")
    return [python, "-m", "pip"]


def present_versions(but: Collection[str]) -> list[str]:
    """``name==version`` of what is installed here from an index, sorted, without hpbench and some others."""
    found = {
        canonicalize_name(one.metadata["Name"]): one.version
        for one in metadata.distributions()
        if one.metadata["Name"] and one.read_text("direct_url.json") is None
    }
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name not in {*but, "hpbench"}]


def _run(command: Sequence[str], what: str) -> None:
    _require(_started(command), what)


def _started(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A command's end, with its output and errors in one text."""
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    environment["PYTHONNOUSERSITE"] = "1"
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, f"{command[0]}: {error.strerror}")


def _require(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()][-SHOWN:]
        raise UserError("\n".join([f"{what} failed:", *lines]))
