"""Reading a definition from a file, and finding the bundled ones."""

from __future__ import annotations

from pathlib import Path

from hpbench.definition.checks import definition_faults
from hpbench.definition.faults import DefinitionError, Fault, nearest
from hpbench.definition.resolve import Resolved, Selection, SelectionError
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
    close = nearest(benchmark, known)
    hint = f"did you mean '{close}'?" if close else f"there are: {', '.join(known)}; or give a file ending in .yaml"
    raise SelectionError(f"no benchmark '{benchmark}'; {hint}")


def read(path: Path) -> YamlTree:
    """Read and fully check a definition file.

    Raises:
        DefinitionError: With every fault found.
    """
    faults: list[Fault] = []
    tree = YamlTree(read_text(path), str(path), faults)
    unreadable = {(fault.line, fault.column) for fault in faults}
    faults += [fault for fault in definition_faults(tree) if (fault.line, fault.column) not in unreadable]
    if faults:
        raise DefinitionError(faults)
    return tree


def parse(text: str, file: str, selection: Selection) -> Resolved:
    """A definition's text, as the store keeps it, with a selection applied."""
    return Resolved(YamlTree(text, file), selection)
