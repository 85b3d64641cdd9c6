"""What an environment to be compared may be, as a person names it."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hpbench.errors import UserError

SOURCE = Path(__file__).resolve().parents[2]
"""The folder that the running hpbench is imported from."""
PRESENT = "."


@dataclass(frozen=True)
class Present:
    """The running Python and hpbench, as they are."""


@dataclass(frozen=True)
class Folder:
    """An environment that is there."""

    python: Path


@dataclass(frozen=True)
class Revision:
    """A commit of the repository that hpbench runs from, by its whole name."""

    commit: str


@dataclass(frozen=True)
class Requirements:
    """Libraries to be installed beside hpbench, as pip takes them."""

    texts: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Of the libraries, in the spelling of package indexes."""
        return frozenset(canonicalize_name(Requirement(text).name) for text in self.texts)


Spec = Present | Folder | Revision | Requirements


def read_spec(text: str) -> Spec:
    """What a person means: ``.``, a folder that holds an environment, a git revision, or requirements, in this order.

    A requirement has to say a version, so that a revision that is misspelt does not name a package.

    Raises:
        UserError: If it is none of them.
    """
    if text == PRESENT:
        return Present()
    python = Path(text).absolute() / "bin" / "python"  # not resolved: its place is what makes it an environment's
    if text and python.is_file():
        return Folder(python)
    if commit := _commit(text):
        return Revision(commit)
    if found := _requirements(text):
        return found
    if text and Path(text).is_dir():
        raise UserError(f"{text} holds no environment: there is no {python}")
    where = f"no revision of {SOURCE}" if is_repository() else "no revision, because hpbench runs from no repository"
    raise UserError(
        f"'{text}' is no folder of an environment, {where}, and no requirement with a version, such as "
        f"tensorflow==2.20; '{PRESENT}' is the present environment"
    )


def is_repository() -> bool:
    """Whether hpbench runs from a git repository."""
    return (SOURCE / ".git").exists()


def is_checkout() -> bool:
    """Whether hpbench runs from its source, and not as an installed package."""
    return (SOURCE / "pyproject.toml").exists()


def dependencies(folder: Path) -> frozenset[str]:
    """What the source in a folder says that it needs; nothing where it does not say it."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return frozenset()
    return frozenset(map(str, project.get("dependencies", ())))


def _commit(text: str) -> str:
    """The commit that a text names; empty if it names none."""
    if not text or text.startswith("-") or not is_repository():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(SOURCE), "rev-parse", "--verify", "--quiet", f"{text}^{{commit}}"],
            capture_output=True,
            text=True,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _requirements(text: str) -> Requirements | None:
    """The requirements of a text, one or several with spaces between; None if one is none, or says no version."""
    for texts in ((text,), tuple(text.split())):
        try:
            read = [Requirement(one) for one in texts]
        except InvalidRequirement:
            continue
        if read and all(one.specifier or one.url for one in read):
            return Requirements(texts)
    return None
