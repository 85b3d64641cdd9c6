"""Whether predictions differ from image to image, and with which settings they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpbench.analysis.predictions import SAME, Alike
from hpbench.analysis.statistics import Interval
from hpbench.definition.readings import DEFAULT
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, escape, folded, join, table
from hpbench.report.numerals import MISSING, number, significant
from hpbench.report.sections.circumstances import on_generated
from hpbench.report.settings_text import text


def alike(facts: Facts) -> Markup:
    """The table, default reading first, and a study's answer setting by setting."""
    if not facts.alike:
        return Markup("")
    settings = facts.tables.settings
    default = [one for one in facts.alike if one.reading == DEFAULT]
    others = [
        one
        for one in facts.alike
        if one.reading != DEFAULT and settings.get((one.case, one.reading)) != settings.get((one.case, DEFAULT))
    ]
    return join(
        "## Do predictions differ from image to image?",
        f"Where an image tells at most {SAME} nat about its prediction in every head, all images get the same "
        "distribution. That is so when a layer is dead, its units being 0 whatever the image, and also while a net has "
        "hardly learned; so the two are counted apart. Of the test images; entropy of the predicted classes, "
        "information and the share of the most frequent prediction by head, the share of dead units by hidden layer.",
        on_generated(facts),
        _table(default),
        folded("Other readings", _table(others)) if others else "",
        *_by_setting(facts, default),
    )


def _table(found: Sequence[Alike]) -> Markup:
    if not found:
        return Markup("Not measured.")
    heads = list(dict.fromkeys(head for one in found for head in one.information))
    titles = ["case", "reading", "seeds", "same distribution", "of these with a dead layer", "dead units by layer"]
    for head in heads:
        of = f", {head}" if head else ""
        titles += [f"entropy{of} (nat)", f"information{of} (nat)", f"most frequent{of}"]
    rows = []
    for one in found:
        layers = " / ".join(f"{share.mean:.2f}" for share in one.dead_units.values())
        row: list[str] = [one.case, one.reading, str(one.n), str(one.same), str(one.dead), layers or MISSING]
        for head in heads:
            row += [_mean(values, head) for values in (one.entropy, one.information)]
            row.append(number(one.most_frequent[head].mean, "fraction") if head in one.most_frequent else MISSING)
        rows.append(row)
    return table(titles, rows, numeric=2)


def _mean(values: Mapping[str, Interval], head: str) -> str:
    return significant(values[head].mean) if head in values else MISSING


def _by_setting(facts: Facts, default: Sequence[Alike]) -> Iterator[Markup]:
    """For each study of plain trainings: by value of each setting that differs, in how many trials all got the same."""
    for study in facts.definition.studies:
        cases = [one for one in default if one.case.startswith(f"{study}/")]
        flats = {one.case: dict(_leaves(facts.tables.settings.get((one.case, DEFAULT), {}))) for one in cases}
        names = _differing(list(flats.values()))
        rows = [row for name in names for row in _rows(name, cases, flats)]
        plain = all(found.get("training.procedure.name") == "train" for found in flats.values())
        if rows and plain and any(one.same for one in cases):
            titles = ["setting", "value", "trials", "same distribution", "of these with a dead layer"]
            yield join(
                f"### {escape(study.capitalize())}: by setting",
                "All cases of the study with that value, whatever their other settings.",
                table(titles, rows, numeric=2),
                _crossed(names[0], names[1], cases, flats) if len(names) > 1 else "",
            )


def _crossed(first: str, second: str, cases: Sequence[Alike], flats: Mapping[str, Mapping[str, str]]) -> Markup:
    """The trials that give all images the same, and in brackets those of them with a dead layer, by two settings."""
    columns = list(dict.fromkeys(flats[one.case][first] for one in cases))
    rows = []
    for value in dict.fromkeys(flats[one.case][second] for one in cases):
        row = [value]
        for column in columns:
            among = [one for one in cases if (flats[one.case][first], flats[one.case][second]) == (column, value)]
            n, same, dead = (sum(getattr(one, field) for one in among) for field in ("n", "same", "dead"))
            row.append(f"{same} ({dead}) of {n}" if n else MISSING)
        rows.append(row)
    return join(
        "Both settings at once: trials with the same distribution, in brackets those of them with a dead layer.",
        table([second, *(f"{first} {column}" for column in columns)], rows, numeric=1),
    )


def _leaves(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Dotted path and text of every setting."""
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", text(value)


def _differing(flats: Sequence[Mapping[str, str]]) -> list[str]:
    """Settings that all have and in which they differ."""
    common = [name for name in flats[0] if all(name in one for one in flats)] if flats else []
    return [name for name in common if len({one[name] for one in flats}) > 1]


def _rows(name: str, cases: Sequence[Alike], flats: Mapping[str, Mapping[str, str]]) -> Iterator[list[str]]:
    for value in dict.fromkeys(flats[one.case][name] for one in cases):
        among = [one for one in cases if flats[one.case][name] == value]
        counts = (sum(getattr(one, field) for one in among) for field in ("n", "same", "dead"))
        yield [name, value, *map(str, counts)]
