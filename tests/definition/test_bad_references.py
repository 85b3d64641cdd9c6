"""Names that lead nowhere, iterations that are not evaluated, and many mistakes at once; see ``test_bad_values``."""

import time

import pytest

from hpbench.definition.load import read
from tests.definition.marked import COMPLETE, check

NAMES = {
    "case of a claim": (
        [("cases: [fast], than", "cases: [▸fsat], than")],
        ["there is no case 'fsat'; did you mean 'fast'? there are: slow, fast, large"],
    ),
    "second case of a claim": (
        [("cases: [fast, large], to", "cases: [fast, ▸none], to")],
        ["no case 'none'; there are: "],
    ),
    "case of a ratio": (
        [("case: large, to", "▸case: lrage, to")],
        ["there is no case 'lrage'; did you mean 'large'?"],
    ),
    "study's case of a claim": (
        [("than: [slow]", "than: [▸decay/steps]")],
        ["there is no case 'decay/steps'; did you mean 'decay/step'?"],
    ),
    "grid's case of a figure": (
        [
            ("crossed/batch_size=16,learning_rate=0.01", "crossed/batch_size=16,learning_rate=0.03"),
            ('[slow, "', '[slow, ▸"'),
        ],
        ["there is no case 'crossed/batch_size=16,learning_rate=0.03'"],
    ),
    "case of a figure": (
        [("cases: [fast], where: figure 2", "cases: [▸fats], where: figure 2")],
        ["did you mean 'fast'?"],
    ),
    "reading case": ([("reading_cases: [slow,", "reading_cases: [▸slwo,")], ["there is no case 'slwo'; did you mean"]),
    "reading case of a study": (
        [("reading_cases: [slow,", "reading_cases: [▸decay/step,")],
        ["studies are run in the default reading only"],
    ),
    "reported case": ([("values: {slow:", "values: {▸solw:")], ["there is no case 'solw'; did you mean 'slow'?"]),
    "case of a reported ratio": (
        [("{large / fast: 1.26}", "{large / fast: 1.26, ▸large / fats: 2}")],
        ["there is no case 'fats'"],
    ),
    "metric of a claim": (
        [("metric: test_accuracy, take", "▸metric: test_acuracy, take")],
        ["there is no metric 'test_acuracy'; did you mean 'test_accuracy'? there are: "],
    ),
    "metric of a figure": (
        [("kind: curves, metric: test", "kind: curves, ▸metric: tset")],
        ["no metric 'tset_accuracy'"],
    ),
    "metric that is reported": (
        [("  test_accuracy: {values", "  ▸accuracy: {values")],
        ["there is no metric 'accuracy'"],
    ),
    "metric of the advice": (
        [("advice: {metric: test_acc", "advice: {▸metric: best_acc")],
        ["no metric 'best_accuracy'"],
    ),
    "case that is made to have a shape": (
        [("plateau: [decay/step]", "plateau: [▸decay/stop]")],
        ["there is no case 'decay/stop'; did you mean 'decay/step'?"],
    ),
    "case that is made to have two shapes": (
        [("held_out: {healthy: [fast]", "held_out: {healthy: [fast, ▸slow]")],
        ["'slow' stands in shapes.tuned_on.healthy already; a case is made to have one shape"],
    ),
    "case that is gated": (
        [("cases: [slow, decay/step]", "cases: [slow, ▸decay/stop]")],
        ["there is no case 'decay/stop'; did you mean 'decay/step'?"],
    ),
    "metric that is gated": (
        [("{metric: test_loss, dir", "{▸metric: test_los, dir")],
        ["there is no metric 'test_los'; did you mean 'test_loss'?"],
    ),
    "metric gated twice": (
        [("metric: seconds_evaluation, dir", "▸metric: test_loss, dir")],
        ["'test_loss' is gated already; give its cases to one entry"],
    ),
    "metric that no callback observes": (
        [
            ("callbacks: [{name: record_weight_norm}]", "callbacks: []"),
            ("readings, metric: weight", "readings, ▸metric: weight"),
        ],
        ["'weight_norm' is observed by record_weight_norm, which no callbacks name"],
    ),
    "setting": (
        [("to: batch_size", "▸to: batchsize")],
        ["there is no setting 'batchsize'; did you mean 'batch_size'? there are: procedure, step, optimizer"],
    ),
    "setting of a part": (
        [("to: batch_size", "▸to: training.optimizer.beta")],
        ["there is no setting 'beta'; there are: name, momentum, nesterov"],
    ),
    "setting that only one of the cases has": (
        [
            ("slow: {learning", "slow: {schedule: {name: inverse_power}, learning"),
            ("[fast, large], to: batch_size", "[slow, fast], ▸to: training.schedule.gamma"),
        ],
        ["there is no setting 'gamma'; there are: name (case fast)"],
    ),
    "ratio that is not reported": (
        [("to: [fast], around_reported", "to: [slow], ▸around_reported")],
        ["no ratio 'large / slow' of host_memory_training is reported; did you mean 'large / fast'?"],
    ),
    "open point of a reading": (
        [("readings: [network=caffe, ", "readings: [▸netwrok=caffe, ")],
        ["there is no open point 'netwrok'; did you mean 'network'? there are: network, accuracy"],
    ),
    "answer of a reading": (
        [("readings: [network=caffe, ", "readings: [▸network=cafe, ")],
        ["open point 'network' has no answer 'cafe'; did you mean 'caffe'? there are: lenet-5, caffe"],
    ),
    "figure of readings with two cases": (
        [("cases: [fast], where: figure 2", "▸cases: [fast, slow], where: figure 2")],
        ["drawn of one case"],
    ),
    "claim's id twice": ([("- id: memory", "- ▸id: faster")], ["'faster' is the id of an earlier one of the claims"]),
    "figure's id twice": ([("{id: norm,", "{▸id: curves,")], ["'curves' is the id of an earlier one of the figures"]),
    "level twice": ([("batch_size: [16, 32]", "batch_size: [16, 32, ▸16]")], ["16 stands twice"]),
    "too many readings": (
        [
            ('readings: [network=caffe, "network=caffe,accuracy=train"]', "▸readings: all"),
            ("      test: {}\n", "      test: {}\n" + "".join(f"      a{index}: {{}}\n" for index in range(5000))),
        ],
        ["10,004 combinations of answers are more than can be planned; at most 10,000"],
    ),
    "grid too large": (
        [("grid: {batch_size: [16, 32]", f"▸grid: {{batch_size: {list(range(1, 6002))}")],
        ["12,002 points are more than can be planned; at most 10,000"],
    ),
    "field twice": (
        [("version: 1", "version: 1\n▸version: 2")],
        ["duplicate field 'version': it stands in line 3 already"],
    ),
    "case twice": ([("  fast: {learning_rate: 0.05}", "  fast: {}\n  ▸slow: {}")], ["duplicate field 'slow'"]),
    "first answer that changes": (
        [("lenet-5: {}", "▸lenet-5: {model.variant: lenet-5}")],
        ["the first answer is the default and changes nothing: write 'lenet-5: {}'"],
    ),
}

ITERATIONS = {
    "mean beyond the end": (
        [("take: {name: mean, until: 60}", "▸take: {name: mean, until: 160}")],
        ["iteration 160 lies outside the curve: a trial of 100 iterations is evaluated every 20 and at the end"],
    ),
    "value between evaluations": (
        [("take: {name: mean, until: 60}", "▸take: {name: at, iteration: 50}")],
        ["iteration 50 is not evaluated: a trial of 100 iterations"],
    ),
    "gain since the end": (
        [("take: {name: mean, until: 60}", "▸take: {name: gain, since: 70}")],
        ["iteration 70 is not evaluated"],
    ),
    "slope before the first": (
        [("take: {name: mean, until: 60}", "▸take: {name: steepening, after: 20}")],
        ["not between two that are"],
    ),
    "swing of two values": (
        [("take: {name: mean, until: 60}", "▸take: {name: swing, after: 70}")],
        ["fewer than 3 evaluations from iteration 70 on"],
    ),
    "iteration that only the longer case has": (
        [
            ("cases: [fast], than", "cases: [large, fast], than"),
            ("take: {name: mean, until: 60}", "▸take: {name: at, iteration: 140}"),
        ],
        ["(case fast)"],
    ),
    "study read between evaluations": (
        [("read_at: [40, 100]", "read_at: [40, ▸50]")],
        ["iteration 50 is not evaluated"],
    ),
    "study read beyond the end": ([("read_at: [40, 100]", "read_at: [40, ▸200]")], ["iteration 200 is not evaluated"]),
    "study read beyond a level's end": (
        [
            ("{batch_size: [16, 32], learning", "{iterations: [60, 100], learning"),
            ("read_at: [40, 100]", "read_at: [40, ▸100]"),
            ("crossed/batch_size=16", "crossed/iterations=60"),
            ("studies.crossed.grid: {batch_size: [16]}", "studies.crossed.grid: {iterations: [60]}"),
        ],
        ["a trial of 60 iterations"],
    ),
    "answer that trains too short": (
        [("caffe: {model.variant: caffe}", "▸caffe: {model.variant: caffe, training.iterations: 40}")],
        ["iteration 60 lies outside the curve: a trial of 40 iterations"],
    ),
    "answer that evaluates elsewhere": (
        [("{claims.faster.test.metric: train_accuracy}", "{▸claims.faster.test.take: {name: at, iteration: 50}}")],
        ["iteration 50 is not evaluated"],
    ),
}

MANY = {
    "in every part of the file": (
        [
            ("version: 1", "▸version: x"),
            ("model: {name: lenet,", "▸model: {name: lnet,"),
            ("  batch_size: 16\n", "  ▸batch_size: 0\n"),
            ("fast: {learning_rate: 0.05}", "fast: {▸learning_rat: 0.05}"),
            ("reading_cases: [slow,", "reading_cases: [▸slwo,"),
            ("read_at: [40, 100]", "read_at: [40, ▸50]"),
            ("{slow: 0.8", "{▸solw: 0.8"),
            ("take: {name: mean", "▸take: {name: meen"),
            ("cases: [fast], than", "cases: [▸fsat], than"),
            ("- id: memory", "- ▸id: faster"),
            ("kind: curves", "▸kind: curve"),
            ("advice: {metric: test_acc", "advice: {▸metric: best_acc"),
            ("quick: {seeds: 2", "quick: {▸sedes: 2"),
        ],
        ["version", "lnet", "greater", "rat", "slwo", "50", "solw", "meen", "fsat", "faster", "curve", "best", "sedes"],
    ),
    "a value that cannot be read, and others": (
        [
            ("  learning_rate: 0.05", "  ▸learning_rate: .nan"),
            ("{slow: 0.8", "{▸slow: 1e999"),
            ("threads: 1", "▸threads: !!int one"),
            ("id: complete", "▸id: !secret x"),
            ("advice: {metric: test_acc", "advice: {▸metric: best_acc"),
        ],
        ["the tag", "'.nan' is not a finite number", "'one' cannot be read as a number", "1e999", "best"],
    ),
    "a faulty study, and a claim about it": (
        [("grid: {batch_size: [16, 32]", "grid: {▸batch_size: 16"), ("than: [slow]", "than: [crossed/batch_size=8]")],
        ["a list, such as [a, b], found 16"],
    ),
    "a faulty base, and profiles and cases that are fine": (
        [("schedule: {name: constant}", "▸schedule: constant"), ("dataset: {name: digits, size: 28}", "▸dataset: 3")],
        ["needs a 'name'", "needs a 'name'"],
    ),
}

BAD = NAMES | ITERATIONS | MANY


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_a_mistake_is_told_once_at_its_place(changes, words, tmp_path):
    check(tmp_path, changes, words)


def test_a_claim_may_be_about_a_setting_that_its_cases_bring(tmp_path):
    text = COMPLETE.replace("fast: {", "fast: {schedule: {name: step, factor: 0.5, every: 10}, ").replace(
        "large: {", "large: {schedule: {name: step, factor: 0.5, every: 20}, "
    )
    path = tmp_path / "good.yaml"
    path.write_text(text.replace("to: batch_size", "to: training.schedule.every"), encoding="utf-8")
    assert read(path)


def test_thousands_of_answers_are_checked_in_seconds(tmp_path):
    answers = "".join(f"      a{index}: {{}}\n" for index in range(5000))
    path = tmp_path / "good.yaml"
    path.write_text(COMPLETE.replace("      test: {}\n", f"      test: {{}}\n{answers}"), encoding="utf-8")
    start = time.process_time()
    assert read(path)
    assert time.process_time() - start < 5
