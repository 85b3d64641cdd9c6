"""Writing what a gate found, before it ends."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hpbench.report.files import write_whole

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Variable that names the file which a job of GitHub Actions shows."""


def write(
    output: Path, name: str, markdown: str, document: str, environment: Mapping[str, str] = os.environ
) -> list[Path]:
    """Write ``NAME.md`` and ``NAME.json``, and add the former to the summary of a CI job if there is one.

    Args:
        output: Folder; made if it is not there.
        name: Of the files, such as ``gate``.
        markdown: For a person.
        document: For scripts.
        environment: Where ``GITHUB_STEP_SUMMARY`` may stand.

    Returns:
        The files written.
    """
    paths = [output / f"{name}.md", output / f"{name}.json"]
    for path, text in zip(paths, (markdown, document), strict=True):
        write_whole(path, [text])
    return [*paths, *add_to_summary(markdown, environment)]


def add_to_summary(markdown: str, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Add to the summary of a CI job, if there is one; the file written."""
    summary = environment.get(SUMMARY)
    if not summary:
        return []
    with Path(summary).open("a", encoding="utf-8") as file:
        file.write(markdown)
    return [Path(summary)]
