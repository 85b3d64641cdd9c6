"""A history as a person reads it: a table of series with their changes, and a chart of each metric over commits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpbench.definition.readings import DEFAULT
from hpbench.gate.change_points import LEVEL, ChangePoint, change_points
from hpbench.gate.history import History, Place, Point
from hpbench.records.metrics import metric as described
from hpbench.report.charts import COLOURS, WIDTH, axis_title, drawn_svg
from hpbench.report.files import write_whole
from hpbench.report.markup import Markup, clean, escape, folded, join, table
from hpbench.report.numerals import BYTES_PER_MEGABYTE, full_title, number, with_unit

NAME = "history"
_COLUMNS = 3
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True)
class Series:
    """A metric of a case over the runs, with its changes; ``told`` are settings that tell it from another series."""

    place: Place
    points: Sequence[Point]
    changes: Sequence[ChangePoint]
    told: str = ""

    @property
    def line(self) -> str:
        """Case, the reading where it is not the default one, and settings where there were others before."""
        reading = "" if self.place.reading == DEFAULT else self.place.reading
        return ", ".join(filter(None, (self.place.case, reading, self.told and f"settings {self.told}")))

    def labels(self) -> list[str]:
        """What tells the runs apart: the commit, starred with changes beside it, or when; numbered if run again."""
        seen: dict[str, int] = {}
        found = []
        for point in self.points:
            label = (point.commit[:7] or point.when) + ("*" if point.dirty else "")
            seen[label] = seen.get(label, 0) + 1
            found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
        return found


def analysed(history: History, benchmarks: Iterable[str] = (), metrics: Iterable[str] = ()) -> list[Series]:
    """The series of some benchmarks and metrics, of all if none are named, with their changes."""
    only, wanted = set(benchmarks), set(metrics)
    series = history.series()
    alike = Counter(place._replace(settings="") for place in series)
    return [
        Series(
            place,
            points,
            change_points([point.mean for point in points]),
            (place.settings or "not known")[:9] if alike[place._replace(settings="")] > 1 else "",
        )
        for place, points in series.items()
        if (not only or place.benchmark in only) and (not wanted or place.metric in wanted)
    ]


def overview(series: Sequence[Series]) -> list[tuple[str, ...]]:
    """A row a series: benchmark, case, metric with unit, runs, newest value, and the changes in words."""
    return [
        (
            f"{one.place.benchmark} v{one.place.version}, {one.place.profile}, {one.place.machine[:6]}",
            one.line,
            with_unit(full_title(one.place.metric), described(one.place.metric).unit),
            str(len(one.points)),
            str(number(one.points[-1].mean, described(one.place.metric).unit)),
            "; ".join(change_text(one, change) for change in one.changes),
        )
        for one in series
    ]


HEADERS = ("benchmark, profile, machine", "case", "metric", "runs", "newest", "changes")


def change_text(one: Series, change: ChangePoint) -> str:
    """``at 1a2b3c4 from 0.95 to 0.91 (-4.2 %, p = 0.001)``."""
    unit = described(one.place.metric).unit
    before, after = number(change.before, unit), number(change.after, unit)
    share = f"{(change.after / change.before - 1) * 100:+.1f} %, " if change.before else ""
    return f"at {one.labels()[change.start]} from {before} to {after} ({share}p = {change.p:.3f})"


def write(series: Sequence[Series], output: Path) -> list[Path]:
    """Write ``history.md`` and a chart of each metric into the folder ``history`` below it.

    Args:
        series: At least one.
        output: The folder; made if it is not there.

    Returns:
        The files written. Charts of an earlier history that this one has not are taken away.
    """
    groups: dict[tuple[Any, ...], list[Series]] = {}
    for one in series:
        place = one.place
        key = (place.benchmark, place.version, place.profile, place.machine, place.metric)
        groups.setdefault(key, []).append(one)
    charts = {_file(key): many for key, many in groups.items()}
    paths = [output / NAME / name for name in charts]
    for path, many in zip(paths, charts.values(), strict=True):
        write_whole(path, [chart(many)])
    page = output / f"{NAME}.md"
    write_whole(page, [markdown(series, charts)])
    for path in (output / NAME).glob("*.svg"):
        if path not in paths:
            path.unlink()
    return [page, *paths]


def markdown(series: Sequence[Series], charts: Mapping[str, Sequence[Series]]) -> str:
    """The page: what changed, the charts, and every series.

    Args:
        series: All of them.
        charts: Name of a chart's file to its series.
    """
    pictures = [Markup(f"![{escape(_title(many))}]({NAME}/{name})") for name, many in charts.items()]
    return (
        join(
            "# History",
            f"Means over the seeds, run by run. A change point is where E-divisive (Matteson and James 2014) splits a "
            f"series; of series that do not change, {LEVEL * 100:.0f} % have one by chance.",
            "## Changes",
            _changes(series),
            "## Charts",
            *pictures,
            "## Every series",
            table(HEADERS, overview(series)),
        )
        + "\n"
    )


def summary(series: Sequence[Series]) -> str:
    """What changed, and every series in a fold: for the summary of a CI job, which shows no charts."""
    every = folded(f"History: {len(series)} series", table(HEADERS, overview(series)))
    return join("## History", _changes(series), every) + "\n"


def _changes(series: Sequence[Series]) -> str:
    changed = [one for one in series if one.changes]
    return table(HEADERS, overview(changed)) if changed else "No series has a change point."


def chart(series: Sequence[Series]) -> str:
    """One metric over the runs, a panel a case: mean, standard deviation over the seeds, segments and change points.

    Args:
        series: At least one, of one metric.
    """
    import altair as alt

    rows = [row for one in series for row in _rows(one)]
    columns = min(_COLUMNS, len(series))
    ticks = alt.Axis(labelAngle=-45, labelOverlap=True, title=None)
    x = alt.X("run:O", sort=alt.EncodingSortField("order", order="ascending"), axis=ticks)
    title = axis_title(series[0].place.metric)
    y = alt.Y("mean:Q", title=title, scale=alt.Scale(zero=False))
    plot = alt.Chart()
    layers = [
        plot.mark_rule(color=COLOURS[0], opacity=0.5).encode(x, alt.Y("low:Q", title=title), alt.Y2("high:Q")),
        plot.mark_line(color="#333", strokeWidth=2).encode(x, alt.Y("level:Q", title=title), alt.Detail("segment:N")),
        plot.mark_point(filled=True, size=30, opacity=1, color=COLOURS[0]).encode(x, y),
        plot.transform_filter("datum.change")
        .mark_point(shape="triangle-down", filled=True, size=130, opacity=1, color=COLOURS[1])
        .encode(x, y),
    ]
    panel = alt.layer(*layers, data=alt.NamedData(name="rows"))
    panel = panel.properties(width=(WIDTH - 80) // columns - 30, height=170)
    facet = alt.Facet("case:N", sort=[clean(one.line) for one in series], title=None)
    whole = panel.facet(facet=facet, columns=columns).resolve_scale(x="independent", y="independent")
    return drawn_svg(whole.properties(title=clean(_title(series))), rows)


def _rows(one: Series) -> list[dict[str, Any]]:
    scale = 1 / BYTES_PER_MEGABYTE if described(one.place.metric).unit == "B" else 1.0
    starts = {change.start: change.after for change in one.changes}
    level = one.changes[0].before if one.changes else sum(point.mean for point in one.points) / len(one.points)
    rows, segment = [], 0
    for index, (point, label) in enumerate(zip(one.points, one.labels(), strict=True)):
        if index in starts:
            level, segment = starts[index], segment + 1
        rows.append(
            {
                "case": clean(one.line),
                "run": label,
                "order": index,
                "mean": point.mean * scale,
                "low": (point.mean - point.spread) * scale,
                "high": (point.mean + point.spread) * scale,
                "level": level * scale,
                "segment": segment,
                "change": index in starts,
            }
        )
    return rows


def _title(series: Sequence[Series]) -> str:
    place = series[0].place
    return (
        f"{place.benchmark} v{place.version}, {place.profile}, machine {place.machine[:6]}: {full_title(place.metric)}"
    )


def _file(key: Sequence[Any]) -> str:
    return "-".join(_NO_FILE_NAME.sub("-", str(part)) for part in key) + ".svg"
