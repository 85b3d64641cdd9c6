"""Reading a definition from a file, and finding the bundled ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hpbench.definition import readings
from hpbench.definition.changes import with_changes
from hpbench.definition.faults import DefinitionError, Fault
from hpbench.definition.resolve import Resolved, Selection, SelectionError, all_cases, build
from hpbench.definition.schema import Definition
from hpbench.definition.yaml_tree import YamlTree, read_text


def bundled_folder() -> Path:
    """Where the bundled definitions are: beside the code when installed, ``benchmarks/`` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "benchmarks"
    return inside if inside.is_dir() else package.parent / "benchmarks"


def bundled() -> dict[str, Path]:
    """Bundled benchmarks: id to file. The id is the file's name with dashes."""
    return {path.stem.replace("_", "-"): path for path in sorted(bundled_folder().glob("*.yaml"))}


def find(benchmark: str) -> Path:
    """The file of a benchmark given by id or by path.

    Raises:
        SelectionError: With the nearest id, if there is none.
    """
    known = bundled()
    if benchmark in known:
        return known[benchmark]
    if benchmark.endswith((".yaml", ".yml")) or "/" in benchmark:
        return Path(benchmark)
    close = difflib.get_close_matches(benchmark, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(known)}; or give a file ending in .yaml"
    raise SelectionError(f"no benchmark '{benchmark}'; {hint}")


def read(path: Path) -> YamlTree:
    """Read and fully check a definition file.

    Raises:
        DefinitionError: With every fault found.
    """
    tree = YamlTree(read_text(path), str(path))
    definition = build(tree.values, tree)
    faults = [tree.fault(location, message) for location, message in _references(definition)]
    faults += _alternatives(tree, definition)
    if faults:
        raise DefinitionError(faults)
    return tree


def parse(text: str, file: str, selection: Selection) -> Resolved:
    """A definition's text, as the store keeps it, with a selection applied."""
    return Resolved(YamlTree(text, file), selection)


def _references(definition: Definition) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Names of cases and readings that do not exist, as (location, message)."""
    cases = set(all_cases(definition))
    known = ", ".join(definition.cases)
    for index, claim in enumerate(definition.claims):
        for case in claim.test.case_names:
            if case not in cases:
                yield ("claims", index, "test"), f"claim '{claim.id}' names case '{case}'; there are: {known}"
    for index, figure in enumerate(definition.figures):
        if figure.kind == "readings" and len(figure.cases) != 1:
            yield ("figures", index), f"figure '{figure.id}' shows one case under each reading: name one case"
        for case in figure.cases:
            if case not in cases:
                yield ("figures", index), f"figure '{figure.id}' names case '{case}'; there are: {known}"
    for index, case in enumerate(definition.reading_cases):
        if case not in definition.cases:
            yield ("reading_cases", index), f"there is no case '{case}'; there are: {known}"
    for metric, reported in definition.reported.items():
        for key in reported.values:
            for case in key.replace(" / ", " - ").split(" - "):
                if case not in cases:
                    yield (
                        ("reported", metric, "values", key),
                        f"a number is reported for '{case}'; there are: {known}",
                    )
    for point, body in definition.open.items():
        first, changes = next(iter(body.answers.items()))
        if changes:
            yield (
                ("open", point, "answers", first),
                f"the first answer is the default and changes nothing: write '{first}: {{}}'",
            )
    yield from _listed_readings(definition)
    ids = [claim.id for claim in definition.claims]
    for index, claim in enumerate(definition.claims):
        if claim.id in ids[:index]:
            yield ("claims", index, "id"), f"a second claim '{claim.id}'"


def _listed_readings(definition: Definition) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if not isinstance(definition.readings, str):
        for index, text in enumerate(definition.readings):
            try:
                readings.parse(text, definition.open)
            except ValueError as error:
                yield ("readings", index), str(error)


def _alternatives(tree: YamlTree, definition: Definition) -> list[Fault]:
    """Faults that show only under a profile, an answer or a case."""
    blocks: list[tuple[tuple[str | int, ...], Mapping[str, Any]]] = [
        (("open", point, "answers", answer), changes)
        for point, body in definition.open.items()
        for answer, changes in body.answers.items()
    ]
    blocks += [(("profiles", name), changes) for name, changes in definition.profiles.items()]
    faults: list[Fault] = []
    for location, changes in blocks:
        for path, value in changes.items():
            try:
                Definition.model_validate(with_changes(tree.values, {path: value}))
            except KeyError as error:
                faults.append(tree.fault((*location, path), str(error.args[0])))
            except ValueError:
                faults += _whole_block(tree, location, changes)
                break
    for profile in definition.profiles or ("quick",):
        try:
            Resolved(tree, Selection(profile=profile)).planned_cases()
        except SelectionError as error:
            location = ("profiles", profile) if definition.profiles else ("cases",)
            faults += [tree.fault(location, line) for line in str(error).splitlines()]
    return faults


def _whole_block(tree: YamlTree, location: tuple[str | int, ...], changes: Mapping[str, Any]) -> list[Fault]:
    """Faults of a block's changes taken together: one change may need another."""
    from pydantic import ValidationError

    from hpbench.definition.messages import describe

    try:
        Definition.model_validate(with_changes(tree.values, changes))
    except ValidationError as error:
        found = describe(error)
        places = {
            text: next((path for path in changes if path.split(".")[0] == str(where[0])), "") for where, text in found
        }
        return [tree.fault((*location, places[text]), text) for text in places]
    except KeyError as error:
        return [tree.fault(location, str(error.args[0]))]
    return []
