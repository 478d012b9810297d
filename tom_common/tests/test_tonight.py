"""What the night strip says."""

from datetime import UTC, datetime

import pytest

from tom_common.models import Profile
from tom_common.tonight import night_strip, time_zone_of

NOON = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
PACHON = {"site_name": "Cerro Pachon", "site_latitude": -30.2446, "site_longitude": -70.7494}


def test_no_site_no_strip():
    assert night_strip(None, NOON) is None
    assert night_strip(Profile(site_name="somewhere", site_latitude=-30.0), NOON) is None


def test_site_on_the_equator_at_greenwich_is_a_site():
    assert night_strip(Profile(site_latitude=0.0, site_longitude=0.0), NOON).site_name == "your site"


def test_events_come_in_order_on_both_clocks():
    strip = night_strip(Profile(**PACHON, time_zone="America/Santiago"), NOON)
    assert [event.label for event in strip.events] == ["Sunset", "Dark from", "Dark until", "Sunrise"]
    times = [event.time for event in strip.events]
    assert times == sorted(times)
    assert all(time.second == 0 and time.tzinfo is UTC for time in times)
    assert strip.events[0].clock_utc == "23:22"
    assert strip.events[0].clock_local == "20:22 -03"
    assert strip.remark == ""
    assert strip.date == "2026-11-21"


def test_on_utc_the_local_clock_is_left_out():
    assert {event.clock_local for event in night_strip(Profile(**PACHON), NOON).events} == {""}


@pytest.mark.parametrize(
    ("latitude", "month", "remark"),
    [
        (78.2, 6, "The Sun does not set."),
        (78.2, 12, "The Sun does not rise."),
        (56.0, 6, "It does not get astronomically dark."),
    ],
)
def test_nights_without_dark_or_day_are_named(latitude, month, remark):
    profile = Profile(site_latitude=latitude, site_longitude=15.0)
    assert night_strip(profile, datetime(2026, month, 21, 12, 0, tzinfo=UTC)).remark == remark


def test_moon_is_described():
    strip = night_strip(Profile(**PACHON), NOON)
    assert strip.moon == "92% lit, waxing"
    assert {event.label for event in strip.moon_events} <= {"rises", "sets"}


def test_unknown_time_zone_is_utc():
    assert time_zone_of(Profile(time_zone="Mars/Olympus")) is UTC
    assert time_zone_of(None) is UTC
