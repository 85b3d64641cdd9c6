"""Environments to be compared: what a person may name, and how each is made, kept and checked."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from hpbench import __version__
from hpbench.errors import UserError
from hpbench.execution.arm_specs import Folder, Present, Requirements, Revision, read_spec
from hpbench.execution.arms import fingerprint, make_arm
from hpbench.execution.installing import present_versions
from tests.execution.fake_hpbench import program, project, source, wheel


def git(folder, *arguments):
    words = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def use_source(monkeypatch, folder):
    for module in ("arms", "arm_specs"):
        monkeypatch.setattr(f"hpbench.execution.{module}.SOURCE", folder)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository that hpbench seems to run from, with two commits: one too old to take turns, and one that is not."""
    folder = source(tmp_path / "repository", "--no-report")
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "repository")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=old")
    git(folder, "tag", "v1")
    (folder / "hpbench/__main__.py").write_text(program())
    git(folder, "commit", "--quiet", "--all", "--message=new")
    use_source(monkeypatch, folder)
    return folder


@pytest.fixture
def make(tmp_path):
    """Makes an environment, and keeps what is said."""

    def make(spec):
        make.said = []
        return make_arm("new", spec, tmp_path / "environments", tmp_path / "new.sqlite", make.said.append)

    return make


# --- what a person may name


def test_a_spec_is_the_present_a_folder_a_revision_or_requirements(repository, tmp_path):
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python").touch()
    assert read_spec(".") == Present()
    assert read_spec(str(tmp_path / "venv")) == Folder(tmp_path / "venv/bin/python")
    assert read_spec("main~1") == read_spec("v1") == Revision(git(repository, "rev-parse", "HEAD~1"))
    assert read_spec("tensorflow==2.20") == Requirements(("tensorflow==2.20",))
    assert read_spec("tensorflow == 2.20") == Requirements(("tensorflow == 2.20",))
    assert read_spec("Tensor_Flow==2.20 keras>=3.11") == Requirements(("Tensor_Flow==2.20", "keras>=3.11"))
    assert read_spec("Tensor_Flow==2.20 keras>=3.11").names == {"tensor-flow", "keras"}
    assert read_spec("keras @ https://example.org/keras.whl").names == {"keras"}


@pytest.mark.parametrize("text", ["", "mian", "keras", "v9", "--help", "a b", "no/such/folder", "tensorflow=2.20"])
def test_anything_else_is_refused_in_words(repository, text):
    with pytest.raises(UserError, match=r"is no folder of an environment, no revision of .*, and no requirement with"):
        read_spec(text)


def test_without_a_repository_there_are_no_revisions(tmp_path, monkeypatch):
    use_source(monkeypatch, tmp_path)
    with pytest.raises(UserError, match="no revision, because hpbench runs from no repository"):
        read_spec("main")


def test_a_folder_without_an_environment_is_refused(repository, tmp_path):
    with pytest.raises(UserError, match=r"holds no environment: there is no .*bin/python"):
        read_spec(str(tmp_path / "repository"))


# --- how each is made


def test_the_present_environment_is_what_runs_now(make, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "some/folder")
    arm = make(".")
    assert arm.python == Path(sys.executable)
    assert arm.environment["PYTHONPATH"].split(":")[-1] == str(Path("some/folder").absolute())
    assert fingerprint(arm) == fingerprint(make("."))


def test_a_revision_runs_from_a_clone_that_knows_its_commit(repository, make, tmp_path):
    arm = make("main")
    commit = git(repository, "rev-parse", "main")
    clone = tmp_path / "environments" / commit / "source"
    assert arm.python == Path(sys.executable)
    assert arm.environment["PYTHONPATH"].split(":")[0] == str(clone)
    assert git(clone, "rev-parse", "HEAD") == commit
    before = fingerprint(arm)
    (clone / "hpbench/other.py").write_text("changed = True\n")
    assert fingerprint(arm) != before


def test_one_that_was_not_finished_is_made_anew_and_a_complete_one_is_kept(repository, make, tmp_path):
    clone = Path(make("main").environment["PYTHONPATH"].split(":")[0])
    (clone / "left").touch()
    make("main")
    assert (clone / "left").exists()
    (clone.parent / "complete").unlink()
    make("main")
    assert not (clone / "left").exists()


def test_an_hpbench_that_is_too_old_is_refused(repository, make):
    with pytest.raises(UserError, match=r"--new v1 has an hpbench that is too old: its 'hpbench run' knows no --no-c"):
        make("v1")


def test_one_that_does_not_start_is_refused_with_its_last_line(repository, make):
    (repository / "hpbench/__main__.py").write_text("import no_such_library\n")
    git(repository, "commit", "--quiet", "--all", "--message=broken")
    with pytest.raises(UserError, match=r"--new main has an hpbench that does not start: .*no_such_library"):
        make("main")


def test_an_environment_without_hpbench_is_refused(make, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    with pytest.raises(UserError, match=r"bare has no hpbench; install it there: .*bin/python -m pip install hpbench"):
        make(str(tmp_path / "bare"))


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A folder of wheels from which alone pip installs: an hpbench, and two versions of a library that it needs."""
    here, there = metadata.version("tabulate"), "99.0"
    folder = tmp_path / "index"
    folder.mkdir()
    files = {"hpbench/__init__.py": "", "hpbench/__main__.py": program()}
    wheel(folder, "hpbench", __version__, "tabulate", files=files.items())
    wheel(folder, "tabulate", here)
    wheel(folder, "tabulate", there)
    wheel(folder, "other", "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return here, there


@pytest.fixture
def index(wheels, tmp_path, monkeypatch):
    """The versions of that library, where hpbench does not run from its source."""
    use_source(monkeypatch, tmp_path)
    return wheels


def installed(arm):
    code = "from importlib import metadata as m; print(m.version('tabulate'), m.version('other'))"
    return subprocess.run([arm.python, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def test_requirements_are_installed_beside_the_present_versions_of_all_else(index, make):
    arm = make("other==1.0")
    assert installed(arm) == [index[0], "1.0"]
    assert make.said == ["new: making an environment with other==1.0, which takes minutes"]
    assert make("other==1.0") == arm
    assert make.said == []
    assert "PYTHONPATH" not in arm.environment


def test_what_pip_cannot_install_is_refused_with_what_it_says_and_tried_again(index, make, tmp_path):
    """The second time it is there, and needs another version than the present one: pip chooses, and that is said."""
    with pytest.raises(UserError, match=r"pip install .*other==2.0 failed:\n(.|\n)*No matching distribution found"):
        make("other==2.0")
    wheel(tmp_path / "index", "other", "2.0", f"tabulate=={index[1]}")
    assert installed(make("other==2.0")) == [index[1], "2.0"]
    assert "other==2.0: not with the present versions of the other libraries; pip chooses others" in make.said[-1]


def module_of(arm):
    words = [arm.python, "-c", "import hpbench; print(hpbench.__file__)"]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env=arm.environment)
    return Path(done.stdout.strip())


def test_beside_requirements_the_source_that_hpbench_runs_from_is_used_as_it_is(wheels, repository, make, monkeypatch):
    """Also where the present environment has no pip."""
    monkeypatch.setattr("hpbench.execution.installing.find_spec", lambda name: None)
    arm = make("other==1.0")
    assert module_of(arm) == repository / "hpbench/__init__.py"
    assert installed(arm) == [wheels[0], "1.0"]


def test_a_revision_that_needs_other_libraries_has_an_environment_of_its_own(wheels, repository, make, tmp_path):
    project(repository, "click", "tabulate")
    git(repository, "commit", "--quiet", "--all", "--message=needs more")
    project(repository, "click")
    arm = make("main")
    place = tmp_path / "environments" / git(repository, "rev-parse", "main")
    assert arm.python == place / "venv/bin/python"
    assert module_of(arm) == place / "source/hpbench/__init__.py"
    assert "needs other libraries; making an environment of its own" in make.said[0]


def test_versions_that_are_held_leave_out_what_is_named_and_hpbench():
    lines = present_versions({"keras"})
    names = [line.partition("==")[0] for line in lines]
    assert f"tabulate=={metadata.version('tabulate')}" in lines
    assert names == sorted(names)
    assert not {"keras", "hpbench"} & set(names)
