import math
import re

import pytest

from tom_common.sparkline import MAX_BYTES, sparkline_svg


def curve(count, **changes):
    return [[60000 + 1.37 * i, 18 + 2 * math.sin(i), "r", 0] for i in range(count)]


def test_the_fullest_curve_stays_below_a_kilobyte():
    points = [[59000.0 + 1.37 * i, 18 + 2 * math.sin(i), "r", i % 2] for i in range(500)]
    drawn = sparkline_svg(points, label="r 18.23 ± 0.05, fading 0.051 mag/day " * 20)
    assert 0 < len(drawn.encode()) <= MAX_BYTES
    assert drawn.count("M") == 40


def test_brighter_is_up_and_later_is_right():
    drawn = sparkline_svg([[60000, 20.0, "r", 0], [60001, 18.0, "r", 0]])
    (x1, y1), (x2, y2) = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h0", drawn)]
    assert x2 > x1 and y2 < y1


def test_limits_are_drawn_otherwise_than_detections():
    drawn = sparkline_svg([[60000, 20.0, "r", 1], [60001, 18.0, "r", 0]])
    assert len(re.findall(r"M\d+ \d+v8", drawn)) == 1
    assert len(re.findall(r"M\d+ \d+h0", drawn)) == 1


def test_the_label_cannot_break_out():
    drawn = sparkline_svg(curve(2), label='"><script>')
    assert "<script>" not in drawn
    assert "&quot;&gt;&lt;script&gt;" in drawn


@pytest.mark.parametrize(
    "points", [[], [[60000, None, "r", 0]], [[float("nan"), 18.0, "r", 0]], [[1, math.inf]]]
)
def test_nothing_is_drawn_without_points(points):
    assert sparkline_svg(points) == ""


def test_one_point_is_drawn_in_the_middle():
    assert "M120 26h0" in sparkline_svg([[60000, 18.0]])
