from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from astropy.time import Time

from tom_common.astro import time as t

ONE_US_D = 1e-6 / 86400


def test_mjd_and_jd_differ_by_the_constant_of_the_iau():
    assert t.jd_to_mjd(2451545.0) == 51544.5  # J2000.0
    assert t.mjd_to_jd([51544.5]) == [2451545.0]


def test_julian_dates_become_the_microseconds_that_astropy_gives():
    jd = np.array([2460449.8784606, 2451544.5, 2442000.123456])
    us = t.jd_utc_to_unix_us(jd)
    assert us.dtype == np.int64
    assert np.abs(us - Time(jd, format="jd", scale="utc").unix * 1e6).max() <= 1


def test_days_become_microseconds_exactly():
    assert t.mjd_utc_to_unix_us([40587.0, 40588.0, 61041.25]).tolist() == [
        0,
        86_400_000_000,
        20454 * 86_400_000_000 + 21_600_000_000,
    ]


@pytest.mark.parametrize(
    "iso", ["1972-01-01", "1985-07-01T00:00:01", "1999-01-01", "2017-01-01T00:00:10", "2026-03-06"]
)
def test_tai_becomes_utc_as_in_astropy(iso):
    moment = Time(iso, scale="utc")
    assert t.mjd_tai_to_mjd_utc(moment.tai.mjd) == pytest.approx(moment.utc.mjd, abs=2 * ONE_US_D)
    assert t.mjd_utc_to_mjd_tai(moment.utc.mjd) == pytest.approx(moment.tai.mjd, abs=2 * ONE_US_D)
    assert abs(int(t.mjd_tai_to_unix_us(moment.tai.mjd)) - moment.unix * 1e6) <= 2


def test_a_day_with_a_leap_second_is_not_stretched():
    moment = Time("2016-12-31T23:59:50", scale="utc")  # astropy divides this day by 86401
    assert t.mjd_tai_to_unix_us(moment.tai.mjd) == pytest.approx(1_483_228_790_000_000, abs=2)  # date +%s
    assert t.mjd_tai_to_mjd_utc(moment.tai.mjd) == pytest.approx(57753 + 86390 / 86400, abs=2 * ONE_US_D)


def test_utc_is_37_seconds_behind_tai_in_2026():
    assert (61105.0 - t.mjd_tai_to_mjd_utc(61105.0)) * 86400 == pytest.approx(37.0, abs=1e-5)
    assert t.mjd_utc_to_unix_us(61105.0) - t.mjd_tai_to_unix_us(61105.0) == 37_000_000


def test_times_before_the_leap_seconds_are_converted_by_erfa():
    moment = Time("1965-05-05T12:00:00", scale="utc")
    assert t.mjd_tai_to_mjd_utc([moment.tai.mjd]) == pytest.approx([moment.utc.mjd], abs=ONE_US_D)
    assert t.mjd_utc_to_mjd_tai([moment.utc.mjd]) == pytest.approx([moment.tai.mjd], abs=ONE_US_D)


def test_an_unknown_time_stays_unknown():
    assert t.jd_utc_to_unix_us([np.nan, 2440587.5]).tolist() == [t.NO_TIME, 0]
    assert t.mjd_tai_to_unix_us([np.nan]).tolist() == [t.NO_TIME]
    assert np.isnan(t.mjd_tai_to_mjd_utc(np.nan))
    assert np.isnan(t.unix_us_to_mjd_utc([t.NO_TIME])).all()
    assert np.isnat(t.unix_us_to_datetime64([t.NO_TIME])).all()
    assert t.datetime64_to_unix_us(["NaT"]).tolist() == [t.NO_TIME]
    with pytest.raises(ValueError, match="unknown"):
        t.unix_us_to_datetime(t.NO_TIME)


def test_microseconds_survive_the_way_through_datetimes_and_back():
    us = 1_772_763_253_797_263
    moment = t.unix_us_to_datetime(us)
    assert moment == datetime(2026, 3, 6, 2, 14, 13, 797263, tzinfo=UTC)
    assert t.datetime_to_unix_us(moment) == us
    assert t.datetime64_to_unix_us(t.unix_us_to_datetime64([us])).tolist() == [us]
    assert t.mjd_utc_to_unix_us(t.unix_us_to_mjd_utc([us])) == pytest.approx(us, abs=1)


def test_datetimes_of_other_zones_are_understood_and_naive_ones_refused():
    hawaii = datetime(2026, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=-10)))
    assert t.datetime_to_mjd_utc(hawaii) == pytest.approx(61041 + 10 / 24, abs=1e-9)
    assert t.mjd_utc_to_datetime(61041.5) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        t.datetime_to_unix_us(datetime(2026, 1, 1))  # noqa: DTZ001  that is the point
