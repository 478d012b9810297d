"""What ``python -m benchmarks.week`` calls a difference; the week itself takes too long for a test."""

from benchmarks.week import differences


def test_a_row_that_is_lost_or_doubled_is_a_difference():
    rows = {"points": ["a", "b", "b"], "letters": ["x"]}
    assert differences(rows, rows) == []
    assert differences(rows, {"points": ["b", "a"], "letters": ["x", "x"]}) == [
        "points: 1 rows missing, 0 too many",
        "  missing  b",
        "letters: 0 rows missing, 1 too many",
        "  too many x",
    ]
