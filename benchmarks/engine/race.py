"""One training by all contenders in turn: same start, same batches, one window each a round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

from benchmarks.engine.contenders import KERAS, SUITE, Contender
from benchmarks.engine.process import Process
from benchmarks.engine.program import Network
from benchmarks.engine.workloads import Workload

ROUNDS = 8
DUELS = 24
"""Pairs of windows of the suite and of the best ``fit``, which is chosen by the rounds before them."""
SLOW = 1.5
"""Times the best of its family: who is slower than that in its warm-up is measured only in every third round,
unless a target is set against it."""
EVERY = 3
LAST = 10
"""Steps at the end over which is taken what one step does to the loss."""
SHARE = 1 / 3
"""Of that: losses after equally many steps differ by less."""


@dataclass
class Lane:
    """A contender under way.

    Attributes:
        steps: Of a window.
        every: Rounds from one of its windows to the next.
        loss: Over all images after the first steps, as many as its contender is checked after.
        seconds: Of its windows, by round.
    """

    contender: Contender
    process: Process
    loss: float = math.nan
    steps: int = 0
    every: int = 1
    seconds: dict[int, float] = field(default_factory=dict)

    def measure(self, turn: int) -> None:
        """Run the window of one round."""
        self.seconds[turn] = self.process.ask("window")

    @property
    def per_step(self) -> dict[int, float]:
        """Microseconds a step, by round."""
        return {turn: seconds / self.steps * 1e6 for turn, seconds in self.seconds.items()}

    @property
    def median(self) -> float:
        """Median of microseconds a step."""
        return statistics.median(self.per_step.values())


class Race:
    """Starts the contenders; as a context manager, ends them.

    Attributes:
        workload: With its images' shape.
        network: What all start from.
        lanes: The contenders that are installed, by name.
        suite_duel: The suite's windows in its pairs with the best ``fit``.
        fit_duel: That one's.
    """

    suite_duel: Lane
    fit_duel: Lane

    def __init__(self, workload: Workload, contenders: Iterable[Contender], threads: int) -> None:
        self._stack = ExitStack()
        arguments = {"workload": workload, "threads": threads}
        with self._stack, Process(f"{KERAS}:Referee", arguments, threads=threads, forked=True) as referee:
            self.workload: Workload = referee.ask("workload")
            self.network: Network = referee.ask("network")
            started = [self._started(contender, threads) for contender in contenders if contender.installed]
            with ThreadPoolExecutor(threads) as pool:  # they compile side by side; nothing is measured yet
                trained = pool.map(lambda lane: lane.process.ask("trained", lane.contender.checked(workload)), started)
                for lane, weights in zip(started, trained, strict=True):
                    lane.loss = referee.ask("loss", weights)
            own = next(lane for lane in started if lane.contender is SUITE)
            checked = {lane.contender.checked(workload) for lane in started}
            self._losses = {
                steps: referee.ask("loss", own.process.ask("trained", steps))
                for steps in {*checked, *(steps - LAST for steps in checked)}
            }
            self.lanes = {lane.contender.name: lane for lane in started}
            self._stack = self._stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def suite(self) -> Lane:
        """The suite's own loop."""
        return self.lanes[SUITE.name]

    @property
    def best_fit(self) -> Lane:
        """The ``fit`` with the lowest median."""
        return min((lane for lane in self.lanes.values() if lane.contender.family == "fit"), key=lambda x: x.median)

    def warm_up(self, always: Iterable[str] = ()) -> None:
        """Find the windows, and who is measured in every round: those named, and who is not slow."""
        pilot = {}
        for name, lane in self.lanes.items():
            lane.steps, seconds = lane.process.ask("size", self.workload.checked, lane.contender.seconds)
            pilot[name] = seconds / lane.steps
        for name, lane in self.lanes.items():
            family = [pilot[other] for other in pilot if self.lanes[other].contender.family == lane.contender.family]
            lane.every = EVERY if name not in always and pilot[name] > SLOW * min(family) else 1

    def order(self, rounds: int) -> Iterator[tuple[int, Lane]]:
        """Who runs in which round, one after another; every other round is reversed."""
        for turn in range(rounds):
            lanes: Sequence[Lane] = [lane for lane in self.lanes.values() if turn % lane.every == 0]
            yield from ((turn, lane) for lane in (reversed(lanes) if turn % 2 else lanes))

    def duel(self) -> None:
        """Pairs of windows of the suite and of the best ``fit``: who was chosen for its times is timed anew."""
        rivals = self.suite, self.best_fit
        longest = max(lane.contender.seconds for lane in rivals)
        self.suite_duel, self.fit_duel = (Lane(lane.contender, lane.process) for lane in rivals)
        for lane in (self.suite_duel, self.fit_duel):
            lane.steps, _ = lane.process.ask("size", self.workload.checked, longest)
        for turn in range(DUELS):
            pair = self.suite_duel, self.fit_duel
            for lane in reversed(pair) if turn % 2 else pair:
                lane.measure(turn)

    def unlike(self) -> dict[str, tuple[float, float]]:
        """Losses that are not the suite's after the same steps, beside the suite's.

        The tolerance is a third of what one step does to the loss: whoever leaves one out is seen.
        """
        found = {}
        for name, lane in self.lanes.items():
            steps = lane.contender.checked(self.workload)
            expected, before = self._losses[steps], self._losses[steps - LAST]
            if not abs(lane.loss - expected) < SHARE * abs(before - expected) / LAST:
                found[name] = lane.loss, expected
        return found

    def _started(self, contender: Contender, threads: int) -> Lane:
        return Lane(contender, self._stack.enter_context(contender.process(self.workload, self.network, threads)))
