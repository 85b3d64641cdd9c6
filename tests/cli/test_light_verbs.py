"""Help, lists, plans and checks start at once: they import no framework and no number crunching."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from hpbench import __version__
from hpbench.cli.main import VERBS, hpbench

HEAVY = {"keras", "tensorflow", "pandas", "scipy", "altair", "keras_tuner", "sklearn", "mlxtend"}


def invoke(*arguments):
    return CliRunner().invoke(hpbench, arguments)


LIGHT = [
    ["--help"],
    ["list"],
    ["validate"],
    ["schema"],
    ["show", "lenet-batch-lr"],
    ["run", "--help"],
    ["report", "--help"],
    ["diagnose", "--help"],
    ["tune", "--help"],
    ["lr-find", "--help"],
    ["compare", "--help"],
    ["reference", "save", "--help"],
    ["gate", "--help"],
    ["ab", "--help"],
    ["merge", "--help"],
    ["history", "--help"],
]


def test_light_verbs_import_nothing_heavy(tmp_path):
    """In one process, which is told which of them is the first to import something."""
    code = f"""
import sys
from hpbench.cli.main import hpbench
for arguments in {LIGHT!r}:
    hpbench(arguments, standalone_mode=False)
    print(arguments, sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr.splitlines() == [f"{arguments} []" for arguments in LIGHT]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    done = invoke(verb, "--help")
    assert done.exit_code == 0
    assert f"Example: hpbench {verb}" in done.output


def test_help_and_version():
    assert all(verb in invoke("--help").output for verb in VERBS)
    assert invoke("--version").output.strip() == f"hpbench, version {__version__}"


def test_list_names_every_bundled_benchmark():
    lines = [line.split() for line in invoke("list").output.splitlines()]
    assert ["lenet-batch-lr", "version", "1", "9", "cases,", "26", "claims"] in [line[:7] for line in lines]
    assert ["fewshot-lr-search", "version", "1", "120", "cases,", "9", "claims"] in [line[:7] for line in lines]


def test_show_prints_the_plan_and_its_cost(small_file, tmp_path):
    done = invoke("show", str(small_file), "--results", str(tmp_path / "none.sqlite"))
    assert done.exit_code == 0
    assert "slow" in done.output
    assert "reading model=caffe" in done.output
    assert "5 cells, 5 trials, 2 of them isolated; about" in done.output
    assert "rough" in done.output


def test_validate_names_every_fault_and_ends_with_2(small_file):
    small_file.write_text(
        small_file.read_text().replace("seeds: 2", "sedes: 2").replace("name: constant", "name: constnat")
    )
    done = invoke("validate", str(small_file))
    assert done.exit_code == 2
    assert f"{small_file}:" in done.output
    assert "did you mean 'seeds'" in done.output
    assert "constnat" in done.output


def test_validate_says_that_a_file_is_fine(small_file):
    done = invoke("validate", str(small_file))
    assert (done.exit_code, done.output) == (0, f"{small_file}: fine\n")
