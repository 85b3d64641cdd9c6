"""The machine and the software a result was made with. No host name, no user name, no path."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

import psutil

from hpbench import __version__
from hpbench.measure.gpu import driver_version, gpus

RECORDED = ("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS", "NVIDIA_TF32_OVERRIDE", "LD_PRELOAD")
"""Variables that change results or times where they are set."""
CGROUP_MEMORY = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_LIBRARIES = ("tensorflow", "keras", "numpy", "keras-tuner", "scipy", "pandas")


def hardware() -> dict[str, str]:
    """Processor, usable cores, memory and GPUs, as text."""
    return {
        "CPU": _cpu_model(),
        "cores": f"{usable_cores()} usable of {psutil.cpu_count() or 0}",
        "memory": f"{psutil.virtual_memory().total / 1e9:.1f} GB",
        "GPU": "; ".join(f"{gpu.model}, {gpu.memory / 1e9:.1f} GB, {gpu.uuid}" for gpu in gpus()) or "no GPU",
    }


def describe() -> dict[str, str]:
    """Hardware and software in the order they are to be shown, all as text."""
    facts = hardware() | {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "hpbench": __version__,
        "commit": commit(),
    }
    if driver := driver_version():
        facts["GPU driver"] = driver
    if found := variables():
        facts["variables"] = " ".join(f"{name}={_without_paths(value)}" for name, value in found.items())
    return facts | {library: _version(library) for library in _LIBRARIES}


def fingerprint(facts: dict[str, str]) -> str:
    """Short hash of the hardware: what makes two machines' times comparable."""
    parts = "\n".join(facts[key] for key in ("CPU", "cores", "memory", "GPU"))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def variables() -> dict[str, str]:
    """Environment variables that act on results or times and are set."""
    return {name: os.environ[name] for name in RECORDED if name in os.environ}


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(usable_core_numbers())


def usable_core_numbers() -> list[int]:
    """Which cores this process may run on, as the system numbers them, rising."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usable_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or less where a control group limits it."""
    limits = [psutil.virtual_memory().total]
    for path in CGROUP_MEMORY:
        with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
            limits.append(int(Path(path).read_text(encoding="ascii")))
    return min(limits)


def _without_paths(value: str) -> str:
    return re.sub(r"[^\s=:]*/[^\s:]*", "(path)", value)


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def commit() -> str:
    """The commit of the checkout the code runs from, and whether it is dirty; ``none`` for an installed package."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return "none (installed package)"
    try:
        head = _git(folder, "rev-parse", "HEAD")
        dirty = _git(folder, "status", "--porcelain", "--", "hpbench", "benchmarks")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{head[:12]}{' (changed)' if dirty else ''}"


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
