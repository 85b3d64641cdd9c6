"""Two environments in turns, as a person compares them: a benchmark beside itself, and a revision that is worse."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpbench.cli.main import main
from hpbench.errors import MachineError, UserError
from hpbench.records.store import Store
from tests.cli.test_gate import NET, TINY, environment

ROOT = Path(__file__).parents[2]
TIMED = TINY.replace("seeds: 4\n", "seeds: 1\n")
OWN = ("tiny.yaml", "--data", "data", "--allow-code", "tiny_net", "--case", "base")
TWICE = ("--old", ".", "--new", ".", "--seeds", "3")
UNTIMED = (
    TIMED.split("  - {metric: seconds")[0].replace('{name: "tiny_net:net", units: 24}', "{name: mlp, units: [8]}")
    .replace("model.units: 32", "model.units: [12]")
)  # fmt: skip
REVISIONS = ("untimed.yaml", "--data", "data")


@pytest.fixture(scope="module")
def start(warm):
    """Starts ``hpbench``."""
    return lambda *arguments, cwd, **variables: warm.start(*arguments, cwd=cwd, env=environment(**variables))


@pytest.fixture(scope="module")
def ab(start):
    """Runs ``hpbench ab`` to its end."""
    return lambda *arguments, cwd, **variables: ended(start("ab", *arguments, cwd=cwd, **variables))


def ended(process):
    output, errors = process.communicate(timeout=300)
    return subprocess.CompletedProcess((), process.returncode, output, errors)


def turns(folder):
    return [json.loads(line) for line in (folder / "build/ab/turns.jsonl").read_text().splitlines()]


def found(folder):
    document = json.loads((folder / "build/ab/ab.json").read_text(encoding="utf-8"))
    return document, {(pair["case"], pair["metric"]): pair for pair in document["gated"]}


def store_trials(start, folder, arm, *asked):
    """Make an arm's trials before its turns, which do not make again what is stored."""
    options = ("--case", "base", "--seeds", "3", "--no-report", "--no-calibration")
    (folder / "build/ab").mkdir(parents=True, exist_ok=True)
    made = ended(start("run", *asked, *options, "--results", f"build/ab/{arm}.sqlite", cwd=folder))
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def compared(start, ab, tmp_path_factory):
    """A folder in which the present environment was compared with itself, and what was said."""
    folder = tmp_path_factory.mktemp("ab")
    (folder / "tiny.yaml").write_text(TIMED, encoding="utf-8")
    (folder / "tiny_net.py").write_text(NET, encoding="utf-8")
    for arm in ("old", "new"):
        store_trials(start, folder, arm, *OWN, "--set", "timed_seeds=3")
    return folder, ab(*OWN, *TWICE, cwd=folder, GITHUB_STEP_SUMMARY=str(folder / "summary.md"))


@pytest.fixture
def folder(compared, tmp_path):
    """A copy of it to change."""
    return shutil.copytree(compared[0], tmp_path / "copy")


def test_beside_itself_accuracy_is_identical_and_every_seed_was_timed_in_turns(compared):
    folder, done = compared
    assert done.returncode in (0, 6), done.stdout + done.stderr
    document, pairs = found(folder)
    assert pairs["base", "test_accuracy"]["verdict"] == "identical"
    assert pairs["base", "seconds_per_100_iterations"]["seeds"] == [0, 1, 2]
    assert ("wide", "test_accuracy") not in pairs
    assert document["specs"] == {"old": ".", "new": "."}
    assert document["rounds"] == {"tiny": 3}
    assert document["environments"] == {}
    positions = {(turn["round"], turn["arm"]): turn["position"] for turn in turns(folder)}
    assert all(f"timed_seeds={turn['round']}" in turn["arguments"] for turn in turns(folder))
    assert {positions[1, "old"], positions[2, "old"]} == {1, 2}, "each comes first once in two rounds"
    with Store(folder / "build/ab/old.sqlite") as store:
        assert not any(store.calibration(run.id) for run in store.runs())


def test_what_came_of_it_is_written_and_told(compared):
    folder, done = compared
    markdown = (folder / "build/ab/ab.md").read_text(encoding="utf-8")
    document, _ = found(folder)
    assert markdown.startswith(f"# Old and new in turns: {document['outcome']}")
    assert "- old: `.`\n- new: `.`\n- profile quick; rounds" in markdown
    assert f"drawn with the seed {document['order_seed']}" in markdown
    assert "nothing that is recorded differs" in markdown
    assert (folder / "summary.md").read_text(encoding="utf-8") == markdown
    assert "tiny, base, test_accuracy: identical" in done.stdout
    assert document["exit_code"] == done.returncode


def test_too_few_seeds_are_unclear_and_the_command_with_enough_is_told(ab, folder):
    """Of 1 seed: the newest runs are made of what is stored."""
    done = ab(*OWN, *TWICE[:-1], "1", cwd=folder)
    assert done.returncode == 6, done.stdout + done.stderr
    assert "unclear (too few seeds: 1, and a test needs 3)" in done.stdout
    assert "With enough seeds: hpbench ab tiny.yaml --data data --allow-code tiny_net --case base --old" in done.stdout
    assert ab(*OWN, *TWICE, "--no-run", "--accept-unclear", cwd=folder).returncode == 0


def test_the_plan_says_how_many_seeds_are_enough(ab, compared):
    folder, _ = compared
    done = ab(*OWN, *TWICE, "--plan", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "tiny, base " in done.stdout
    assert "  seconds_per_100_iterations" in done.stdout
    assert "hpbench ab tiny.yaml" in done.stdout or "No number of seeds" in done.stdout
    assert "--plan" not in done.stdout


def test_a_trial_that_fails_on_either_side_fails_it(ab, folder):
    for name in ("old", "new"):
        copied = shutil.copytree(folder, folder.parent / name)
        with Store(copied / f"build/ab/{name}.sqlite") as store, store.connection as connection:
            connection.execute("UPDATE attempt SET outcome = 'failed' WHERE id = (SELECT max(id) FROM attempt)")
        done = ab(*OWN, *TWICE, "--no-run", cwd=copied)
        assert done.returncode == 3, done.stdout + done.stderr
        assert [text.split(":")[0] for text in found(copied)[0]["failures"]] == [f"{name}, tiny"]


def test_4_nothing_was_measured(ab, tmp_path):
    (tmp_path / "tiny.yaml").write_text(TIMED, encoding="utf-8")
    (tmp_path / "tiny_net.py").write_text(NET.replace("    hidden =", "    assert 0, 'none'\n    hidden ="))
    done = ab(*OWN, *TWICE, cwd=tmp_path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert len(turns(tmp_path)) == 2
    assert "measured nothing, so no further rounds" in done.stderr
    assert "ab: nothing measured" in done.stdout
    document, _ = found(tmp_path)
    assert [text.split(":")[0] for text in document["failures"]] == ["old, tiny", "new, tiny"]


def edit_specs(folder, **changes):
    path = folder / "build/ab/specs.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_folder_of_other_environments_is_refused(ab, folder):
    done = ab(*OWN, "--old", "HEAD", "--new", ".", "--no-run", cwd=folder)
    assert done.returncode == 2
    assert "holds results of --old ., not HEAD; name another folder with --output" in done.stderr
    edit_specs(folder, fingerprints={"old": "other", "new": "other"})
    done = ab(*OWN, *TWICE, cwd=folder)
    assert done.returncode == 2
    assert "the code or the libraries of --old . have changed since" in done.stderr
    edit_specs(folder, order_seed=None)
    done = ab(*OWN, *TWICE, "--no-run", cwd=folder)
    assert done.returncode == 2
    assert "specs.json cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tiny.yaml", "--old", "mian", "--new", "."), "'mian' is no folder of an environment, no revision of"),
        (("tiny.yaml", "--old", ".", "--new", "data"), "data holds no environment"),
        (("tiny.yaml", "--old", "."), "Missing option '--new'"),
        (("none.yaml", "--old", ".", "--new", "."), "none.yaml"),
        (("tiny.yaml", "--old", ".", "--new", ".", "--case", "bas"), "tiny gates of bas nothing; it gates base, wide"),
        (("tiny.yaml", "--old", ".", "--new", ".", "--set", "seed=1"), "--set"),
        (("tiny.yaml", "--old", ".", "--new", ".", "--no-run"), "holds no results of 'hpbench ab'"),
        (("tiny.yaml", "--old", ".", "--new", ".", "--plan"), "holds no results of 'hpbench ab'"),
        (("tiny.yaml", "--old", ".", "--new", ".", "--seeds", "1"), "--allow-code tiny_net"),
    ],
)
def test_2_wrong_usage_in_words(ab, tmp_path, arguments, words):
    (tmp_path / "tiny.yaml").write_text(TIMED, encoding="utf-8")
    (tmp_path / "tiny_net.py").write_text(NET, encoding="utf-8")
    (tmp_path / "data").mkdir()
    done = ab(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted; what is done is kept"),
        (UserError("pip failed"), 2, "pip failed"),
        (MachineError("no room"), 3, "no room"),
    ],
)
def test_what_ends_the_making_of_an_environment_is_no_verdict(tmp_path, monkeypatch, capsys, error, code, words):
    """Ctrl-C above all: the code of an abort elsewhere, 1, would mean a regression here."""

    def fail(*arguments):
        raise error

    (tmp_path / "tiny.yaml").write_text(TIMED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hpbench.execution.arms.make_arm", fail)
    monkeypatch.setattr("sys.argv", ["hpbench", "ab", "tiny.yaml", *TWICE])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    assert words in capsys.readouterr().err


def git(folder, *arguments):
    words = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """A repository with hpbench as it is."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    without = shutil.ignore_patterns("__pycache__")
    for name in ("hpbench", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=without)
    shutil.copy(ROOT / "pyproject.toml", folder)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=as it is")
    return folder


def commit_change(repository, path, before, after):
    text = (repository / path).read_text(encoding="utf-8")
    assert before in text
    (repository / path).write_text(text.replace(before, after, 1), encoding="utf-8")
    git(repository, "commit", "--quiet", "--all", "--message=another")


def revisions(repository, folder, seeds):
    """Start holding a repository's last commit to the one before, of what its hpbench is asked in a folder."""
    asked = (*REVISIONS, "--seeds", seeds, "--case", "base", "--old", "HEAD~1", "--new", "HEAD")
    return subprocess.Popen(
        [sys.executable, "-m", "hpbench", "ab", *asked],
        cwd=folder,
        env=environment(PYTHONPATH=str(repository)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def with_old(start, tmp_path):
    """A folder with the sound revision's trials, made before: its code is the present one."""
    (tmp_path / "untimed.yaml").write_text(UNTIMED, encoding="utf-8")
    store_trials(start, tmp_path, "old", *REVISIONS, "--set", "timed_seeds=0")
    return tmp_path


def test_5_a_revision_whose_data_is_other_data(repository, tmp_path):
    (tmp_path / "untimed.yaml").write_text(UNTIMED, encoding="utf-8")
    commit_change(repository, "hpbench/parts/datasets/embedded.py", "np.rint(enlarged)", "np.floor(enlarged)")
    done = ended(revisions(repository, tmp_path, "1"))
    assert done.returncode == 5, done.stdout + done.stderr
    _, pairs = found(tmp_path)
    pair = pairs["base", "test_accuracy"]
    assert pair["verdict"] == "not comparable"
    assert pair["why"].startswith("data with fingerprint ")


def test_a_revision_that_learns_less_is_a_regression_also_after_ctrl_c(repository, with_old):
    """Its optimizer steps a thousand times too short."""
    step = "__init__(learning_rate=learning_rate,"
    commit_change(repository, "hpbench/parts/optimizers.py", step, step.replace("=l", "=1e-3 * l"))
    process = revisions(repository, with_old, "3")
    until, log = time.monotonic() + 250, with_old / "build/ab/ab.log"
    while not (log.exists() and ", round 2, new" in log.read_text(encoding="utf-8")) and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    interrupted = ended(process)
    assert interrupted.returncode == 130, interrupted.stderr
    assert "interrupted; what is done is kept. To go on: hpbench ab untimed.yaml" in interrupted.stderr

    done = ended(revisions(repository, with_old, "3"))
    assert done.returncode == 1, done.stdout + done.stderr
    before, after = turns(with_old)[:-6], turns(with_old)[-6:]
    assert [turn["exit_code"] for turn in before] == [0] * (len(before) - 1) + [130]
    assert [turn["exit_code"] for turn in after] == [0] * 6
    places = [[(turn["round"], turn["arm"]) for turn in part] for part in (before, after)]
    assert (2, "new") in places[0]
    assert places[0] == places[1][: len(before)], "the order is that of before"
    assert "tiny: round 3 of 3: old " in done.stderr
    document, pairs = found(with_old)
    assert {place: pair["verdict"] for place, pair in pairs.items()} == {("base", "test_accuracy"): "worse"}
    assert list(document["environments"]) == ["commit"]
    assert "changed" not in json.dumps(document["environments"]), "both are clean checkouts"
    for name in ("old", "new"):
        with Store(with_old / f"build/ab/{name}.sqlite") as store:
            results = store.connection.execute("SELECT timed FROM attempt WHERE outcome = 'ok'").fetchall()
        assert results == [(0,)] * 3, "no trial is made twice, and where no time is gated none is measured"
