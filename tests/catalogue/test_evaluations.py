"""What a take says a curve lacks, before anything is run, is what it finds missing in the curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.analysis.takes import Curve, NotMeasuredError, take
from hpbench.catalogue.takes import TAKES, Evaluations

AT_ITERATIONS = {
    "at": "iteration",
    "mean": "until",
    "gain": "since",
    "steepening": "after",
    "swing": "after",
    "straighter_in_log": "until",
}
OTHERS = {"final": {}, "iterations_to": {"value": 0.5}, "iterations_to_limit": {}}


def curve(evaluations):
    """As the engine evaluates: at every so many iterations, and at the end."""
    iterations = [*range(evaluations.every, evaluations.last, evaluations.every), evaluations.last]
    return Curve(np.array(iterations, dtype=float), np.linspace(0.0, 1.0, len(iterations)))


def measured(parameters, evaluations):
    try:
        take(parameters, curve(evaluations))
    except NotMeasuredError:
        return False
    return True


@pytest.mark.parametrize("name", AT_ITERATIONS)
@given(every=st.integers(1, 12), last=st.integers(1, 40), iteration=st.integers(1, 50))
def test_a_take_lacks_what_the_curve_does_not_have(name, every, last, iteration):
    parameters, evaluations = TAKES[name](name=name, **{AT_ITERATIONS[name]: iteration}), Evaluations(every, last)
    assert (parameters.lacks(evaluations) == "") == measured(parameters, evaluations)


def test_where_an_instrument_reads_there_is_a_value():
    evaluations = Evaluations(50, 100, (0, 30))
    assert [one in evaluations for one in (0, 30, 31, 50, 100)] == [True, True, False, True, True]
    assert "its instruments read at 0, 30" in str(evaluations)
    assert TAKES["at"](name="at", iteration=0).lacks(evaluations) == ""
    assert TAKES["at"](name="at", iteration=0).lacks(Evaluations(50, 100))


@pytest.mark.parametrize("name", OTHERS)
def test_other_takes_need_no_certain_iteration(name):
    parameters = TAKES[name](name=name, **OTHERS[name])
    assert parameters.lacks(Evaluations(7, 3)) == ""
    assert measured(parameters, Evaluations(7, 3))
