"""Host memory of this process: level, peak since a reset, and mean.

On Linux the kernel's own high-water mark is read, ``VmHWM`` in ``/proc/self/status`` (proc(5)); writing 5 to
``/proc/self/clear_refs`` sets it back to the present level. ``ru_maxrss`` is no substitute: a child inherits it.
Elsewhere the resident set is sampled.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def _status_bytes(field: str) -> int:
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no {field}")


def level() -> int:
    """Resident bytes of this process now."""
    return int(psutil.Process().memory_info().rss)


class HostMemory:
    """Peak and mean resident memory of this process, in bytes, between ``reset`` and the reading.

    A thread samples the level every ``interval`` seconds for the mean; the peak comes from the kernel where it
    keeps one. Use as a context manager.
    """

    def __init__(self, interval: float = 0.05) -> None:
        self._interval = interval
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._lock = threading.Lock()
        self._count = 0
        self._sum = 0
        self._highest = 0
        self.source = "VmHWM" if _kernel_peak_resets() else "sampled resident set"

    def __enter__(self) -> Self:
        self.reset()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def reset(self) -> None:
        """Set peak and mean back to the present level."""
        now = level()
        with self._lock:
            self._count, self._sum, self._highest = 1, now, now
        if self.source == "VmHWM":
            _CLEAR.write_text("5", encoding="ascii")

    @property
    def peak(self) -> int:
        """Highest resident bytes since the reset."""
        if self.source == "VmHWM":
            return _status_bytes("VmHWM")
        with self._lock:
            return max(self._highest, level())

    @property
    def mean(self) -> float:
        """Mean of the sampled resident bytes since the reset."""
        with self._lock:
            return self._sum / self._count

    def _sample(self) -> None:
        while not self._stop.wait(self._interval):
            now = int(self._process.memory_info().rss)
            with self._lock:
                self._count += 1
                self._sum += now
                self._highest = max(self._highest, now)


def _kernel_peak_resets() -> bool:
    try:
        _status_bytes("VmHWM")
        _CLEAR.write_text("5", encoding="ascii")
    except (OSError, ValueError):
        return False
    return True
