"""Definitions with mistakes in them, marked where they have to be reported."""

from pathlib import Path

import pytest

from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import read

COMPLETE = (Path(__file__).parent / "complete.yaml").read_text(encoding="utf-8")
"""A definition with every kind of field and without a fault."""
MARK = "▸"


def marked(changes):
    """The complete definition with some text replaced, and the line and column of every mark in it."""
    text = COMPLETE
    for before, after in changes:
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times"
        text = text.replace(before, after)
    places = []
    while MARK in text:
        ahead, text = text.split(MARK, 1)
        places.append((ahead.count("\n") + 1, len(ahead) - ahead.rfind("\n")))
        text = ahead + text
    return text, places


def check(folder, changes, words):
    """Every fault is reported once, at its mark, with its words, and nothing else is."""
    text, places = marked(changes)
    path = folder / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        read(path)
    faults = caught.value.faults
    assert [(fault.line, fault.column) for fault in faults] == places, str(caught.value)
    for fault, expected in zip(faults, words, strict=True):
        assert expected in fault.message
