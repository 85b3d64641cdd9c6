"""The protocol's report in Markdown, with its figures, and its steps as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill

from hpbench.protocol import figures
from hpbench.protocol.points import Trial
from hpbench.protocol.step import Step, shown
from hpbench.protocol.tuning import Outcome
from hpbench.report.diagnosis_chart import diagnosis_chart
from hpbench.report.files import write_whole
from hpbench.report.markup import Markup, bold, bullets, code, escape, join, table

TITLES = {"tune": "Tuning {model} on {data}", "lr-find": "Learning rates of {model} on {data}"}

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


def write(outcome: Outcome, folder: Path, name: str) -> Path:
    """Write ``NAME.md`` and, in the folder ``NAME``, its figures.

    Args:
        outcome: What was found.
        folder: Made if it is not there.
        name: ``tune`` or ``lr-find``.

    Returns:
        The Markdown file's path; the file is written last.
    """
    places = _places(outcome)
    drawn = {key: svg for key, svg in _figures(outcome) if key in places}
    for key in set(FIGURES) - set(drawn):
        (folder / name / f"{key}.svg").unlink(missing_ok=True)  # of an earlier report
    for key, svg in drawn.items():
        write_whole(folder / name / f"{key}.svg", [svg])
    path = folder / f"{name}.md"
    write_whole(path, [markdown(outcome, name, {key: places[key] for key in drawn})])
    return path


def markdown(outcome: Outcome, name: str, drawn: Mapping[str, int]) -> str:
    """The report's text.

    Args:
        outcome: What was found.
        name: Of the file, and of the folder of figures beside it.
        drawn: Key of each figure that there is, to the step it stands in.
    """
    title = TITLES[name].format(model=outcome.model, data=outcome.data)
    parts = [Markup(f"# {escape(title)}"), _summary(outcome)]
    for step in outcome.steps:
        parts += [_section(step), _trials(outcome, step), *_pictures(step, name, drawn)]
    parts.append(_circumstances(outcome))
    return join(*parts) + "\n"


def text(step: Step) -> str:
    """A step as plain text, for the terminal."""
    lines = [("checked", step.checked)]
    lines += [("" if i else "found", f"{key}: {shown(value)}") for i, (key, value) in enumerate(step.found.items())]
    lines.append(("concluded" if step.passed else step.verdict.upper(), step.concluded))
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
    return " ".join(words) or "Every step passed."


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
    """The trials of a step, each with its numbers."""
    trials = [trial for trial in outcome.trials if trial.step == step.number]
    if not trials:
        return Markup("")
    headers = ["round", *HEADERS] if step.number == 5 else list(HEADERS)
    return table(headers, [_row(trial, step.number == 5) for trial in trials], 0)


def _row(trial: Trial, with_round: bool) -> list[str]:
    curve, decay = trial.curve, trial.point.weight_decay
    cells = [f"{trial.point.learning_rate:.3g}", "none" if decay is None else f"{decay:.3g}"]
    cells.append(f"{curve.epochs} of {trial.epochs}" + (", cut" if trial.cut else ""))
    if curve.epochs:
        cells += [shown(float(curve.train_loss[-1])), f"{curve.train_accuracy[-1]:.3f}"]
        cells += [shown(float(curve.validation_loss[-1])), f"{curve.validation_accuracy[-1]:.3f}"]
    else:
        cells += ["–"] * 4
    return [*([str(trial.round)] if with_round else []), *cells, f"{trial.seconds:.1f}"]


def _pictures(step: Step, name: str, drawn: Mapping[str, int]) -> Iterator[Markup]:
    for key, (_, words) in FIGURES.items():
        if drawn.get(key) == step.number:
            yield Markup(f"![{words}]({name}/{key}.svg)")


FIGURES = {
    "overfit": ((2,), "Accuracy on a few batches, by iteration and rate"),
    "rate-curves": ((3,), "Training loss by iteration, one line a learning rate"),
    "loss-by-rate": ((3,), "Training loss after 100 iterations against the learning rate"),
    "trials": ((5, 4), "Validation accuracy of all trials against the learning rate"),
    "curves": ((6,), "Loss, raw and smoothed, and accuracy of the best trial by epoch"),
}
"""Key of a figure to the steps it may stand in, the first that was done, and what it shows."""


def _places(outcome: Outcome) -> dict[str, int]:
    """The step in which each figure stands, of those that were done."""
    done = {step.number for step in outcome.steps}
    places = {key: next((step for step in steps if step in done), None) for key, (steps, _) in FIGURES.items()}
    return {key: place for key, place in places.items() if place is not None}


def _figures(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Those that there is something to draw in."""
    if any(attempt.iterations for attempt in outcome.attempts):
        yield "overfit", figures.overfitting([attempt for attempt in outcome.attempts if attempt.iterations])
    if outcome.rates:
        own = next((step.found.get("your own rate") for step in outcome.steps if step.number == 3), None)
        yield "rate-curves", figures.rate_curves(outcome.rates)
        yield "loss-by-rate", figures.loss_by_rate(outcome.rates, float(own) if own is not None else None)
    if any(trial.curve.epochs and not trial.cut for trial in outcome.trials):
        yield "trials", figures.trials_by_rate(outcome.trials)
    if outcome.best:
        curves = outcome.best.curve.learning_curves(outcome.classes)
        yield "curves", diagnosis_chart(curves, f"The best trial: {outcome.best.point}", "epoch")


def _circumstances(outcome: Outcome) -> Markup:
    versions = ", ".join(f"{library} {version}" for library, version in outcome.versions.items())
    items = [
        f"Budget: {outcome.budget}; it took {outcome.seconds / 60:.1f} minutes.",
        f"Seed {outcome.seed}: the same initial weights and order of batches for every trial. Batches of arrays have "
        f"{outcome.batch_size} examples.",
        versions,
    ]
    again = [] if not outcome.best else [_again(outcome)]
    return join(Markup("## How this was made"), *again, bullets(items))


def _again(outcome: Outcome) -> Markup:
    assert outcome.best
    point = outcome.best.point
    call = f"{outcome.model.rpartition(':')[2]}(learning_rate={point.learning_rate:g}"
    call += f", weight_decay={point.weight_decay or 0.0:g})"
    return Markup(f"The best setting: {code(call)}, {outcome.best.curve.epochs} epochs.")
