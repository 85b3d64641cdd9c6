"""The section of a document's table."""

import math

import pytest

from hpbench.report.sections.document_table import spread


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.01, 0.01, 0.1), "0.01 × 2, 0.1 × 1"),
        ((3.0,), "3"),
        ((0.01, math.nan, math.nan), "0.01 × 1, none × 2"),
        ((1.0, 2.0, 3.0, 4.0, 6.0), "3 (1 to 6)"),
        ((1.0, 2.0, 3.0, 4.0, math.nan), "2.5 (1 to 4), none × 1"),
        ((1e-5, 1e-5), "1e-05 × 2"),
        ((), "–"),
    ],
)
def test_few_values_are_counted_and_many_summed_up(values, shown):
    assert spread(values) == shown
