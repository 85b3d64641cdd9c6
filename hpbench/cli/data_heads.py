"""``hpbench data`` for sets with two labels: reading a folder with a progress bar, and what is in such a set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpbench.parts.datasets.office31.reader import FromFolder


@contextmanager
def reading(folder: Path | None) -> Iterator[FromFolder | None]:
    """A folder to read from, with a progress bar at a terminal; None for none."""
    if folder is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    from hpbench.parts.datasets.office31.reader import FromFolder

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("reading images", total=None)
        yield FromFolder(folder, lambda done, of: bar.update(task, completed=done, total=of))


def office_counts(labels: Any, heads: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Images by class and domain, as a table, and where they are not as many as Office-31 has.

    Args:
        labels: Of all images, int (n, 2).
        heads: Names of the two heads and of their classes.
    """
    from collections import Counter

    from hpbench.parts.datasets.office31.reader import differences

    counts = Counter(map(tuple, labels.tolist()))
    (first, domains), (second, items) = heads.items()
    yield f"{f'{second} by {first}':18}" + "".join(f"{domain:>10}" for domain in domains) + f"{'all':>10}"
    for number, item in enumerate(items):
        found = [counts[place, number] for place in range(len(domains))]
        yield f"  {item:16}" + "".join(f"{count:>10}" for count in (*found, sum(found)))
    together = [sum(counts[place, number] for number in range(len(items))) for place in range(len(domains))]
    yield f"  {'all':16}" + "".join(f"{count:>10,}" for count in (*together, sum(together)))
    differ = differences(counts)
    yield "as many of each as published" if not differ else f"not as published in {len(differ)} places:"
    yield from (f"  {line}" for line in differ)
