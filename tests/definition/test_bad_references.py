"""Names that lead nowhere, changes that cannot be, and what goes wrong only together; see ``test_bad_values``."""

import pytest

from tests.definition.marked import check

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
    "metric that no callback observes": (
        [
            ("callbacks: [{name: record_weight_norm}]", "callbacks: []"),
            ("readings, metric: weight", "readings, ▸metric: weight"),
        ],
        ["'weight_norm' is observed by record_weight_norm, which no callbacks name"],
    ),
    "setting": (
        [("to: batch_size", "▸to: batchsize")],
        ["there is no setting 'batchsize'; did you mean 'batch_size'? there are: procedure, optimizer"],
    ),
    "setting of a part": (
        [("to: batch_size", "▸to: training.optimizer.beta")],
        ["there is no setting 'beta'; there are: name, momentum, nesterov"],
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

CHANGES = {
    "case's field": (
        [("slow: {learning_rate: 0.01}", "slow: {▸learning_rat: 0.01}")],
        ["unknown field 'training.learning_rat'; did you mean 'learning_rate'?"],
    ),
    "case's dotted field": (
        [("slow: {learning_rate: 0.01}", "slow: {▸training.optimizer.momentun: 0.5}")],
        ["'sgd' has: momentum"],
    ),
    "case's value": ([("slow: {learning_rate: 0.01}", "slow: {▸learning_rate: -1}")], ["greater than 0, found -1"]),
    "case that changes no setting": (
        [("slow: {learning_rate: 0.01}", "slow: {▸claims.faster.text: x}")],
        ["unknown field 'claims'; known here: dataset, model, training, compute"],
    ),
    "case that goes into a value": (
        [("slow: {learning_rate: 0.01}", "slow: {▸training.learning_rate.start: 1}")],
        ["there is no 'start' to change"],
    ),
    "study's case": (
        [
            (
                "step: {training.schedule: {name: step, factor: 0.5, every: 50}}",
                "step: {▸training.schedule: {name: stp}}",
            )
        ],
        ["did you mean 'step'?"],
    ),
    "missing parameter in a study's case": (
        [
            (
                "step: {training.schedule: {name: step, factor: 0.5, every: 50}}",
                "step: {▸training.schedule: {name: step, every: 5}}",
            )
        ],
        ["'training.schedule.factor' is missing"],
    ),
    "axis of a grid": (
        [
            ("batch_size: [16, 32]", "▸batchsize: [16, 32]"),
            ("crossed/batch_size", "crossed/batchsize"),
            ("grid: {batch_size: [16]}", "seeds: 1"),
        ],
        ["unknown field 'training.batchsize'; did you mean 'batch_size'?"],
    ),
    "level of an axis": ([("batch_size: [16, 32]", "batch_size: [16, ▸-32]")], ["greater than 0, found -32"]),
    "answer's field": (
        [("{model.variant: caffe}", "{▸model.vraiant: caffe}")],
        ["unknown field 'model.vraiant'; 'lenet' has: variant; did you mean 'variant'?"],
    ),
    "answer's value": ([("{model.variant: caffe}", "{▸model.variant: torch}")], ["'model.variant' cannot be 'torch'"]),
    "answer's claim": (
        [("{claims.faster.test", "{▸claims.fsater.test")],
        ["there is no claim 'fsater'; did you mean 'faster'? there are: faster, memory, time"],
    ),
    "answer's metric": (
        [("test.metric: train_accuracy", "test.metric: trian_accuracy"), ("{claims.faster", "{▸claims.faster")],
        ["there is no metric 'trian_accuracy'; did you mean 'train_accuracy'?"],
    ),
    "answer's case": (
        [("{claims.faster.test.metric: train_accuracy}", "{claims.faster.test.than: [▸solw]}")],
        ["there is no case 'solw'"],
    ),
    "answer's reported metric": (
        [("{claims.faster.test.metric: train_accuracy}", "{▸reported.test_acc.values: {slow: 1}}")],
        ["there is no reported metric 'test_acc'; did you mean 'test_accuracy'?"],
    ),
    "answer that drops what a claim needs": (
        [("{claims.faster.test.metric: train_accuracy}", "{▸reported.host_memory_training.values: {}}")],
        ["no ratio 'large / fast' of host_memory_training is reported; there are: none"],
    ),
    "answer into a value": (
        [("{model.variant: caffe}", "{▸model.variant.name: caffe}")],
        ["there is no 'name' to change"],
    ),
    "profile's field": (
        [("{training.iterations: 10,", "{▸training.iteratoins: 10,")],
        ["unknown field 'training.iteratoins'; did you mean 'iterations'?"],
    ),
    "profile's value": ([("{training.iterations: 10,", "{▸training.iterations: 0,")], ["greater than 0, found 0"]),
    "profile's own field": (
        [("quick: {seeds: 2", "quick: {▸sedes: 2")],
        ["unknown field 'sedes'; did you mean 'seeds'?"],
    ),
    "profile's study": (
        [("studies.crossed.read_at: [5", "▸studies.corssed.read_at: [5")],
        ["there is no study 'corssed'; did you mean 'crossed'? there are: crossed, decay"],
    ),
    "profile's case": (
        [("quick: {seeds: 2", "quick: {▸cases.salow.batch_size: 3")],
        ["there is no case 'salow'; did you mean 'slow'?"],
    ),
    "profile's open point": ([("quick: {seeds: 2", "quick: {▸open.net.why: x")], ["there is no open point 'net'"]),
    "profile's data set": ([("quick: {seeds: 2", "quick: {▸dataset: {name: mnst}")], ["did you mean 'mnist'?"]),
    "profile's parameter": (
        [("quick: {seeds: 2", "quick: {dataset: {name: digits, ▸folder: x}")],
        ["unknown field 'dataset.folder'; 'digits' has: scale, size"],
    ),
    "profile's reading cases": ([("quick: {seeds: 2", "quick: {reading_cases: [▸solw]")], ["there is no case 'solw'"]),
    "profile's readings": ([("quick: {seeds: 2", "quick: {readings: [▸network=x]")], ["has no answer 'x'"]),
    "profile's level": (
        [("{batch_size: [16]}", "{batch_size: [16, ▸0]}")],
        ["greater than 0, found 0 (in profile quick)"],
    ),
    "profile's study's case": (
        [("quick: {seeds: 2", "quick: {studies.decay.cases: {step: {▸training.rate: 1}}")],
        ["unknown field 'training.rate'"],
    ),
}

TOGETHER = {
    "schedule beside a callback that sets the rate": (
        [
            ("schedule: {name: constant}", "schedule: {name: cosine}"),
            ("callbacks: [", "callbacks: [▸{name: reduce_on_plateau}, "),
        ],
        ["'reduce_on_plateau' sets the learning rate, and so does the schedule: write 'schedule: {name: constant}'"],
    ),
    "case's schedule beside the callback": (
        [
            ("slow: {learning_rate: 0.01}", "slow: {▸training.schedule: {name: cosine}}"),
            ("callbacks: [", "callbacks: [{name: reduce_on_plateau}, "),
            ("step: {training.schedule: {name: step, factor: 0.5, every: 50}}", "step: {}"),
        ],
        ["sets the learning rate, and so does the schedule: write 'schedule: {name: constant}'"],
    ),
    "answer's schedule beside the callback": (
        [
            ("{model.variant: caffe}", "{▸training.schedule.name: cosine}"),
            ("callbacks: [", "callbacks: [{name: reduce_on_plateau}, "),
            ("step: {training.schedule: {name: step, factor: 0.5, every: 50}}", "step: {}"),
        ],
        ["so does the schedule"],
    ),
    "profile's callback beside the schedule": (
        [
            ("schedule: {name: constant}", "schedule: {name: cosine}"),
            (
                "quick: {seeds: 2",
                "quick: {training.callbacks: [▸{name: reduce_on_plateau}, {name: record_weight_norm}]",
            ),
        ],
        ["so does the schedule"],
    ),
    "case's callback beside an answer's schedule": (
        [
            ("slow: {learning_rate: 0.01}", "slow: {training.callbacks: [▸{name: reduce_on_plateau}]}"),
            ("{model.variant: caffe}", "{training.schedule.name: cosine}"),
        ],
        ["{name: constant}' (under reading network=caffe)"],
    ),
    "case's parameter beside an answer's part": (
        [
            ("slow: {learning_rate: 0.01}", "slow: {▸training.schedule.gamma: 0.1}"),
            ("schedule: {name: constant}", "schedule: {name: inverse_power}"),
            ("{model.variant: caffe}", "{training.schedule: {name: cosine}}"),
        ],
        ["unknown field 'training.schedule.gamma'; 'cosine' has no parameters (under reading network=caffe)"],
    ),
    "answer's parameter beside a profile's part": (
        [
            ("{model.variant: caffe}", "{▸training.schedule.gamma: 0.1}"),
            ("schedule: {name: constant}", "schedule: {name: inverse_power}"),
            ("quick: {seeds: 2", "quick: {training.schedule: {name: cosine}"),
        ],
        ["(in profile quick)"],
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

BAD = NAMES | ITERATIONS | CHANGES | TOGETHER | MANY


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_a_mistake_is_told_once_at_its_place(changes, words, tmp_path):
    check(tmp_path, changes, words)
