"""YAML 1.2 to plain Python values, with the line and column of every node."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from hpbench.definition.faults import DefinitionError, Fault, Location, nearest

LARGEST_FILE = 1_000_000
"""Bytes a definition may have."""
LARGEST = 50_000
"""Nodes a definition may have; more means aliases that multiply."""
DEEPEST = 40
"""Levels that may be nested; more means a value that contains itself."""
_LARGEST_NUMBER = 2**63
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(f"{_TAG}{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "merge"))
_AS_TEXT = frozenset(f"{_TAG}{kind}" for kind in ("timestamp", "value"))
"""What YAML 1.1 knew and 1.2 does not: dates, and the sign ``=``."""


class YamlTree:
    """A parsed file: ``values`` in plain Python, and the place of each.

    Args:
        text: The file's text.
        file: Its name, for messages.
        faults: Where the faults of single values go; each such value becomes None. They are raised if not given.

    Raises:
        DefinitionError: If the text is not a YAML mapping.
    """

    def __init__(self, text: str, file: str, faults: list[Fault] | None = None) -> None:
        self.file = file
        self.text = text
        self._places: dict[Location, tuple[int, int]] = {(): (1, 1)}
        self._faults: list[Fault] = []
        self._yaml = YAML(typ="safe", pure=True)
        self._yaml.Composer = _BoundedComposer
        root = _compose(self._yaml, text, file)
        if not isinstance(root, MappingNode):
            raise DefinitionError(
                [Fault(file, 1, 1, "a definition is a mapping of fields, such as 'id: my-benchmark'")]
            )
        self._visited = 0
        try:
            self.values: dict[str, Any] = self._plain(root, ())
        except RecursionError:  # of '<<' that merges a mapping into itself
            raise DefinitionError([Fault(file, 1, 1, "a value contains itself")]) from None
        if faults is not None:
            faults += self._faults
        elif self._faults:
            raise DefinitionError(self._faults)

    def fault(self, location: Location, message: str) -> Fault:
        """A fault at the deepest node of ``location`` that the file has."""
        known = location
        while known not in self._places:
            known = known[:-1]
        line, column = self._places[known]
        return Fault(self.file, line, column, message)

    def _plain(self, node: Node, location: Location) -> Any:
        self._visited += 1
        if self._visited > LARGEST:
            raise DefinitionError([Fault(self.file, 1, 1, f"more than {LARGEST:,} values: repeated aliases?")])
        if len(location) > DEEPEST:
            message = f"nested deeper than {DEEPEST} levels: does a value contain itself?"
            raise DefinitionError([self.fault(location, message)])
        if node.tag not in _PLAIN_TAGS | _AS_TEXT:
            self._faults.append(self.fault(location, f"the tag '{node.tag}' is not allowed; write plain values"))
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, location)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self._mark((*location, index), item)
            return [self._plain(item, (*location, index)) for index, item in enumerate(node.value)]
        value, problem = self._scalar(node)
        if problem:
            self._faults.append(self.fault(location, problem))
        return value

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merged = {**self._merged(value, location), **merged}
                continue
            if not isinstance(key, ScalarNode):
                self._faults.append(self._fault_at(key, "a field's name has to be text"))
                continue
            name = str(key.value)
            inside = (*location, name)
            if name in own:
                message = f"duplicate field '{name}': it stands in line {self._places[inside][0]} already"
                self._faults.append(self._fault_at(key, message))
                continue
            self._mark(inside, key)
            if _has_surrogates(name):
                self._faults.append(self.fault(inside, f"the name {name!r} holds half a character"))
                continue
            own[name] = self._plain(value, inside)
        return {**merged, **own}

    def _merged(self, node: Node, location: Location) -> dict[str, Any]:
        """The fields that ``<<`` brings in: of a mapping, or of several, the first before the others."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        fields: dict[str, Any] = {}
        for source in sources:
            if isinstance(source, MappingNode):
                fields = {**self._plain(source, location), **fields}
            else:
                self._faults.append(self.fault(location, "'<<' takes a mapping of fields, such as *an-anchor"))
        return fields

    def _scalar(self, node: Any) -> tuple[Any, str]:
        """The value, and what is wrong with it; one that is wrong is None."""
        text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
        constructor = self._yaml.constructor
        try:
            match kind:
                case "null":
                    return None, ""
                case "bool":
                    return bool(constructor.construct_yaml_bool(node)), ""
                case "int":
                    value = int(constructor.construct_yaml_int(node))
                    return (value, "") if abs(value) < _LARGEST_NUMBER else (None, "a whole number beyond 64 bits")
                case "float":
                    number = float(constructor.construct_yaml_float(node))
                    return (number, "") if math.isfinite(number) else (None, f"'{text:.40}' is not a finite number")
        except (ValueError, KeyError, IndexError, AssertionError):
            return None, f"'{text:.40}' cannot be read as a number, true or false"
        return (None, f"the text {text!r:.40} holds half a character") if _has_surrogates(text) else (text, "")

    def _mark(self, location: Location, node: Node) -> None:
        self._places[location] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def _fault_at(self, node: Node, message: str) -> Fault:
        return Fault(self.file, node.start_mark.line + 1, node.start_mark.column + 1, message)


class _BoundedComposer(Composer):
    """Stops at what is too large or too deep to be a definition, before time or stack run out."""

    _nodes = 0
    _level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One node and all below it."""
        self._nodes += 1
        self._level += 1
        if self._nodes > LARGEST or self._level > DEEPEST + 1:
            too = f"over {LARGEST:,} values" if self._nodes > LARGEST else f"nested deeper than {DEEPEST} levels"
            raise MarkedYAMLError(problem=too, problem_mark=self.parser.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self._level -= 1
        return node


def _compose(yaml: YAML, text: str, file: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor's name may be used again
            return yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise DefinitionError([Fault(file, line, column, f"not YAML: {message}")]) from None
    except ReaderError as error:
        line, column = _place(text[: error.position])
        message = f"the character {text[error.position]!r} is not allowed in YAML text"
        raise DefinitionError([Fault(file, line, column, message)]) from None
    except (YAMLError, ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError) as error:
        reason = next(iter(str(error).splitlines()), "unreadable")
        raise DefinitionError([Fault(file, 1, 1, f"not YAML: {reason}")]) from None


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _place(before: str) -> tuple[int, int]:
    """Line and column of what follows this text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def read_text(path: Path) -> str:
    """The file's text.

    Raises:
        DefinitionError: If it is missing, unreadable, too large or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise DefinitionError([Fault(str(path), 0, 0, f"larger than {LARGEST_FILE:,} bytes: not a definition")])
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(error.object[: error.start].decode("utf-8", "replace"))
        found = f"not UTF-8 text: byte {error.start + 1} is 0x{error.object[error.start]:02x}"
        raise DefinitionError([Fault(str(path), line, column, f"{found}; save the file as UTF-8")]) from None
    except FileNotFoundError:
        raise DefinitionError([Fault(str(path), 0, 0, f"there is no such file{_near_file(path)}")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DefinitionError([Fault(str(path), 0, 0, f"cannot be read: {reason}")]) from None


def _near_file(path: Path) -> str:
    """A hint at the definition nearby whose name is nearest."""
    if not path.parent.is_dir():
        return f"; there is no folder '{path.parent}' either"
    files = {found.stem: found for pattern in ("*.yml", "*.yaml") for found in sorted(path.parent.glob(pattern))}
    close = nearest(path.stem, files)
    return f"; did you mean '{files[close]}'?" if close else ""
