"""The report as Markdown, with its figures in a folder beside it."""

from __future__ import annotations

from pathlib import Path

from hpbench.report.facts import Facts
from hpbench.report.figures import PICTURES, draw
from hpbench.report.files import write_whole
from hpbench.report.markdown import markdown


def write(facts: Facts, output: Path) -> list[Path]:
    """Figures first, so that the text never links to one that is not there; then those of an earlier report go."""
    figures = draw(facts)
    folder = output / facts.definition.id
    drawn = [folder / name for name in figures.files]
    for path, svg in zip(drawn, figures.files.values(), strict=True):
        write_whole(path, [svg])
    pictures = [folder / f"{name}.png" for name in figures.pictures]
    for path, content in zip(pictures, figures.pictures.values(), strict=True):
        write_whole(path, [content])
    report = output / f"{facts.definition.id}.md"
    write_whole(report, [markdown(facts, figures)])
    kept = {path.name.casefold() for path in (*drawn, *pictures)}
    for path in (*folder.glob("*.svg"), *(folder / f"{name}.png" for name in PICTURES)):
        if path.name.casefold() not in kept:
            path.unlink(missing_ok=True)
    return [report, *drawn, *pictures]
