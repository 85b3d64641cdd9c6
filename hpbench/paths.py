"""Where things are kept unless the person says otherwise."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def default_data_folder() -> Path:
    """The user's cache folder for prepared data sets."""
    return user_cache_path("hpbench", appauthor=False) / "data"
