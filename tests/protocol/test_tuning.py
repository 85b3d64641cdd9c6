"""The protocol from Python: what it returns, writes and keeps."""

import math
import re
import signal
from dataclasses import replace

import keras
import numpy as np
import pytest

from hpbench.protocol import Cause, Outcome, Point, ProtocolError, Step, Trial, find_rate, rate, tune
from hpbench.protocol.budget import Budget
from hpbench.protocol.builder import Builder
from hpbench.protocol.curves import Curve
from hpbench.protocol.figures import loss_by_rate, rate_curves
from hpbench.protocol.overfit import attempted
from hpbench.protocol.rate import RateCurve
from hpbench.protocol.report import last_words, write
from hpbench.protocol.sample import Sample

RNG = np.random.default_rng(0)
CENTRES = RNG.normal(size=(3, 6))
Y = np.arange(240) % 3
X = (CENTRES[Y] + 0.3 * RNG.normal(size=(240, 6))).astype(np.float32)
DATA = (X[:180], Y[:180]), (X[180:], Y[180:])


def build(learning_rate=0.1, weight_decay=0.0):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(learning_rate, weight_decay=weight_decay), loss)
    return model


@pytest.fixture(autouse=True)
def few_rates(monkeypatch):
    """Three rates instead of fifteen: the commands are tested with all."""
    monkeypatch.setattr(rate, "RATES", (0.01, 0.1, 1.0))


def test_tune_from_python_returns_what_it_found(tmp_path):
    shown, told = [], []
    outcome = tune(build, DATA, trials=2, epochs=1, output=tmp_path, show=shown.append, tell=told.append)
    assert outcome.passed
    assert [step.number for step in outcome.steps] == [1, 2, 3, 4, 5, 6, 7]
    assert tuple(shown) == outcome.steps
    assert len(outcome.trials) == 2
    assert outcome.best in outcome.trials
    assert outcome.best.accuracy > 0.9
    assert told[0].startswith("step 1")
    assert (tmp_path / "tune.md").exists()


def test_the_same_seed_gives_the_same_numbers():
    first, second = (find_rate(build, DATA, seed=4) for _ in range(2))
    assert first.rates == second.rates


def test_an_interrupted_step_2_says_how_far_it_came(tmp_path):
    def slow_learner(learning_rate=1e-6, weight_decay=0.0):
        return build(learning_rate, weight_decay)

    def tell(words):
        if words == "step 2: 5 batches at learning rate 0.01":
            raise KeyboardInterrupt

    outcome = tune(slow_learner, DATA, trials=2, output=tmp_path, tell=tell)
    assert outcome.interrupted
    assert [(step.number, step.verdict) for step in outcome.steps] == [(1, "passed"), (2, "unfinished")]
    assert outcome.steps[1].concluded.startswith("It was interrupted before the examples were learnt: ")
    text = (tmp_path / "tune.md").read_text(encoding="utf-8")
    assert re.search(r"accuracy at rate 1e-06 +\| \d+\.\d% after \d+ iterations", text)
    assert "(tune/overfit.svg)" in text


def test_a_training_that_is_interrupted_in_step_2_is_kept():
    """Where Ctrl-C falls into the training itself."""
    sample = Sample(tuple((X[i : i + 32], Y[i : i + 32]) for i in (0, 32)))
    trainee = Builder(build, DATA[0], 0).at(1e-6)
    train, done, attempts = trainee.train, [], []

    def interrupted(batch):
        if len(done) == 20:
            raise KeyboardInterrupt
        done.append(train(batch))
        return done[-1]

    trainee.train = interrupted
    with pytest.raises(KeyboardInterrupt):
        attempted(trainee, 1e-6, sample, Budget(None, None), attempts)
    assert attempts[0].iterations == (8, 16)


def test_a_step_that_is_interrupted_leaves_what_was_done(tmp_path):
    def tell(words):
        if "(3 of" in words:
            raise KeyboardInterrupt

    outcome = tune(build, DATA, trials=2, output=tmp_path, tell=tell)
    assert outcome.interrupted
    assert [step.number for step in outcome.steps] == [1, 2, 3]
    assert len(outcome.rates) == 2
    assert "Interrupted" in (tmp_path / "tune.md").read_text(encoding="utf-8")


def test_ctrl_c_inside_of_a_library_is_not_lost(tmp_path):
    """As TensorFlow does, which may make an error of its own of it: what was done is kept all the same."""

    class Interrupted(keras.Sequential):
        steps = 0

        def train_on_batch(self, *given, **fields):
            Interrupted.steps += 1
            if Interrupted.steps == rate.ITERATIONS + 20:
                try:
                    signal.raise_signal(signal.SIGINT)
                except KeyboardInterrupt as error:
                    raise SystemError("returned a result with an exception set") from error
            return super().train_on_batch(*given, **fields)

    def builder(learning_rate=0.1):
        model = Interrupted([keras.Input((6,)), keras.layers.Dense(3)])
        model.compile(keras.optimizers.SGD(learning_rate), build().loss)
        return model

    outcome = find_rate(builder, DATA, output=tmp_path)
    assert outcome.interrupted
    assert Interrupted.steps == rate.ITERATIONS + 20  # not one more
    assert [len(curve.losses) for curve in outcome.rates] == [rate.ITERATIONS]
    assert "Interrupted" in (tmp_path / "lr-find.md").read_text(encoding="utf-8")


def test_trials_of_an_interrupted_search_are_in_the_report(tmp_path):
    def tell(words):
        if words.startswith("step 5"):
            raise KeyboardInterrupt

    outcome = tune(build, DATA, trials=2, epochs=1, output=tmp_path, tell=tell)
    assert outcome.interrupted
    assert [step.number for step in outcome.steps] == [1, 2, 3, 4]
    text = (tmp_path / "tune.md").read_text(encoding="utf-8")
    assert "1 of 1" in text
    assert "(tune/trials.svg)" in text


@pytest.mark.parametrize("arguments", [{"minutes": -1}, {"trials": 0}, {"epochs": 0}, {"batch_size": 0}])
def test_arguments_that_make_no_sense_are_told(arguments):
    with pytest.raises(ProtocolError, match="found"):
        tune(build, DATA, **arguments)


NASTY = "a|b <script>alert(1)</script> `x` [y](z)"


def nasty_outcome():
    cause = Cause("cause", NASTY, NASTY)
    steps = tuple(Step(n, NASTY, NASTY, {NASTY: NASTY}, NASTY, n > 3, (cause,), (NASTY,)) for n in range(1, 8))
    curve = Curve((1.0, math.nan), (0.5, 0.6), (1.0, math.inf), (0.5, 0.6), (0.1, 0.1))
    trial = Trial(5, 1, Point(0.1, None), 2, curve, 1.0, False)
    rates = (RateCurve(0.01, (math.inf,)), RateCurve(0.1, (2.0, 1.0)))
    return Outcome(
        NASTY, NASTY, steps, (), rates, (trial,), trial, 0, 32, NASTY, 1.0, False, 10, 0.1, {"Keras": NASTY}, (NASTY,)
    )


def test_a_report_is_escaped_and_its_figures_are_there(tmp_path):
    (tmp_path / "tune").mkdir()
    (tmp_path / "tune" / "overfit.svg").write_text("of an earlier report", encoding="utf-8")
    text = write(nasty_outcome(), tmp_path, "tune").read_text(encoding="utf-8")
    outside = re.sub(r"(`+) .*? \1", "", text)
    assert "<script>" not in outside
    assert not re.search(r"(?<!\\)\]\(z\)", outside)
    figures = set(re.findall(r"\((tune/[\w-]+\.svg)\)", text))
    assert figures == {f"tune/{path.name}" for path in (tmp_path / "tune").iterdir()}
    assert "tune/overfit.svg" not in figures
    assert {path.name for path in tmp_path.iterdir()} == {"tune", "tune.md"}


@pytest.mark.parametrize(
    ("takes", "words"),
    [
        (("learning_rate", "weight_decay"), "`adam(learning_rate=0.0256, weight_decay=0.0001)`, 2 epochs"),
        (("learning_rate",), "`adam(learning_rate=0.0256)`, 2 epochs"),
        (("weight_decay",), "`adam(weight_decay=0.0001)`, compiled with learning rate 0.0256, 2 epochs"),
        ((), "`adam()`, compiled with learning rate 0.0256, 2 epochs"),
    ],
)
def test_the_best_setting_is_a_call_that_works(takes, words, tmp_path):
    outcome = nasty_outcome()
    best = replace(outcome.best, point=Point(0.0256, 1e-4 if "weight_decay" in takes else None))
    outcome = replace(outcome, model="mine:adam", best=best, takes=takes)
    assert f"The best setting: {words}" in write(outcome, tmp_path, "tune").read_text(encoding="utf-8")


def test_of_many_trials_the_best_are_shown_and_all_are_kept(tmp_path):
    outcome = nasty_outcome()
    accuracies = [0.5 + 0.01 * number for number in range(40)]
    trials = tuple(
        replace(outcome.best, curve=replace(outcome.best.curve, validation_accuracy=(0.1, accuracy)))
        for accuracy in accuracies
    )
    text = write(replace(outcome, trials=trials), tmp_path, "tune").read_text(encoding="utf-8")
    shown, hidden = text.split("<details>")
    assert "The best 15 of 40 trials" in shown
    rows = [re.findall(r"2 of 2 .*", part) for part in (shown, hidden)]
    assert [len(found) for found in rows] == [15, 40]
    assert all(f"{accuracy:.3f}" in row for accuracy, row in zip(accuracies[:-16:-1], rows[0], strict=True))


def test_step_3_alone_does_not_speak_of_every_step():
    outcome = nasty_outcome()
    alone = replace(outcome, best=None, steps=(replace(outcome.steps[0], passed=True),))
    assert last_words(alone) == "Passed."


def test_a_rate_that_exploded_is_not_drawn_as_if_it_was_measured():
    curves = (RateCurve(0.01, (2.0,) * 100), RateCurve(0.1, tuple(2.0 - 0.01 * i for i in range(100))))
    exploded = RateCurve(3.0, (2.0, 40.0, math.inf))
    drawn = loss_by_rate((*curves, exploded), 3.0)
    assert "your own rate, exploded" in drawn
    assert "your own rate" not in re.sub("your own rate, exploded", "", drawn)
    assert "your own rate, exploded" not in loss_by_rate(curves, 0.1)
    assert "it is not drawn: at rate 3" in rate_curves((*curves, exploded))
    assert "not drawn" not in rate_curves(curves)


def test_equal_outcomes_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        write(replace(nasty_outcome()), tmp_path / name, "tune")
    files = [sorted((tmp_path / name).rglob("*.*")) for name in ("one", "two")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
