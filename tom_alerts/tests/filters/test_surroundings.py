"""What the card tells besides the alert: whether it is up tonight, and where others show it."""

import astropy.units as u
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers
from django.urls import reverse

from tom_alerts.filter_models import Candidate
from tom_alerts.surroundings import outside_pages, tonight
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker

pytestmark = pytest.mark.django_db
NOW = Time("2023-11-22T00:00:00", scale="utc")
CERRO_PACHON = {"site_name": "Cerro Pachón", "site_latitude": -30.2407, "site_longitude": -70.7366}


@pytest.fixture
def observer():
    user = maker()
    for name, value in CERRO_PACHON.items():
        setattr(user.profile, name, value)
    user.profile.save()
    return user


def candidate(ra, dec, **values):
    return Candidate(name="ZTF26aaaaaaa", survey="ZTF", ra=ra, dec=dec, **values)


def test_the_best_time_of_tonight_is_that_of_astropy(observer):
    text = tonight(observer, candidate(60.0, -30.0), mjd_utc=NOW.mjd)
    hour, minute = text.split("best ")[1].split(" UTC")[0].split(":")
    altitude = float(text.split(" at ")[1].split("°")[0])
    when = Time(f"2023-11-22T{hour}:{minute}:00", scale="utc")
    place = EarthLocation.from_geodetic(-70.7366 * u.deg, -30.2407 * u.deg)
    with iers.conf.set_temp("auto_download", False):
        seen = SkyCoord(60 * u.deg, -30 * u.deg).transform_to(AltAz(obstime=when, location=place))
    assert altitude == pytest.approx(seen.alt.deg, abs=0.6) and altitude > 89
    assert text.startswith(tuple("56789")) and " h above 30°" in text


def test_what_stays_low_is_told_and_nothing_without_a_site_or_a_position(observer):
    assert tonight(observer, candidate(60.0, 85.0), mjd_utc=NOW.mjd).startswith("too low at Cerro Pachón")
    assert tonight(observer, candidate(None, None), mjd_utc=NOW.mjd) == ""
    assert tonight(maker("nowhere"), candidate(60.0, -30.0), mjd_utc=NOW.mjd) == ""


def test_it_is_dark_all_day_in_the_polar_night(observer):
    observer.profile.site_latitude = -85.0
    text = tonight(observer, candidate(60.0, -60.0), mjd_utc=Time("2026-06-21T12:00:00").mjd)
    assert text.startswith("24.0 h above 30°, best ")


def test_links_lead_to_the_brokers_of_the_survey_and_to_the_position():
    links = dict(outside_pages(candidate(60.0, -30.0)))
    assert links["ALeRCE"] == "https://alerce.online/object/ZTF26aaaaaaa"
    assert links["SIMBAD"].endswith("Coord=60.000000%20-30.000000&Radius=2&Radius.unit=arcmin")
    assert "ALeRCE" not in dict(outside_pages(candidate(60.0, -30.0, facts={"simulated": True})))
    assert outside_pages(Candidate(name="a/b", survey="LSST"))[0].url.endswith("/a%2Fb")


def test_the_card_shows_both(client, observer):
    client.force_login(observer)
    made_filter(observer)
    ingest(bright("ZTF26aaaaaaa"))
    page = client.get(reverse("alerts:triage")).content.decode()
    assert "<dt>Tonight</dt>" in page and "https://www.wis-tns.org/search?ra=150.100000" in page
