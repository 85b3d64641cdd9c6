"""The report of the engine's benchmarks, and the counts and ratios in it, from made-up rows: nothing is timed here."""

import math
import os
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.__main__ import command
from benchmarks.engine.process import ContenderError, Process
from benchmarks.engine.program import MOST_STEPS, Layer, Network, Program
from benchmarks.engine.ratios import operations, ratio, state_bytes
from benchmarks.engine.report import SECTIONS, EngineReport, Opening
from benchmarks.engine.speed_tables import interval, met
from benchmarks.engine.workloads import MOST, NAMED, SQUARED_NORM, of_bundled_benchmarks
from hpbench.definition.load import bundled
from hpbench.errors import UserError

ROOT = Path(__file__).parents[1]
OPENING = Opening("python benchmarks --engine", "2026-11-21", {"CPU": "a processor"})


def filled(*sections):
    report = EngineReport()
    for section in sections:
        report.record(section, f"table of {section}", ["what", "how much"], [("one", 1)], ["A note."])
    return report


def test_sections_stand_in_their_order_whatever_order_they_were_recorded_in():
    text = filled(*reversed(SECTIONS)).markdown(OPENING)
    places = [text.index(f"\n## {section.capitalize()}\n") for section in SECTIONS]
    assert places == sorted(places)
    assert "Not run" not in text
    assert "a processor" in text
    assert "- A note." in text


def test_rows_of_one_title_make_one_table_and_a_note_is_said_once():
    report = filled(SECTIONS[0])
    report.record(SECTIONS[0], f"table of {SECTIONS[0]}", ["what", "how much"], [("a | b", 2)], ["A note.", "Another."])
    text = report.markdown(OPENING)
    assert text.count("### ") == 1
    assert text.count("A note.") == 1
    assert "Another." in text
    assert "a \\| b" in text


def test_calibration_stands_before_the_sections():
    report = filled(*SECTIONS)
    report.calibration.append(("triad", "10 GB/s"))
    text = report.markdown(OPENING)
    assert text.index("10 GB/s") < text.index("## Speed of a step")


def test_a_part_of_the_report_says_at_the_top_what_is_missing():
    text = filled(SECTIONS[1]).markdown(Opening("c", "d", {}, left_out=("test_a", "test_b"), failed=("test_c",)))
    top = text[: text.index("```")]
    assert "Failed: test_c" in top
    assert "Not run: sections speed of a step, jobs and tool, planted checks; 2 tests" in top


@pytest.mark.parametrize(
    ("section", "columns", "row", "message"),
    [
        ("speed", ["a"], ["1"], "no section 'speed'"),
        (SECTIONS[0], ["a", "b"], ["1"], "2 columns, but a row of 1"),
        (SECTIONS[1], ["other", "columns"], ["1", "2"], "the rows to add have"),
    ],
)
def test_rows_that_do_not_fit_are_refused(section, columns, row, message):
    with pytest.raises(ValueError, match=message):
        filled(SECTIONS[1]).record(section, f"table of {SECTIONS[1]}", columns, [row])


def test_a_ratio_is_the_geometric_mean_with_students_interval_on_logarithms():
    suite = {0: 10.0, 1: 12.0, 2: 11.0, 3: 30.0, 4: 10.0}
    rival = {0: 21.0, 1: 23.0, 3: 66.0, 9: 5.0}
    logs = np.log([21 / 10, 23 / 12, 66 / 30])
    low, high = stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs))
    found = ratio(rival, suite)
    assert found.n == 3
    np.testing.assert_allclose([found.mean, found.low, found.high], np.exp([logs.mean(), low, high]), rtol=1e-12)
    assert interval(found) == f"{found.mean:.3g} [{found.low:.3g}, {found.high:.3g}]"


def test_two_rounds_give_no_interval():
    found = ratio({0: 2.0, 1: 8.0}, {0: 1.0, 1: 1.0})
    assert found.mean == pytest.approx(4)
    assert math.isnan(found.low)
    assert interval(found) == "4"


def test_reaching_the_target_is_meeting_it():
    assert [met(value, 0.97) for value in (0.97, 0.96)] == ["met", "missed"]
    assert met(math.nan, 0.97) == "missed"


def network(*kernels, slots=0):
    layers = tuple(Layer("Dense" if places == 1 else "Conv2D", shape, places, (), {}) for shape, places in kernels)
    trainable = sum(math.prod(shape) + shape[-1] for shape, _ in kernels)
    return Network((*layers, Layer("Flatten", (), 0, (), {})), [], trainable, slots * trainable)


def test_operations_of_caffes_lenet():
    """By hand: conv1 24 x 24 places, conv2 8 x 8; forward 2.293 million multiply-adds an image, 288,000 in conv1."""
    lenet = network(((5, 5, 1, 20), 576), ((5, 5, 20, 50), 64), ((800, 500), 1), ((500, 10), 1))
    assert operations(lenet, 64) == 2 * 64 * (3 * (288_000 + 1_600_000 + 400_000 + 5_000) - 288_000)


def test_bytes_of_the_office_net_with_adam():
    """Nine passes over 11.6 million float32: the design's first trials say about 420 MB a step."""
    sizes = (30_000, 384, 192, 64, 32, 10)
    office = network(*(((a, b), 1) for a, b in pairwise(sizes)), slots=2)
    assert state_bytes(office) == 4 * 9 * office.trainable
    assert state_bytes(office) == pytest.approx(420e6, rel=0.01)


class Counted(Program):
    """A step takes a millisecond, by its own account."""

    unit = 15

    def prepare(self, steps):
        self.steps = steps

    def start(self):
        pass

    def run(self):
        pass

    def weights(self):
        return []

    def window(self):
        return self.steps * 1e-3


@pytest.mark.parametrize(("seconds", "steps"), [(0.9, 900), (0.02, 15), (0.06, 60), (60, MOST_STEPS)])
def test_windows_are_about_as_long_as_asked_and_whole_epochs(seconds, steps):
    found, taken = Counted().size(60, seconds)
    assert found == pytest.approx(steps, rel=0.01)
    assert found % 15 == 0
    assert taken == pytest.approx(found * 1e-3)


def refuse():
    raise UserError("not here")


def state(process):
    """As the kernel has it: ``T`` is stopped."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_contenders_process_stands_still_unless_it_is_asked():
    with Process("collections:Counter", {}, threads=1, forked=False) as process:
        process.ask("update", "aab")
        assert process.ask("most_common", 1) == [("a", 2)]
        with pytest.raises(ContenderError, match="no_such_method"):
            process.ask("no_such_method")
        deadline = time.monotonic() + 10
        while state(process.pid) != "T" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert state(process.pid) == "T"
    assert not Path(f"/proc/{process.pid}").exists()


def test_a_contenders_failure_is_told():
    with (
        Process("builtins:open", {"file": "/no/such/file"}, threads=1, forked=False) as process,
        pytest.raises(ContenderError, match="FileNotFoundError"),
    ):
        process.ask("read")
    with (
        Process(f"{__name__}:refuse", {}, threads=1, forked=False) as process,
        pytest.raises(UserError, match="not here"),
    ):
        process.ask("read")


def test_every_benchmark_s_models_are_measured_each_once_and_of_many_some():
    found = of_bundled_benchmarks()
    keys = [(str(w.dataset), str(w.model), str(w.optimizer), w.batch_size) for w in found]
    assert len(set(keys)) == len(keys)
    by_benchmark = Counter(w.name.split()[0] for w in found)
    assert by_benchmark.keys() == bundled().keys()
    assert max(by_benchmark.values()) <= MOST
    lenet = [w for w in found if w.name.startswith("lenet-batch-lr ")]
    assert {(w.model["variant"], w.batch_size) for w in lenet} == {
        (variant, size) for variant in ("caffe", "lenet-5") for size in (32, 64, 128)
    }
    curves = [w.name for w in found if w.name.startswith("learning-curves ")]
    assert curves
    assert all(name.endswith("healthy") for name in curves)


@pytest.mark.parametrize("workload", NAMED, ids=lambda workload: workload.name)
def test_generated_images_are_the_same_in_every_process_and_of_one_size(workload):
    (images, labels), (again, _) = workload.images(), workload.images()
    assert images.dtype == np.float32
    assert (images == again).all()
    assert set(labels) == set(range(workload.classes))
    norms = np.square(images.astype(np.float64)).reshape(len(images), -1).sum(1)
    assert norms.mean() == pytest.approx(SQUARED_NORM, rel=1e-3)
    assert (workload.batches(40)[:15] == workload.batches(15)).all()


def test_what_follows_engine_goes_to_pytest_and_the_rest_to_hpbench_run():
    words = command(["lenet-batch-lr", "--profile", "smoke"])
    assert words[:2] == ["hpbench", "run"]
    assert words[-3:] == ["lenet-batch-lr", "--profile", "smoke"]
    words = command(["--engine", "-k", "few-shot"])
    assert words[0] == "pytest"
    assert words[-3:] == ["benchmarks", "-k", "few-shot"]
    assert "--benchmark-enable" in words


SESSION = """
import pytest

@pytest.mark.parametrize("section", ["speed of a step", "bundled models", "jobs and tool", "planted checks"])
def test_section(section, engine_report):
    engine_report.record(section, "t", ["a"], [["1"]])

def test_other():
    {body}
"""


def session(folder, *arguments, body="pass"):
    (folder / "test_made_up.py").write_text(SESSION.format(body=body), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-p", "benchmarks.conftest", "-p", "no:cacheprovider", "-q", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_only_a_whole_run_takes_the_place_of_the_report(tmp_path):
    whole, part = tmp_path / "reports/engine.md", tmp_path / "build/engine.md"
    done = session(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    text = whole.read_text(encoding="utf-8")
    assert "Not run" not in text
    assert "report: reports/engine.md" in done.stdout
    assert not part.exists()

    session(tmp_path, "-k", "section")
    assert "Not run: 1 tests" in part.read_text(encoding="utf-8")
    assert session(tmp_path, body="assert False").returncode == 1
    assert "Failed: test_other" in part.read_text(encoding="utf-8")
    assert whole.read_text(encoding="utf-8") == text

    session(tmp_path, "-k", "speed", "--engine-report", "mine.md")
    mine = (tmp_path / "mine.md").read_text(encoding="utf-8")
    assert "Not run: sections bundled models, jobs and tool, planted checks" in mine


def test_without_rows_there_is_no_report(tmp_path):
    session(tmp_path, "-k", "other")
    assert not (tmp_path / "reports").exists()
    assert not (tmp_path / "build").exists()
