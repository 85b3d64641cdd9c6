"""Ctrl-C, heeded between two steps: inside of a library it may be lost, or come back as an error of that library."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_noted: list[threading.Event] = []
"""Whether Ctrl-C came, of the block that defers it; empty outside of one."""


@contextmanager
def deferred_interrupt(words: str = "") -> Iterator[None]:
    """Note Ctrl-C (and a request to terminate) until ``heed_interrupt`` is called; a second one is not deferred.

    Within another such block, and in a thread that is not the main one, which no signal reaches, it does nothing.

    Args:
        words: Written to the standard error at once, where what is under way may take long.
    """
    if _noted or threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        restore()
        if words:
            with suppress(OSError):  # a terminal that is gone
                os.write(2, f"\n{words}\n".encode())  # a stream may just be writing

    for number in before:
        signal.signal(number, note)
    _noted.append(interrupted)
    try:
        yield
    finally:
        _noted.clear()
        restore()


def heed_interrupt() -> None:
    """Stop here if Ctrl-C was deferred.

    Raises:
        KeyboardInterrupt: It was, and has not been heeded yet.
    """
    if _noted and _noted[0].is_set():
        _noted[0].clear()
        raise KeyboardInterrupt


def was_interrupted(error: BaseException) -> bool:
    """Whether the error is what a library made of Ctrl-C."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, KeyboardInterrupt):
        seen = seen.__cause__ or seen.__context__
    return seen is not None
