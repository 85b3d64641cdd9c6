import multiprocessing
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from hpbench.measure.clock import Clocks, duration
from hpbench.measure.gpu import gpus, process_memory, visible_gpus
from hpbench.measure.machine import RECORDED, describe, fingerprint, usable_memory
from hpbench.measure.memory import HostMemory, level

MEGABYTE = 1_000_000


def touch(megabytes):
    return np.ones(megabytes * MEGABYTE, dtype=np.uint8)


def _read_planted(queue):
    before = level()
    with HostMemory(interval=0.005) as memory:
        block = touch(300)
        del block
        first = memory.peak - before
        memory.reset()
        block = touch(100)
        time.sleep(0.05)
        assert block[0] == 1
        queue.put((first, memory.peak - before, memory.mean - before, memory.source))


@pytest.fixture(scope="module")
def planted():
    """A fresh process that holds 300 MB, lets go, resets, and holds 100 MB."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_read_planted, args=(queue,))
    process.start()
    result = queue.get(timeout=300)
    process.join()
    return result


def test_peak_sees_memory_that_was_let_go(planted):
    assert planted[0] == pytest.approx(300 * MEGABYTE, abs=15 * MEGABYTE)


def test_reset_forgets_an_earlier_peak(planted):
    assert planted[1] == pytest.approx(100 * MEGABYTE, abs=15 * MEGABYTE)


def test_mean_lies_between_nothing_and_the_peak(planted):
    assert 20 * MEGABYTE < planted[2] <= planted[1]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's high-water mark is Linux's")
def test_linux_reads_the_kernels_high_water_mark(planted):
    assert planted[3] == "VmHWM"


def test_a_child_does_not_inherit_its_parents_peak():
    """The fault of ru_maxrss: a small child of a large parent must be read as small."""
    block = touch(400)
    code = "from hpbench.measure.memory import HostMemory; m = HostMemory().__enter__(); print(m.peak)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200 * MEGABYTE
    assert block[0] == 1


def test_clocks_are_separate_and_add_up():
    calls = []
    clocks = Clocks(lambda: calls.append(time.perf_counter()))
    start = time.perf_counter()
    for _ in range(2):
        with clocks.measure("training"):
            time.sleep(0.02)
    with clocks.measure("evaluation"):
        time.sleep(0.05)
    elapsed = time.perf_counter() - start
    assert clocks.seconds["training"] >= 0.04
    assert clocks.seconds["evaluation"] >= 0.05
    assert sum(clocks.seconds.values()) <= elapsed
    assert len(calls) == 6, "the device is synchronised before each of the readings"


def test_a_stage_that_fails_is_still_charged():
    clocks = Clocks(lambda: None)
    with pytest.raises(ZeroDivisionError), clocks.measure("training"):
        raise ZeroDivisionError
    assert "training" in clocks.seconds


def test_a_synchronising_device_is_charged_to_the_stage_that_gave_it_work():
    """Work that the device still does when the block ends belongs to the block."""
    ends = [0.0]
    clocks = Clocks(lambda: time.sleep(max(0.0, ends[0] - time.perf_counter())))
    with clocks.measure("training"):
        ends[0] = time.perf_counter() + 0.05
    assert clocks.seconds["training"] >= 0.05


@pytest.mark.parametrize(("seconds", "words"), [(8.4, "8 s"), (200, "3 min 20 s"), (3900, "1 h 5 min")])
def test_duration_in_words(seconds, words):
    assert duration(seconds) == words


def test_the_machine_is_described_without_names_of_people_or_hosts():
    import getpass
    import socket

    facts = describe()
    text = " ".join(facts.values())
    assert {"CPU", "cores", "memory", "GPU", "Python", "tensorflow", "keras", "commit"} <= set(facts)
    assert socket.gethostname() not in text.split()
    assert getpass.getuser() not in text.split()
    assert fingerprint(facts) == fingerprint(dict(facts))
    assert fingerprint(facts) != fingerprint(facts | {"CPU": "another"})


def test_gpus_are_listed_or_said_to_be_none(monkeypatch):
    found = gpus()
    assert (describe()["GPU"] == "no GPU") == (not found)
    assert len({gpu.uuid for gpu in found}) == len(found)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []
    assert set(process_memory()) <= {gpu.uuid for gpu in found}


def test_variables_that_change_results_are_recorded_without_paths(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/home/me/dump --xla_cpu_use_thunk_runtime=false")
    monkeypatch.setenv("LD_PRELOAD", "/usr/lib/libjemalloc.so")
    assert describe()["variables"] == (
        "TF_ENABLE_ONEDNN_OPTS=0 XLA_FLAGS=--xla_dump_to=(path) --xla_cpu_use_thunk_runtime=false LD_PRELOAD=(path)"
    )
    for name in RECORDED:
        monkeypatch.delenv(name, raising=False)
    assert "variables" not in describe()


def test_usable_memory_is_at_most_the_machine_s():
    assert 2**28 < usable_memory() <= psutil.virtual_memory().total
