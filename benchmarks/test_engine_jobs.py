"""What hpbench adds around training: the start of a job, the plan, the store, and the tool's own time and memory.

Figures of the machine at the time, so none is asserted: rows of the report, each with its target.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path

import pytest

from benchmarks.engine.commands import hpbench, python, stored
from benchmarks.engine.lenet_cases import LENET, NAMES, prepare, run, training
from benchmarks.engine.many_trials import fill
from benchmarks.engine.ratios import ratio
from benchmarks.engine.speed_tables import interval
from hpbench.definition.load import find, parse
from hpbench.definition.resolve import Selection
from hpbench.definition.schema import Settings
from hpbench.execution.code import code_fingerprint
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Job
from hpbench.execution.limits import Limits
from hpbench.execution.local import LocalExecutor
from hpbench.measure.machine import usable_cores
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.plan.cases import cells
from hpbench.records.store import Store
from hpbench.records.trial import Outcome

SECTION = "jobs and tool"
COLUMNS = ("what", "measured", "target", "")
PLAIN = {
    "training.optimizer": {"name": "sgd"},
    "training.schedule": {"name": "constant"},
    "training.callbacks": [],
    "training.iterations": 200,
    "training.evaluate_every": 100,
}
"""Settings that ``fit`` can have as well, with which none of the cases diverges."""
ALIKE = 0.05
"""What test accuracies of the same training, summed in another order, may differ by."""
ONE_STEP = """\
schema: 1
id: one-step
version: 1
title: One update of LeNet
question: How long does a job take to it?
source: {title: The benchmarks of the engine}
dataset: {name: mnist5k}
model: {name: lenet}
training:
  optimizer: {name: sgd, momentum: 0.9}
  schedule: {name: constant}
  learning_rate: 0.01
  batch_size: 64
  iterations: 1
  evaluate_every: 1
cases: {only: {}}
"""
STAGES = ("build", "compile", "training", "evaluation", "callbacks")
JOB_ROUNDS = 5
CASE_ROUNDS = 3
VERB_ROUNDS = 5
TRIALS = 10_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where commands run, with the images of LeNet's cases."""
    folder = tmp_path_factory.mktemp("jobs")
    prepare(folder)
    return folder


def row(what, measured, text, most, unit=""):
    """A row of the table with its verdict."""
    return what, text, f"at most {most:g}{unit}", "met" if measured <= most else "missed"


def test_start_of_an_isolated_job(folder, engine_report):
    resolved = parse(ONE_STEP, "one_step.yaml", Selection(seeds=JOB_ROUNDS))
    planned = cells(
        resolved, lambda settings: prepare_dataset(settings.dataset.model_dump(), folder / "data").fingerprint
    )
    code = code_fingerprint(Settings.model_validate(planned[0].trial.settings))
    starts, steps = ({}, {}), ({}, {})
    with job_environment("tensorflow", 1) as place:
        executor = LocalExecutor(1, Path(place))
        for turn, cell in enumerate(planned):
            job = Job((cell.trial,), True, str(folder / "data"), code)
            for kind in (0, 1) if turn % 2 else (1, 0):
                starts[kind][turn], steps[kind][turn] = (_job, _fresh)[kind](executor, job, folder)
    start, step = ratio(starts[1], starts[0]), ratio(steps[1], steps[0])
    engine_report.record(
        SECTION,
        "an isolated job",
        ("until", "fresh process, s", "isolated job, s", "fresh / job", "target", ""),
        [
            _against("the first line of trial code", starts, start, 20),
            _against("the end of a first training step", steps, step, 3),
        ],
        [
            f"{JOB_ROUNDS} rounds, interleaved, paired; medians; of ratios the geometric mean and its 95 % interval. "
            "The fresh process imports Keras, reads the same images, builds LeNet and calls train_on_batch once. The "
            "job does what every timed trial does: it also traces the evaluation, makes two updates to warm up and "
            "puts the state back. The fork server's own start, once a run, is not in it.",
        ],
    )


def _against(until, seconds, measured, target):
    medians = [f"{statistics.median(seconds[kind].values()):.3g}" for kind in (1, 0)]
    return until, *medians, interval(measured), f"at least {target}", "met" if measured.mean >= target else "missed"


def _job(executor, job, _):
    """Seconds from asking for an isolated job to its first line of trial code, and to the end of its only update."""
    messages = []
    executor.run([job], Limits(120.0), messages.append)
    result = next(message.result for message in messages if isinstance(message, Ended))
    assert (result.outcome, result.message) == (Outcome.OK, "")
    seconds = {item.name: item.value for item in result.observations}
    return seconds["seconds_start"], seconds["seconds_total"] - seconds["seconds_evaluation"]


def _fresh(_, __, folder):
    """The same of a process that imports Keras."""
    ran = python("benchmarks.engine.fresh_step", folder / "arrays.npz", 64, folder=folder)
    imported, done = map(float, ran.output.split()[-2:])
    return imported - ran.asked, done - ran.asked


def test_nine_cases_against_keras_tuner(folder, engine_report):
    (folder / "cases.json").write_text(json.dumps(training(PLAIN)), encoding="utf-8")
    both = {0: _nine_by_hpbench, 1: _nine_by_keras_tuner}
    seconds, accuracy = ({}, {}), [{}, {}]
    for turn in range(CASE_ROUNDS):
        for kind in (0, 1) if turn % 2 else (1, 0):
            last = folder / f"nine-{turn}.sqlite"
            seconds[kind][turn], accuracy[kind] = both[kind](folder, last)
    assert accuracy[0].keys() == accuracy[1].keys() == set(NAMES)
    assert all(abs(accuracy[0][case] - accuracy[1][case]) < ALIKE for case in NAMES), accuracy
    measured = ratio(*seconds)
    ours, theirs = (statistics.median(by_turn.values()) for by_turn in seconds)
    spent = ", ".join(f"{stage} {sum(_seconds(last, stage).values()):.1f}" for stage in ("start", *STAGES))
    what = "nine LeNet cases, each isolated, against keras-tuner with fit"
    engine_report.record(
        SECTION,
        "targets",
        COLUMNS,
        [row(what, measured.mean, interval(measured), 0.8)],
        [
            f"Nine cases of {LENET}, {PLAIN['training.iterations']} iterations each: hpbench run as a whole, from "
            f"a fresh results file, median {ours:.3g} s, calibration of the machine before and after included, report "
            f"not; one keras-tuner process, median {theirs:.3g} s, which calls fit and evaluate at the same points, on "
            "the same batches from the same initialisation. All usable cores for both. Test accuracies differ by less "
            f"than {ALIKE}. In the trials of hpbench's last run, s: {spent}.",
        ],
    )


def _nine_by_hpbench(folder, results):
    """Wall time and final test accuracies of all cases, each timed in a process of its own."""
    ran = run(folder, results, NAMES, PLAIN | {"compute.threads": usable_cores()}, "--seeds", 1)
    assert not stored(results, "diverged_at_iteration")
    return ran.seconds, {case: by_seed[0] for case, by_seed in stored(results, "test_accuracy").items()}


def _nine_by_keras_tuner(folder, _):
    """The same by one process of keras-tuner."""
    files = (folder / "arrays.npz", folder / "cases.json")
    ran = python("benchmarks.engine.tuner_cases", *files, LENET, folder=folder)
    return ran.seconds, json.loads(ran.output.splitlines()[-1])


def test_what_is_added_around_trials_for_accuracy(folder, engine_report):
    results, names, seeds = folder / "accuracy.sqlite", NAMES[:3], 5
    changes = {"training.iterations": 300}
    ran = run(folder, results, names, changes | {"timed_seeds": 0}, "--seeds", seeds, "--jobs", 1)
    with Store(results) as store:
        inside, count = store.connection.execute("SELECT sum(elapsed), count(*) FROM attempt").fetchone()
    assert count == len(names) * seeds
    timed = folder / "accuracy-timed.sqlite"
    run(folder, timed, names[:1], changes | {"timed_seeds": 1}, "--seeds", 1)
    within = {stage: _seconds(timed, stage)[names[0]] for stage in ("total", "start", *STAGES)}
    own = 2 * within["total"] - sum(within.values())  # of a trial in its job, in none of its stages
    training = inside - count * own - len(names) * within["start"]  # a job for each case, whose start is in its first
    share = 1 - training / ran.seconds
    importing = python("hpbench.execution.preload", folder=folder).seconds
    without = 1 - training / (ran.seconds - importing)
    engine_report.record(
        SECTION,
        "targets",
        COLUMNS,
        [row("added around training, accuracy only: share of the wall time", share, f"{share:.1%}", 0.1)],
        [
            f"{count} trials of {', '.join(names)} of {LENET} with 300 iterations, one job at a time, "
            f"{ran.seconds:.3g} s in all: wall time less building, compiling, training and evaluating, as a share. It "
            f"has the import of the framework in it, once a run, which takes {importing:.3g} s; without that it is "
            f"{without:.1%}.",
        ],
    )


def _seconds(results, stage):
    """Case to what its timed trial spent in a stage, in a run of one seed."""
    return {case: by_seed[0] for case, by_seed in stored(results, f"seconds_{stage}").items()}


@pytest.mark.parametrize(
    "words",
    [["--help"], ["list"], ["show", LENET], ["validate", str(find(LENET))]],
    ids=lambda words: words[0].strip("-"),
)
def test_verbs_that_run_nothing(words, folder, engine_report):
    seconds = [hpbench(*words, folder=folder).seconds for _ in range(1 + VERB_ROUNDS)][1:]
    median = statistics.median(seconds)
    named = " ".join(["hpbench", words[0], *(Path(word).name for word in words[1:])])
    engine_report.record(SECTION, "targets", COLUMNS, [row(named, median, f"{median:.2f} s", 0.4, " s")])


def test_ten_thousand_trials(folder, engine_report):
    results, seeds = folder / "many.sqlite", math.ceil(TRIALS / len(NAMES))
    selection = Selection("standard", seeds=seeds, cases=NAMES, readings=("default",))
    count = fill(results, folder / "data", LENET, selection)
    options = ("--profile", "standard", "--seeds", seeds)
    resumed = [run(folder, results, NAMES, {}, *options) for _ in range(3)]
    assert f"{count} done before" in resumed[-1].output
    seconds = statistics.median(ran.seconds for ran in resumed)
    report = hpbench("report", LENET, "--results", results, "--output", folder / "reports", folder=folder)
    assert (folder / "reports" / f"{LENET}.md").exists()
    trials = f"{count:,} trials"
    engine_report.record(
        SECTION,
        "targets",
        COLUMNS,
        [
            row(f"report from {trials}", report.seconds, f"{report.seconds:.3g} s", 10, " s"),
            row("its memory", report.memory / 2**30, f"{report.memory / 2**30:.2f} GiB", 1, " GiB"),
            row(f"resume check of a complete plan of {trials}", seconds, f"{seconds:.3g} s", 3, " s"),
        ],
        [f"The {trials} are a real plan of {LENET} with {seeds} seeds and generated values, curves of ten points."],
    )
