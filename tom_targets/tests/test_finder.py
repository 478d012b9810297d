import math
import re
from datetime import UTC, datetime

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time
from astropy.wcs import WCS
from django.contrib.auth.models import AnonymousUser

from tom_targets.finder import neighbours, number_in, place_at, separation
from tom_targets.finder_chart import (
    Mark,
    finder_chart,
    length_text,
    scale_bar_arcsec,
    tangent_offset_arcsec,
)
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def circles(chart):
    """Give the centres of the rings of neighbours."""
    rings = re.findall(r'class="finder-line" d="M([\d.-]+) ([\d.-]+)a9 9', chart)
    return [(float(x) + 9, float(y)) for x, y in rings]


@pytest.mark.parametrize("centre", [(10.0, 20.0), (0.001, -89.9), (359.99, 89.99), (180.0, 0.0)])
def test_tangential_offsets_agree_with_astropys_projection(centre):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], centre, [1, 1]
    wcs.wcs.cdelt = [1 / 3600, 1 / 3600]
    chance = np.random.default_rng(3)
    east, north = chance.uniform(-3600, 3600, (2, 50))
    ra, dec = wcs.all_pix2world(east, north, 0)
    for i in range(50):
        found = tangent_offset_arcsec(
            float(ra[i]), float(dec[i]), centre_ra_deg=centre[0], centre_dec_deg=centre[1]
        )
        assert found == pytest.approx((east[i], north[i]), abs=1e-4)


def test_the_other_side_of_the_sky_is_not_on_a_chart():
    assert tangent_offset_arcsec(190.0, 0.0, centre_ra_deg=0.0, centre_dec_deg=0.0) is None


def test_north_is_up_and_east_is_left():
    centre = Mark(100.0, 30.0)
    step = 1 / 60
    chart = finder_chart(
        centre,
        field_arcmin=10,
        neighbours=[Mark(100.0, 30.0 + step), Mark(100.0 + step / math.cos(math.radians(30)), 30.0)],
        label="chart",
    )
    (north_x, north_y), (east_x, east_y) = circles(chart)
    assert north_x == pytest.approx(300, abs=0.2)
    assert north_y == pytest.approx(240, abs=0.2)  # one arcmin of ten is a tenth of 600
    assert east_x == pytest.approx(240, abs=0.2)
    assert east_y == pytest.approx(300, abs=0.2)


def test_what_lies_outside_the_field_is_left_out():
    chart = finder_chart(Mark(0.0, 0.0), field_arcmin=10, neighbours=[Mark(0.0, 0.1)], label="chart")
    assert circles(chart) == []


def test_names_are_escaped_on_the_chart():
    chart = finder_chart(
        Mark(0.0, 0.0), field_arcmin=10, neighbours=[Mark(0.0, 0.01, "<b>&")], label='"<chart>'
    )
    assert "<b>" not in chart
    assert "&lt;b&gt;&amp;" in chart
    assert 'aria-label="&quot;&lt;chart&gt;"' in chart


@pytest.mark.parametrize(
    ("field", "bar", "text"),
    [(0.2, 2, "2″"), (1, 20, "20″"), (3, 60, "1′"), (10, 120, "2′"), (60, 1200, "20′"), (120, 1800, "30′")],
)
def test_the_scale_bar_is_round_and_fits(field, bar, text):
    assert scale_bar_arcsec(field) == bar
    assert length_text(bar) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [(None, 10), ("", 10), ("x", 10), ("nan", 10), ("inf", 10), ("5.5", 5.5), ("-1", 0.2), ("1e9", 120)],
)
def test_numbers_of_an_address_stay_within_limits(text, value):
    assert number_in(text, 0.2, 120, 10) == value


def test_a_target_without_motion_stays_exactly_where_it_is():
    place = place_at(Target(name="still", type="SIDEREAL", ra=12.25, dec=-3.5), NOON)
    assert (place.ra_deg, place.dec_deg, place.has_moved) == (12.25, -3.5, False)


@pytest.mark.filterwarnings("ignore:ERFA function .pmsafe.")  # without a distance it takes a far one
def test_proper_motion_is_applied_as_astropy_does():
    # Barnard's star, Gaia DR3; without the parallax, which adds half an arcsec at the Earth's centre.
    target = Target(
        name="Barnard",
        type="SIDEREAL",
        ra=269.44850252543836,
        dec=4.73942005111241,
        epoch=2016.0,
        pm_ra=-801.551,
        pm_dec=10362.394,
    )
    place = place_at(target, NOON)
    moved = SkyCoord(
        target.ra * u.deg,
        target.dec * u.deg,
        pm_ra_cosdec=target.pm_ra * u.mas / u.yr,
        pm_dec=target.pm_dec * u.mas / u.yr,
        obstime=Time(2016.0, format="jyear"),
    ).apply_space_motion(Time(NOON))
    assert 3600 * separation(place.ra_deg, place.dec_deg, moved.ra.deg, moved.dec.deg) < 0.01
    assert place.has_moved
    assert place.note.startswith("113.1")  # 10.889 years of 10.393 arcsec


def test_a_target_without_position_has_no_place():
    assert place_at(Target(name="nowhere", type="NON_SIDEREAL"), NOON) is None


def test_a_moving_target_without_elements_is_where_it_was_seen_last():
    place = place_at(Target(name="lost", type="NON_SIDEREAL", ra=1.0, dec=2.0), NOON)
    assert (place.ra_deg, place.dec_deg) == (1.0, 2.0)
    assert "no orbit is known" in place.note


@pytest.mark.django_db
def test_neighbours_are_those_in_the_field_that_the_user_may_see_nearest_first():
    target = SiderealTargetFactory(name="centre", ra=0.0, dec=60.0, permissions="OPEN")
    SiderealTargetFactory(name="far corner", ra=359.85, dec=60.07, permissions="OPEN")
    SiderealTargetFactory(name="near", ra=0.001, dec=60.0, permissions="OPEN")
    SiderealTargetFactory(name="private", ra=0.002, dec=60.0, permissions="PRIVATE")
    SiderealTargetFactory(name="outside", ra=0.0, dec=60.2, permissions="OPEN")
    found = neighbours(AnonymousUser(), target, ra_deg=0.0, dec_deg=60.0, field_arcmin=10)
    assert [near.name for near in found] == ["near", "far corner"]
    assert found[0].separation_arcsec == pytest.approx(1.8, abs=1e-6)
