"""Random seeds, each a hash of exactly the axes that should share it.

The same initialisation and batch order thus meet every case and reading of a benchmark, and comparisons are paired
by seed. (The habit is benchopt's.)
"""

from __future__ import annotations

import hashlib
import json


def derive(axis: str, *shared: str | int) -> int:
    """A 63-bit seed for ``axis`` ("initialisation", "data order", ...) from the values that share it.

    The first 8 bytes of SHA-256 over the JSON list of all arguments, shifted right by one.
    """
    text = json.dumps([axis, *shared], separators=(",", ":"), ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
