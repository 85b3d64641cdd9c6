import re
from xml.etree import ElementTree

import pytest

from hpbench.analysis.statistics import mean_interval
from hpbench.report.charts import COLOURS, SurfaceMark, case_marks, learning_curves, rate_effect
from hpbench.report.curves import CurvePoint, Mark, Series, distinct


def series(case, seeds, offset=0.0):
    points = []
    for iteration in (100.0, 200.0):
        values = tuple((seed, 0.5 + offset + seed / 100 + iteration / 1000) for seed in range(seeds))
        points.append(CurvePoint(iteration, values, mean_interval(value for _, value in values)))
    return Series(case, "default", seeds, tuple(points))


def curves(seeds, title="t"):
    return learning_curves([series("A", seeds), series("B", seeds, 0.1)], ["A", "B"], "test_accuracy", title)


def marks(seeds):
    values = tuple(3e8 + 1e6 * seed for seed in range(seeds))
    return case_marks([Mark("A", values, mean_interval(values))], "host_memory_training", "t")


def surface():
    interval = mean_interval([0.5, 0.6, 0.7])
    points = [
        SurfaceMark(f"iteration {i}", line, rate, interval) for i in (1, 2) for line in "ab" for rate in (0.01, 0.1)
    ]
    return rate_effect(points, "test_accuracy", "t", "learning rate", "batch size")


@pytest.mark.parametrize("svg", [curves(1), curves(2), curves(3), marks(1), marks(3), surface()])
def test_a_chart_is_a_plain_svg_on_white(svg):
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert float(root.get("width")) <= 720
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "image", "foreignObject", "a"}
    assert root.find("{*}rect").get("fill") == "white"


def test_equal_input_gives_equal_bytes():
    assert curves(3) == curves(3)


def test_a_title_is_only_text():
    root = ElementTree.fromstring(curves(3, "<script>x</script> 딥\x07"))
    assert "<script>x</script> 딥" in {element.text for element in root.iter()}
    assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_a_band_needs_three_seeds():
    def band(svg):
        return len(re.findall(r'aria-roledescription="area mark"', svg))

    assert (band(curves(2)), band(curves(3))) == (0, 2)


def test_each_of_two_seeds_has_its_line():
    assert (
        curves(2).count('aria-roledescription="line mark"')
        == 2 * curves(3).count('aria-roledescription="line mark"') + 2
    )


def test_memory_is_drawn_in_megabytes():
    svg = marks(3)
    assert "memory, training (MB)" in svg
    assert ">300<" in svg


def test_a_case_keeps_its_colour_in_every_chart():
    svg = learning_curves([series("C", 3)], ["C"], "test_accuracy", "t", [2])
    assert COLOURS[2] in svg
    assert COLOURS[0] not in svg


def test_the_rate_effect_has_a_panel_for_each_iteration():
    svg = surface()
    assert "iteration 1<" in svg
    assert "iteration 2<" in svg


def test_readings_with_the_same_curve_share_it():
    found = distinct([series("A", 3), series("A", 3), series("A", 3, 0.1)])
    assert [alike for _, alike in found] == [1, 0]
