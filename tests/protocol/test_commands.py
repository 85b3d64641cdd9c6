"""The protocol as a newcomer would try it: commands on a model of one's own with planted bugs.

The healthy model is the README's, whose commands are tested, too.
"""

import re
import signal
import subprocess
import sys

import pytest

MINE = """
import keras
import numpy as np
from sklearn.datasets import load_digits


def build(learning_rate=0.05, weight_decay=0.0):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10)])
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate, momentum=0.9, weight_decay=weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def data():
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype("float32")
    return (images[:1400], labels[:1400]), (images[1400:], labels[1400:])


def logits_to_probabilities(learning_rate=0.05, weight_decay=0.0):
    model = build(learning_rate, weight_decay)
    model.compile(optimizer=model.optimizer, loss="sparse_categorical_crossentropy")
    return model


def thousand_times_too_high(learning_rate=1000.0, weight_decay=0.0):
    return build(learning_rate, weight_decay)


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y):
        super().__init__()
        self.x, self.y, self.rng = x.copy(), y.copy(), np.random.default_rng(0)

    @property
    def num_batches(self):
        return len(self.x) // 32

    def __getitem__(self, index):
        return self.x[32 * index : 32 * index + 32], self.y[32 * index : 32 * index + 32]

    def on_epoch_end(self):
        self.rng.shuffle(self.x)
        self.rng.shuffle(self.y)


def shuffled_apart():
    (x, y), validation = data()
    return Batches(x, y), validation
"""


COMMANDS = {
    "step-1": ("mine:logits_to_probabilities", "mine:data"),
    "step-2": ("mine:build", "mine:shuffled_apart"),
    "step-3": ("mine:thousand_times_too_high", "mine:data", "--trials", "2", "--epochs", "1"),
}
"""Name of each command of ``hpbench tune``, and of its output, to what it is given."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tuned(folder, hpbench):
    """Exit code, output and errors of each of ``COMMANDS``."""
    found = {}
    for name, given in COMMANDS.items():
        done = hpbench("tune", *given, "--allow-code", "mine", "--output", name, cwd=folder)
        assert "Traceback" not in done.stderr
        found[name] = done.returncode, done.stdout, done.stderr
    return found


def steps(output):
    """Numbers of the steps that were done, and the texts of those that failed, each on one line."""
    failed = [" ".join(step.split()) for step in output.split("\n\n") if "  FAILED" in step]
    return re.findall(r"^Step (\d):", output, re.MULTILINE), failed


def test_logits_to_a_loss_of_probabilities_fail_step_1(folder, tuned):
    code, output, _ = tuned["step-1"]
    done, (failed,) = steps(output)
    assert (code, done) == (1, ["1"])
    assert "Logits are given to a loss that expects probabilities" in failed
    assert "from_logits=True" in failed
    assert "**Failed.**" in (folder / "step-1" / "tune.md").read_text(encoding="utf-8")


def test_inputs_and_labels_shuffled_apart_fail_step_2(tuned):
    code, output, _ = tuned["step-2"]
    done, (failed,) = steps(output)
    assert (code, done) == (1, ["1", "2"])
    assert "inputs and labels are shuffled independently of each other" in failed
    assert "one permutation" in failed


def test_a_rate_a_thousand_times_too_high_is_named_by_step_3(tuned):
    """The healthy model's loss falls up to about 1; the search goes on from what was found."""
    code, output, errors = tuned["step-3"]
    _, (failed,) = steps(output)
    assert code == 1
    assert failed.startswith("Step 3")
    ratio = re.search(
        r"Your rate 1000 is too high: about (\d+) times the largest at which the loss still falls", failed
    )
    assert ratio
    assert 300 <= int(ratio.group(1)) <= 3000
    assert "Best setting" in output
    assert "step 4, 1 of 1: " in errors


def test_the_report_has_every_step_trial_and_figure(folder, tuned):
    assert steps(tuned["step-3"][1])[0] == list("1234567")
    report = (folder / "step-3" / "tune.md").read_text(encoding="utf-8")
    assert report.startswith("# Tuning mine:thousand_times_too_high on mine:data\n")
    figures = re.findall(r"\]\((tune/[\w-]+\.svg)\)", report)
    assert len(figures) == 5
    assert all((folder / "step-3" / figure).read_text(encoding="utf-8").startswith("<svg") for figure in figures)
    assert len(re.findall(r"\|[^|]*\d of \d+ \|", report)) == 2  # a row a trial, as many as there may be


def test_lr_find_is_step_3_alone_and_ctrl_c_keeps_what_was_found(folder):
    """Interrupted after some rates: the report has these, and nothing is lost."""
    command = ["lr-find", "mine:build", "mine:data", "--output", "stopped", "--allow-code", "mine"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-m", "hpbench", *command], cwd=folder, **pipes) as process:
        for line in process.stderr:
            if "(6 of" in line:
                process.send_signal(signal.SIGINT)
                break
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "ending once the iteration under way is done" in errors
    assert re.findall(r"^Step (\d):", output, re.MULTILINE) == ["3"]
    assert re.search(r"rates tried: [5-7] of 16\n", output)
    assert "Interrupted" in (folder / "stopped" / "lr-find.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mine:build", "nobody:data"), "add --allow-code nobody"),
        (("mine.py:build", "mine:data"), "without .py: mine:build"),
        (("lenett", "digits"), "did you mean 'lenet'?"),
        (("mlp", "digits"), "mlp needs units"),
        (("mine:build", "mine:data", "--minutes", "0"), "--minutes"),
        (("mine:build", "mine:data", "--output", "mine.py"), "mine.py"),
    ],
)
def test_what_cannot_be_done_ends_with_2_in_words(folder, hpbench, arguments, words):
    done = hpbench("tune", *arguments, "--allow-code", "mine", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
