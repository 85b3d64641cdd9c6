"""The protocol's report in Markdown, with its figures, and its steps as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from hpbench.protocol import figures
from hpbench.protocol.outcome import Outcome
from hpbench.protocol.points import Point, Trial
from hpbench.protocol.rate import ITERATIONS
from hpbench.protocol.step import Step, shown
from hpbench.report.diagnosis_chart import diagnosis_chart
from hpbench.report.files import write_whole
from hpbench.report.markup import Markup, bold, bullets, code, escape, folded, join, table

TITLES = {"tune": "Tuning {model} on {data}", "lr-find": "Learning rates of {model} on {data}"}

KEYS = {"overfit", "rate-curves", "loss-by-rate", "trials", "curves"}
"""Of all figures: the names of their files."""

SHOWN = 15
"""Trials of a step that are in its table; if there are more, the others are behind a click."""

LINE = 110
"""Characters of a line on the terminal."""

HEADERS = (
    "learning rate",
    "weight decay",
    "epochs",
    "train loss (nat)",
    "train acc.",
    "val. loss (nat)",
    "val. acc.",
    "time (s)",
)


@dataclass(frozen=True)
class Figure:
    """A figure: the step that it stands in, the name of its file, what it shows, and the SVG text."""

    step: int
    key: str
    words: str
    svg: str


def write(outcome: Outcome, folder: Path, name: str) -> Path:
    """Write ``NAME.md`` and, in the folder ``NAME``, its figures.

    Args:
        outcome: What was found.
        folder: Made if it is not there.
        name: ``tune`` or ``lr-find``.

    Returns:
        The Markdown file's path; the file is written last.
    """
    drawn = list(_figures(outcome))
    for key in KEYS - {figure.key for figure in drawn}:
        (folder / name / f"{key}.svg").unlink(missing_ok=True)  # of an earlier report
    for figure in drawn:
        write_whole(folder / name / f"{figure.key}.svg", [figure.svg])
    path = folder / f"{name}.md"
    write_whole(path, [_markdown(outcome, name, drawn)])
    return path


def _markdown(outcome: Outcome, name: str, drawn: Sequence[Figure]) -> str:
    """The report's text; its figures are in the folder ``name`` beside it."""
    title = TITLES[name].format(model=outcome.model, data=outcome.data)
    parts = [Markup(f"# {escape(title)}"), _summary(outcome)]
    for step in outcome.steps:
        pictures = [Markup(f"![{one.words}]({name}/{one.key}.svg)") for one in drawn if one.step == step.number]
        parts += [_section(step), _trials(outcome, step), *pictures]
    return join(*parts, _circumstances(outcome)) + "\n"


def text(step: Step) -> str:
    """A step as plain text, for the terminal."""
    lines = [("checked", step.checked)]
    lines += [("" if i else "found", f"{key}: {shown(value)}") for i, (key, value) in enumerate(step.found.items())]
    lines.append(("concluded" if step.verdict == "passed" else step.verdict.upper(), step.concluded))
    for cause in step.causes:
        lines += [("cause", cause.says), ("advice", cause.advice)]
    lines += [("remark", remark) for remark in step.remarks]
    wrapped = (fill(words, LINE, initial_indent=f"  {kind:11}", subsequent_indent=" " * 13) for kind, words in lines)
    return "\n".join([f"Step {step.number}: {step.title}", *wrapped])


def last_words(outcome: Outcome) -> str:
    """What came of it, in one or two lines."""
    if outcome.interrupted:
        return "Interrupted; what was found until then is kept."
    failed = [step for step in outcome.steps if not step.passed]
    words = []
    if outcome.best:
        words.append(
            f"Best setting: {outcome.best.point} ({outcome.best.accuracy:.1%} of validation after "
            f"{outcome.best.curve.epochs} epochs)."
        )
    if failed:
        stopped = failed[0].number in (1, 2)
        cause = f": {failed[0].causes[0].says}" if failed[0].causes else ""
        words.append(
            f"Step {failed[0].number} failed{cause}" + (" Nothing after it was tried." * stopped)
        )  # fmt: skip
    passed = "Passed." if len(outcome.steps) == 1 else "Every step passed."
    return " ".join(words) or passed


def _summary(outcome: Outcome) -> Markup:
    rows = [[f"{step.number}. {step.title}", step.verdict, step.concluded] for step in outcome.steps]
    parts: list[str] = [escape(last_words(outcome)), table(["step", "", "concluded"], rows)]
    parts += [bullets(outcome.remarks)] if outcome.remarks else []
    if outcome.best:
        count = sum(1 for trial in outcome.trials if trial.curve.epochs and not trial.cut)
        parts.append(
            escape(
                f"The best of {count} trials was chosen by its validation accuracy, which is therefore a little "
                "optimistic; test data that was not used here says how good it is."
            )
        )
    return join(*parts)


def _section(step: Step) -> Markup:
    parts: list[str] = [Markup(f"## Step {step.number}: {escape(step.title)}"), escape(step.checked)]
    if step.found:
        parts.append(table(["found", ""], [[key, shown(value)] for key, value in step.found.items()]))
    parts.append(Markup(f"{bold(step.verdict.capitalize() + '.')} {escape(step.concluded)}"))
    if step.causes:
        parts.append(bullets(Markup(f"{escape(c.says)} {bold('Advice:')} {escape(c.advice)}") for c in step.causes))
    return join(*parts, bullets(step.remarks) if step.remarks else "")


def _trials(outcome: Outcome, step: Step) -> Markup:
    """The trials of a step, each with its numbers; of many the best, and all of them behind a click."""
    trials = [trial for trial in outcome.trials if trial.step == step.number]
    if not trials:
        return Markup("")
    headers = ["round", *HEADERS] if step.number == 5 else list(HEADERS)
    whole = table(headers, [_row(trial, step.number == 5) for trial in trials], 0)
    if len(trials) <= SHOWN:
        return whole
    best = sorted(trials, key=lambda trial: (not trial.cut, trial.rank), reverse=True)[:SHOWN]
    return join(
        escape(f"The best {SHOWN} of {len(trials)} trials:"),
        table(headers, [_row(trial, step.number == 5) for trial in best], 0),
        folded(f"All {len(trials)} trials, in the order in which they were trained", whole),
    )


def _row(trial: Trial, with_round: bool) -> list[str]:
    curve, decay = trial.curve, trial.point.weight_decay
    cells = [f"{trial.point.learning_rate:.3g}", "as built" if decay is None else f"{decay:.3g}" if decay else "none"]
    cells.append(f"{curve.epochs} of {trial.epochs}" + (", cut" if trial.cut else ""))
    if curve.epochs:
        cells += [shown(float(curve.train_loss[-1])), f"{curve.train_accuracy[-1]:.3f}"]
        cells += [shown(float(curve.validation_loss[-1])), f"{curve.validation_accuracy[-1]:.3f}"]
    else:
        cells += ["–"] * 4
    return [*([str(trial.round)] if with_round else []), *cells, f"{trial.seconds:.1f}"]


def _figures(outcome: Outcome) -> Iterator[Figure]:
    """Those that there is something to draw in, each in a step that was done."""
    attempts = [attempt for attempt in outcome.attempts if attempt.iterations]
    if attempts:
        words = "Accuracy on a few batches, by iteration and rate"
        yield Figure(2, "overfit", words, figures.overfitting(attempts))
    if outcome.rates:
        words = "Training loss by iteration, one line a learning rate"
        yield Figure(3, "rate-curves", words, figures.rate_curves(outcome.rates))
        words = f"Training loss after {ITERATIONS} iterations against the learning rate"
        yield Figure(3, "loss-by-rate", words, figures.loss_by_rate(outcome.rates, outcome.own_rate))
    if outcome.best:
        words = "Validation accuracy of all trials against the learning rate"
        last = max(trial.step for trial in outcome.trials)
        yield Figure(last, "trials", words, figures.trials_by_rate(outcome.trials))
        words = "Loss, raw and smoothed, and accuracy of the best trial by epoch"
        curves = outcome.best.curve.learning_curves(outcome.classes)
        svg = diagnosis_chart(curves, f"The best trial: {outcome.best.point}", "epoch", "validation data")
        yield Figure(6 if any(step.number == 6 for step in outcome.steps) else last, "curves", words, svg)


def _circumstances(outcome: Outcome) -> Markup:
    versions = ", ".join(f"{library} {version}" for library, version in outcome.versions.items())
    items = [
        f"Budget: {outcome.budget}; it took {outcome.seconds:.0f} s without starting TensorFlow.",
        f"Seed {outcome.seed}: the same initial weights and order of batches for every trial. Batches of arrays have "
        f"{outcome.batch_size} examples.",
        versions,
    ]
    if outcome.best is None:
        return join(Markup("## How this was made"), bullets(items))
    best = Markup(f"The best setting: {_setting(outcome, outcome.best.point)}, {outcome.best.curve.epochs} epochs.")
    return join(Markup("## How this was made"), best, bullets(items))


def _setting(outcome: Outcome, point: Point) -> Markup:
    """How to make that model: a call with what the builder takes, and what else has to be set."""
    values = {"learning_rate": point.learning_rate, "weight_decay": point.weight_decay or 0.0}
    given = ", ".join(f"{name}={values[name]:g}" for name in outcome.takes)
    call = code(f"{outcome.model.rpartition(':')[2]}({given})")
    if "learning_rate" in outcome.takes:
        return call
    return Markup(f"{call}, compiled with learning rate {point.learning_rate:g}")
