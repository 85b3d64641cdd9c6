"""What the driver says, where this machine has none to ask: answers as NVML documents them."""

import os
from types import SimpleNamespace

import pytest

from hpbench.measure import gpu
from hpbench.measure.gpu import Gpu, device_names, held, process_memory_source, visible_gpus

FOUND = [Gpu("GPU-1a2b", "A", 1), Gpu("GPU-1a3c", "A", 1), Gpu("GPU-9d4e", "B", 1)]
NOWHERE = 2**22 + 1
"""Above the highest number of a process on Linux."""


class DriverError(Exception):
    pass


def driver(*devices):
    """NVML with these devices: each a list of (process, bytes), or an error."""

    def processes(handle):
        if devices[handle] is DriverError:
            raise DriverError
        return [SimpleNamespace(pid=process, usedGpuMemory=used) for process, used in devices[handle]]

    return SimpleNamespace(
        NVMLError=DriverError,
        nvmlDeviceGetCount=lambda: len(devices),
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetComputeRunningProcesses=processes,
        nvmlDeviceGetUUID=lambda handle: f"GPU-{handle}".encode(),
    )


def test_the_driver_s_figures_stand_by_device():
    me, other = os.getpid(), os.getppid()
    assert held(driver([(me, 5), (other, 7)], [(other, 3)], [(me, 9)]), me) == {"GPU-0": 5, "GPU-2": 9}


@pytest.mark.parametrize(
    "devices",
    [
        ([(os.getpid(), None)],),
        (DriverError,),
        ([(os.getpid(), 5), (NOWHERE, 7)],),
        ([(NOWHERE, 7)],),
    ],
    ids=["memory not told", "not supported", "numbers of processes outside", "own number not listed"],
)
def test_no_figure_instead_of_a_wrong_one(devices):
    assert held(driver(*devices), os.getpid()) == {}


def test_without_a_driver_there_is_nothing_to_explain():
    assert gpu.gpus() != [] or process_memory_source() == ""


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (None, [0, 1, 2]),
        ("2,0", [2, 0]),
        ("GPU-9d4e", [2]),
        ("GPU-1a3", [1]),
        ("GPU-1a", []),
        ("1,-1,0", [1]),
        ("", []),
        ("MIG-77", []),
    ],
)
def test_visible_devices_are_those_that_cuda_takes(monkeypatch, asked, seen):
    monkeypatch.setattr(gpu, "gpus", lambda: FOUND)
    if asked is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", asked)
    assert visible_gpus() == [FOUND[index] for index in seen]


def test_devices_that_the_driver_does_not_name_are_numbered(monkeypatch):
    monkeypatch.setattr(gpu, "gpus", lambda: FOUND)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-77")
    assert device_names(1) == ["GPU:0"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert device_names(1) == ["GPU-1a3c"]
