"""Trials without a result or with a stale one, how to make the report again, and what the words mean."""

from __future__ import annotations

from hpbench import __version__
from hpbench.records.metrics import NOT_ALONE
from hpbench.records.trial import Outcome
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, bold, bullets, code_block, escape, join, shortened, table
from hpbench.report.sections.circumstances import circumstances

MOST_FAILURES = 100
MESSAGE_LENGTH = 300

CONVENTIONS = {
    "Intervals": "95 % intervals of the mean over the seeds: Student's t from 3 to 9 seeds, from 10 the "
    "bias-corrected and accelerated bootstrap; none with fewer than 3 seeds.",
    "Prediction intervals": "where one further run would lie with 95 %: wider than the interval of the mean.",
    "Seeds": "set initialisation and order of the data alike in every case, so cases are compared seed by seed.",
    "Diverged": "the loss was no longer finite. It is a result: the accuracy of the last state stands to the "
    "end and counts in n.",
    "Training memory": "the highest level of the process within the stretches of training minus its level before the "
    "model was built, when the data lay on the device already. Evaluation is not in it, and what was freed before a "
    "stretch is given back to the system first. Peak and mean are those of the whole process since the warm-up.",
    "Wall time": "per 100 iterations is the median over the windows between evaluations, of training alone; compile is "
    "tracing and compiling both training and evaluation, and two updates for warm-up, which are undone; total is from "
    "asking for the process to the trial's end.",
    "Alone": f"a timed trial counts as not alone where other processes kept {NOT_ALONE} usable cores or more busy, on "
    "average from its first iteration to its end; of a trial under half a second that cannot be told.",
    "Device memory": "by GPU, never summed: what the allocator had in use at most, and what the driver says the "
    "process held.",
}


def failures(facts: Facts) -> Markup:
    """Trials that gave no result, with what went wrong."""
    trials = facts.tables.trials
    results = [str(outcome) for outcome in Outcome if outcome.is_result]
    failed = trials[~trials["outcome"].isin(results)].sort_values(["case", "reading", "seed"], kind="stable")
    if failed.empty:
        return join("## Trials without a result", f"None: all {len(trials)} trials gave a result.")
    shown = failed.head(MOST_FAILURES)
    rows = [
        [str(case), str(reading), str(seed), _outcome(str(outcome)), shortened(str(message), MESSAGE_LENGTH)]
        for case, reading, seed, outcome, message in zip(
            *(shown[column] for column in ("case", "reading", "seed", "outcome", "message")), strict=True
        )
    ]
    more = len(failed) - len(shown)
    return join(
        "## Trials without a result",
        f"{len(failed)} of {len(trials)} trials.",
        table(["case", "reading", "seed", "outcome", "message"], rows),
        f"And {more} more." if more else "",
    )


def stale(facts: Facts) -> Markup:
    """Results of older code than the run's own; nothing where there are none."""
    trials = facts.tables.trials
    old = trials[trials["stale"].astype(bool)]
    if old.empty:
        return Markup("")
    seeds: dict[tuple[str, str], list[int]] = {}
    for case, reading, seed in zip(old["case"], old["reading"], old["seed"], strict=True):
        seeds.setdefault((case, reading), []).append(seed)
    rows = [[case, reading, ", ".join(map(str, sorted(found)))] for (case, reading), found in seeds.items()]
    return join(
        "## Stale results",
        f"{len(old)} of {len(trials)} results are stale: the code of their parts, the engine or a library has changed "
        "since they were made. They count in every number here; running again, without keeping stale results, "
        "renews them.",
        table(["case", "reading", "seeds"], rows),
    )


def _outcome(outcome: str) -> str:
    return outcome.replace("_", " ")


def again(facts: Facts) -> Markup:
    """The command and the versions, then what it was run under."""
    definition = facts.definition
    version = str(facts.tables.machine.get("hpbench", __version__))
    return join(
        "## To make exactly this again",
        code_block(facts.tables.command),
        f"With hpbench {escape(version)} and version {definition.version} of the definition {escape(definition.id)}.",
        circumstances(facts),
    )


def conventions(facts: Facts) -> Markup:
    """What intervals, divergence and the measurements are."""
    items = [Markup(f"{bold(name)}: {escape(text)}") for name, text in CONVENTIONS.items()]
    if not facts.definition.compute.deterministic:
        items.append(Markup(f"{bold('Not deterministic')}: the definition allows the same seed to give other bits."))
    return join("## Conventions", bullets(items))
