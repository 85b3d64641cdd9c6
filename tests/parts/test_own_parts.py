"""Parts of one's own, imported for real."""

import os
import subprocess
import sys
import traceback

import keras
import numpy as np
import pytest

from hpbench.catalogue import own
from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.errors import UserError
from hpbench.parts import own as own_parts
from hpbench.parts.datasets.prepared import prepare_dataset, prepared_sets

CODE = """
import keras
import numpy as np
from keras.saving import load_model
from subprocess import run

def dense(input_shape, classes, units=8):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units), keras.layers.Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), *layers])

def one_logit(input_shape, classes):
    return dense(input_shape, 1)

def no_model(input_shape, classes):
    return "a model"

def blobs(count=12, classes=2):
    labels = np.arange(count) % classes
    images = np.full((count, 4, 4), labels[:, None, None] * 100, np.uint8)
    arrays = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    return arrays | {"title": "blobs", "generated": True}

def no_labels():
    return {"x_train": np.zeros((2, 4, 4), np.uint8)}

def no_arrays():
    return [1, 2]

def ragged():
    return blobs() | {"x_test": [[1], [2, 3]]}

def half_a_validation():
    return blobs() | {"x_validation": np.zeros((2, 4, 4), np.uint8)}

def file_that_is_not_there():
    return blobs() | {"files": ["absent.csv"]}

def one_file():
    return blobs() | {"files": "pixels.npy"}

def from_file():
    return blobs() | {"x_test": np.load("pixels.npy"), "files": ["pixels.npy"]}

def fails():
    raise ValueError("no such thing")

def fails_deeper(input_shape, classes):
    return len(3)

def leaves():
    raise SystemExit("done")

def too_large(input_shape, classes):
    raise MemoryError("too large")

class Adam(keras.optimizers.Adam):
    pass

class Halving(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, base, every):
        self.base, self.every = base, every
    def __call__(self, step):
        return self.base * 0.5 ** (keras.ops.cast(step, "float32") // self.every)

class Broken(Halving):
    def __init__(self, base):
        raise KeyError(base)

class Count(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["evaluations"] = epoch + 1.0

SOMETHING = 3
"""


@pytest.fixture(autouse=True)
def code(tmp_path, monkeypatch):
    """The module ``mine`` in the working folder, allowed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(own, "_allowed", {"mine", "keras"})
    (tmp_path / "mine.py").write_text(CODE)
    yield tmp_path / "mine.py"
    sys.modules.pop("mine", None)


def test_a_model_of_one_s_own():
    model = MODELS.load("mine:dense")({"name": "mine:dense", "units": 5}, (4, 4, 1), 3)
    assert model.count_params() == 17 * 5 + 6 * 3


def test_a_schedule_of_one_s_own_and_one_of_keras():
    halving = SCHEDULES.load("mine:Halving").for_training({"every": 2}, 0.5, 100)
    assert [float(halving(step)) for step in range(5)] == [0.5, 0.5, 0.25, 0.25, 0.125]
    decay = SCHEDULES.load("keras.optimizers.schedules:ExponentialDecay").for_training(
        {"decay_steps": 1, "decay_rate": 0.5}, 0.5, 100
    )
    assert float(decay(3)) == 0.0625


def test_an_optimizer_of_keras():
    adam = OPTIMIZERS.load("keras.optimizers:Adam")({"beta_1": 0.8}, 0.25)
    assert isinstance(adam, keras.optimizers.Adam)
    assert (float(adam.learning_rate), adam.beta_1) == (0.25, 0.8)


def test_a_callback_of_one_s_own():
    logs = {}
    CALLBACKS.load("mine:Count")().on_epoch_end(2, logs)
    assert logs == {"evaluations": 3.0}


def dataset(**fields):
    return DATASETS.own.model_validate(fields).model_dump()


def test_a_data_set_of_one_s_own_is_prepared_like_any_other(tmp_path):
    prepared = prepare_dataset(dataset(name="mine:blobs", count=20, scale=0.01), tmp_path / "data")
    assert (prepared.title, prepared.generated, prepared.classes) == ("blobs", True, 2)
    assert prepared.counts == {"train": 20, "validation": 0, "test": 20}
    images, labels = prepared.load()["test"]
    assert images.shape == (20, 4, 4, 1)
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels * 100)
    assert ":" not in prepared.folder.name


def test_working_folders_do_not_share_what_is_prepared(tmp_path, monkeypatch):
    path = list(sys.path)
    found = []
    for factor in (100, 50, 100):
        folder = tmp_path / str(factor)
        folder.mkdir(exist_ok=True)
        (folder / "mine.py").write_text(CODE.replace("* 100", f"* {factor}"))
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "path", list(path))
        sys.modules.pop("mine", None)
        found.append(prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data"))
        assert found[-1].load()["test"][0].max() == factor
        assert prepared_sets(tmp_path / "data") == found[-1:]
    assert found[0] == found[2]
    assert found[0].folder != found[1].folder


def test_what_is_prepared_is_used_without_importing_the_code(tmp_path, code):
    first = prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data")
    sys.modules.pop("mine")
    assert prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data") == first
    assert "mine" not in sys.modules


def test_a_data_set_is_prepared_again_when_a_file_that_it_names_changes(tmp_path):
    for value in (1, 7):
        np.save("pixels.npy", np.full((12, 4, 4), value, np.uint8))
        os.utime("pixels.npy", ns=(value, value))
        data = prepare_dataset(dataset(name="mine:from_file"), tmp_path / "data")
        assert data.load()["test"][0].max() == value


def test_a_data_set_is_prepared_again_when_its_code_changes(tmp_path, code):
    before = prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data")
    assert prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data").fingerprint == before.fingerprint
    code.write_text(CODE.replace("* 100", "* 50"))
    sys.modules.pop("mine")
    assert prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data").fingerprint != before.fingerprint


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: MODELS.load("mine:dens"), r"the module \(.*/mine.py\) has no 'dens'; did you mean 'dense'"),
        (lambda: MODELS.load("mine.deeper:dense"), "No module named 'mine.deeper'"),
        (lambda: MODELS.load("mine:SOMETHING")({}, (4, 4, 1), 3), "has to be something that can be called"),
        (
            lambda: MODELS.load("mine:dense")({"unit": 3}, (4, 4, 1), 3),
            r"takes \(input_shape, classes, units=8\); called with the fields \{'unit': 3\}: .*unexpected keyword",
        ),
        (lambda: MODELS.load("mine:no_model")({}, (4, 4, 1), 3), "has to return a keras.Model; it returned a str"),
        (lambda: MODELS.load("mine:one_logit")({}, (4, 4, 1), 3), r"logits of shape \(n, 3\); it gives \(None, 1\)"),
        (lambda: SCHEDULES.load("mine:Count"), "has to be a LearningRateSchedule class; it is the class Count"),
        (lambda: OPTIMIZERS.load("mine:fails"), "has to be a Keras optimizer class; it is a function"),
        (lambda: CALLBACKS.load("mine:fails"), "has to be a Keras callback class; it is a function"),
        (lambda: SCHEDULES.load("mine:Halving").for_training({}, 0.1, 3), "missing a required argument: 'every'"),
        (lambda: OPTIMIZERS.load("mine:Adam")({"learning_rate": 1}, 0.1), "learning_rate is a field of training"),
        (lambda: DATASETS.load("mine:no_arrays")({}, None), "mapping of arrays such as x_train; it returned a list"),
        (lambda: DATASETS.load("mine:no_labels")({}, None), "lacks y_train, x_test, y_test; it may have"),
        (lambda: DATASETS.load("mine:half_a_validation")({}, None), "lacks y_validation"),
        (lambda: DATASETS.load("mine:ragged")({}, None), "x_test has to be an array of one shape; it is a list"),
        (lambda: DATASETS.load("mine:one_file")({}, None), "files has to be a list of paths; it is 'pixels.npy'"),
        (
            lambda: DATASETS.load("mine:run"),
            "comes from the module subprocess, which is not allowed; name subprocess:run and add",
        ),
    ],
)
def test_what_is_wrong_with_it_is_said(use, words):
    with pytest.raises(UserError, match=words) as caught:
        use()
    assert "mine" in str(caught.value)


def test_a_file_that_a_data_set_names_has_to_be_there(tmp_path):
    with pytest.raises(UserError, match=f"{tmp_path}/absent.csv: cannot be read"):
        DATASETS.load("mine:file_that_is_not_there")({}, tmp_path)


def line_of(text):
    return 1 + next(number for number, line in enumerate(CODE.splitlines()) if text in line)


@pytest.mark.parametrize(
    ("use", "line", "words"),
    [
        (lambda: DATASETS.load("mine:fails")({}, None), 'ValueError("no such', "ValueError: no such thing"),
        (lambda: DATASETS.load("mine:leaves")({}, None), "SystemExit", "SystemExit: done"),
        (lambda: MODELS.load("mine:fails_deeper")({}, (4, 4, 1), 3), "len(3)", "TypeError: object of type 'int'"),
        (lambda: SCHEDULES.load("mine:Broken").for_training({}, 0.5, 3), "KeyError", "KeyError: 0.5"),
    ],
)
def test_where_it_failed_is_said_and_the_traceback_kept(code, use, line, words):
    with pytest.raises(own_parts.OwnCodeError) as caught:
        use()
    name = str(caught.value).partition(",")[0]
    assert str(caught.value).startswith(f"{name}, {code}, line {line_of(line)}: {words}")
    printed = "".join(traceback.format_exception(caught.value))
    assert f'File "{code}", line {line_of(line)}' in printed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\ndef (", "line 2: SyntaxError: "),
        ("import keras\n1 / 0", "line 2: ZeroDivisionError: division by zero"),
        ("import absent_library", "line 1: ModuleNotFoundError: No module named 'absent_library'"),
        ("raise SystemExit(3)", "line 1: SystemExit: 3"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told(code, text, words):
    code.write_text(text)
    with pytest.raises(own_parts.OwnCodeError) as caught:
        MODELS.load("mine:dense")
    assert str(caught.value).startswith(f"mine:dense, {code}, {words}")


def test_running_out_of_memory_stays_what_it_is():
    with pytest.raises(MemoryError):
        MODELS.load("mine:too_large")({}, (4, 4, 1), 3)


@pytest.mark.parametrize("name", ["keras.saving:load_model", "keras.utils:get_file"])
@pytest.mark.parametrize("kind", [SCHEDULES, OPTIMIZERS, CALLBACKS], ids=lambda register: register.kind)
def test_what_is_not_a_class_of_its_kind_is_never_called(kind, name):
    with pytest.raises(own_parts.OwnCodeError, match=r"class; it is a function$"):
        kind.load(name)


RUN_CODE = """
import keras, pandas
import numpy as np

def blobs():
    from late_helper import COUNT
    images, labels = np.zeros((COUNT, 28, 28), np.uint8), np.arange(COUNT) % 2
    return {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}

class Same(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, base):
        import late_helper
        self.base = base
    def __call__(self, step):
        return self.base
"""


def test_a_file_of_the_working_folder_takes_no_library_s_place_in_a_run(code, small_text):
    """Neither in this process, nor in the fork server, nor in jobs; the code's own helper is found, also late."""
    for name in ("pandas", "tensorflow", "scipy"):
        (code.parent / f"{name}.py").write_text("open('was_run', 'w'); raise SystemExit('run')\n")
    (code.parent / "late_helper.py").write_text("COUNT = 60\n")
    code.write_text(RUN_CODE)
    text = small_text.replace("{name: digits}", '{name: "mine:blobs"}').replace(
        "{name: constant}", '{name: "mine:Same"}'
    )
    (code.parent / "small.yaml").write_text(text)
    options = ["--allow-code", "mine", "--case", "fast", "--reading", "default", "--seeds", "1"]
    options += ["--set", "timed_seeds=0", "--data", "data", "--no-report"]
    start = "import sys; sys.path.pop(0); from hpbench.cli.main import main; main()"  # as the installed command does
    command = [sys.executable, "-c", start, "run", "small.yaml", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not (code.parent / "was_run").exists()
