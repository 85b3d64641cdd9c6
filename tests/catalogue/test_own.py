"""Code of one's own: what may be named, who allows it, and which files it comes from."""

import ast
import os
from importlib import metadata

import pytest
from pydantic import ValidationError

from hpbench.catalogue import own
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.part import Register
from hpbench.catalogue.sources import library_version, module_file, source_files
from hpbench.definition.schema import Settings

SETTINGS = {
    "dataset": {"name": "digits"},
    "model": {"name": "lenet"},
    "training": {
        "optimizer": {"name": "sgd"},
        "schedule": {"name": "constant"},
        "learning_rate": 0.1,
        "batch_size": 8,
        "iterations": 4,
        "evaluate_every": 2,
    },
}


def settings(**model):
    return Settings.model_validate(SETTINGS | {"model": model})


def test_a_path_takes_any_fields_and_keeps_them():
    chosen = settings(name="my.nets:mlp", units=[64, 32], bias=None)
    assert chosen.own_parts == ["my.nets:mlp"]
    assert chosen.model_dump(mode="json")["model"] == {"name": "my.nets:mlp", "units": [64, 32], "bias": None}
    assert Settings.model_validate(chosen.model_dump(mode="json")) == chosen


@pytest.mark.parametrize("name", ["a:", ":b", "a.b", "os:system()", "a/b:c", "a:b.c", "../x:y", "a b:c", "1a:b"])
def test_what_is_no_path_to_an_attribute_is_refused(name):
    with pytest.raises(ValidationError):
        settings(name=name)


def test_a_module_allows_itself_and_what_lies_below():
    names = ["my_nets.small:mlp", "my_nets:mlp", "lenet"]
    own.require_allowed(names, ["my_nets"])
    with pytest.raises(own.CodeNotAllowedError, match=r"my_nets:mlp\..* add --allow-code my_nets$"):
        own.require_allowed(names, ["my_nets.small"])
    with pytest.raises(own.CodeNotAllowedError):
        own.require_allowed(["my_nets_other:mlp"], ["my_nets"])


def test_nothing_is_imported_that_is_not_allowed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unasked.py").write_text("raise SystemExit('imported')\n")
    with pytest.raises(own.CodeNotAllowedError):
        MODELS.load("unasked:anything")


def test_a_register_without_parts_of_one_s_own_knows_no_paths():
    register = Register("kind", {MODELS["lenet"]: "hpbench.parts.models.lenet:lenet"})
    with pytest.raises(KeyError):
        register.load("os:getcwd")


def test_a_missing_module_is_named_with_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(own.MissingCodeError, match=f"no module absent in the working folder {tmp_path}"):
        own.require_present(["absent:model", "lenet"])
    (tmp_path / "absent.py").write_text("")
    own.require_present(["absent:model"])


FILES = {
    "main.py": "import helper\nfrom package import part\nfrom package.deep import thing\nimport numpy\n",
    "helper.py": "import main\n",
    "package/__init__.py": "",
    "package/part.py": "from . import sibling\nfrom .deep import other\n",
    "package/sibling.py": "",
    "package/deep/__init__.py": "from ..relative import x\n",
    "package/relative.py": "",
    "package/unused.py": "",
    "unused.py": "",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(files, folder):
    return {path.relative_to(folder).as_posix() for path in files}


def test_sources_are_what_is_imported_from_the_working_folder_directly_or_not(project):
    assert names(source_files("main"), project) == set(FILES) - {"unused.py", "package/unused.py"}
    assert names(source_files("package.part"), project) == {name for name in FILES if name.startswith("package")} - {
        "package/unused.py"
    }


def test_a_library_stands_for_itself_and_what_is_nowhere_has_no_sources(project):
    assert [path.name for path in source_files("numpy")] == ["__init__.py"]
    assert source_files("absent") == ()
    assert library_version("numpy.linalg") == f"numpy {metadata.version('numpy')}"
    assert library_version("main") is library_version("absent") is None
    (project / "broken.py").write_text("def (")
    assert names(source_files("broken"), project) == {"broken.py"}


def test_the_packages_above_a_module_are_among_its_sources(project):
    (project / "package/__init__.py").write_text("import unused\n")
    assert {"package/__init__.py", "unused.py"} < names(source_files("package.unused"), project)


def test_a_library_goes_before_a_file_of_the_working_folder_as_in_an_import(project):
    (project / "numpy.py").write_text("")
    assert not module_file("numpy").is_relative_to(project)
    assert "numpy.py" not in names(source_files("main"), project)


def test_a_file_is_parsed_again_only_when_it_has_changed(project, monkeypatch):
    before = source_files("main")
    parse, parsed = ast.parse, []
    monkeypatch.setattr(ast, "parse", lambda text: parsed.append(text) or parse(text))
    assert source_files("main") == before
    assert parsed == []
    (project / "helper.py").write_text("import unused\n")
    os.utime(project / "helper.py", ns=(1, 1))
    assert "unused.py" in names(source_files("main"), project)
    assert len(parsed) == 2


def test_hpbench_is_found_beside_itself_whatever_the_working_folder_holds(project):
    (project / "hpbench").mkdir()
    (project / "hpbench/__init__.py").write_text("")
    assert not module_file("hpbench.catalogue.own").is_relative_to(project)
