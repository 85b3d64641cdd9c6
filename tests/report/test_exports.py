import csv
import io
import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pytest_benchmark.stats import Stats

from benchmarks.__main__ import command as bench_command
from hpbench.cli.main import hpbench as cli
from hpbench.records.tables import OBSERVATION_COLUMNS, TRIAL_COLUMNS, RunTables
from hpbench.report.exports.csv_table import COLUMNS, lines
from hpbench.report.exports.pytest_benchmark import document, stats
from hpbench.report.facts import gather
from hpbench.report.formats import FORMATS
from tests.report import example
from tests.report.test_json import strict

NAMES = {
    "markdown": {"lenet-batch-lr.md"},
    "json": {"lenet-batch-lr.json"},
    "pytest-benchmark": {"lenet-batch-lr.pytest-benchmark.json"},
    "github-action-benchmark": {"lenet-batch-lr.bigger-is-better.json", "lenet-batch-lr.smaller-is-better.json"},
    "csv": {"lenet-batch-lr.csv"},
}


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    """Format to the folder that it was written to, and what that gave back."""
    folders = {name: tmp_path_factory.mktemp(name) for name in FORMATS}
    return {name: (folders[name], known.load()(run.facts, folders[name])) for name, known in FORMATS.items()}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_it_wrote_and_writes_whole_files_of_the_benchmark_s_name(name, written):
    folder, files = written[name]
    assert {path for path in folder.rglob("*") if path.is_file()} == set(files)
    assert {path.name for path in files if path.parent == folder} == NAMES[name]
    assert not list(folder.rglob("*.part"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_bytes_again(name, run, written, tmp_path):
    folder, files = written[name]
    FORMATS[name].load()(run.facts, tmp_path)
    assert all((tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes() for path in files)


@pytest.mark.parametrize("name", FORMATS)
def test_every_json_is_strict(name, written):
    for path in written[name][1]:
        if path.suffix == ".json":
            strict(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("verb", ["run", "report"])
def test_the_verbs_offer_every_format_and_its_reader(verb):
    text = " ".join(CliRunner().invoke(cli, [verb, "--help"], terminal_width=1000).output.split())
    assert all(name in text and known.reader in text for name, known in FORMATS.items())


def test_tox_writes_for_pytest_benchmark_too():
    words = bench_command(["lenet-batch-lr", "--profile", "smoke"])
    assert "--format=pytest-benchmark" in words
    assert words[-3:] == ["lenet-batch-lr", "--profile", "smoke"]


# --- pytest-benchmark ---


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30))
def test_the_statistics_are_pytest_benchmark_s_own(seconds):
    theirs = Stats()
    for value in seconds:
        theirs.update(value)
    ours = stats(seconds)
    fields = [field for field in Stats.fields if field != "hd15iqr"]
    assert {field: ours[field] for field in fields} == {field: theirs.as_dict()[field] for field in fields}
    assert ours["hd15iqr"] == max(v for v in seconds if v <= ours["q3"] + 1.5 * ours["iqr"])  # wrong there before 5.3
    assert ours["data"] == seconds


def test_a_timed_case_is_a_benchmark_and_a_timed_seed_a_round(run):
    found = {one["param"]: one for one in document(run.facts)["benchmarks"]}
    timed = run.tables.observations.query("metric == 'seconds_per_100_iterations' and reading == 'default'")
    assert set(found) == set(timed["case"])
    mine = timed.query("case == 'CASE2'").sort_values("seed")["value"].tolist()
    case = found["CASE2"]
    assert case["stats"]["data"] == mine
    assert case["stats"]["mean"] == pytest.approx(statistics.fmean(mine))
    assert case["extra_info"]["metric"] == "seconds_per_100_iterations"
    accuracy = run.tables.observations.query("case == 'CASE2' and reading == 'default' and metric == 'test_accuracy'")
    last = accuracy.sort_values("iteration").groupby("seed")["value"].last()
    assert case["extra_info"]["test_accuracy"] == pytest.approx(last.mean())
    assert case["extra_info"]["host_memory_training"] > 0
    assert case["extra_info"]["device_memory_peak.GPU-2222"] == 2e8


def test_where_100_iterations_have_no_time_the_training_s_stands_in_a_table_of_its_own(run):
    seen = run.tables.observations
    gone = (seen["metric"] == "seconds_per_100_iterations") & (seen["case"] == "CASE2")
    facts = gather(replace(run.tables, observations=seen[~gone]), run.resolved)
    found = {one["param"]: one for one in document(facts)["benchmarks"]}
    assert found["CASE2"]["group"] == "lenet-batch-lr, seconds_training"
    assert found["CASE1"]["group"] == "lenet-batch-lr, seconds_per_100_iterations"


def test_machine_and_commit_stand_under_pytest_benchmark_s_names_without_a_host(run):
    machine = {"commit": "cfefcc3a0b1c (changed)", "system": "Linux 6.1 x86_64", "Python": "CPython 3.11.4"}
    facts = gather(replace(run.tables, machine=machine | {"CPU": "A processor"}), run.resolved)
    found = document(facts)
    assert (found["commit_info"]["id"], found["commit_info"]["dirty"]) == ("cfefcc3a0b1c", True)
    known = {"node": "", "system": "Linux", "release": "6.1", "machine": "x86_64", "python_version": "3.11.4"}
    assert known.items() <= found["machine_info"].items()
    assert found["machine_info"]["cpu"]["brand_raw"] == "A processor"
    assert document(run.facts)["commit_info"]["id"] == "unversioned"


def test_pytest_benchmark_compares_two_of_them(run, tmp_path):
    """The tool itself, on a run and on one whose every time is doubled."""
    seen = run.tables.observations
    slower = seen.assign(value=seen["value"].where(~seen["metric"].str.startswith("seconds"), seen["value"] * 2))
    for name, observations in (("before", seen), ("after", slower)):
        facts = gather(replace(run.tables, observations=observations), run.resolved)
        FORMATS["pytest-benchmark"].load()(facts, tmp_path / name)
    files = [str(tmp_path / name / "lenet-batch-lr.pytest-benchmark.json") for name in ("before", "after")]
    words = [sys.executable, "-m", "pytest_benchmark", "compare", *files, "--csv=table.csv", "--columns=mean,rounds"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300, env=plain())
    assert done.returncode == 0, done.stderr
    rows = re.findall(
        r"lenet-batch-lr\[(\w+)\] \((?:\w+/)?(before|after)[^)]*\) +([\d.,]+) .*?(\d+) *$", done.stdout, re.MULTILINE
    )
    means = {(case, which): float(mean.replace(",", "")) for case, which, mean, _ in rows}
    assert len(means) == 2 * len({case for case, _ in means}) == 2 * len(document(run.facts)["benchmarks"])
    assert all(means[case, "after"] == pytest.approx(2 * means[case, "before"], rel=1e-3) for case, _ in means)
    assert {case: count for case, _, _, count in rows} == {case: "2" if case == "CASE9" else "3" for case, _ in means}
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(means)
    assert {row["param:case"] for row in table} == {case for case, _ in means}


def plain():
    """The environment without what pytest puts into it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")} | {"COLUMNS": "200"}


# --- github-action-benchmark ---


def test_accuracy_is_bigger_is_better_time_and_memory_smaller_is_better(written, run):
    folder, _ = written["github-action-benchmark"]
    bigger, smaller = (
        json.loads((folder / f"lenet-batch-lr.{way}-is-better.json").read_text(encoding="utf-8"))
        for way in ("bigger", "smaller")
    )
    for entry in (*bigger, *smaller):
        assert {"name", "unit", "value"} <= set(entry) <= {"name", "unit", "value", "range", "extra"}
        assert isinstance(entry["value"], float)
    assert {entry["unit"] for entry in bigger} == {"fraction"}
    assert {entry["unit"] for entry in smaller} == {"s", "B"}
    (case,) = (entry for entry in bigger if entry["name"] == "lenet-batch-lr: CASE1: test_accuracy")
    (row,) = (r for r in run.facts.rows if (r.case, r.reading, r.metric) == ("CASE1", "default", "test_accuracy"))
    assert case["value"] == pytest.approx(row.mean)
    assert case["extra"] == f"mean of {row.n} seeds, profile quick"
    assert re.fullmatch(r"± [\d.e-]+", case["range"])
    assert len({entry["name"] for entry in bigger}) == len(bigger)


def test_without_timed_cases_there_is_no_file_of_costs_and_an_old_one_goes(tmp_path):
    resolved = example.resolved(cases=("CASE1",))
    facts = gather(example.tables(resolved, timed=0), resolved)
    (tmp_path / "lenet-batch-lr.smaller-is-better.json").touch()
    (one,) = FORMATS["github-action-benchmark"].load()(facts, tmp_path)
    assert one.name == "lenet-batch-lr.bigger-is-better.json"
    assert list(tmp_path.iterdir()) == [one]


# --- CSV ---

WORDS = st.text(min_size=1, max_size=8)


def tables(case, metric, values):
    trials = pd.DataFrame([(case, "default", 0, "ok", True, "", False, 1.0)], columns=list(TRIAL_COLUMNS))
    rows = [(case, "default", 0, metric, float(i) if i else np.nan, v, "{}") for i, v in enumerate(values)]
    observations = pd.DataFrame(rows, columns=list(OBSERVATION_COLUMNS)).astype({"value": float, "iteration": float})
    return RunTables(trials, observations, {}, {}, {}, "", "")


def table(text):
    return pd.read_csv(io.StringIO(text), converters={"value": float})


@given(st.lists(st.floats(allow_subnormal=True), min_size=1, max_size=20))
def test_pandas_reads_the_same_bits_back(values):
    read = table("".join(lines(("small", 1, "quick"), tables("a", "test_loss", values))))
    written = np.array([np.nan if np.isnan(value) else value for value in values])
    assert tuple(read.columns) == COLUMNS
    assert read["value"].to_numpy().tobytes() == written.tobytes()
    assert read["iteration"].isna().tolist()[0]
    assert read["iteration"].tolist()[1:] == list(range(1, len(values)))


@given(WORDS, WORDS)
def test_no_text_begins_a_formula_or_a_line(case, metric):
    text = "".join(lines(("small", 1, "quick"), tables(case, metric, [-1.5, 2.0])))
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 3
    for row in rows[1:]:
        assert len(row) == len(COLUMNS)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row[:-1])
    assert [row[-1] for row in rows[1:]] == ["-1.5", "2.0"]


def test_every_value_of_the_run_is_a_row(run, written):
    folder, _ = written["csv"]
    read = table((folder / "lenet-batch-lr.csv").read_text(encoding="utf-8"))
    assert len(read) == len(run.tables.observations)
    assert read["value"].tolist() == pytest.approx(run.tables.observations["value"].tolist(), nan_ok=True)
    diverged = read.query("case == 'CASE8' and seed == 1 and reading == 'default'")
    assert set(diverged["outcome"]) == {"diverged"}
    assert set(read.query("metric == 'host_memory_training'")["unit"]) == {"B"}
