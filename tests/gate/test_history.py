import json
import re

import pytest
from click.testing import CliRunner

from hpbench.cli.main import hpbench
from hpbench.gate.history import HistoryError, append, entry, is_followed, read
from hpbench.gate.history_report import analysed, chart, write

ACCURACY = ("CASE1", "default", "test_accuracy")
TIME = ("CASE1", "default", "seconds_per_100_iterations")
COMMITS = [f"{number:07x}00000" for number in range(0xAAA0000, 0xAAA0000 + 24)]


def gated(number, accuracy=(0.9, 0.92), seconds=(2.0,), machine="feed12345678", benchmark="small", **others):
    values = {ACCURACY: accuracy, TIME: seconds}
    facts = {"commit": COMMITS[number]} | others.pop("facts", {})
    return entry(benchmark, 1, "smoke", f"2025-01-{number + 1:02}T00:00:00+00:00", facts, machine, values, **others)


@pytest.fixture
def path(tmp_path):
    """A history in which the time doubles at the run with number 12."""
    found = tmp_path / "history.jsonl"
    for number in range(24):
        append(found, [gated(number, seconds=(2.0 + number % 3 / 10 + 2.0 * (number >= 12), 2.1))])
    return found


def test_a_run_is_a_line_with_mean_spread_and_n(tmp_path):
    path = tmp_path / "folder" / "history.jsonl"
    assert append(path, [gated(0, facts={"commit": f"{COMMITS[0]} (changed)"}, outcome="regression")]) == ""
    (line,) = path.read_text(encoding="utf-8").splitlines()
    found = json.loads(line)
    assert (found["commit"], found["dirty"], found["machine"]) == (COMMITS[0], True, "feed12345678")
    assert found["outcome"] == "regression"
    accuracy, seconds = found["values"]
    assert accuracy["mean"] == pytest.approx(0.91)
    assert accuracy["spread"] == pytest.approx(0.02 / 2**0.5)
    assert accuracy["n"] == 2
    assert (seconds["metric"], seconds["unit"], seconds["spread"], seconds["n"]) == (TIME[2], "s", 0.0, 1)


def test_values_that_are_not_finite_do_not_count(tmp_path):
    one = gated(0, accuracy=(0.5, None, float("nan")), seconds=(float("inf"),))
    assert [(value.metric, value.n) for value in one.values] == [("test_accuracy", 1)]


def test_appending_keeps_what_is_there_and_a_run_only_once(path):
    before = path.read_text(encoding="utf-8")
    append(path, [gated(3), gated(5)])
    assert path.read_text(encoding="utf-8") == before
    append(path, [gated(3, machine="other"), gated(3, benchmark="another")])
    assert path.read_text(encoding="utf-8").startswith(before[:1000])
    assert len(read(path).entries) == 26


def test_a_damaged_last_line_is_told_and_kept_aside(path):
    whole = path.read_text(encoding="utf-8")
    cut = whole[:-40]
    path.write_text(cut, encoding="utf-8")
    assert len(read(path).entries) == 23
    assert path.read_text(encoding="utf-8") == cut
    told = append(path, [gated(23)])
    assert "line 24: not readable" in told
    assert "history.jsonl.damaged" in told
    assert path.with_name("history.jsonl.damaged").read_text(encoding="utf-8") == cut.splitlines()[-1] + "\n"
    assert len(path.read_text(encoding="utf-8").splitlines()) == 24
    assert append(path, [gated(22)]) == ""


def test_another_file_and_one_of_a_newer_format_are_refused_and_stay(tmp_path):
    newer = {**gated(0).model_dump(), "format": 2}
    for name, text in {"text": "something else\n", "newer": json.dumps(newer) + "\n"}.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with pytest.raises(HistoryError):
            append(path, [gated(1)])
        assert path.read_text(encoding="utf-8") == text
    with pytest.raises(HistoryError, match="no history in"):
        read(tmp_path / "none")


def test_a_write_that_fails_leaves_the_history_as_it_was(path, monkeypatch):
    before = path.read_bytes()

    def fail(self, target):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="no space"):
        append(path, [gated(0, machine="other")])
    assert path.read_bytes() == before


def test_series_are_apart_by_machine_benchmark_and_metric(path):
    append(path, [gated(number, machine="other") for number in (0, 1)])
    series = read(path).series()
    counts = {(place.machine[:4], place.metric): len(points) for place, points in series.items()}
    assert counts == {("feed", ACCURACY[2]): 24, ("feed", TIME[2]): 24, ("othe", ACCURACY[2]): 2, ("othe", TIME[2]): 2}


def test_what_is_followed():
    assert is_followed("test_accuracy.item")
    assert is_followed("device_memory_peak.GPU-1")
    assert not is_followed("weight_norm.dense")
    assert is_followed("weight_norm.dense", gated=("weight_norm.dense",))


def test_the_change_is_found_in_its_series_alone(path):
    found = {one.place.metric: one for one in analysed(read(path))}
    (change,) = found[TIME[2]].changes
    assert change.start == 12
    assert found[ACCURACY[2]].changes == []


def test_the_page_has_the_change_the_chart_and_every_series(path, tmp_path):
    written = write(analysed(read(path)), tmp_path / "out")
    page = (tmp_path / "out" / "history.md").read_text(encoding="utf-8")
    assert {found.name for found in written} == {
        "history.md", "small-1-smoke-feed12345678-test-accuracy.svg",
        "small-1-smoke-feed12345678-seconds-per-100-iterations.svg",
    }  # fmt: skip
    links = re.findall(r"\]\((history/[^)]+)\)", page)
    assert len(links) == 2
    assert all((tmp_path / "out" / link).exists() for link in links)
    changes, _, every = page.partition("## Charts")
    assert f"at {COMMITS[12][:7]} from 2.10 to 3.10 (+47.6 %" in changes
    assert "accuracy" not in changes
    assert every.count("| small v1") == 2


def test_charts_of_an_earlier_history_go(path, tmp_path):
    write(analysed(read(path)), tmp_path)
    write(analysed(read(path), metrics=["test_accuracy"]), tmp_path)
    assert [found.name for found in (tmp_path / "history").iterdir()] == [
        "small-1-smoke-feed12345678-test-accuracy.svg"
    ]


def test_the_chart_has_every_run_and_a_mark_at_the_change(path):
    (one,) = analysed(read(path), metrics=[TIME[2]])
    svg = chart([one])
    assert svg == chart([one])
    assert COMMITS[12][:7] in svg
    assert svg.count('aria-roledescription="point"') == 24 + 1
    assert "(s)" in svg


def test_runs_of_one_commit_and_changed_ones_are_told_apart(tmp_path):
    path = tmp_path / "history.jsonl"
    dirty = {"commit": f"{COMMITS[2]} (changed)"}
    append(
        path,
        [gated(0), gated(1, facts={"commit": COMMITS[0]}), gated(2, facts=dirty), gated(3, facts={"commit": "none"})],
    )
    one, *_ = analysed(read(path))
    first = COMMITS[0][:7]
    assert one.labels() == [first, f"{first} (2)", f"{COMMITS[2][:7]}*", "2025-01-04T00:00:00+00:00"]


def test_other_settings_are_another_series(tmp_path):
    path = tmp_path / "history.jsonl"
    append(path, [gated(0), *(gated(n, settings={ACCURACY[:2]: f"{n // 3}" * 8}) for n in range(1, 6))])
    lines = [one.line for one in analysed(read(path), metrics=["test_accuracy"])]
    assert lines == ["CASE1, settings not known", "CASE1, settings 00000000", "CASE1, settings 11111111"]
    assert [len(one.points) for one in analysed(read(path), metrics=["test_accuracy"])] == [1, 2, 3]
    assert [one.line for one in analysed(read(path), metrics=[TIME[2]])] == lines
    assert chart(analysed(read(path))).count("settings 11111111") >= 1


def test_the_command_prints_the_table_and_says_what_it_cannot_read(path, tmp_path):
    with path.open("a", encoding="utf-8") as file:
        file.write('{"format": 1, "bench')
    done = CliRunner().invoke(hpbench, ["history", str(path), "--output", str(tmp_path / "out"), "--changed"])
    assert done.exit_code == 0
    assert "line 25: not readable" in done.stderr
    assert "time, per 100 iterations (s)" in done.stdout
    assert "at " + COMMITS[12][:7] in done.stdout
    assert "accuracy" not in done.stdout
    assert f"wrote {tmp_path / 'out' / 'history.md'}" in done.stdout
    for words in (["other"], ["--metric", "other"]):
        wrong = CliRunner().invoke(hpbench, ["history", str(path), *words])
        assert "it holds runs of small, with test_accuracy, seconds_per_100_iterations" in str(wrong.exception)


def test_the_summary_of_a_ci_job_has_the_changes_and_folds_every_series(path, tmp_path):
    file = tmp_path / "summary.md"
    done = CliRunner().invoke(
        hpbench, ["history", str(path), "--output", str(tmp_path)], env={"GITHUB_STEP_SUMMARY": str(file)}
    )
    assert done.exit_code == 0, done.output
    changes, _, every = file.read_text(encoding="utf-8").partition("<summary>History: 2 series</summary>")
    assert changes.startswith("## History\n")
    assert "from 2.10 to 3.10" in changes
    assert every.count("| small v1") == 2
    assert "![" not in changes + every


def test_a_history_behind_a_link_is_appended_to(path, tmp_path):
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    append(link, [gated(0, machine="other")])
    assert link.is_symlink()
    assert len(read(path).entries) == 25
