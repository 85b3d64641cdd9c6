"""Changes by cases, answers and profiles that cannot be, or go wrong only together; see ``test_bad_values``."""

import pytest

from tests.definition.marked import check

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


BAD = CHANGES | TOGETHER


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_a_mistake_is_told_once_at_its_place(changes, words, tmp_path):
    check(tmp_path, changes, words)
