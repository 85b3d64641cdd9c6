"""The workflows name only what is there: verbs and options of hpbench, tox environments, files, actions by version."""

import configparser
import re
import shlex
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from hpbench.cli.main import hpbench

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BENCH = ROOT / ".github" / "workflows" / "bench.yml"


def parsed(path):
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def steps(path):
    return [step for job in parsed(path)["jobs"].values() for step in job["steps"]]


def commands(path):
    """Words of every command that a workflow runs, ``python -m`` taken off."""
    for step in steps(path):
        for line in step.get("run", "").splitlines():
            words = shlex.split(line)
            if words:
                yield words[2:] if words[:2] == ["python", "-m"] else words


def environments():
    """Names of the environments of ``tox.ini``, those with factors in braces spelled out."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    for section in tox.sections():
        _, found, name = section.partition("testenv:")
        if found:
            base, brace, factors = name.partition("{")
            yield from (f"{base}{factor}" for factor in factors.rstrip("}").split(",")) if brace else (base,)


def check_hpbench(words):
    """That each verb and option is there, with as many values as it takes."""
    node, words = hpbench, list(words)
    while isinstance(node, click.Group):
        name = words.pop(0)
        node = node.get_command(click.Context(node), name)
        assert node is not None, f"hpbench has no {name}"
    node.make_context("hpbench", words, resilient_parsing=False)


def check_tox(words):
    own = words[: words.index("--")] if "--" in words else words
    named = [own[place + 1] for place, word in enumerate(own) if word == "-e"]
    assert set(named) <= set(environments())
    if named == ["bench"] and "--" in words:
        check_hpbench(["run", *words[words.index("--") + 1 :]])


def check_bash(words):
    assert (ROOT / words[0]).is_file()
    inner = [shlex.split(line, comments=True) for line in (ROOT / words[0]).read_text(encoding="utf-8").splitlines()]
    for line in inner:
        if line[:3] == ["python", "-m", "tox"]:
            check_tox(line[3:])


def check_pip(words):
    assert words[0] == "install"
    assert all((ROOT / word).exists() for word in words if word.endswith((".txt", ".")))


CHECKS = {"hpbench": check_hpbench, "tox": check_tox, "bash": check_bash, "pip": check_pip, "cat": lambda words: None}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_command_is_one_that_exists(path):
    for first, *words in commands(path):
        CHECKS[first](words)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_have_versions_and_permissions_are_to_read(path):
    workflow = parsed(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    for step in steps(path):
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z/-]+@v\d+(\.\d+\.\d+)?", step["uses"])


def test_what_is_uploaded_is_what_was_written_even_after_a_failure():
    for job in parsed(BENCH)["jobs"].values():
        assert all(
            re.fullmatch(r"actions/[a-z/-]+@v\d+\.\d+\.\d+", step["uses"]) for step in job["steps"] if "uses" in step
        )
        *_, summary, upload = job["steps"]
        assert (summary["if"], upload["if"]) == ("always()", "always()")
        assert summary["run"] == 'cat build/reports/README.md >> "$GITHUB_STEP_SUMMARY"'
        assert upload["uses"].startswith("actions/upload-artifact@")
        assert upload["with"]["path"] == "build"
        outputs = {words[words.index("--output") + 1] for words in map(shlex.split, runs(job)) if "--output" in words}
        assert outputs <= {"build/reports", "build/gate", "build/history"}
        assert "build/reports" in outputs
        assert job["steps"][1]["with"]["cache"] == "pip"


def test_the_history_goes_from_run_to_run_even_after_a_regression():
    steps = parsed(BENCH)["jobs"]["smoke"]["steps"]
    (restore,) = (step["with"] for step in steps if "cache/restore" in step.get("uses", ""))
    (save,) = (step for step in steps if "cache/save" in step.get("uses", ""))
    assert save["if"].startswith("always()")
    assert save["with"] == {name: restore[name] for name in ("path", "key")}
    assert "github.run_id" in restore["key"]
    assert all(restore["key"].startswith(prefix) for prefix in restore["restore-keys"].splitlines())
    (gate,) = (step["run"] for step in steps if step.get("name") == "Gate")
    (history,) = (step for step in steps if step.get("name") == "History")
    assert f"--history {restore['path']}" in gate
    assert history["run"].startswith(f"hpbench history {restore['path']} ")
    assert history["if"] == save["if"]


def runs(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_smoke_is_gated_on_every_push_and_quick_runs_by_night():
    workflow = parsed(BENCH)
    assert "push" in workflow["on"]
    assert re.fullmatch(r"\d+ \d+ \* \* \*", workflow["on"]["schedule"][0]["cron"])
    smoke, nightly = workflow["jobs"]["smoke"], workflow["jobs"]["nightly"]
    assert smoke["if"] == "github.event_name == 'push'"
    assert nightly["if"] == "github.event_name != 'push'"
    assert any("--profile smoke" in run for run in runs(smoke))
    assert any(run.startswith("hpbench gate --reference references/") for run in runs(smoke))
    assert any("--profile quick" in run for run in runs(nightly))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["run", "--no-such"], click.NoSuchOption),
        (["nothing"], AssertionError),
        (["run", "--jobs", "x"], click.BadParameter),
    ],
)
def test_a_wrong_command_would_be_seen(words, error):
    with pytest.raises(error):
        check_hpbench(words)
