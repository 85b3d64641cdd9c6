"""Environments take turns at ``hpbench run`` on one machine, so that its drift hits all of them alike."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hpbench.errors import MachineError, UserError
from hpbench.execution.arms import Arm
from hpbench.measure.clock import duration

LOG = "ab.log"
"""What the runs print."""
TURNS = "turns.jsonl"
"""A line a run."""
NOTHING_MEASURED = 4
GOES_ON = (0, 3, NOTHING_MEASURED)
"""Exit codes of a run after which the round goes on: fine, some trials failed, and all of them."""
REFUSED = 2
INTERRUPTED = 130
ENDING_SECONDS = 30.0
"""How long a run that is interrupted has to keep what is done."""
SHOWN = 5
"""Lines of a failed run's output that are shown."""


class RunRefusedError(UserError):
    """A run was asked for wrongly, or its hpbench does not know what was asked for."""


class RunFailedError(MachineError):
    """A run could not go on."""


@dataclass(frozen=True)
class Turn:
    """One run.

    Attributes:
        round: From 1.
        arm: Name of the environment.
        position: Its place in the round, from 1.
        start: ISO 8601, UTC.
        seconds: Wall time.
        exit_code: Negative for a signal that ended it.
        arguments: Of ``hpbench run``.
    """

    round: int
    arm: str
    position: int
    start: str
    seconds: float
    exit_code: int
    arguments: tuple[str, ...]


def take_turns(
    arms: Sequence[Arm],
    arguments: Callable[[int], Sequence[str]],
    rounds: range,
    order_seed: int,
    say: Callable[[str], None],
) -> bool:
    """In each round run every environment once, in an order that is drawn at random.

    What the runs print goes to ``ab.log`` beside the first environment's results file, and when each was made to
    ``turns.jsonl``. As a run does not make again what is stored, the same rounds again go on where they stopped.

    Args:
        arms: The environments, any number.
        arguments: Number of a round to the arguments of its ``hpbench run``, but for the results file.
        rounds: Numbers of the rounds, from 1.
        order_seed: What the order is drawn with; the same gives the same order.
        say: Told a line after each round.

    Returns:
        Whether it came to its end, which is that of a round in which one measured nothing; not if the person
        interrupted it.

    Raises:
        RunRefusedError: If a run was asked for wrongly; with the last lines that it printed.
        RunFailedError: If a run ended in another way than with results.
    """
    folder = arms[0].results.parent
    for number in rounds:
        seconds: dict[str, float] = {}
        without: list[str] = []
        for position, arm in enumerate(order(arms, number, order_seed), 1):
            turn, printed = _take(arm, number, position, tuple(arguments(number)), folder)
            if turn.exit_code == INTERRUPTED:
                return False
            _require(turn, printed, folder)
            seconds[arm.name] = turn.seconds
            without += [arm.name] if turn.exit_code == NOTHING_MEASURED else []
        say(_progress(number, rounds, {arm.name: seconds[arm.name] for arm in arms}))
        if without:
            say(f"{' and '.join(without)} measured nothing, so no further rounds (see {folder / LOG})")
            break
    return True


def order(arms: Sequence[Arm], number: int, order_seed: int) -> list[Arm]:
    """Who comes when in a round.

    Of as many rounds as there are arms each arm is first in one, second in one, and so on: each such block of rounds
    has a drawn order and its rotations, in an order that is drawn, too.

    Args:
        arms: The environments.
        number: Of the round, from 1.
        order_seed: What is drawn with.
    """
    count = len(arms)
    block, place = divmod(number - 1, count)
    draw = random.Random(f"{order_seed} {block}")
    drawn, first = draw.sample(range(count), count), draw.sample(range(count), count)[place]
    return [arms[drawn[(first + step) % count]] for step in range(count)]


def _take(arm: Arm, number: int, position: int, arguments: tuple[str, ...], folder: Path) -> tuple[Turn, int]:
    """Make a run and note it; where in the log its output begins."""
    words = [str(arm.python), "-m", "hpbench", "run", *arguments, "--results", str(arm.results)]
    start, began = datetime.now(UTC).isoformat(timespec="milliseconds"), time.monotonic()
    with (folder / LOG).open("ab") as log:
        log.write(f"\n--- {start}, round {number}, {arm.name}\n".encode())
        log.flush()
        printed = log.tell()
        code = _run(words, arm.environment, log.fileno())
    turn = Turn(number, arm.name, position, start, round(time.monotonic() - began, 3), code, arguments)
    with (folder / TURNS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(turn), ensure_ascii=False) + "\n")
    return turn, printed


def _run(words: Sequence[str], environment: Mapping[str, str], output: int) -> int:
    """A command's exit code. Ctrl-C reaches the command by itself, which ends and keeps what is done."""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment))
    try:
        return process.wait()
    except KeyboardInterrupt:
        _end(process)
        return INTERRUPTED
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a run that was interrupted, and ask once more where only this process was."""
    for ask in (process.terminate, process.kill):
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            ask()
    process.wait()


def _require(turn: Turn, printed: int, folder: Path) -> None:
    if turn.exit_code in GOES_ON:
        return
    with (folder / LOG).open("rb") as log:
        log.seek(printed)
        lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    how = f"killed by signal {-turn.exit_code}" if turn.exit_code < 0 else f"ended with {turn.exit_code}"
    text = "\n".join([f"round {turn.round}, {turn.arm}: hpbench run {how} (see {folder / LOG}):", *lines[-SHOWN:]])
    raise (RunRefusedError if turn.exit_code == REFUSED else RunFailedError)(text)


def _progress(number: int, rounds: range, seconds: Mapping[str, float]) -> str:
    """``round 3 of 8: old 21.4 s, new 20.9 s; about 4 min left``, at the pace of this round."""
    told = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items())
    left = (rounds[-1] - number) * sum(seconds.values())
    return f"round {number} of {rounds[-1]}: {told}" + (f"; about {duration(left)} left" if left else "")
