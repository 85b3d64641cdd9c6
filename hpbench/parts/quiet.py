"""Silence for the greetings that a framework writes straight to the error stream when it is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_errors() -> Iterator[None]:
    """Send what is written to the error stream nowhere, for the time of the block; exceptions still come through."""
    sys.stderr.flush()
    errors, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(errors, 2)
        os.close(errors)
        os.close(nowhere)
