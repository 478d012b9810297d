"""Periods: a known signal is found, noise is not taken for one, bad input is refused in words."""

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from tom_common.astro.periods import PeriodError, false_alarm_probability, find_periods


def nightly(count=300, *, period=0.5678, amplitude=0.3, noise=0.1, seed=1):
    """Give times at night over 1000 days in two bands of different mean, and their errors."""
    chance = np.random.default_rng(seed)
    mjd = 60000.0 + np.floor(np.sort(chance.uniform(0, 1000, count))) + chance.normal(0.3, 0.05, count)
    band = chance.integers(0, 2, count)
    mag = 17.0 + 1.5 * band + amplitude * np.sin(2 * np.pi * mjd / period) + chance.normal(0, noise, count)
    return mjd, mag, np.full(count, noise), band


def test_the_period_of_a_two_band_signal_is_found_and_its_aliases_are_called_so():
    found = find_periods(*nightly(), min_period_d=0.1)
    best, *others = found.candidates
    assert best.period_d == pytest.approx(0.5678, abs=best.period_err_d)
    assert best.false_alarm < 1e-50
    assert "daily alias of no. 1" in [one.remark for one in others]
    assert found.points == 300
    assert max(found.power) <= 1.0


def test_power_is_that_of_astropy():
    mjd, mag, error, _ = nightly(80)
    same_band = np.zeros(80, int)
    best = find_periods(mjd, mag, error, same_band, min_period_d=0.1).candidates[0]
    assert best.power == pytest.approx(float(LombScargle(mjd, mag, error).power(1 / best.period_d)), rel=1e-6)


def test_noise_has_no_significant_period():
    found = find_periods(*nightly(amplitude=0.0, seed=5), min_period_d=0.1)
    assert found.candidates[0].false_alarm > 0.01


def test_false_alarms_are_as_frequent_as_promised():
    # 200 series of pure noise: at most the promised part (and its Poisson scatter) is above the level
    chance = np.random.default_rng(8)
    mjd = np.sort(chance.uniform(0, 50, 60))
    frequency = np.arange(0.02, 2.0, 0.002)
    peaks = [
        LombScargle(mjd, chance.normal(0, 1, 60)).power(frequency, method="fast").max() for _ in range(200)
    ]
    promised = [
        false_alarm_probability(peak, points=60, max_frequency_per_d=2.0, time_variance_d2=float(np.var(mjd)))
        for peak in peaks
    ]
    below = np.mean(np.array(promised) < 0.2)
    assert 0.08 < below < 0.3


def test_rows_without_brightness_or_error_do_no_harm():
    mjd, mag, error, band = nightly()
    mag[::10], error[1] = np.nan, np.nan
    found = find_periods(mjd, mag, error, band, min_period_d=0.1)
    assert found.points == 270
    assert found.candidates[0].period_d == pytest.approx(0.5678, abs=1e-3)


@pytest.mark.parametrize(
    ("count", "options", "words"),
    [
        (5, {"min_period_d": 0.1}, "5 points are too few"),
        (50, {"min_period_d": 10.0, "max_period_d": 2.0}, "not shorter than the longest"),
        (50, {"min_period_d": 0.0}, "not shorter"),
        (50, {"min_period_d": 1e-6}, "frequencies are too many"),
    ],
)
def test_searches_that_cannot_be_made_say_why(count, options, words):
    with pytest.raises(PeriodError, match=words):
        find_periods(*nightly(count), **options)


def test_a_constant_star_says_so():
    mjd, _, error, band = nightly(50)
    with pytest.raises(PeriodError, match="do not vary"):
        find_periods(mjd, np.full(50, 17.0), error, band, min_period_d=0.1)
