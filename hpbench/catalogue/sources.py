"""Which source files a module's behaviour comes from, found without importing anything."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def module_file(module: str) -> Path | None:
    """The file of a module, searched where ``import`` would: the working folder, then ``sys.path``.

    A module of hpbench itself is found beside this one. None if there is none, or if it is not Python source.
    """
    parts = module.split(".")
    if parts[0] == _PACKAGE.name:
        return _below(_PACKAGE.parent, parts)
    for folder in (Path.cwd(), *(Path(entry) for entry in sys.path if entry)):
        found = _below(folder, parts)
        if found is not None:
            return found
    return None


def source_files(module: str) -> tuple[Path, ...]:
    """The module's file, and every file of the working folder that it imports, directly or not.

    What lies elsewhere is an installed library; its version stands for it. Empty if the module is not found.
    """
    first = module_file(module)
    if first is None or first != _below(Path.cwd(), module.split(".")):
        return (first,) if first else ()
    found: set[Path] = set()
    waiting = [first]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported_files(path)
    return tuple(sorted(found))


def _below(folder: Path, parts: list[str]) -> Path | None:
    place = folder.joinpath(*parts)
    for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if path.is_file():
            return path
    return None


def _imported_files(path: Path) -> list[Path]:
    """Files of the working folder that a file imports."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    files = (_below(Path.cwd(), name.split(".")) for name in _imported_names(tree, path))
    return [file for file in files if file is not None]


def _imported_names(tree: ast.AST, path: Path) -> Iterator[str]:
    """Dotted names of all that a module imports, with the packages above them; relative imports made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*_package(path, node.level), *([node.module] if node.module else [])]
            names = [".".join(base), *(".".join([*base, alias.name]) for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _package(path: Path, level: int) -> list[str]:
    """Parts of the package that ``level`` dots in a file mean, seen from the working folder."""
    if not level:
        return []
    folder = path.parents[level - 1]
    home = Path.cwd()
    return list(folder.relative_to(home).parts) if folder.is_relative_to(home) else []
