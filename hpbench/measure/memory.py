"""Host memory of this process: level, mean, and highest level, of the stretches of training and in all.

On Linux the kernel's own high-water mark is read, ``VmHWM`` in ``/proc/self/status`` (proc(5)); writing 5 to
``/proc/self/clear_refs`` sets it back to the present level. ``ru_maxrss`` is no substitute: a child inherits it.
Elsewhere the resident set is sampled.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


def give_back() -> None:
    """Hand memory that the C library holds free back to the system, where that is glibc: malloc_trim(3)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(ctypes.c_size_t(0))


class HostMemory:
    """Highest and mean resident memory of this process, in bytes, since ``reset``. Use as a context manager.

    A thread samples the level every ``interval`` seconds for the mean; the highest level comes from the kernel where
    it keeps one.
    """

    def __init__(self, interval: float = 0.05) -> None:
        self._interval = interval
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._lock = threading.Lock()
        self._count = 0
        self._sum = 0
        self._sampled = 0
        self._earlier = 0
        self._training = 0
        self._left = 0
        self._end = 0
        self.source = "VmHWM" if _kernel_peak_resets() else "sampled resident set"

    def __enter__(self) -> Self:
        give_back()
        self.reset()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def reset(self) -> None:
        """Forget what was: begin at the present level."""
        self._end = level()
        self._earlier = self._training = self._left = 0
        with self._lock:
            self._count, self._sum = 1, self._end
        self._lower_mark()

    @contextmanager
    def training(self) -> Iterator[None]:
        """A stretch of training. What came to be held between the stretches, and was left there, is not its own.

        Such memory is taken off, not handed back to the system: touching it anew would cost the stretch time. What a
        later stretch puts into it is not seen; the first has none. The work of beginning and ending is to be outside
        of a training clock.
        """
        self._earlier = self.peak
        self._left = max(0, self._left + level() - self._end)
        self._lower_mark()
        try:
            yield
        finally:
            self._training = max(self._training, self._mark() - self._left)
            self._end = level()

    @property
    def peak(self) -> int:
        """Highest resident bytes since the reset."""
        return max(self._earlier, self._mark())

    @property
    def training_peak(self) -> int:
        """Highest resident bytes of the stretches of training since the reset; 0 before the first has ended."""
        return self._training

    @property
    def mean(self) -> float:
        """Mean of the sampled resident bytes since the reset."""
        with self._lock:
            return self._sum / self._count

    def _mark(self) -> int:
        """Highest resident bytes since the mark was lowered."""
        if self.source == "VmHWM":
            return _status_bytes("VmHWM")
        with self._lock:
            return max(self._sampled, level())

    def _lower_mark(self) -> None:
        """Set the mark to the present level."""
        if self.source == "VmHWM":
            _CLEAR.write_text("5", encoding="ascii")
        with self._lock:
            self._sampled = level()

    def _sample(self) -> None:
        while not self._stop.wait(self._interval):
            now = int(self._process.memory_info().rss)
            with self._lock:
                self._count += 1
                self._sum += now
                self._sampled = max(self._sampled, now)


def _kernel_peak_resets() -> bool:
    try:
        _status_bytes("VmHWM")
        _CLEAR.write_text("5", encoding="ascii")
    except (OSError, ValueError):
        return False
    return True
