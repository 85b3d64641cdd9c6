"""Sides from stored runs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from hpbench.analysis.groups import grouped
from hpbench.analysis.summary import finals
from hpbench.definition.load import parse
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.schema import Definition
from hpbench.errors import UserError
from hpbench.gate.sides import SHOWN, Asked, BenchmarkSide, CaseSide, Side, Speed
from hpbench.records.calibration import Calibration
from hpbench.records.choose import load
from hpbench.records.metrics import NOT_ALONE, base_name, dotted, is_cost
from hpbench.records.store import Run, Store, StoredCell
from hpbench.records.tables import RunTables
from hpbench.records.trial import Outcome, canonical_json
from hpbench.report.circumstances import other_loads

LENGTH = 16
"""Hexadecimal digits of a fingerprint."""

Place = tuple[str, str]
"""Case and reading."""
Values = dict[Place, dict[str, dict[int, float | None]]]
"""By place, metric and seed."""


def newest(
    store: Store, name: str, benchmarks: Collection[str] = (), profiles: Mapping[str, str] | None = None, after: int = 0
) -> Side:
    """The newest stored run of each benchmark.

    Args:
        store: Where the runs are.
        name: Of the side.
        benchmarks: Only of these, as far as they have a run; of all if none are named.
        profiles: Benchmark to the profile that its run must have; of others any.
        after: Only runs with a higher number.
    """
    profiles = profiles or {}
    runs = {
        run.benchmark: run
        for run in store.runs()
        if (not benchmarks or run.benchmark in benchmarks)
        and profiles.get(run.benchmark, run.profile) == run.profile
        and run.id > after
    }
    return Side(name=name, benchmarks={benchmark: of_run(store, run) for benchmark, run in sorted(runs.items())})


def require(store: Store, side: Side, benchmarks: Iterable[str]) -> None:
    """That the side has a run of each of the benchmarks.

    Raises:
        UserError: Naming those it has not, and what the store holds.
    """
    missing = [benchmark for benchmark in benchmarks if benchmark not in side.benchmarks]
    if missing:
        having = ", ".join(dict.fromkeys(f"{run.benchmark} ({run.profile})" for run in store.runs())) or "nothing"
        raise UserError(f"{store.path} holds no such run of {', '.join(missing)}; it holds: {having}")


def numbered(store: Store, name: str, number: int) -> Side:
    """A stored run by its number.

    Raises:
        UserError: If there is none.
    """
    runs = {run.id: run for run in store.runs()}
    if number not in runs:
        known = ", ".join(f"{run.id} ({run.benchmark}, {run.profile})" for run in list(runs.values())[-10:])
        raise UserError(f"{store.path} has no run {number}; the newest are: {known or 'none'}")
    return Side(name=name, benchmarks={runs[number].benchmark: of_run(store, runs[number])})


def of_run(store: Store, run: Run) -> BenchmarkSide:
    """What a comparison needs of a stored run."""
    resolved, tables = parse(run.definition, run.file, Selection.from_dict(run.selection)), load(store, run)
    definition = resolved.definition
    compute = definition.compute
    return BenchmarkSide(
        version=run.version,
        file=Path(run.file).name,
        profile=run.profile,
        selection=Asked(**{key: value for key, value in run.selection.items() if key != "profile"}),
        created=run.created,
        backend=compute.backend.name,
        precision=compute.precision,
        data=run.data["name"],
        generated=bool(run.data.get("generated")),
        machine=dict(run.machine),
        machine_id=run.machine_id,
        calibration=_speeds(tables.calibration),
        gated=definition.gated,
        groups=_groups(definition),
        failures=tuple(_failures(tables.trials, store.cells(run.id))),
        cases=_cases(store, run, tables, resolved),
    )


def _groups(definition: Definition) -> dict[str, tuple[str, ...]]:
    named = {case for gated in definition.gated for case in gated.cases}
    return {name: cases for name, cases in definition.members.items() if name in named}


def _speeds(calibration: Calibration) -> dict[str, Speed]:
    """Of the CPU's operations; those of GPUs bear a device's name after a comma."""
    found: dict[str, list[Any]] = {}
    for readings in calibration.values():
        for reading in readings:
            if "," not in reading.name:
                found.setdefault(reading.name, []).append(reading)
    return {
        name: Speed(value=math.fsum(one.value for one in many) / len(many), unit=many[0].unit)
        for name, many in found.items()
    }


def _failures(trials: pd.DataFrame, cells: Iterable[StoredCell]) -> Iterable[str]:
    """Trials without a result, and those of the plan that were not begun: of a run that was cut off."""
    columns = ("case", "reading", "seed", "outcome", "message")
    begun = set()
    for case, reading, seed, outcome, message in trials[list(columns)].itertuples(index=False):
        begun.add((case, reading, seed))
        if not Outcome(outcome).is_result:
            yield f"{case}, {reading}, seed {seed}: {outcome}: {message}"
    for cell in cells:
        if (cell.case, cell.reading, cell.seed) not in begun:
            yield f"{cell.case}, {cell.reading}, seed {cell.seed}: not run"


def _cases(store: Store, run: Run, tables: RunTables, resolved: Resolved) -> dict[str, dict[str, CaseSide]]:
    """By case and reading; a reading's case that shares the default reading's trials is left out."""
    data = store.data(run.id)
    code = {(cell.case, cell.reading): cell.code for cell in store.cells(run.id)}
    shared = _shared(store, run)
    values, curves = _values(tables, {gated.metric for gated in resolved.definition.gated}), _curves(tables)
    loads: dict[Place, dict[int, float]] = {}
    for (case, reading, seed), cores in other_loads(tables).items():
        if cores >= NOT_ALONE:
            loads.setdefault((case, reading), {})[seed] = round(cores, 2)
    stale = _stale(tables.trials)
    found: dict[str, dict[str, CaseSide]] = {}
    for (case, reading), settings in tables.settings.items():
        place = case, reading
        if place not in shared and place in curves:
            found.setdefault(case, {})[reading] = CaseSide(
                settings=protocol(settings),
                data=data[place][:LENGTH],
                code=code[place],
                curves=curves[place],
                loads=loads.get(place, {}),
                stale=stale.get(place, ()),
                values=values.get(place, {}),
            )
    return found


def _stale(trials: pd.DataFrame) -> dict[Place, tuple[int, ...]]:
    """Seeds whose result is of older code, by place."""
    old = trials[trials["stale"].astype(bool)]
    found: dict[Place, tuple[int, ...]] = {}
    for case, reading, seed in old[["case", "reading", "seed"]].itertuples(index=False):
        found[case, reading] = (*found.get((case, reading), ()), int(seed))
    return found


def _shared(store: Store, run: Run) -> set[Place]:
    """Places all of whose trials a place before them has, too."""
    seen: dict[str, Place] = {}
    own: dict[Place, bool] = {}
    for cell in store.cells(run.id):
        place = cell.case, cell.reading
        first = seen.setdefault(cell.trial, place)
        own[place] = own.get(place, False) or first[0] != cell.case or first == place
    return {place for place, is_own in own.items() if not is_own}


def protocol(settings: Mapping[str, Any]) -> str:
    """Digest of what has to be the same on both sides, and of which there is no word of its own."""
    compute = {key: value for key, value in settings["compute"].items() if key not in ("backend", "precision")}
    text = canonical_json({**settings, "compute": compute})
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def _values(tables: RunTables, also: set[str]) -> Values:
    """Last values of the metrics that are shown, and of others that are gated."""
    kept = {*SHOWN, *map(base_name, also)}
    observations = tables.observations[tables.observations["metric"].isin(kept)]
    found: Values = {}
    for (case, reading, metric, labels), last in finals(replace(tables, observations=observations)).items():
        name = dotted(metric, json.loads(labels))
        if metric in SHOWN or name in also:
            by_metric = found.setdefault((case, reading), {})
            by_metric[name] = {seed: value if math.isfinite(value) else None for seed, value in last.items()}
    return found


def _curves(tables: RunTables) -> dict[Place, dict[int, str]]:
    """Fingerprints of the bits of all values but times, memory and load, by place and seed."""
    names = tables.observations["metric"]
    costs = names.map({name: is_cost(name) for name in names.unique()}).astype(bool)
    digests: dict[tuple[str, str, int], Any] = {
        (case, reading, int(seed)): hashlib.sha256()
        for case, reading, seed in tables.observations[["case", "reading", "seed"]]
        .drop_duplicates()
        .itertuples(index=False)
    }
    columns = ("case", "reading", "seed", "metric", "labels")
    ordered = tables.observations[~costs].sort_values(["metric", "labels"], kind="stable")
    for key, iterations, values in grouped(ordered, columns):
        case, reading, seed, metric, labels = key
        digest = digests[case, reading, int(seed)]
        digest.update(f"{metric}\n{labels}\n".encode())
        digest.update(iterations.astype("<f8").tobytes())
        digest.update(values.astype("<f8").tobytes())
    found: dict[Place, dict[int, str]] = {}
    for (case, reading, seed), digest in sorted(digests.items()):
        found.setdefault((case, reading), {})[seed] = digest.hexdigest()[:LENGTH]
    return found
