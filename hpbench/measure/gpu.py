"""GPUs as NVIDIA's driver sees them (NVML): which there are, and what this process holds on each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil


@dataclass(frozen=True)
class Gpu:
    """One device: its UUID is its name in every table; memory is in bytes, 0 where the driver does not say."""

    uuid: str
    model: str
    memory: int


@contextmanager
def _driver() -> Iterator[Any]:
    """NVML, or None where there is no NVIDIA driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def gpus() -> list[Gpu]:
    """Every NVIDIA GPU of the machine, in the driver's order; empty where there is none."""
    with _driver() as nvml:
        if nvml is None:
            return []
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        return [
            Gpu(
                _text(nvml.nvmlDeviceGetUUID(h)),
                _text(nvml.nvmlDeviceGetName(h)),
                _memory(nvml, h),
            )
            for h in handles
        ]


def _memory(nvml: Any, handle: Any) -> int:
    try:
        return int(nvml.nvmlDeviceGetMemoryInfo(handle).total)
    except nvml.NVMLError:  # a GPU that shares the host's memory
        return 0


def visible_gpus() -> list[Gpu]:
    """The GPUs that a framework in this process sees, in its order (``CUDA_DEVICE_ORDER=PCI_BUS_ID``).

    As CUDA does, names may be the beginning of a UUID, and the first that fits no single GPU ends the list.
    """
    found = gpus()
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is None:
        return found
    seen: list[Gpu] = []
    for name in map(str.strip, asked.split(",")):
        fitting = [gpu for number, gpu in enumerate(found) if name and (name == str(number) or _begins(gpu, name))]
        if len(fitting) != 1:
            break
        seen += fitting
    return seen


def _begins(gpu: Gpu, name: str) -> bool:
    return name.startswith("GPU-") and gpu.uuid.startswith(name)


def device_names(count: int) -> list[str]:
    """What to call the ``count`` devices of a framework: by UUID, or by number where the driver shows others (MIG)."""
    seen = visible_gpus()
    return [gpu.uuid for gpu in seen] if len(seen) == count else [f"GPU:{number}" for number in range(count)]


def driver_version() -> str | None:
    """Version of the NVIDIA driver, or None."""
    with _driver() as nvml:
        return _text(nvml.nvmlSystemGetDriverVersion()) if nvml else None


def process_memory() -> dict[str, int]:
    """Bytes that the driver counts for this process, by UUID of the GPUs on which it holds any."""
    with _driver() as nvml:
        return {} if nvml is None else held(nvml, os.getpid())


def process_memory_source() -> str:
    """Where the figures of ``process_memory`` come from, or why there are none, in words; empty without a driver."""
    with _driver() as nvml:
        if nvml is None:
            return ""
        if held(nvml, os.getpid()):
            return "driver, by process"
        return "none: the driver does not tell what this process holds (as with MIG, WSL and in containers)"


def held(nvml: Any, process: int) -> dict[str, int]:
    """Bytes by UUID that the driver counts for a process, as far as it says so.

    It need not know them (MIG, WSL), and in a container it may name processes by their numbers outside, of which one
    can be this process's own number inside: such a list, of processes that are not there, is not believed.
    """
    found: dict[str, int] = {}
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        try:
            listed = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        except nvml.NVMLError:
            continue
        own = [item.usedGpuMemory for item in listed if item.pid == process]
        if own and own[0] and all(psutil.pid_exists(item.pid) for item in listed):
            found[_text(nvml.nvmlDeviceGetUUID(handle))] = int(own[0])
    return found
