"""Environments take turns: who runs when, what is noted, and how it ends when one cannot go on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpbench.execution.arms import Arm
from hpbench.execution.turns import RunFailedError, RunRefusedError, order, take_turns
from tests.execution.fake_hpbench import package

ROOT = Path(__file__).parents[2]


@pytest.fixture
def arms(tmp_path):
    """Three environments with an hpbench that only notes its calls."""
    home = str(package(tmp_path / "fake"))
    return [
        Arm(name, name, Path(sys.executable), {"PYTHONPATH": home}, tmp_path / f"{name}.jsonl")
        for name in ("old", "new", "third")
    ]


def arguments(number):
    return ["small.yaml", "--seeds", str(number)]


def names(arms, rounds, seed):
    return [tuple(arm.name for arm in order(arms, number, seed)) for number in rounds]


def calls(arm):
    return [json.loads(line) for line in arm.results.read_text().splitlines()]


# --- order


def test_in_every_two_rounds_each_of_two_comes_first_once(arms):
    for seed in range(20):
        drawn = names(arms[:2], range(1, 9), seed)
        assert all(drawn[start] == drawn[start + 1][::-1] for start in range(0, 8, 2))


def test_of_three_each_has_each_place_once_in_three_rounds(arms):
    for seed in range(20):
        for place in range(3):
            assert {one[place] for one in names(arms, range(4, 7), seed)} == {"old", "new", "third"}


def test_the_order_is_drawn_with_the_seed_alone(arms):
    assert names(arms, range(1, 31), 5) == names(arms, range(1, 31), 5)
    assert names(arms, range(1, 31), 5)[:10] == names(arms, range(1, 11), 5)
    assert len({tuple(names(arms[:2], range(1, 31), seed)) for seed in range(10)}) == 10
    first = [names(arms[:2], range(1, 2), seed)[0] for seed in range(200)]
    assert 60 < first.count(("old", "new")) < 140


# --- runs


def test_each_round_runs_every_environment_into_its_own_results(arms, tmp_path):
    said = []
    assert take_turns(arms, arguments, range(1, 4), 7, said.append)
    for arm in arms:
        assert [call for call, _ in calls(arm)] == [
            ["run", "small.yaml", "--seeds", str(number), "--results", str(arm.results)] for number in (1, 2, 3)
        ]
    turns = [json.loads(line) for line in (tmp_path / "turns.jsonl").read_text().splitlines()]
    told = [(turn["round"], turn["position"], turn["arm"]) for turn in turns]
    assert told == [
        (number, position, arm.name) for number in (1, 2, 3) for position, arm in enumerate(order(arms, number, 7), 1)
    ]
    assert all(turn["exit_code"] == 0 and turn["seconds"] > 0 for turn in turns)
    starts = [turn["start"] for turn in turns]
    assert starts == sorted(starts)
    assert [line.split(":")[0] for line in said] == ["round 1 of 3", "round 2 of 3", "round 3 of 3"]
    assert "old 0." in said[0]
    assert said[0].endswith("left")
    assert not said[2].endswith("left")
    assert (tmp_path / "ab.log").read_text().count("last line") == 9


def test_nothing_of_this_process_is_in_the_way_of_an_environment_s_libraries(arms, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    take_turns(arms[:1], arguments, range(1, 2), 0, lambda text: None)
    ((_, variables),) = calls(arms[0])
    assert variables["PYTHONPATH"] == arms[0].variables["PYTHONPATH"]
    assert variables["PYTHONSAFEPATH"] == "1"
    assert "PYTHONHOME" not in variables


def test_failed_trials_do_not_end_it(arms, monkeypatch):
    monkeypatch.setenv("FAKE_CODE", "3")
    assert take_turns(arms, arguments, range(1, 3), 0, lambda text: None)
    assert [len(calls(arm)) for arm in arms] == [2, 2, 2]


def test_the_round_in_which_one_measured_nothing_is_the_last(arms, monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_CODE", "4")
    said = []
    assert take_turns(arms, arguments, range(1, 4), 0, said.append)
    assert [len(calls(arm)) for arm in arms] == [1, 1, 1]
    assert said[1].endswith(f"measured nothing, so no further rounds (see {tmp_path / 'ab.log'})")


@pytest.mark.parametrize(("code", "error"), [(2, RunRefusedError), (1, RunFailedError), (5, RunFailedError)])
def test_a_run_that_cannot_go_on_ends_it_with_what_it_printed(arms, monkeypatch, tmp_path, code, error):
    monkeypatch.setenv("FAKE_CODE", str(code))
    with pytest.raises(error, match=rf"round 1, (old|new): hpbench run ended with {code}(.|\n)*first line\nlast line"):
        take_turns(arms[:2], arguments, range(1, 3), 0, lambda text: None)
    (turn,) = (tmp_path / "turns.jsonl").read_text().splitlines()
    assert json.loads(turn)["exit_code"] == code


INTERRUPTED = """
import sys
from pathlib import Path
from hpbench.execution.arms import Arm
from hpbench.execution.turns import take_turns
folder, home = map(Path, sys.argv[1:])
arms = [Arm(name, name, Path(sys.executable), {"PYTHONPATH": str(home)}, folder / name) for name in ("a", "b")]
print(take_turns(arms, lambda number: [], range(1, 3), 0, print))
"""


@pytest.mark.parametrize("to_the_group", [True, False])
def test_ctrl_c_lets_the_run_under_way_keep_what_is_done(tmp_path, to_the_group):
    """From the terminal it reaches both; one that only reaches this process is passed on."""
    code = INTERRUPTED if to_the_group else INTERRUPTED.replace("folder, home", _AT_ONCE)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), str(package(tmp_path / "fake"))],
        env=os.environ | {"FAKE_SECONDS": "60", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 250
    while not any((tmp_path / name).exists() for name in "ab") and time.monotonic() < until:
        time.sleep(0.05)
    (os.killpg if to_the_group else os.kill)(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=300)
    assert output == "False\n"
    (turn,) = (tmp_path / "turns.jsonl").read_text().splitlines()
    assert json.loads(turn)["exit_code"] == 130
    assert to_the_group == any((tmp_path / f"{name}.kept").exists() for name in "ab")


_AT_ONCE = "import hpbench.execution.turns as turns; turns.ENDING_SECONDS = 0.2\nfolder, home"
