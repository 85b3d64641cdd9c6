"""Which source files a module's behaviour comes from, found without importing anything."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def module_file(module: str) -> Path | None:
    """The file of a module, searched as parts of one's own are imported: ``sys.path``, then the working folder.

    A module of hpbench itself is found beside this one. None if there is none, or if it is not Python source.
    """
    parts = module.split(".")
    if parts[0] == _PACKAGE.name:
        return _below(_PACKAGE.parent, parts)
    for folder in (*(Path(entry).absolute() for entry in sys.path), Path.cwd()):
        found = _below(folder, parts)
        if found is not None or _below(folder, parts[:1]) is not None:
            return found
    return None


def source_files(module: str) -> tuple[Path, ...]:
    """The module's file, its packages' and every file of the working folder that these import, directly or not.

    What lies elsewhere is an installed library, for which ``library_version`` stands: only its own file is given.
    Empty if the module is not found.
    """
    first = module_file(module)
    if first is None or first != _below(Path.cwd(), module.split(".")):
        return (first,) if first else ()
    found: set[Path] = set()
    waiting = _local_files(_with_packages(module))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            status = path.stat()
            waiting += _local_files(_imported_names(path, Path.cwd(), status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))


def library_version(module: str) -> str | None:
    """The installed distributions that a module comes from, with their versions; None for any other module."""
    first = module_file(module)
    if first is None or first == _below(Path.cwd(), module.split(".")):
        return None
    names = sorted(set(_distributions().get(module.partition(".")[0], ())))
    return ", ".join(f"{name} {metadata.version(name)}" for name in names) or None


@cache
def _distributions() -> dict[str, list[str]]:
    """Names of the installed distributions by the packages in them; reading them takes tenths of a second."""
    return dict(metadata.packages_distributions())


def _below(folder: Path, parts: list[str]) -> Path | None:
    place = folder.joinpath(*parts)
    for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if path.is_file():
            return path
    return None


def _local_files(names: tuple[str, ...]) -> list[Path]:
    """Those of the modules that lie in the working folder."""
    home = Path.cwd()
    local = ((module_file(name), _below(home, name.split("."))) for name in names)
    return [found for found, here in local if found is not None and found == here]


@lru_cache(maxsize=1024)
def _imported_names(path: Path, home: Path, modified: int, size: int) -> tuple[str, ...]:
    """Dotted names of all that a file imports; what is not Python imports nothing.

    Args:
        path: The file.
        home: The working folder, from which relative imports are made absolute.
        modified: Time of its last change; it and ``size`` make a changed file another one for the cache.
        size: In bytes.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    return tuple(dict.fromkeys(_names(tree, path, home)))


def _names(tree: ast.AST, path: Path, home: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*_package(path, node.level, home), *([node.module] if node.module else [])]
            names = [".".join(base), *(".".join([*base, alias.name]) for alias in node.names)]
        else:
            continue
        for name in filter(None, names):  # a dot alone, at the top of the working folder, is no package
            yield from _with_packages(name)


def _with_packages(module: str) -> tuple[str, ...]:
    """A module and the packages above it, which its import runs."""
    parts = module.split(".")
    return tuple(".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _package(path: Path, level: int, home: Path) -> list[str]:
    """Parts of the package that ``level`` dots in a file mean, seen from the working folder."""
    if not level:
        return []
    folder = path.parents[level - 1]
    return list(folder.relative_to(home).parts) if folder.is_relative_to(home) else []
