"""Planted faults are measured where they are and nowhere else: a leak, a slower step, a slow callback.

Whole runs of ``hpbench run``, read from their results files. Unlike the other benchmarks of the engine these fail where
the measurement is wrong.
"""

from __future__ import annotations

import shutil
import statistics

import pytest

from benchmarks.engine import planted
from benchmarks.engine.commands import hpbench, stored
from benchmarks.engine.ratios import ratio
from benchmarks.engine.speed_tables import interval
from hpbench.analysis.statistics import mean_interval

SECTION = "planted checks"
DEFINITION = """\
schema: 1
id: planted
version: 1
title: Planted faults
question: Are they measured where they are?
source: {title: The benchmarks of the engine}
dataset: {name: digits}
model: {name: "planted:dense"}
training:
  optimizer: {name: sgd}
  schedule: {name: constant}
  learning_rate: 0.01
  batch_size: 128
  iterations: ITERATIONS
  evaluate_every: EVERY
  callbacks: [{name: "planted:Wait", seconds: 0}]
compute: {compile: graph}
timed_seeds: 1000
"""
ITERATIONS = 300
EVERY = 30
SEEDS = 10
LEAK = 200
"""Megabytes."""
TOLERANCE = 10
"""Megabytes: what else two trials of a model may differ by."""
STEP_DELAY = 0.05
"""Share of a step."""
CALLBACK_DELAY = 0.25
"""Share of the training time, all evaluations together."""
CLOCKS = ("build", "compile", "training", "evaluation", "callbacks")
OWN = {"slow-step": "training", "slow-callback": "callbacks"}


@pytest.fixture
def run(tmp_path):
    """Runs cases of the definition, each isolated; the results file."""
    shutil.copy(planted.__file__, tmp_path / "planted.py")

    def finished(cases, seeds):
        lines = "".join(f"  {name}: {changes}\n" for name, changes in cases.items())
        text = DEFINITION.replace("ITERATIONS", str(ITERATIONS)).replace("EVERY", str(EVERY))
        (tmp_path / "planted.yaml").write_text(f"{text}cases:\n{lines}", encoding="utf-8")
        results = tmp_path / f"{'-'.join(cases)}.sqlite"
        words = ("--allow-code", "planted", "--seeds", seeds, "--results", results, "--no-report")
        hpbench("run", "planted.yaml", *words, "--data", tmp_path / "data", folder=tmp_path)
        return results

    return finished


def test_a_leak_shows_in_its_own_trial_only(run, engine_report):
    cases = {
        "before": "{model.units: 512}",
        "leaking": f"{{model.leaked_megabytes: {LEAK}}}",
        "after": "{model.units: 511}",  # two trials of equal settings would be one
    }
    training = {case: values[0] / 1e6 for case, values in stored(run(cases, 1), "host_memory_training").items()}
    assert training.keys() == cases.keys()
    plain = (training["before"] + training["after"]) / 2
    assert abs(training["leaking"] - plain - LEAK) < TOLERANCE
    assert abs(training["before"] - training["after"]) < TOLERANCE
    engine_report.record(
        SECTION,
        f"a leak of {LEAK} MB in the code of one model",
        ("trial, in this order", "training memory, MB", "more than the plain ones, MB"),
        [(case, f"{value:.1f}", f"{value - plain:+.1f}") for case, value in training.items()],
    )


def test_a_delay_shows_in_its_own_clock_only(run, engine_report):
    control = next(iter(stored(run({"control": "{}"}, 3), "seconds_training").values()))
    training = statistics.median(control.values())
    step = STEP_DELAY * training / ITERATIONS
    callback = CALLBACK_DELAY * training * EVERY / ITERATIONS
    cases = {
        "control": "{}",
        "slow-step": f"{{model.step_seconds: {step!r}}}",
        "slow-callback": f'{{training.callbacks: [{{name: "planted:Wait", seconds: {callback!r}}}]}}',
    }
    results = run(cases, SEEDS)
    clocks = {clock: stored(results, f"seconds_{clock}") for clock in CLOCKS}
    added = {"slow-step": step * ITERATIONS, "slow-callback": callback * ITERATIONS / EVERY}
    rows = []
    for case, seconds in added.items():
        for clock, by_case in clocks.items():
            base, slow = by_case["control"], by_case[case]
            seen = mean_interval((slow[seed] - base[seed]) / seconds for seed in base)
            rows.append((case, clock, f"{statistics.median(base.values()):.3g}", interval(ratio(slow, base)), seen))
    engine_report.record(
        SECTION,
        f"a delay of {STEP_DELAY:.0%} in the step, and one in a callback",
        ("where", "clock", "control, s", "with the delay / control", "share of the delay seen"),
        [(*row, interval(seen)) for *row, seen in rows],
        [
            f"{SEEDS} seeds, each case isolated, interleaved, paired by seed; geometric means; 95 % intervals. "
            f"Planted: {step * 1e6:.0f} us a step of {training / ITERATIONS * 1e6:.0f} us, and {callback * 1e3:.1f} ms "
            f"in a callback at each of {ITERATIONS // EVERY} evaluations, busy waiting.",
        ],
    )
    for case, clock, _, _, seen in rows:
        if clock == OWN[case]:
            assert seen.low > 0
            assert seen.low < 1.25
            assert seen.high > 0.75
        else:
            assert seen.low < 0.25
            assert seen.high > -0.25
