"""Progress of a run: a live bar at a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hpbench.definition.readings import DEFAULT
from hpbench.execution.job import Ended, Message, Progressed, Started
from hpbench.execution.jobs import Pending
from hpbench.measure.clock import duration
from hpbench.records.metrics import base_name
from hpbench.records.metrics import metric as described
from hpbench.records.trial import Cell

PLAIN_EVERY_SECONDS = 10.0
PACE_AFTER_SECONDS = 5.0
"""Expected seconds of work that must be done before the pace is trusted."""


class _Round:
    """What is known of the round under way: names of trials, what is done, time left."""

    def __init__(self, todo: Pending, cells: list[Cell], shares: dict[str, float]) -> None:
        self.names = {
            cell.trial.identity: f"{cell.case}, {cell.reading}, seed {cell.trial.seed}"
            for cell in sorted(cells, key=_told_last)
        }
        self.total = len(todo.trials)
        self.ended = 0
        self.failed = 0
        self._shares = shares
        self._left = {trial.identity for trial, _ in todo.trials}
        self._done = 0.0
        self._start = time.monotonic()

    def note_end(self, message: Ended) -> None:
        self.ended += 1
        self.failed += not message.result.outcome.is_result
        self._left.discard(message.result.trial)
        self._done += self._shares[message.result.trial]

    @property
    def left(self) -> float:
        """Seconds left: the expected ones, at the pace seen so far."""
        elapsed = time.monotonic() - self._start
        expected = sum(self._shares[trial] for trial in self._left)
        pace = elapsed / self._done if self._done > PACE_AFTER_SECONDS else 1.0
        return expected * pace


def _told_last(cell: Cell) -> tuple[bool, bool]:
    """Several cells may share a trial: the document's own case under the default reading gives it its name."""
    return cell.reading == DEFAULT, "/" not in cell.case


def _accuracy(message: Progressed) -> str:
    """On the test images, of each head."""
    metric = "test_accuracy"
    values = {name: value for name, value in message.metrics.items() if base_name(name) == metric}
    said = ", ".join(
        f"{name.removeprefix(metric).removeprefix('.')} {value:.3f}".strip() for name, value in values.items()
    )
    return f"{described(metric).title} {said}" if said else ""


def _opening(benchmark: str, todo: Pending, shares: dict[str, float]) -> str:
    parts = [f"{benchmark}: {len(todo.trials)} trials to run"]
    if todo.standing:
        parts.append(f"{len(todo.standing)} done before")
    if todo.stale:
        parts.append(f"{todo.stale} run again, because their code or a library has changed")
    if todo.trials:
        parts.append(f"about {duration(sum(shares[trial.identity] for trial, _ in todo.trials))}")
    return ", ".join(parts)


class LiveDisplay:
    """A bar with the running trial, its accuracy and the time left."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._round: _Round | None = None

    def note(self, text: str) -> None:
        """Something is done that may take a while."""
        self._console.print(text, highlight=False)

    def begin(self, benchmark: str, todo: Pending, cells: list[Cell], shares: dict[str, float]) -> None:
        """A round begins."""
        self._console.print(_opening(benchmark, todo, shares), highlight=False)
        self._round = _Round(todo, cells, shares)
        if todo.trials:
            columns = (
                BarColumn(24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
            )
            self._progress = Progress(*columns, console=self._console)
            self._task = self._progress.add_task("starting", total=self._round.total)
            self._progress.start()

    def show(self, message: Message) -> None:
        """A trial has started, progressed or ended."""
        if self._progress is None or self._round is None:
            return
        now = self._round
        if isinstance(message, Ended):
            now.note_end(message)
            self._progress.update(self._task, completed=now.ended)
            if not message.result.outcome.is_result:
                self._console.print(_failure(now, message), style="red", highlight=False)
        else:
            extra = f", iteration {message.iteration}, {_accuracy(message)}" if isinstance(message, Progressed) else ""
            self._progress.update(
                self._task, description=f"{duration(now.left)} left; {now.names[message.trial]}{extra}"
            )

    def end(self) -> None:
        """The round is over."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


class PlainDisplay:
    """A line for every few ended trials, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._round: _Round | None = None
        self._said = 0.0
        self._latest: dict[str, str] = {}

    def note(self, text: str) -> None:
        """Something is done that may take a while."""
        self._say(text)

    def begin(self, benchmark: str, todo: Pending, cells: list[Cell], shares: dict[str, float]) -> None:
        """A round begins."""
        self._say(_opening(benchmark, todo, shares))
        self._round = _Round(todo, cells, shares)

    def show(self, message: Message) -> None:
        """A trial has started, progressed or ended."""
        now = self._round
        if now is None or isinstance(message, Started):
            return
        if isinstance(message, Progressed):
            self._latest[message.trial] = _accuracy(message)
            return
        now.note_end(message)
        if not message.result.outcome.is_result:
            self._say(_failure(now, message))
        elif now.ended == now.total or time.monotonic() - self._said > PLAIN_EVERY_SECONDS:
            accuracy = self._latest.get(message.result.trial, "")
            left = f", {duration(now.left)} left" if now.ended < now.total else ""
            self._say(
                f"[{now.ended}/{now.total}{left}] {now.names[message.result.trial]}: "
                f"{message.result.outcome} {accuracy}"
            )

    def end(self) -> None:
        """The round is over."""

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        print(line.rstrip(), file=self._stream, flush=True)


def _failure(now: _Round, message: Ended) -> str:
    return f"{now.names[message.result.trial]}: {message.result.outcome}: {message.result.message}"
