import subprocess
import sys
import time

import pytest

from hpbench.measure.load import SHORTEST_SECONDS, OtherLoad, Usage, cores_of_others, usage


def spin(seconds):
    return [
        sys.executable,
        "-c",
        f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass",
    ]


def test_a_busy_process_beside_is_seen():
    """Whatever else runs, the planted one gets its share of a core."""
    orphan = f"import subprocess; subprocess.Popen({spin(4)!r})"
    subprocess.run([sys.executable, "-c", orphan], check=True)  # what it started is nobody's child here
    with OtherLoad() as others:
        time.sleep(1.5)
    assert others.cores is not None
    assert others.cores > 0.3


def test_the_work_of_children_is_own_work_while_they_run_and_after():
    start = usage()
    child = subprocess.Popen(spin(60.0))
    deadline = time.monotonic() + 30
    while (running := usage()).own - start.own < 0.3 and time.monotonic() < deadline:
        time.sleep(0.1)
    child.kill()
    child.wait()
    assert running.own - start.own >= 0.3
    assert usage().own >= running.own - 1e-6  # sums of times, rounded each in its own order


def test_own_work_is_busy_time_of_the_cores():
    start = usage()
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass
    done = usage()
    assert done.own - start.own == pytest.approx(0.5, abs=0.1)
    assert done.busy is not None
    assert start.busy is not None
    assert done.busy - start.busy > 0.3


@pytest.mark.parametrize(
    ("busy", "own", "cores"),
    [(2.0, 2.0, 0.0), (3.0, 2.0, 0.5), (4.0, 0.0, 2.0), (1.98, 2.0, 0.0)],
)
def test_cores_of_others_from_counters(busy, own, cores):
    start = Usage(10.0, 100.0, 5.0)
    assert cores_of_others(start, Usage(12.0, 100.0 + busy, 5.0 + own)) == pytest.approx(cores)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (Usage(0.0, 100.0, 0.0), Usage(0.9 * SHORTEST_SECONDS, 101.0, 0.0)),
        (Usage(0.0, 0.0, 0.0), Usage(2.0, 0.0, 2.0)),
        (Usage(0.0, None, 0.0), Usage(2.0, None, 2.0)),
    ],
    ids=["too short", "a system that counts nothing", "a system that does not say"],
)
def test_where_it_cannot_be_told_there_is_no_figure(start, end):
    assert cores_of_others(start, end) is None


def test_a_short_block_has_no_figure():
    with OtherLoad() as others:
        pass
    assert others.cores is None
