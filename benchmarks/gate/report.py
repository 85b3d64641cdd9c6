"""The report of the calibration: Markdown, and the figures beside it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.gate import charts, tables
from benchmarks.gate.load import SECONDS
from benchmarks.gate.planted import HELD, LOST, SLOWER
from benchmarks.gate.pool import AGAIN, CASE, MEMORY, TIME, WORSE, read_rows
from benchmarks.gate.running import CIRCUMSTANCES, ROWS, Circumstances
from benchmarks.gate.study import Study, differences, study
from benchmarks.gate.targets import NAMES, TARGET_SHARE, bounds, targets
from hpbench.definition.readings import DEFAULT
from hpbench.gate.decide import FAMILY_ERROR
from hpbench.measure.clock import duration
from hpbench.report.files import write_whole
from hpbench.report.markup import Markup, bold, bullets, code_block, join, table

SMALLEST_POOL, SMALLEST_BUSY = 100, 50
"""Blocks of a whole report's pools."""


def write(path: Path, command: str) -> None:
    """Draw the comparisons from the values that lie in the folder of the report's name, and write the report.

    Args:
        path: Of the report; the folder beside it has its name without the ending.
        command: What makes it.
    """
    folder = path.with_suffix("")
    told = Circumstances.model_validate_json((folder / CIRCUMSTANCES).read_text(encoding="utf-8"))
    found = study(told.side, read_rows(folder / ROWS))
    for name, svg in _figures(found).items():
        write_whole(folder / f"{name}.svg", [svg])
    write_whole(path, [markdown(found, told, command, folder.name)])


def _figures(study: Study) -> dict[str, str]:
    pools = [(name, blocks) for name, blocks in (("quiet", study.quiet), ("busy", study.busy)) if blocks]
    values = {
        metric: {
            f"{name}: {arm}": [value * scale for value in differences(blocks, arm, metric)]
            for name, blocks in pools
            for arm in (AGAIN, WORSE)
        }
        for metric, scale in ((TIME, 100), (MEMORY, 1e-6))
    }
    needs = study.planned.needs
    time, memory = needs[TIME].gated.threshold * 100, needs[MEMORY].gated.threshold / 1e6
    shares = {
        NAMES[metric]: [(tally.n, tally.found / tally.total) for tally in many] for metric, many in study.power.items()
    }
    less = "less normal, block by block; dashed: threshold"
    return {
        "time": charts.spread(values[TIME], f"Time, {less}", "difference of time (%)", time),
        "memory": charts.spread(values[MEMORY], f"Training memory, {less}", "difference of memory (MB)", memory),
        "found": charts.found_against_seeds(
            shares, "What is planted and found; dashed: planned, and asked for", study.planned.taken, TARGET_SHARE
        ),
    }


def markdown(study: Study, told: Circumstances, command: str, figures: str) -> str:
    """The whole report.

    Args:
        study: What was counted.
        told: What it was counted from.
        command: What made the report.
        figures: Folder of the figures, as seen from the report.
    """
    return (
        join(
            Markup("# Calibration of the gate"),
            _part(study),
            "How often the gate raises a false alarm, and how often it finds what is planted. "
            "The runs are real; which of them are compared is drawn, and the gate's own code compares them.",
            code_block(command),
            _facts(study, told),
            Markup("## Targets"),
            table(["what", "target", "measured", "95 % bounds of the share", ""], _target_rows(study), numeric=1),
            bullets(_target_notes(study)),
            Markup(f"![Share found against pairs]({figures}/found.svg)"),
            Markup("## How it was done"),
            bullets(_method(study, told)),
            Markup("## Numbers of runs"),
            tables.plans(study),
            Markup("## How the comparisons ended"),
            tables.tallies(study),
            Markup("## The pools"),
            tables.pools(study),
            Markup(f"![Differences of time]({figures}/time.svg)\n\n![Differences of memory]({figures}/memory.svg)"),
        )
        + "\n"
    )


def _part(study: Study) -> str:
    lacking = [
        f"{len(blocks)} blocks of the {name} pool, and {smallest} belong to a whole one"
        for name, blocks, smallest in (
            ("quiet", study.quiet, SMALLEST_POOL),
            ("busy", study.busy, SMALLEST_BUSY),
        )
        if len(blocks) < smallest
    ]
    if study.planned.asked > study.planned.taken:
        lacking.append(f"the plan asks for {study.planned.asked:g} pairs, and the pool gives {study.planned.taken}")
    return bold(f"A part of the report: {'; '.join(lacking)}") if lacking else ""


def _facts(study: Study, told: Circumstances) -> Markup:
    starts = sorted(row.start for row in study.rows)
    about = [("runs", str(len(study.rows))), ("first run", starts[0]), ("last run", starts[-1])]
    code = told.side.cases[CASE][DEFAULT].code
    return table(["about these runs", ""], [*about, *told.side.machine.items(), ("fingerprint of the code", code)])


def _target_rows(study: Study) -> list[tuple[str, ...]]:
    return [
        (
            one.name,
            one.asked,
            f"{one.count} of {one.total}",
            bounds(one.count, one.total),
            "met" if one.met else "missed",
        )
        for one in targets(study)
    ]


def _target_notes(study: Study) -> list[str]:
    pairs, blocks = study.planned.taken, len(study.quiet)
    return [
        f"Each side of a comparison has {pairs} runs, as many as the plan asks for{_in_busy(study)}. All three metrics "
        f"are tested at once, with a family-wise error of {FAMILY_ERROR:.0%}. Found: the metric that is worse is "
        "called worse.",
        "The bounds are Clopper and Pearson's, one-sided where none or all are counted, for independent comparisons. "
        f"These are drawn from one pool and share runs: of the times and memory of {pairs} blocks in a row the "
        f"{blocks} blocks of the quiet pool have {blocks // pairs} that do not overlap. So the bounds are those of the "
        "drawing, and say nothing of another day or another machine.",
    ]


def _in_busy(study: Study) -> str:
    """What is said where the busy pool gives fewer."""
    there = study.busy_alike.n if study.busy_alike else study.planned.taken
    return f"; beside the load {there}, as many as that pool gives" if there < study.planned.taken else ""


def _method(study: Study, told: Circumstances) -> list[str]:
    return [
        f"The workload is a LeNet on 28 x 28 digits of scikit-learn, {told.iterations} iterations in {told.windows} "
        f"windows. A run is a fresh hpbench run of one seed and takes {told.wall_seconds:.1f} s in all. What is gated, "
        "and the thresholds, were set before any result of the gate was seen; what is planted is twice a threshold.",
        "Three arms: normal and again are this source. Worse is a copy of it in which every stretch of training is "
        f"followed, inside its clock, by computing for {SLOWER:.0%} of its time, and which holds {HELD / 1e6:.0f} MB "
        "from the first stretch on. A block is one seed in all three, in a drawn order.",
        "Times and memory of a comparison are those of blocks in a row; which of normal and again is the first side is "
        "drawn for each comparison. The same code and seed give the same accuracy to the bit, so accuracies are those "
        f"of as many other runs on each side, drawn without replacement; {LOST} is taken off those of the second side "
        "where a loss is planted.",
        "Beside the busy pool a process keeps one core busy in random halves of the time: of each two intervals of "
        f"{SECONDS:g} s one, in a drawn order ({_loaded(told)}).",
        f"Raw values: {ROWS} in the folder of the figures; the machine, and when there was load: {CIRCUMSTANCES}.",
    ]


def _loaded(told: Circumstances) -> str:
    if not told.load:
        return "none was run"
    on, whole = (sum(end - start for start, end, loaded in told.load if loaded in kinds) for kinds in ((1,), (0, 1)))
    return f"{on / whole:.0%} of {duration(whole)}"
