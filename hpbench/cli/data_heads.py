"""``hpbench data`` for sets with several labels, or read from a folder: a progress bar, and what is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hpbench.catalogue.part import Parameters, attribute

MOST_LINES = 12
"""Differences from what was published that are listed; of the others the number is told."""


@contextmanager
def reading(reader: str, folder: Path | None) -> Iterator[Any]:
    """What a set is read from, with a progress bar at a terminal; None without a folder.

    Args:
        reader: Import path of what is called with the folder and a function of the images read and of all.
        folder: The set's published files.
    """
    if folder is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("reading images", total=None)
        yield attribute(reader)(folder, lambda done, of: bar.update(task, completed=done, total=of))


def counts_by_head(labels: Any, heads: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Images by class: of two heads as a table, of another number of heads one after another.

    Args:
        labels: Of all images, int (n, heads).
        heads: Names of the heads and of their classes.
    """
    if len(heads) != 2:
        for place, (head, names) in enumerate(heads.items()):
            found = Counter(labels[:, place].tolist())
            yield f"{head:12} " + ", ".join(f"{name} {found[number]:,}" for number, name in enumerate(names))
        return
    counts = Counter(map(tuple, labels.tolist()))
    (first, columns), (second, rows) = heads.items()
    yield f"{f'{second} by {first}':18}" + "".join(f"{column:>10}" for column in (*columns, "all"))
    for number, row in enumerate(rows):
        found_in_row = [counts[place, number] for place in range(len(columns))]
        yield f"  {row:16}" + "".join(f"{count:>10}" for count in (*found_in_row, sum(found_in_row)))
    together = [sum(counts[place, number] for number in range(len(rows))) for place in range(len(columns))]
    yield f"  {'all':16}" + "".join(f"{count:>10,}" for count in (*together, sum(together)))


def not_as_published(parameters: Parameters, labels: Any) -> Iterator[str]:
    """Where a set has not as many images of each as were published; nothing for a set of which that is not known."""
    path = getattr(parameters, "published", "")
    if not path:
        return
    found = attribute(path)(Counter(map(tuple, labels.tolist())))
    yield "as many of each as published" if not found else f"not as published in {len(found)} places:"
    yield from (f"  {line}" for line in found[:MOST_LINES])
    if len(found) > MOST_LINES:
        yield f"  ... and {len(found) - MOST_LINES} more"
