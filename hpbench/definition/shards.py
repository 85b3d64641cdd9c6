"""Shards: runs that are parts of one run, joined in a merged results file to the run that they are parts of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from operator import itemgetter
from typing import Any

from hpbench.definition.load import parse
from hpbench.definition.order import seed_major
from hpbench.definition.resolve import Resolved, Selection
from hpbench.errors import UserError
from hpbench.records.calibration import AFTER, BEFORE
from hpbench.records.rows import Run, StoredCell
from hpbench.records.store import Store
from hpbench.records.trial import canonical_json

Place = tuple[str, str, int]
"""Case, reading and seed."""


@dataclass(frozen=True)
class Whole:
    """The run that shards are parts of: what would have had to be asked for, and its plan."""

    selection: Selection
    cells: list[StoredCell]


def join(store: Store, newest: Sequence[int]) -> list[str]:
    """Add the runs that shards are parts of.

    Runs are shards of one if they are of the same definition (text and version), profile, ``--set``, data and machine
    with its software, and what all of them planned together is a plan that one command could have asked for.

    Args:
        store: The merged file.
        newest: Numbers of the runs that may be shards: the newest of each file.

    Returns:
        What was joined, and what was not and why, a line each.
    """
    runs = [run for run in store.runs() if run.id in newest]
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(_same(run), []).append(run)
    notes = [note for shards in groups.values() if len(shards) > 1 for note in _joined(store, shards)]
    return [*notes, *_apart(list(groups.values()))]


def whole(shards: Sequence[Run], plans: Sequence[Sequence[StoredCell]]) -> Whole | None:
    """The run that shards cover; None if they cover none.

    That of all cases if they cover it, even where a shard has more: ``--case`` runs its case under every reading. Of
    several the one with the most cells.

    Args:
        shards: Runs of the same definition, oldest first.
        plans: The cells of each.
    """
    union = _union(plans)
    covered: list[tuple[bool, int, Resolved, list[Place]]] = []
    for resolved in _candidates(shards):
        places = [(item.case, item.reading, seed) for item, seed in seed_major(resolved.planned_cases())]
        if union.keys() >= set(places):
            every = not resolved.selection.is_narrow
            covered.append((every, len(places), resolved, places))
    if not covered:
        return None
    *_, resolved, order = max(covered, key=itemgetter(0, 1))
    by_planners = not resolved.selection.is_narrow or resolved.searches
    found = [place for place in union if by_planners and place[0] not in resolved.all_cases]
    return Whole(resolved.selection, [union[place] for place in (*order, *found)])


def _union(plans: Sequence[Sequence[StoredCell]]) -> dict[Place, StoredCell]:
    """The cells of all plans; of one that several have the newest, and a timed one before one that is not."""
    found: dict[Place, StoredCell] = {}
    for cell in (cell for plan in plans for cell in plan):
        place = (cell.case, cell.reading, cell.seed)
        if place not in found or cell.timed or not found[place].timed:
            found[place] = cell
    return found


def _candidates(shards: Sequence[Run]) -> Iterator[Resolved]:
    """What one command could have asked for: all of the definition, or all that the shards name."""
    selections = [Selection.from_dict(run.selection) for run in shards]
    first = selections[0]
    cases, readings, claims = (
        list(dict.fromkeys(((), tuple(dict.fromkeys(name for one in selections for name in getattr(one, field))))))
        for field in ("cases", "readings", "claims")
    )
    gated = sorted({one.gated for one in selections} | {False})
    seeds = sorted({one.seeds for one in selections} | {None}, key=lambda count: -(count or 0))
    for case, reading, claim, is_gated, count in product(cases, readings, claims, gated, seeds):
        selection = replace(first, cases=case, readings=reading, claims=claim, gated=is_gated, seeds=count)
        try:
            resolved = parse(shards[0].definition, shards[0].file, selection)
            resolved.planned_cases()
        except UserError:  # nothing to run for these claims, say
            continue
        yield resolved


def _joined(store: Store, shards: Sequence[Run]) -> Iterator[str]:
    newest = shards[-1]
    plans = [store.cells(run.id) for run in shards]
    found = whole(shards, plans)
    name = f"{newest.benchmark}, profile {newest.profile}"
    if found is None:
        yield f"{name}: {len(shards)} runs stay apart, because together they are no plan of one command"
    elif found.cells != plans[-1]:
        number = store.add_run(_record(shards, found.selection))
        store.copy_cells(number, found.cells)
        for moment, one in ((BEFORE, shards), (AFTER, tuple(reversed(shards)))):
            readings = (store.calibration(run.id).get(moment, []) for run in one)
            store.set_calibration(number, moment, next(filter(None, readings), []))
        yield f"{name}: {len(shards)} runs joined to one of {len(found.cells)} cells"


def _record(shards: Sequence[Run], selection: Selection) -> dict[str, Any]:
    """The joined run: its command is that of all shards, one after another."""
    newest = shards[-1]
    return {
        "benchmark": newest.benchmark,
        "version": newest.version,
        "profile": newest.profile,
        "definition": newest.definition,
        "file": newest.file,
        "selection": selection.as_dict(),
        "command": " && ".join(dict.fromkeys(run.command for run in shards)),
        "machine": newest.machine,
        "machine_id": newest.machine_id,
        "data": newest.data,
    }


def _same(run: Run) -> str:
    """What shards of one run have in common."""
    changes = Selection.from_dict(run.selection).changes
    parts = [run.benchmark, run.version, run.profile, run.definition, dict(changes), dict(run.machine), dict(run.data)]
    return canonical_json([*parts, run.machine_id])


def _apart(groups: Sequence[Sequence[Run]]) -> Iterator[str]:
    """Groups that look like shards of one run, but are not."""
    known: dict[tuple[str, str, str], list[Run]] = {}
    for shards in groups:
        known.setdefault((shards[0].benchmark, shards[0].profile, shards[0].machine_id), []).append(shards[-1])
    for (benchmark, profile, _), runs in known.items():
        if len(runs) > 1:
            fields = ("version", "definition", "machine", "data")
            differ = [
                field for field in fields if len({canonical_json(_plain(getattr(run, field))) for run in runs}) > 1
            ]
            names = {"machine": "software or commit", "data": "data set"}
            told = ", ".join(names.get(field, field) for field in differ) or "changes by --set"
            yield f"{benchmark}, profile {profile}: runs of one machine stay apart, because they differ in {told}"


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else dict(value)
