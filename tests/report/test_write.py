import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpbench.report.index import index, write_index
from hpbench.report.write import write
from tests.report import example
from tests.report.reading import tables

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import sys
from pathlib import Path
from hpbench.report.write import write
from tests.report import example
resolved = example.resolved(changes={"timed_seeds": 3})
write(example.tables(resolved), resolved, Path(sys.argv[1]))
"""


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def small():
    resolved = example.resolved(cases=("CASE1", "CASE2"))
    return example.tables(resolved), resolved


def test_same_bytes_again_and_in_another_process(run, tmp_path):
    """The second time here, for ``run`` has been drawn, and the first time there."""
    write(run.tables, run.resolved, tmp_path / "again")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "other")], check=True, env=environment, cwd=ROOT)
    assert contents(tmp_path / "again") == contents(tmp_path / "other")


def test_it_says_what_it_wrote(small, tmp_path):
    written = write(*small, tmp_path)
    assert {path.name for path in written} >= {"lenet-batch-lr.md", "lenet-batch-lr.json", "README.md", "figure-4.svg"}
    assert set(written) == {path for path in tmp_path.rglob("*") if path.is_file()}


def test_figures_of_an_earlier_report_go_and_other_files_stay(small, tmp_path):
    folder = tmp_path / "lenet-batch-lr"
    folder.mkdir()
    (folder / "old.svg").touch()
    (folder / "notes.txt").touch()
    (tmp_path / "other.svg").touch()
    write(*small, tmp_path)
    assert not (folder / "old.svg").exists()
    assert (folder / "notes.txt").exists()
    assert (tmp_path / "other.svg").exists()


def test_only_what_is_asked_for(small, tmp_path):
    assert {path.name for path in write(*small, tmp_path, ("json",))} == {"lenet-batch-lr.json", "README.md"}
    with pytest.raises(ValueError, match="no report format pdf"):
        write(*small, tmp_path, ("pdf",))


def test_the_index_lists_reports_and_skips_foreign_files(small, tmp_path):
    write(*small, tmp_path)
    export = json.loads((tmp_path / "lenet-batch-lr.json").read_text(encoding="utf-8"))
    foreign = {
        "text.json": "no json",
        "list.json": "[1, 2]",
        "empty.json": "",
        "deep.json": "[" * 100_000,
        "later.json": json.dumps(export | {"format": 99}),
        "renamed.json": json.dumps(export),
        "half.json": json.dumps({"format": 1, "benchmark": "half"}),
        "wrong.json": json.dumps(export | {"benchmark": "wrong", "claims": 3}),
    }
    for name, text in foreign.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{")
    other = export | {"benchmark": "another", "title": "a | b"}
    (tmp_path / "another.json").write_text(json.dumps(other, indent=2, sort_keys=True), encoding="utf-8")
    write(*small, tmp_path)
    (rows,) = tables((tmp_path / "README.md").read_text(encoding="utf-8"))
    assert [row["benchmark"] for row in rows] == ["another", "[lenet-batch-lr](lenet-batch-lr.md)"]
    assert rows[0]["title"] == r"a \| b"
    verdicts = [claim["verdict"] for claim in export["claims"] if claim["reading"] == "default"]
    assert rows[1]["not measured"] == str(verdicts.count("not-measured"))
    assert rows[1]["run"] == "2025-01-02T03:04:05Z"


def test_the_row_of_a_report_without_its_export_stays_until_the_report_goes(small, tmp_path):
    write(*small, tmp_path)
    before = (tmp_path / "README.md").read_text()
    (tmp_path / "lenet-batch-lr.json").unlink()
    write_index(tmp_path)
    assert (tmp_path / "README.md").read_text() == before
    (tmp_path / "lenet-batch-lr.md").unlink()
    write_index(tmp_path)
    assert "lenet-batch-lr" not in (tmp_path / "README.md").read_text()


def test_the_index_reads_no_further_than_the_claims(small, tmp_path):
    """With many trials there is a hundred times as much behind them."""
    write(*small, tmp_path, ("json",))
    whole, path = index(tmp_path), tmp_path / "lenet-batch-lr.json"
    claims, line, _ = path.read_text(encoding="utf-8").partition('"comparisons": [\n')
    path.write_text(claims + line, encoding="utf-8")
    assert "lenet-batch-lr" in whole
    assert index(tmp_path) == whole


def test_a_readme_of_somebody_else_stays(small, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Mine\n", encoding="utf-8")
    assert readme not in write(*small, tmp_path)
    assert readme.read_text(encoding="utf-8") == "# Mine\n"
