import math
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import pytest
from scipy import stats

from benchmarks.__main__ import command
from benchmarks.gate import load, report, running, study
from benchmarks.gate.planted import HELD, LOOP, PlantingError, faulty, planted_copy
from benchmarks.gate.pool import (
    ACCURACY,
    AGAIN,
    ARMS,
    BUSY,
    MEMORY,
    METRICS,
    NORMAL,
    QUIET,
    TIME,
    WORSE,
    Row,
    blocks_of,
    of_store,
    read_rows,
    write_rows,
)
from benchmarks.gate.running import Circumstances, export, make_pool
from benchmarks.gate.sampling import NOTHING, draw, needs, of_arm, sample
from benchmarks.gate.targets import bounds, targets
from hpbench.definition.load import bundled, read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.gate.decide import Verdict
from hpbench.gate.outcome import Outcome
from hpbench.gate.plan import CAUGHT
from hpbench.gate.sides import BenchmarkSide, CaseSide

ROOT = Path(__file__).resolve().parents[1]


def base():
    """A side without values, as a pool's circumstances have it."""
    definition = Resolved(read(running.WORKLOAD), Selection(profile="full")).definition
    case = CaseSide(settings="s", data="d", code="c", curves={}, values={})
    return BenchmarkSide(
        version=1,
        file="workload.yaml",
        profile="full",
        selection={},
        created="2026-11-22T00:00:00+00:00",
        backend="tensorflow",
        precision="float32",
        data="digits",
        machine={"CPU": "made up"},
        machine_id="m",
        gated=definition.gated,
        cases={"base": {"default": case}},
    )


def made_up(pool=QUIET, blocks=60, slower=0.1, more=HELD, load=0.0, noise=0.02):
    """Rows in which a seed's runs share most of what makes them differ; the machine becomes slower by and by."""
    draws = Random(f"{pool} {noise}")
    rows = []
    for block in range(blocks):
        seconds, accuracy = 0.5 * (1 + block / blocks / 5) * draws.gauss(1, 0.05), draws.gauss(0.96, 0.005)
        for position, arm in enumerate(ARMS, start=1):
            worse = arm == WORSE
            time = seconds * draws.gauss(1, noise) * (1 + slower * worse)
            memory = 6e7 + draws.gauss(0, 1e6) + more * worse
            rows.append(Row(pool, block + 1, arm, position, block, "2026-11-22", time, memory, accuracy, load))
    return rows


def test_the_workload_is_no_bundled_benchmark_and_the_planted_is_two_thresholds():
    assert "workload" not in " ".join(bundled())
    gated = {entry.metric: entry.threshold for entry in base().gated}
    assert gated == {TIME: 0.1 / CAUGHT, MEMORY: HELD / CAUGHT, ACCURACY: 0.015 / CAUGHT}


def test_what_follows_gate_goes_to_the_calibration():
    assert command(["--gate", "--report-only"]) == ["benchmarks.gate", "--report-only"]


def test_the_fault_fits_into_the_loop_as_it_is():
    source = (ROOT / LOOP).read_text(encoding="utf-8")
    patched = faulty(source)
    compile(patched, str(LOOP), "exec")
    assert f"np.ones({HELD}" in patched
    with pytest.raises(PlantingError, match="0 times"):
        faulty(patched)
    with pytest.raises(PlantingError, match="2 times"):
        faulty(source + source)


def test_rows_come_back_from_a_file_with_the_same_bits(tmp_path):
    rows = made_up(blocks=3)
    rows.append(replace(rows[0], block=4, other_load=math.nan))
    write_rows(tmp_path / "runs.csv", rows)
    found = read_rows(tmp_path / "runs.csv")
    assert found[:-1] == rows[:-1]
    assert math.isnan(found[-1].other_load)
    assert [len(block) for block in blocks_of(found, QUIET)] == [3, 3, 3, 1]
    assert not blocks_of(found, BUSY)


def test_of_each_two_intervals_one_has_load():
    order = list(islice(load.turns(1), 200))
    pairs = list(zip(order[::2], order[1::2], strict=True))
    assert all(first != second for first, second in pairs)
    assert 20 < sum(first for first, _ in pairs) < 80
    assert order == list(islice(load.turns(1), 200))


def test_a_load_is_logged_and_ends_with_the_block(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "SECONDS", 0.2)
    log = tmp_path / "load.csv"
    parents = iter([1, 1, 1, 1, 2])
    monkeypatch.setattr(load.os, "getppid", lambda: next(parents))
    load.run(1, log)
    found = load.intervals(log)
    assert [loaded for _, _, loaded in found] == list(islice(load.turns(1), 3))
    assert all(0.05 <= end - start < 2 for start, end, _ in found)
    with load.beside(1, tmp_path / "other.csv"):
        pass
    assert load.intervals(tmp_path / "other.csv") == []


def test_sides_are_blocks_in_a_row_with_the_accuracies_of_others():
    blocks = blocks_of(made_up(blocks=20), QUIET)
    for worse in (NOTHING, *METRICS):
        first, second = draw(blocks, 8, worse, Random(3))
        seeds = [row.seed for row in first.times]
        assert all((b - a) % 20 == 1 for a, b in pairwise(seeds))
        assert seeds == [row.seed for row in second.times] == [row.seed for row in second.memories]
        assert len({row.seed for row in (*first.accuracies, *second.accuracies)}) == 16
        arms = {(one.arm, other.arm) for one, other in zip(first.times, second.times, strict=True)}
        assert arms < ({(NORMAL, WORSE), (AGAIN, WORSE)} if worse == TIME else {(NORMAL, AGAIN), (AGAIN, NORMAL)})
        assert len(arms) == 1
        assert {row.arm for row in second.memories} <= ({WORSE} if worse == MEMORY else {NORMAL, AGAIN})
        assert bool(second.lost) == (worse == ACCURACY)


@pytest.fixture
def few(monkeypatch):
    """Fewer comparisons."""
    for name, value in {"SELF": 100, "PLANTED": 40, "IN_BUSY": 50, "STEPS": (3, 8)}.items():
        monkeypatch.setattr(study, name, value)


@pytest.mark.usefixtures("few")
def test_what_is_planted_is_found_at_the_planned_number_and_nothing_where_nothing_is():
    found = study.study(base(), [*made_up(), *made_up(BUSY, blocks=40, load=0.9)])
    asked = {metric: need.needed for metric, need in found.planned.needs.items()}
    assert found.planned.taken == found.planned.asked == max(asked.values())
    assert found.alike.total == 100
    assert found.alike.outcomes[Outcome.REGRESSION] == 0
    assert all(tally.found >= 38 for tally in found.planted.values())
    assert all(many[0].found <= many[-1].found for many in found.power.values())
    assert all(target.met for target in targets(found))
    assert found.busy_planted.found == 0
    assert found.busy_planted.found_or_unclear == 50
    assert study.study(base(), found.rows) == found


def test_arms_that_are_not_alike_raise_alarms_whichever_is_the_first_side():
    """One that is slower at every seed is seen, and not taken for spread."""
    rows = [
        replace(row, seconds_per_100_iterations=1.15 * row.seconds_per_100_iterations) if row.arm == AGAIN else row
        for row in made_up(slower=0, more=0)
    ]
    ended = sample(base(), blocks_of(rows, QUIET), 12, NOTHING, Random(1), 40)
    verdicts = Counter(one.verdicts[TIME] for one in ended)
    assert set(verdicts) == {Verdict.WORSE, Verdict.BETTER}
    assert 8 < verdicts[Verdict.WORSE] < 32


def test_what_is_not_there_is_not_found_and_what_is_hidden_in_noise_is_missed():
    sound = blocks_of(made_up(slower=0, more=0), QUIET)
    ended = sample(base(), sound, 12, TIME, Random(1), 40)
    assert not any(one.verdicts[TIME] is Verdict.WORSE for one in ended)
    noisy = blocks_of(made_up(noise=0.3), QUIET)
    ended = sample(base(), noisy, 6, TIME, Random(1), 40)
    assert sum(one.verdicts[TIME] is Verdict.WORSE for one in ended) < 10
    assert needs(base(), noisy)[TIME].needed > 100


@pytest.mark.parametrize(("count", "total"), [(0, 300), (1, 300), (97, 100), (100, 100)])
def test_bounds_are_those_of_the_exact_binomial_test(count, total):
    kind = {0: "less", total: "greater"}.get(count, "two-sided")
    exact = stats.binomtest(count, total, alternative=kind).proportion_ci(0.95, method="exact")
    words = bounds(count, total)
    assert f"{exact.high:.1%}" in words or count == total
    assert f"{exact.low:.1%}" in words or not count


@pytest.mark.usefixtures("few")
def test_the_report_has_targets_and_figures_and_says_when_it_is_a_part(tmp_path):
    folder = tmp_path / "calibration"
    write_rows(folder / running.ROWS, made_up(blocks=24))
    told = Circumstances(
        side=base(), iterations=400, windows=10, wall_seconds=5.0, load=((0, 15, True), (15, 30, False))
    )
    (folder / running.CIRCUMSTANCES).write_text(told.model_dump_json(), encoding="utf-8")
    report.write(tmp_path / "calibration.md", "python benchmarks --gate")
    text = (tmp_path / "calibration.md").read_text(encoding="utf-8")
    assert "A part of the report: 24 blocks of the quiet pool" in text
    assert "| false alarms, the same code" in text
    for figure in ("found", "time", "memory"):
        assert f"(calibration/{figure}.svg)" in text
        assert (folder / f"{figure}.svg").read_text(encoding="utf-8").startswith("<svg")


def git(folder, *arguments):
    words = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    """A checkout of the code as it is here, committed or not."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "hpbench", root / "hpbench", ignore=shutil.ignore_patterns("__pycache__"))
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all")
    return root


def test_a_real_pool_has_what_is_planted_and_is_not_run_again(tmp_path, monkeypatch, checkout):
    monkeypatch.setattr(running, "ROOT", checkout)
    said = []
    assert make_pool(tmp_path / "stores", QUIET, 1, said.append, "smoke")
    assert make_pool(tmp_path / "stores", QUIET, 1, said.append, "smoke")
    assert len(said) == 1
    export(tmp_path / "stores", tmp_path / "values")
    rows = read_rows(tmp_path / "values" / running.ROWS)
    (block,) = blocks_of(rows, QUIET)
    assert sorted(row.position for row in rows) == [1, 2, 3]
    assert len({row.test_accuracy for row in rows}) == 1
    more = block[WORSE].host_memory_training - block[NORMAL].host_memory_training
    assert more == pytest.approx(HELD, rel=0.2)
    told = Circumstances.model_validate_json((tmp_path / "values" / running.CIRCUMSTANCES).read_text(encoding="utf-8"))
    stored = of_store(tmp_path / "stores" / QUIET / "normal.sqlite").side
    mine = of_arm(told.side, [block], NORMAL).benchmarks["gate-workload"]
    assert {metric: stored.values("base", "default", metric) for metric in METRICS} == {
        metric: mine.values("base", "default", metric) for metric in METRICS
    }

    loop = checkout / LOOP
    loop.write_text(loop.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(PlantingError, match=r"engine/loop\.py is not as in commit"):
        planted_copy(checkout, tmp_path / "stores" / "worse-source")
