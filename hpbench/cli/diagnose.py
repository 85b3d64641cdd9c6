"""``hpbench diagnose``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

import click

from hpbench.cli.options import require_writable, results_option
from hpbench.definition.readings import DEFAULT
from hpbench.errors import UserError

if TYPE_CHECKING:
    from hpbench.analysis.diagnosis import Diagnosis
    from hpbench.analysis.evidence import Evidence
    from hpbench.analysis.learning_curves import LearningCurves
    from hpbench.records.store import Run

WIDTH = 110
"""Characters of a line of evidence."""


class _Named(NamedTuple):
    """Curves, with what they are called and what is counted along them."""

    name: str
    curves: LearningCurves
    across: str = "iteration"


@click.command(
    epilog="Example: hpbench diagnose lenet-batch-lr --case CASE1; hpbench diagnose training.csv --output build/curves"
)
@click.argument("subject")
@click.option("--case", "cases", multiple=True, help="Of a benchmark: only this case (may be repeated).")
@click.option("--reading", default=DEFAULT, show_default=True, help="Of a benchmark: the reading.")
@click.option("--profile", help="Of a benchmark: the newest run of this profile, instead of the newest run.")
@results_option
@click.option(
    "--classes", type=click.IntRange(min=2), help="Of a file: the number of classes, by which losses are then judged."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a drawing of each: raw and smoothed loss beside accuracy (SVG).",
)
def command(
    subject: str,
    cases: tuple[str, ...],
    reading: str,
    profile: str | None,
    results: Path,
    classes: int | None,
    output: Path | None,
) -> None:
    """Name the shape of learning curves, show the numbers that it rests on, and say what to try.

    SUBJECT is a benchmark's id, for the curves of its newest stored run, or a file of one training: CSV with a column
    'loss' or 'train_loss' and any of iteration or epoch, val_loss or test_loss, accuracy or train_accuracy,
    val_accuracy or test_accuracy, learning_rate or lr (Keras' CSVLogger writes such files), or JSON with lists of these
    names (json.dump of a Keras History's history).

    The shapes are flat-start, plateau, decayed-too-early, still-improving, overfitting, underfitting, diverged and
    healthy; what fits none is called 'none of these'. Losses in the evidence are shares of the loss of chance, log of
    the number of classes, or of the first loss where that number is not known; times are shares of the training. Curves
    are smoothed, and their end is the mean of the last tenth of the evaluations, so that single ones differ.
    """
    if output is not None:
        require_writable(output, "--output")
    from hpbench.analysis.diagnosis import diagnose

    if _is_file(subject):
        _refuse(f"{subject} is a file", {"--case": cases, "--profile": profile})
        found = _of_file(subject, classes)
    else:
        _refuse(f"{subject} is a benchmark, which knows its classes", {"--classes": classes})
        found = _of_run(subject, cases, reading, profile, results)
    for one in found:
        diagnosis = diagnose(one.curves)
        click.echo("\n".join(_lines(one, diagnosis)))
        if output is not None:
            click.echo(f"  wrote {_draw(one, diagnosis, output)}")


def _is_file(subject: str) -> bool:
    """Whether it is a file of curves, and no benchmark."""
    if subject.lower().endswith((".csv", ".json")):
        return True
    if subject.lower().endswith((".yaml", ".yml")):
        return False
    path = Path(subject)
    if path.is_file():
        raise UserError(f"{subject}: files of learning curves end in .csv or .json")
    if path.suffix or len(path.parts) > 1:  # a benchmark's id has neither
        raise UserError(f"{subject}: there is no such file; files of learning curves end in .csv or .json")
    return False


def _refuse(why: str, options: Mapping[str, object]) -> None:
    """Options that would have no effect are mistakes."""
    given = [name for name, value in options.items() if value]
    if given:
        raise click.UsageError(f"{why}: {', '.join(given)} does not apply")


def _of_file(subject: str, classes: int | None) -> Iterator[_Named]:
    from hpbench.analysis.curve_files import read_curves

    path = Path(subject)
    yield _Named(path.name, read_curves(path, classes), "iteration or epoch")


def _of_run(subject: str, cases: tuple[str, ...], reading: str, profile: str | None, results: Path) -> Iterator[_Named]:
    """The curves of every trial of the newest run, by case and seed."""
    from hpbench.analysis.stored_curves import stored_curves

    run, evidence = _evidence(subject, reading, profile, results)
    if run.profile == "smoke":
        click.echo("note: a run of the profile smoke shows that everything works; its numbers mean nothing")
    trials = evidence.tables.trials
    known = list(dict.fromkeys(trials.loc[trials["reading"] == reading, "case"]))
    unknown = [case for case in cases if case not in known]
    if unknown or not known:
        wanted = f"case {', '.join(unknown)}" if known else f"trial under the reading {reading}"
        raise UserError(f"the run of {run.created} has no {wanted}; it has: {_having(evidence, known)}")
    found = [(case, stored_curves(evidence, case)) for case in cases or known]
    if not any(by_seed for _, by_seed in found):
        raise UserError(f"{results}: {', '.join(cases) or subject} has no training loss over the iterations")
    for case, by_seed in found:
        for seed, curves in by_seed.items():
            yield _Named(f"{case}, seed {seed}", curves)


def _having(evidence: Evidence, cases: list[str]) -> str:
    """The cases, or the readings if there is none."""
    return ", ".join(cases or dict.fromkeys(evidence.tables.trials["reading"]))


def _evidence(subject: str, reading: str, profile: str | None, results: Path) -> tuple[Run, Evidence]:
    """The newest run of a benchmark, and what its trials under the reading say."""
    from hpbench.analysis.evidence import Evidence
    from hpbench.definition.load import bundled, find, parse, read
    from hpbench.definition.resolve import Selection
    from hpbench.records.choose import load
    from hpbench.records.store import Store

    subject = read(find(subject)).values["id"] if subject.endswith((".yaml", ".yml")) else subject
    with Store(results) as store:
        runs = store.runs(subject, profile)
        if not runs:
            having = ", ".join(dict.fromkeys(f"{run.benchmark} ({run.profile})" for run in store.runs())) or "nothing"
            words = ["hpbench", "run", subject, *(["--profile", profile] if profile else []), "--results", str(results)]
            hint = f"; this makes one: {shlex.join(words)}" if subject in bundled() else ""
            wanted = f"{subject} ({profile})" if profile else subject
            raise UserError(f"{results} holds no run of {wanted}; it holds: {having}{hint}")
        run, tables = runs[-1], load(store, runs[-1])
    resolved = parse(run.definition, run.file, Selection.from_dict(run.selection))
    try:
        return run, Evidence(tables, reading, resolved.under(reading))
    except ValueError as error:
        raise UserError(str(error)) from None


def _lines(one: _Named, diagnosis: Diagnosis) -> Iterator[str]:
    """The shape and what it means, the evidence, and what to try."""
    from hpbench.analysis.sign_words import evidence_words
    from hpbench.catalogue.shapes import SHAPES

    yield f"{one.name}: {diagnosis.shape} ({SHAPES[diagnosis.shape].meaning})"
    if words := "; ".join(evidence_words(diagnosis.evidence, one.curves.classes)):
        yield fill(words, WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield f"  try: {diagnosis.advice}"


def _draw(one: _Named, diagnosis: Diagnosis, output: Path) -> Path:
    from hpbench.report.diagnosis_chart import diagnosis_chart
    from hpbench.report.files import write_whole

    path = output / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', one.name).strip('-')}.svg"
    write_whole(path, [diagnosis_chart(one.curves, f"{one.name}: {diagnosis.shape}", one.across)])
    return path
