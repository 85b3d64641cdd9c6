import math

import pytest

from hpbench.analysis.statistics import Interval
from hpbench.report.markup import code, escape, shortened, table
from hpbench.report.numerals import interval, number, significant


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("two\nlines\x00", "two lines"),
        ("seconds_per_100_iterations", "seconds_per_100_iterations"),
        ("_x_ *y*", r"\_x\_ \*y\*"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("-0.5", "-0.5"),
        ("0.01", "0.01"),
    ],
)
def test_escaped_text_stays_text(text, escaped):
    assert escape(text) == escaped
    assert escape(escape(text)) == escaped


def test_code_holds_backticks():
    assert code("a `` b") == "``` a `` b ```"


def test_a_cell_cannot_end_its_row():
    assert table(["h|1"], [["x | y\nz"]]).count("\n") == 2


def test_shortened_text_ends_at_a_word():
    assert shortened("The time grows linearly", 12) == "The time …"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.95349, "fraction", "0.953"),
        (12.345, "s", "12.3"),
        (1.26e8, "B", "126.0"),
        (math.nan, "s", "–"),
        (0.0, "s", "0.00"),
    ],
)
def test_numbers_follow_their_unit(value, unit, shown):
    assert number(value, unit) == shown


def test_three_significant_digits():
    assert [significant(value) for value in (0.001234, 99.96, 400.0, 12345.0, 1.5e-7)] == [
        "0.00123", "100", "400", "12300", "1.50e-07",
    ]  # fmt: skip


def test_an_interval_stands_behind_its_mean():
    assert interval(Interval(0.953, 0.949, 0.957, 5), "fraction") == "0.953 [0.949, 0.957]"
    assert interval(Interval(0.953, math.nan, math.nan, 2), "fraction") == "0.953"
