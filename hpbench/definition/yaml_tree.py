"""YAML 1.2 to plain Python values, with the line and column of every node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from hpbench.definition.faults import DefinitionError, Fault

Location = tuple[str | int, ...]
LARGEST = 50_000
"""Nodes a definition may have; more means aliases that multiply."""


class YamlTree:
    """A parsed file: ``values`` in plain Python, and the place of each."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.text = text
        self._places: dict[Location, tuple[int, int]] = {(): (1, 1)}
        root = _parse(text, file)
        if not isinstance(root, CommentedMap):
            raise DefinitionError(
                [Fault(file, 1, 1, "a definition is a mapping of fields, such as 'id: my-benchmark'")]
            )
        try:
            self.values: dict[str, Any] = self._plain(root, ())
        except RecursionError:
            raise DefinitionError([Fault(file, 1, 1, "a value contains itself, or is nested too deeply")]) from None

    def fault(self, location: Location, message: str) -> Fault:
        """A fault at the deepest node of ``location`` that the file has."""
        known = location
        while known not in self._places:
            known = known[:-1]
        line, column = self._places[known]
        return Fault(self.file, line, column, message)

    def _plain(self, node: Any, location: Location) -> Any:
        if len(self._places) > LARGEST:
            raise DefinitionError([Fault(self.file, 1, 1, f"more than {LARGEST:,} values: repeated aliases?")])
        if isinstance(node, CommentedMap | CommentedSeq) and node.tag.value is not None:
            raise DefinitionError(
                [self.fault(location, f"the tag '{node.tag.value}' is not allowed; write plain values")]
            )
        if isinstance(node, CommentedMap):
            return {
                self._key(node, key, location): self._plain(value, (*location, str(key))) for key, value in node.items()
            }
        if isinstance(node, CommentedSeq):
            for index in range(len(node)):
                line, column = node.lc.item(index) or (node.lc.line, node.lc.col)
                self._places[*location, index] = (line + 1, column + 1)
            return [self._plain(value, (*location, index)) for index, value in enumerate(node)]
        if isinstance(node, bool) or node is None:
            return node
        for kind in (int, float, str):
            if isinstance(node, kind):
                return kind(node)
        raise DefinitionError(
            [self.fault(location, f"a {type(node).__name__} is not text, number, true, false or null")]
        )

    def _key(self, node: CommentedMap, key: Any, location: Location) -> str:
        line, column = node.lc.key(key) if key in (node.lc.data or {}) else (node.lc.line, node.lc.col)
        self._places[*location, str(key)] = (line + 1, column + 1)
        if not isinstance(key, str | int):
            raise DefinitionError([self.fault((*location, str(key)), "a field's name has to be text")])
        return str(key)


def _parse(text: str, file: str) -> Any:
    try:
        return YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise DefinitionError([Fault(file, line, column, f"not YAML: {message}")]) from None
    except (YAMLError, ValueError, RecursionError, TypeError, AttributeError, KeyError) as error:
        raise DefinitionError(
            [Fault(file, 1, 1, f"not YAML: {str(error).splitlines()[0] if str(error) else 'unreadable'}")]
        ) from None


def read_text(path: Path) -> str:
    """The file's text.

    Raises:
        DefinitionError: If it is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DefinitionError([Fault(str(path), 0, 0, "not UTF-8 text")]) from None
    except OSError as error:
        raise DefinitionError([Fault(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from None
