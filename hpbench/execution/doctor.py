"""Looks at what could stop a run or change it: software, devices, the machine, settings, places, data."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from hpbench import __version__
from hpbench.errors import UserError
from hpbench.execution.checks import Check, Mark
from hpbench.execution.doctor_settings import keras_configuration, variables
from hpbench.execution.environment import REFUSED
from hpbench.measure.gpu import driver_version, gpus
from hpbench.measure.machine import usable_cores, usable_memory
from hpbench.parts.datasets.folders import size_on_disk, tfds_folders
from hpbench.parts.datasets.prepared import prepared_sets
from hpbench.records.store import Store

LIBRARIES = ("tensorflow", "keras", "numpy", "keras-tuner", "tensorflow-datasets")
"""Those that decide results."""
PYTHON = ((3, 11), (3, 13))
"""First and last version that hpbench is made for."""
GIB = 2**30
JOB_MEMORY = 1.0 * GIB
"""Bytes that a job on small images takes, framework included, rounded up."""
LITTLE_SPACE = 1 * GIB
NO_SPACE = 0.05 * GIB
BUSY_PERCENT = 25.0

CGROUP_CPU = "/sys/fs/cgroup/cpu.max"


def examine(results: Path, data_folder: Path, time_limit: float = 60.0) -> Iterator[Check]:
    """All checks, each as soon as it is done.

    Args:
        results: The results file, which may not be there yet.
        data_folder: Folder of prepared data sets, which may not be there yet.
        time_limit: Seconds that the framework may take to start.
    """
    yield check_load()  # before this process computes anything itself
    yield check_python()
    yield from check_libraries()
    yield from check_framework(time_limit)
    yield from check_gpus()
    yield check_cores()
    yield check_memory()
    yield check_start_method()
    yield from variables(os.environ)
    yield keras_configuration(os.environ)
    yield check_place("working folder", Path.cwd())
    yield check_results(results)
    yield check_place("folder of results", results.absolute().parent)
    yield check_place("data folder", data_folder.absolute())
    yield check_place("temporary folder", Path(tempfile.gettempdir()))
    yield from check_data(data_folder)


def check_load() -> Check:
    """How busy the processors are with other things."""
    busy = psutil.cpu_percent(interval=0.5)
    found = f"the processors are {busy:.0f} % busy without hpbench"
    if busy < BUSY_PERCENT:
        return Check(Mark.OK, "load", found)
    return Check(Mark.NOTE, "load", found, "Times that are measured now carry it; wait, or end what is computing")


def check_python() -> Check:
    """Whether this Python is one that hpbench is made for."""
    found = f"{platform.python_implementation()} {platform.python_version()}; hpbench {__version__}"
    if PYTHON[0] <= sys.version_info[:2] <= PYTHON[1]:
        return Check(Mark.OK, "Python", found)
    first, last = (".".join(map(str, version)) for version in PYTHON)
    return Check(Mark.PROBLEM, "Python", found, f"hpbench is made for Python {first} to {last}: install one of them")


def check_libraries() -> Iterator[Check]:
    """Versions of the libraries that decide results."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            yield Check(Mark.PROBLEM, library, "not installed", f"python -m pip install {library}")
    yield Check(Mark.OK, "libraries", ", ".join(f"{library} {version}" for library, version in versions.items()))


# --- the framework ---------------------------------------------------------------------------------------------------


def check_framework(time_limit: float) -> Iterator[Check]:
    """Start TensorFlow in a process of its own, as a job does.

    Args:
        time_limit: Seconds that it may take.
    """
    advice = "Install hpbench again in a fresh environment; 'python -c \"import tensorflow\"' shows all that is said"
    try:
        started = _started(time_limit)
    except subprocess.TimeoutExpired:
        yield Check(Mark.PROBLEM, "framework", f"TensorFlow did not start within {time_limit:g} s", advice)
        return
    if started.returncode != 0:
        yield Check(Mark.PROBLEM, "framework", f"TensorFlow does not start: {_end_of(started)}", advice)
        return
    facts: dict[str, Any] = json.loads(started.stdout.splitlines()[-1])
    if not facts["finite"]:
        yield Check(Mark.PROBLEM, "framework", "TensorFlow starts, but computes nonsense", advice)
    else:
        yield Check(Mark.OK, "framework", f"TensorFlow starts and computes; it sees: {facts['devices']}")
    for library, fault in facts["faults"].items():
        if fault:
            yield Check(Mark.PROBLEM, library, f"cannot be imported: {fault}", f"python -m pip install {library}")
    if gpus() and facts["devices"] == "CPU" and os.environ.get("CUDA_VISIBLE_DEVICES") is None:
        advice = "Runs use the processors only; for the GPUs: python -m pip install 'tensorflow[and-cuda]'"
        yield Check(Mark.NOTE, "framework", "the driver has GPUs that TensorFlow does not see", advice)


def _started(time_limit: float) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="hpbench-") as folder:
        private = {"KERAS_HOME": folder, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
        environment = {name: value for name, value in os.environ.items() if name not in REFUSED} | private
        command = [sys.executable, "-P", "-m", "hpbench.execution.framework_start"]
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environment, timeout=time_limit
        )


def _end_of(process: subprocess.CompletedProcess[str]) -> str:
    """How a process ended, in its own last words if it has any."""
    if process.returncode < 0:
        return f"its process was killed by signal {-process.returncode}"
    lines = process.stderr.strip().splitlines()
    return lines[-1][:300] if lines else f"its process ended with status {process.returncode}"


def check_gpus() -> Iterator[Check]:
    """NVIDIA's GPUs and their driver."""
    found = gpus()
    driver = driver_version()
    if not found:
        yield Check(Mark.OK, "GPUs", f"driver {driver}, no GPU" if driver else "none of NVIDIA's")
    for number, gpu in enumerate(found):
        yield Check(Mark.OK, f"GPU {number}", f"{gpu.model}, {gpu.memory / GIB:.0f} GiB, driver {driver}, {gpu.uuid}")


# --- the machine -----------------------------------------------------------------------------------------------------


def check_cores() -> Check:
    """Processors that jobs may use, and how much of their time."""
    cores, quota = usable_cores(), _quota()
    found = f"{cores} usable of {psutil.cpu_count() or cores}"
    if quota is None or quota >= cores:
        return Check(Mark.OK, "cores", found)
    advice = f"Jobs side by side are one a core: give --jobs {max(1, int(quota))}"
    return Check(Mark.NOTE, "cores", f"{found}, but a limit (cgroup) to the time of {quota:g}", advice)


def _quota() -> float | None:
    """Cores whose time this process group may use, by its cgroup; None where there is no limit."""
    try:
        quota, period = Path(CGROUP_CPU).read_text(encoding="ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return None


def check_memory() -> Check:
    """Memory for jobs."""
    memory, usable = psutil.virtual_memory(), usable_memory()
    available, found = memory.available, f"{memory.available / GIB:.1f} GiB available of {memory.total / GIB:.1f}"
    if usable < memory.total:
        available = min(available, usable)
        found += f", limited to {usable / GIB:.1f} GiB (cgroup)"
    jobs = int(available / JOB_MEMORY)
    if jobs >= usable_cores():
        return Check(Mark.OK, "memory", found)
    advice = f"A job takes up to {JOB_MEMORY / GIB:g} GiB, and more with a large model: give --jobs {max(1, jobs)}"
    return Check(Mark.NOTE, "memory", found, advice)


def check_start_method() -> Check:
    """How job processes are made."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        return Check(Mark.OK, "processes", "jobs are forked from a server that has imported the framework")
    return Check(Mark.NOTE, "processes", "this platform cannot fork", "Each job imports the framework: seconds a job")


# --- places ----------------------------------------------------------------------------------------------------------


def check_place(subject: str, folder: Path) -> Check:
    """Whether a folder, or what it would be made in, can be written, and how much room there is."""
    found = str(folder)
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        found += "" if there == folder else " (not made yet)"
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        words = f"{found} cannot be written ({error.strerror})"
        return Check(Mark.PROBLEM, subject, words, "Name or go to another folder, or change its permissions")
    found += f", {free / GIB:.1f} GiB free"
    if free < LITTLE_SPACE:
        mark = Mark.PROBLEM if free < NO_SPACE else Mark.NOTE
        return Check(mark, subject, found, "Make room: a run that fills the disk ends")
    return Check(Mark.OK, subject, found)


def check_results(path: Path) -> Check:
    """Open the results file, if there is one; a run that is using it goes on undisturbed."""
    try:
        if not path.exists():
            return Check(Mark.OK, "results", f"none yet; {path} is made by the first run")
        with Store(path) as store:
            runs = len(store.runs())
            holder = store.holder()
    except (UserError, OSError) as error:
        return Check(Mark.PROBLEM, "results", str(error))
    found = f"{path}, {runs} run{'' if runs == 1 else 's'}"
    if holder:
        return Check(Mark.NOTE, "results", f"{found}, in use by {holder}", "Wait for that, or give another --results")
    return Check(Mark.OK, "results", found)


def check_data(folder: Path) -> Iterator[Check]:
    """Data sets that are prepared."""
    prepared = [f"{item.title} ({item.counts['train']:,} training images)" for item in prepared_sets(folder)]
    sets = [f"{item.set} {item.version}" for item in tfds_folders(folder)]
    if not prepared and not sets:
        advice = "Embedded sets are prepared by the first run; 'hpbench data list' shows those to be fetched before"
        yield Check(Mark.OK, "data", "nothing is prepared yet", advice)
        return
    if prepared:
        yield Check(Mark.OK, "data", f"prepared: {'; '.join(prepared)} ({size_on_disk(folder) / 1e6:,.0f} MB)")
    if sets:
        yield Check(Mark.OK, "data", f"of TensorFlow Datasets: {', '.join(sets)}")
