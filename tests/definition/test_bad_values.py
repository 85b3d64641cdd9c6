"""Fields, parts and values that a definition cannot have, and what people are told of them.

Each entry replaces text of ``complete.yaml``. ``▸`` stands where a fault has to be reported; the words are those of the
messages, in the order of the marks.
"""

import pytest

from tests.definition.marked import check

UNKNOWN_FIELDS = {
    "misspelt field": ([("version: 1", "▸verzion: 1")], ["unknown field 'verzion'; did you mean 'version'?"]),
    "field that is none": (
        [("limits:", "▸budget: 3\nlimits:")],
        ["unknown field 'budget'; known here: dataset, model"],
    ),
    "field of an earlier version": (
        [("{threads: 1}", "{▸time_limit: 60}")],
        ["unknown field 'compute.time_limit'; it is 'limits.seconds' now"],
    ),
    "field of another block": ([("limits: {", "limits: {▸threads: 1, ")], ["known here: seconds, memory_gib"]),
    "misspelt field of a block": ([("  batch_size: 16\n", "  ▸batchsize: 16\n")], ["did you mean 'batch_size'?"]),
    "misspelt field of the source": ([("year: 2020", "▸yaer: 2020")], ["'source.yaer'; did you mean 'year'?"]),
    "misspelt field of a claim": (
        [("where: section 1", "▸wehre: section 1")],
        ["'claims.wehre'; did you mean 'where'?"],
    ),
    "misspelt field of a study": ([("read_at: [40", "▸reads_at: [40")], ["did you mean 'read_at'?"]),
    "misspelt parameter": (
        [("momentum: 0.9", "▸momentun: 0.9")],
        ["'sgd' has: momentum, nesterov, l2, bias_rate; did you mean 'momentum'?"],
    ),
    "parameter of another schedule": (
        [("{name: constant}", "{name: constant, ▸gamma: 1}")],
        ["unknown field 'training.schedule.gamma'; 'constant' has no parameters"],
    ),
    "parameter that no model has": ([("variant: lenet-5}", "variant: lenet-5, ▸depth: 3}")], ["'lenet' has: variant"]),
    "parameter of another data set": ([("size: 28", "▸folder: x")], ["'digits' has: scale, size"]),
    "parameter of a callback": (
        [("record_weight_norm}", "record_weight_norm, ▸every: 3}")],
        ["'training.callbacks.every'; 'record_weight_norm' has no parameters"],
    ),
    "parameter of another kind of claim": (
        [("than: [slow]", "than: [slow], ▸tolerance: 0.1")],
        ["'greater' has: metric, take, cases, than, margin, relative"],
    ),
    "parameter of another take": (
        [("until: 60", "until: 60, ▸since: 20")],
        ["unknown field 'claims.test.take.since'; 'mean' has: until"],
    ),
}

UNKNOWN_PARTS = {
    "model": (
        [("model: {name: lenet,", "▸model: {name: lnet,")],
        ["'model' has no member named 'lnet'; did you mean 'lenet'? there are: lenet, mlp, conv_stack, cell_stack, or"],
    ),
    "schedule": (
        [("schedule: {name: constant}", "▸schedule: {name: linear}")],
        ["no member named 'linear'; there are: constant, step, exponential"],
    ),
    "optimizer": ([("optimizer: {name: sgd", "▸optimizer: {name: adma")], ["'training.optimizer' has no member named"]),
    "data set": ([("dataset: {name: digits", "▸dataset: {name: digit")], ["did you mean 'digits'?"]),
    "callback": (
        [("[{name: record_weight_norm", "[▸{name: record_norm")],
        ["there are: record_learning_rate, reduce_"],
    ),
    "kind of claim": (
        [("test: {name: greater", "▸test: {name: greatr")],
        ["did you mean 'greater'? there are: at_chance"],
    ),
    "take": ([("take: {name: mean", "▸take: {name: average")], ["'claims.test.take' has no member named 'average'"]),
    "procedure": (
        [("  iterations: 100", "  ▸procedure: {name: tran}\n  iterations: 100")],
        ["'training.procedure' has no member named 'tran'; did you mean 'train'? there are: train, fit"],
    ),
    "part without a name": ([("schedule: {name: constant}", "▸schedule: {}")], ["needs a 'name'"]),
    "part as text": (
        [("schedule: {name: constant}", "▸schedule: constant")],
        ["needs a 'name' that says which one it is: {name: constant}, found 'constant'"],
    ),
    "part that is nothing": ([("schedule: {name: constant}", "▸schedule:")], ["needs a 'name'"]),
    "one's own part with two colons": (
        [("{name: lenet,", "{▸name: 'a:b:c',")],
        ["'model.name': code of your own is named package.module:attribute, such as my_models:small_net, found"],
    ),
    "one's own part with a dash": (
        [("{name: sgd", "{▸name: 'my-code:sgd'")],
        ["'training.optimizer.name': code of your own is named package.module:attribute"],
    ),
}

WRONG_VALUES = {
    "way that is none": (
        [("test_loss, direction: lower", "test_loss, ▸direction: down")],
        ["'gated.direction' cannot be 'down'; there are: higher, lower"],
    ),
    "threshold of nothing": (
        [("direction: lower, threshold: 0.1, cases", "direction: lower, ▸threshold: 0, cases")],
        ["'gated.threshold' has to be greater than 0"],
    ),
    "too much that is gated": (
        [
            (
                "gated:\n",
                "▸gated:\n"
                "  - {metric: test_accuracy, direction: higher, threshold: 0.02}\n"
                "  - {metric: host_memory_training, direction: lower, threshold: 3.0e7}\n",
            )
        ],
        ["'gated' may have at most 3 of them, found 4"],
    ),
    "text for a whole number": ([("  batch_size: 16", "  ▸batch_size: many")], ["a whole number, found 'many'"]),
    "fraction for a whole number": ([("  iterations: 100", "  ▸iterations: 99.5")], ["a whole number, found 99.5"]),
    "true for a whole number": ([("  iterations: 100", "  ▸iterations: true")], ["a whole number, found true"]),
    "quoted whole number": ([("  batch_size: 16", "  ▸batch_size: '16'")], ["a whole number, found '16'"]),
    "true for a number": ([("  learning_rate: 0.05", "  ▸learning_rate: true")], ["a number, found true"]),
    "quoted number in a list": ([("targets: [0.9]", "targets: [▸'0.9']")], ["a number, found '0.9'"]),
    "quoted number of a case": ([("values: {slow: 0.8", "values: {▸slow: '0.8'")], ["a number, found '0.8'"]),
    "number for true or false": ([("{threads: 1}", "{▸deterministic: 1}")], ["true or false, found 1"]),
    "quoted true": ([("{threads: 1}", "{▸deterministic: 'yes'}")], ["true or false, found 'yes'"]),
    "true for a parameter": ([("momentum: 0.9", "▸momentum: false")], ["a number, found false"]),
    "text for a number": ([("  learning_rate: 0.05", "  ▸learning_rate: high")], ["a number, found 'high'"]),
    "number for text": (
        [("title: A bench", "▸title: 5 #")],
        ["'title' has to be text (put it in quotation marks), fo"],
    ),
    "true for text": (
        [("question: Is", "▸question: true #")],
        ["has to be text (put it in quotation marks), found true"],
    ),
    "nothing for text": ([("title: A bench", "▸title: #")], ["found nothing"]),
    "text for a block": ([("source: {title: A document, year: 2020}", "▸source: A lecture")], ["a block of fields"]),
    "list for a block": ([("limits: {seconds: 60}", "▸limits: [60]")], ["a block of fields, such as {name: value}"]),
    "text for a list": ([("cases: [fast], than", "▸cases: fast, than")], ["a list, such as [a, b], found 'fast'"]),
    "block for a list": ([("targets: [0.9]", "▸targets: {}")], ["a list, such as [a, b], found a block"]),
    "text for true or false": ([("{threads: 1}", "{▸deterministic: perhaps}")], ["true or false, found 'perhaps'"]),
    "list for a name": (
        [("case: large,", "▸case: [],")],
        [
            "has to be text",
        ],
    ),
    "none of the choices": (
        [("{threads: 1}", "{▸compile: grpah}")],
        ["'compute.compile' cannot be 'grpah'; did you mean 'graph'? there are: auto, xla, graph"],
    ),
    "none of a part's choices": (
        [("variant: lenet-5}", "▸variant: lenet5}")],
        ["did you mean 'lenet-5'? there are: caffe"],
    ),
    "kind of figure": ([("kind: curves", "▸kind: curve")], ["did you mean 'curves'?"]),
    "schema of another version": ([("schema: 1", "▸schema: 2")], ["'schema' cannot be 2; there are: 1"]),
    "not positive": ([("  batch_size: 16", "  ▸batch_size: 0")], ["greater than 0, found 0"]),
    "too small": ([("version: 1", "▸version: 0")], ["at least 1, found 0"]),
    "too large": ([("momentum: 0.9", "▸momentum: 1")], ["less than 1, found 1"]),
    "too many": ([("reading_cases:", "▸seeds: 20000\nreading_cases:")], ["at most 10000, found 20000"]),
    "share above one": ([("around_reported: 0.1", "▸around_reported: 10")], ["less than 1, found 10"]),
    "negative limit": ([("{seconds: 60}", "{▸seconds: -1}")], ["greater than 0, found -1"]),
    "id with capitals": ([("id: complete", "▸id: Complete")], ["small letters and digits, joined by dashes"]),
    "name of a case with a space": (
        [
            ("  large: {", "  ▸large one: {"),
            ("large / fast", "fast"),
            ("case: large", "case: fast"),
            ("case: fast, to: [fast]", "case: fast, to: [slow]"),
            ("fast, large]", "fast, slow]"),
            (", around_reported: 0.1", ", low: 1"),
        ],
        ["use letters, digits, '_', '-' and '.', and begin with a letter or digit, found 'large one'"],
    ),
    "list as the level of a grid": ([("[16, 32]", "[16, ▸[32]]")], ["a number or text, found a list"]),
    "other word for the readings": (
        [('readings: [network=caffe, "network=caffe,accuracy=train"]', "▸readings: every")],
        ["has to be 'default', 'one-at-a-time', 'all' or a list, such as [a, b], found 'every'"],
    ),
    "readings that are no text": ([("readings: [network=caffe, ", "readings: [▸3, ▸4, ")], ["found 3", "found 4"]),
    "shape": (
        [("held_out: {healthy: [fast]", "held_out: {▸helthy: [fast]")],
        ["did you mean 'healthy'? there are: flat-start, plateau, "],
    ),
    "profile": ([("  quick:", "  ▸quik:")], ["did you mean 'quick'? there are: smoke, quick, standard, full"]),
    "case without a body": (
        [("  slow: {learning_rate: 0.01}", "  ▸slow:")],
        ["a block of fields, such as {name: value}, found nothing"],
    ),
    "interval with one end": ([("exponent: [0.8, 1.2]", "▸exponent: [0.8]")], ["'claims.test.exponent' is missing"]),
    "missing field": (
        [("schema: 1\n", "▸schema: 1\n"), ("question: Is every mistake found?\n", "")],
        ["'question' is missing"],
    ),
    "missing field of a block": (
        [("lenet-5}\ntraining:", "lenet-5}\n▸training:"), ("  batch_size: 16\n", "")],
        ["'training.batch_size' is m"],
    ),
    "missing parameter": (
        [("take: {name: mean, until: 60}", "▸take: {name: mean}")],
        ["'claims.test.take.until' is missing"],
    ),
    "one answer only": (
        [
            ("    answers:\n      test: {}\n", "    ▸answers:\n"),
            ("train: {claims.faster.test.metric: train_accuracy}", "train: {}"),
        ],
        ["'open.accuracy.answers' needs at least 2 of them, found 1"],
    ),
    "no bound": (
        [
            ("case: large, to: [fast], around_reported: 0.1}", "case: large, to: [fast]}"),
            ("    test: {name: ratio", "    ▸test: {name: ratio"),
        ],
        ["give low, high, or around_reported"],
    ),
    "no case in a figure": (
        [("cases: [fast], where: figure 2", "▸cases: [], where: figure 2")],
        ["at least 1 of them, found 0"],
    ),
}


IMPOSSIBLE = {
    "bounds of a ratio the wrong way round": (
        [("test: {name: ratio", "▸test: {name: ratio"), ("around_reported: 0.1", "low: 2, high: 1.5")],
        ["nothing lies between 2 and 1.5: the lower bound comes first"],
    ),
    "bounds the wrong way round": (
        [
            ("test: {name: ratio", "▸test: {name: between"),
            ("case: large, to: [fast], around_reported: 0.1", "cases: [large], low: 2, high: 1.5"),
        ],
        ["nothing lies between 2 and 1.5"],
    ),
    "exponent the wrong way round": (
        [("test: {name: prop", "▸test: {name: prop"), ("[0.8, 1.2]", "[1.2, 0.8]")],
        ["nothing lies between 1.2 and 0.8"],
    ),
    "greater than itself": (
        [("test: {name: greater", "▸test: {name: greater"), ("than: [slow]", "than: [slow, fast]")],
        ["'claims.test': case 'fast' stands twice: none can be compared with itself, so name each once"],
    ),
    "ratio to itself": (
        [
            ("test: {name: ratio", "▸test: {name: ratio"),
            ("case: large, to", "case: fast, to"),
            (", around_reported: 0.1", ", low: 1"),
        ],
        ["case 'fast' stands twice"],
    ),
    "equal to itself": (
        [
            ("test: {name: greater", "▸test: {name: equal"),
            ("take: {name: mean, until: 60}, cases: [fast], than: [slow]", "cases: [fast, slow, fast], tolerance: 0.1"),
        ],
        ["case 'fast' stands twice"],
    ),
    "increasing and back": (
        [
            ("test: {name: greater", "▸test: {name: increasing"),
            ("take: {name: mean, until: 60}, cases: [fast], than: [slow]", "cases: [fast, slow, fast]"),
        ],
        ["case 'fast' stands twice"],
    ),
    "tracks itself": (
        [
            ("test: {name: greater", "▸test: {name: tracks"),
            ("take: {name: mean, until: 60}, cases: [fast], than: [slow]", "case: fast, reference: fast, tolerance: 1"),
        ],
        ["case 'fast' stands twice"],
    ),
    "study without cases": (
        [("studies:\n", "studies:\n  ▸none: {why: no reason}\n")],
        ["'studies.none': give cases, a grid, a search, or more of them"],
    ),
    "axis without levels": (
        [
            ("grid: {batch_size: [16, 32],", "grid: {▸nothing: [], batch_size: [16, 32],"),
            ('[slow, "crossed/batch_size=16,learning_rate=0.01"]', "[slow]"),
        ],
        ["needs at least 1 of them, found 0"],
    ),
    "percentage as a target accuracy": (
        [("advice: {", "▸advice: {"), ("targets: [0.9]", "targets: [0.9, 95]")],
        ["'advice': a target of test_accuracy is a fraction from 0 to 1, such as 0.95; found 95"],
    ),
}

BAD = UNKNOWN_FIELDS | UNKNOWN_PARTS | WRONG_VALUES | IMPOSSIBLE


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_a_mistake_is_told_once_at_its_place(changes, words, tmp_path):
    check(tmp_path, changes, words)
