"""GPUs as NVIDIA's driver sees them (NVML): which there are, and what this process holds on each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Gpu:
    """One device: its UUID is its name in every table, memory is in bytes."""

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
                int(nvml.nvmlDeviceGetMemoryInfo(h).total),
            )
            for h in handles
        ]


def visible_gpus() -> list[Gpu]:
    """The GPUs that a framework in this process sees, in its order (``CUDA_DEVICE_ORDER=PCI_BUS_ID``)."""
    found = gpus()
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is None:
        return found
    by_name = {str(index): gpu for index, gpu in enumerate(found)} | {gpu.uuid: gpu for gpu in found}
    return [by_name[name.strip()] for name in asked.split(",") if name.strip() in by_name]


def driver_version() -> str | None:
    """Version of the NVIDIA driver, or None."""
    with _driver() as nvml:
        return _text(nvml.nvmlSystemGetDriverVersion()) if nvml else None


def process_memory() -> dict[str, int]:
    """Bytes that the driver counts for this process, by UUID of the GPUs on which it holds any."""
    held: dict[str, int] = {}
    with _driver() as nvml:
        if nvml is None:
            return held
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle):
                if process.pid == os.getpid() and process.usedGpuMemory:
                    held[_text(nvml.nvmlDeviceGetUUID(handle))] = int(process.usedGpuMemory)
    return held
