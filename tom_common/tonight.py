"""The night strip of the home page: when it gets dark at a user's site, and what the Moon does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tom_common.astro.night import Night, night_at
from tom_common.models import Profile

_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
_EVENTS = (
    ("Sunset", "sunset"),
    ("Dark from", "astronomical_dusk"),
    ("Dark until", "astronomical_dawn"),
    ("Sunrise", "sunrise"),
)


@dataclass(frozen=True)
class NightEvent:
    """One time of the strip: aware, as HH:MM in UTC, and on the user's own clock ('' where that is UTC)."""

    label: str
    time: datetime
    clock_utc: str
    clock_local: str


@dataclass(frozen=True)
class NightStrip:
    """What the strip shows for one site; ``date`` is the day on which the night begins there."""

    site_name: str
    date: str
    events: list[NightEvent]
    remark: str
    moon: str
    moon_events: list[NightEvent]


def night_strip(profile: Profile | None, now: datetime) -> NightStrip | None:
    """Return the strip for the site of a profile, or None where the profile has no site.

    Parameters
    ----------
    profile : Profile or None
    now : datetime
        Aware; the night that runs then, or the coming one, is shown.
    """
    if profile is None or profile.site_latitude is None or profile.site_longitude is None:
        return None
    mjd_utc = (now - _MJD_EPOCH) / timedelta(days=1)
    night = night_at(mjd_utc, latitude_deg=profile.site_latitude, longitude_deg=profile.site_longitude)
    zone = time_zone_of(profile)
    moon = [("rises", night.moonrise), ("sets", night.moonset)]
    return NightStrip(
        site_name=profile.site_name or "your site",
        date=f"{_MJD_EPOCH + timedelta(days=night.start + profile.site_longitude / 360):%Y-%m-%d}",
        events=[event for label, name in _EVENTS if (event := _event(label, getattr(night, name), zone))],
        remark=_remark(night),
        moon=f"{round(100 * night.moon_illuminated)}% lit, {'waxing' if night.moon_waxing else 'waning'}",
        moon_events=sorted(
            (event for label, mjd in moon if (event := _event(label, mjd, zone))),
            key=lambda event: event.time,
        ),
    )


def time_zone_of(profile: Profile | None) -> tzinfo:
    """Return the time zone of a profile; UTC where it has none that this machine knows."""
    try:
        return ZoneInfo(profile.time_zone) if profile is not None and profile.time_zone else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _event(label: str, mjd_utc: float | None, zone: tzinfo) -> NightEvent | None:
    if mjd_utc is None:
        return None
    time = _MJD_EPOCH + timedelta(days=mjd_utc)
    time = (time + timedelta(seconds=30)).replace(second=0, microsecond=0)
    local = time.astimezone(zone)
    return NightEvent(
        label, time, f"{time:%H:%M}", f"{local:%H:%M %Z}" if local.utcoffset() != timedelta(0) else ""
    )


def _remark(night: Night) -> str:
    if night.sun_stays_up:
        return "The Sun does not set."
    if night.sun_stays_down:
        return "The Sun does not rise."
    if not night.dark_hours:
        return "It does not get astronomically dark."
    return ""
