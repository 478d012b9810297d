import pytest

from tom_targets import formats


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (18.2134, 0.043, "18.21 ± 0.04"),
        (18.2134, 0.0123, "18.213 ± 0.012"),
        (18.2134, 0.0043, "18.213 ± 0.004"),
        (18.2134, 0.00001, "18.2134 ± 0.0000"),
        (18.2134, 0.43, "18.21 ± 0.43"),
        (18.2134, 3.4, "18.21 ± 3.40"),
        (18.2134, None, "18.21"),
        (18.2134, 0.0, "18.21"),
        (18.2134, float("nan"), "18.21"),
        (None, 0.1, "–"),
        (float("nan"), 0.1, "–"),
    ],
)
def test_digits_follow_the_error(value, error, expected):
    assert formats.with_error(value, error) == expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.0512, "fading 0.051 mag/day"),
        (-1.23, "brightening 1.2 mag/day"),
        (0.0001, "steady"),
        (None, ""),
        (float("inf"), ""),
    ],
)
def test_a_change_is_said_in_words(rate, expected):
    assert formats.change(rate) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (2.766, "2.766"),
        (61000.0, "61000"),
        (1234567.0, "1234567"),
        (1.5e-7, "1.5e-07"),
        (-3.25, "-3.25"),
    ],
)
def test_significant_digits(value, expected):
    assert formats.significant(value) == expected


@pytest.mark.parametrize(
    ("count", "is_estimate", "expected"),
    [
        (0, False, "0 targets"),
        (1, False, "1 target"),
        (9999, False, "9,999 targets"),
        (12_345, True, "about 12,000 targets"),
        (1_234_567, True, "about 1.2 million targets"),
    ],
)
def test_a_count_is_said(count, is_estimate, expected):
    assert formats.count_text(count, is_estimate) == expected
