"""Trials that share a compiled program give the bits that each gives alone."""

import pytest

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.definition.schema import Settings
from hpbench.execution.code import code_fingerprint
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Job
from hpbench.execution.limits import Limits
from hpbench.execution.local import LocalExecutor
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.plan.cases import cells
from hpbench.records.trial import Outcome

MLP, CELLS = "{name: mlp, units: [8]}", "{name: cell_stack, depth: 3, width: 2, normalisation_momentum: 0.5}"
DECAYED = ["optimizer: {name: sgd, momentum: 0.9, l2: 0.0001}", "optimizer: {name: sgd, momentum: 0.9, l2: 0.5}"]
PAIRS = {
    "sgd": (MLP, "auto", *DECAYED),
    "cells": (CELLS, "auto", *DECAYED),
    "adam": (MLP, "graph", "optimizer: {name: adam}", "optimizer: {name: adam}"),
    "hypergradient": (MLP, "auto", *["optimizer: {name: sgd}, step: {name: hypergradient, rate_of_rate: 0.01}"] * 2),
}
TEXT = """
schema: 1
id: pair
version: 1
title: Two trials
question: None
source: {{title: None, language: en}}
dataset: {{name: digits, size: 8, scale: 0.00390625}}
model: {model}
compute: {{compile: {mode}}}
training:
  optimizer: {{name: sgd}}
  schedule: {{name: constant}}
  learning_rate: 0.1
  batch_size: 16
  test_batch_size: 100
  iterations: 6
  evaluate_every: 3
cases:
  low: {{learning_rate: 0.003, {low}}}
  high: {{learning_rate: 0.2, {high}}}
"""


@pytest.fixture
def jobs(tmp_path):
    """Runs each group of trials in a process of its own; gives all that was observed of each trial."""

    def run(groups):
        ended = []
        code = code_fingerprint(Settings.model_validate(groups[0][0].settings))
        with job_environment("tensorflow", 1) as place:
            todo = [Job(tuple(group), False, str(tmp_path), code) for group in groups]
            LocalExecutor(1, tmp_path / place).run(todo, Limits(300.0), ended.append)
        results = [message.result for message in ended if isinstance(message, Ended)]
        return {result.trial: (result.outcome, result.message, result.observations) for result in results}

    return run


@pytest.mark.parametrize("pair", PAIRS)
def test_rate_and_decay_are_those_of_each_trial(pair, jobs, tmp_path):
    """Cells have depthwise, dilated and strided convolutions, pooling and moving averages."""
    model, mode, low, high = PAIRS[pair]
    text = TEXT.format(model=model, mode=mode, low=low, high=high)
    resolved = parse(text, "pair.yaml", Selection(seeds=1))
    planned = cells(resolved, lambda settings: prepare_dataset(settings.dataset.model_dump(), tmp_path).fingerprint)
    first, second = (cell.trial for cell in planned)
    assert Settings.model_validate(first.settings).program == Settings.model_validate(second.settings).program
    alone, together = jobs([[second]]), jobs([[first, second]])
    assert together[second.identity] == alone[second.identity]
    assert together[first.identity] != together[second.identity]
    for outcome, message, observations in together.values():
        assert outcome is Outcome.OK, message
        assert len({one.value for one in observations if one.name == "train_loss"}) == 2


def test_a_decay_of_nothing_is_another_program():
    resolved = parse(
        TEXT.format(model=MLP, mode="auto", low=DECAYED[0], high="optimizer: {name: sgd, momentum: 0.9}"),
        "pair.yaml",
        Selection(seeds=1),
    )
    first, second = (Settings.model_validate(cell.trial.settings) for cell in cells(resolved, lambda settings: "")[:2])
    assert first.program != second.program
