"""The speed of a step: the suite's loop beside ``model.fit``, PyTorch and JAX, on equal work.

Each contender has a process of its own that is stopped while another is measured. A round is one window of each, every
other round in reverse; before each window the training is set back to its start. Nobody is fast by doing something
else: after the same steps from the same weights all have the same loss, or the test fails.
"""

from __future__ import annotations

import pytest

from benchmarks.engine import speed_tables
from benchmarks.engine.contenders import FITS, KERAS, SUITE, all_contenders
from benchmarks.engine.process import Process
from benchmarks.engine.race import DUELS, EVERY, LAST, ROUNDS, SHARE, SLOW, Race
from benchmarks.engine.workloads import IMAGES, NAMED, of_bundled_benchmarks
from hpbench.measure.machine import usable_cores
from hpbench.parts.datasets.arrays import DataError

CONDITIONS = (
    f"{IMAGES} generated images; cross-entropy of logits; float32; CPU only; all usable cores for each. hpbench's loop "
    "is deterministic, as in its trials; the others need not be. Adam's epsilon is 1e-12: libraries add it to "
    "different roots.",
    "A process for each, stopped while another is measured; before a window the training is set back to its start. A "
    f"window is one epoch of fit, but for short epochs. Whose step took more than {SLOW:g} times its family's best in "
    f"the warm-up was measured in one round of {EVERY}, unless a target is set against it. Ratios: geometric mean over "
    "rounds, 95 % interval of Student's t on logarithms. The fit with the lowest median of "
    f"{ROUNDS} rounds is fit at its best; the ratio to it is that of {DUELS} further pairs of windows.",
    "Losses are those of all images after the first 105 steps (office, and epochs of 15 steps: 15). They differ from "
    f"hpbench's by less than {SHARE:.2g} of what a step does to the loss (mean of the last {LAST}), or the test fails.",
    "Operations: dense layers and convolutions, forward and both gradients, the first layer's input gradient left out. "
    "Bytes: weights once for the forward pass, gradients written and read, weights and each slot of the optimizer read "
    "and written; images and activations left out. Both count what has to be done; fused passes move less.",
)


@pytest.fixture(scope="module")
def threads():
    """Of every contender."""
    return usable_cores()


@pytest.fixture(scope="module")
def ceilings(engine_report, threads):
    """What this machine reaches on the calibration workload, on all threads."""
    with Process(f"{KERAS}:Ceilings", {"threads": threads}, threads=threads, forked=True) as process:
        readings = process.ask("readings")
    for name, value, unit, spread in readings:
        engine_report.calibration.append((name, f"{value:.4g} {unit} (middle half: {spread:.2g})"))
    return {name: value for name, value, _, _ in readings}


@pytest.mark.parametrize("workload", NAMED, ids=lambda workload: workload.name)
def test_step(workload, request, engine_report, ceilings, threads):
    contenders = all_contenders(workload)
    with Race(workload, contenders, threads) as race:
        measure(race, request, speed_tables.named(workload))
    section = "speed of a step"
    rows, remarks = speed_tables.targets(race)
    engine_report.record(section, "targets", speed_tables.TARGET_COLUMNS, rows, [*CONDITIONS, *remarks], words=2)
    title = f"{workload.name}, batch {workload.batch_size}"
    rows = speed_tables.contender_rows(race, contenders, ceilings)
    engine_report.record(section, title, speed_tables.LANE_COLUMNS, rows)


@pytest.mark.parametrize("workload", of_bundled_benchmarks(), ids=lambda workload: workload.name)
def test_bundled_model(workload, request, engine_report, ceilings, threads):
    try:
        race = Race(workload, [SUITE, *FITS], threads)
    except DataError as error:
        pytest.skip(f"its data is not here: {error}")
    with race:
        mode = race.suite.process.ask("mode")
        measure(race, request)
    row = speed_tables.bundled_row(race, mode, ceilings)
    title = f"against fit: lower end of the interval at least {speed_tables.NOT_SLOWER}"
    missed = [f"LeNet: {speed_tables.KERNELS}"] if "missed" in row and workload.model["name"] == "lenet" else []
    notes = [*CONDITIONS, *missed]
    engine_report.record("bundled models", title, speed_tables.BUNDLED_COLUMNS, [row], notes, words=3)


def measure(race, request, always=()):
    """Compare losses, then run the rounds; the ``benchmark`` fixture times the suite's windows.

    What runs between two of the suite's windows is its set-up, which is not timed.
    """
    assert not race.unlike()
    race.warm_up(always)
    order = list(race.order(ROUNDS))

    def others():
        while order[0][1] is not race.suite:
            turn, lane = order.pop(0)
            lane.measure(turn)

    def suite():
        turn, lane = order.pop(0)
        lane.measure(turn)

    benchmark = request.getfixturevalue("benchmark")  # one that is not used would be a fault of its own
    benchmark.pedantic(suite, setup=others, rounds=ROUNDS)
    for turn, lane in order:
        lane.measure(turn)
    race.duel()
    benchmark.extra_info |= {
        name: {"steps": lane.steps, "loss": lane.loss, "seconds_by_round": lane.seconds}
        for name, lane in race.lanes.items()
    }
    pairs = (race.suite_duel, race.fit_duel)
    benchmark.extra_info["pairs"] = {
        lane.contender.name: {"steps": lane.steps, "seconds": lane.seconds} for lane in pairs
    }
