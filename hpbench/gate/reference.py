"""Reference files: small JSON to be kept under version control, and to be read in a review."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from hpbench.errors import UserError
from hpbench.gate.sides import BenchmarkSide, Block, Side
from hpbench.report.files import write_whole

FORMAT = 1
WIDTH = 120
MOST_FAULTS = 5


class ReferenceFileError(UserError):
    """A reference file that cannot be used; the message says why and where."""


class _File(Block):
    """The file: ``format`` is raised when a field changes its meaning."""

    format: Literal[1]
    benchmarks: dict[str, BenchmarkSide]


def write(path: Path, benchmarks: dict[str, BenchmarkSide]) -> None:
    """Write a reference file. Keys are sorted; a number comes back with the same bits."""
    document = _File(format=FORMAT, benchmarks=benchmarks).model_dump(mode="json", exclude_defaults=True)
    write_whole(path, [text({**document, "format": FORMAT}), "\n"])


def read(path: Path) -> Side:
    """Read a reference file.

    Raises:
        ReferenceFileError: If it is missing, no reference file, of a newer format or faulty.
    """
    try:
        document = json.loads(
            path.read_text(encoding="utf-8"), parse_constant=_refuse, object_pairs_hook=_without_repetition
        )
    except FileNotFoundError:
        raise ReferenceFileError(
            f"there is no reference file {path}; 'hpbench reference save {path}' makes one"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ReferenceFileError(f"{path} cannot be read as a reference file: {error}") from None
    if not isinstance(document, dict):
        raise ReferenceFileError(f"{path} is no reference file of hpbench: it holds no JSON object")
    found = document.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise ReferenceFileError(
            f"{path} is of format {found}, newer than this hpbench, which reads {FORMAT}; upgrade it"
        )
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        faults = [f"{path}: {'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors()]
        raise ReferenceFileError("\n".join(["this is no reference file of hpbench", *faults[:MOST_FAULTS]])) from None
    return Side(name=str(path), benchmarks=file.benchmarks)


def text(value: Any, indent: int = 0) -> str:
    """Strict JSON with sorted keys (seeds by number), on one line whatever fits on it and holds nothing nested."""
    if not isinstance(value, dict | list) or not value:
        return _line(value)
    items: Sequence[Any] = list(value.values()) if isinstance(value, dict) else value
    line = _line(value)
    if len(line) + indent < WIDTH and not any(isinstance(item, dict | list) and item for item in items):
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(key)}: {text(value[key], indent + 2)}" for key in sorted(value, key=_order)]
    else:
        rows = [f"{inner}{text(item, indent + 2)}" for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([opening, ",\n".join(rows), f"{' ' * indent}{closing}"])


def _line(value: Any) -> str:
    if isinstance(value, dict):
        value = {key: value[key] for key in sorted(value, key=_order)}
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _order(key: str) -> tuple[bool, int, str]:
    return not key.isdecimal(), int(key) if key.isdecimal() else 0, key


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' stands twice in one block")
    return found
