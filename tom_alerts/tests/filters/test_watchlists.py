"""Watchlists on the sky, held against astropy and mocpy: at the poles, across RA 0, NaN, and as files."""

import io
import time

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from django.core.files.uploadedfile import SimpleUploadedFile
from mocpy import MOC

from tom_alerts.filter_models import Watchlist
from tom_alerts.tests.filters.making import maker
from tom_alerts.watching import region_of, watched
from tom_common.grants import grant_access
from tom_targets.models import Target, TargetList
from tom_targets.region_files import region_from

pytestmark = pytest.mark.django_db
PLACES = [(0.0, 0.0), (359.9999, 12.0), (0.0001, -45.0), (123.0, 90.0), (200.0, -89.9999), (83.6, 89.999)]


def around(ra, dec, radius_deg, count=400, seed=3):
    """Return positions at 0 to 2 radii from a place, by astropy."""
    rng = np.random.default_rng(seed)
    places = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(
        rng.uniform(0, 360, count) * u.deg, rng.uniform(0, 2, count) * radius_deg * u.deg
    )
    return places.ra.deg, places.dec.deg


def separation_deg(ra, dec, others_ra, others_dec):
    return SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(others_ra * u.deg, others_dec * u.deg)).deg


@pytest.mark.parametrize(("ra", "dec"), PLACES)
@pytest.mark.parametrize("radius_arcsec", [0.5, 2.0, 3600.0])
def test_the_surroundings_of_targets_are_those_of_astropy(ra, dec, radius_arcsec):
    owner = maker()
    wanted = TargetList.objects.create(name="Hosts")
    host = Target.objects.create(name="Host", type="SIDEREAL", ra=ra, dec=dec, permissions="PUBLIC")
    wanted.targets.add(host)
    grant_access(owner, wanted)
    one = Watchlist.objects.create(user=owner, name="x", target_list=wanted, radius_arcsec=radius_arcsec)
    found_ra, found_dec = around(ra, dec, radius_arcsec / 3600)
    distance = separation_deg(ra, dec, found_ra, found_dec) * 3600
    clear = abs(distance - radius_arcsec) > 1e-6  # arcsec: at the border rounding decides
    inside = watched(one, found_ra, found_dec)
    assert 100 < inside.sum() < 300
    assert (inside == (distance <= radius_arcsec))[clear].all()


@pytest.mark.parametrize(("ra", "dec"), PLACES)
@pytest.mark.parametrize("radius_deg", [0.01, 1.0, 20.0])
def test_a_circle_is_that_of_astropy_to_a_hundredth_of_its_size(ra, dec, radius_deg):
    region = region_of(f"CIRCLE ICRS {ra} {dec} {radius_deg}", user=maker(), name="x")
    found_ra, found_dec = around(ra, dec, radius_deg)
    distance = separation_deg(ra, dec, found_ra, found_dec)
    inside = watched(Watchlist(region=region), found_ra, found_dec)
    assert inside[distance <= radius_deg].all()  # pixels that touch the circle belong to it
    assert not inside[distance > 1.06 * radius_deg].any()
    cap_deg2 = 2 * np.pi * (1 - np.cos(np.radians(radius_deg))) * (180 / np.pi) ** 2
    assert region.area_deg2 == pytest.approx(cap_deg2, rel=0.1)


@pytest.mark.parametrize(
    "corners",
    [
        [(359.0, -1.0), (1.0, -1.0), (1.0, 1.0), (359.0, 1.0)],
        [(0.0, 88.0), (90.0, 88.0), (180.0, 88.0), (270.0, 88.0)],
        [(0.0, -87.0), (120.0, -87.0), (240.0, -87.0)],
        [(150.0, 60.0), (160.0, 60.0), (155.0, 66.0)],
    ],
)
def test_a_polygon_is_that_of_mocpy(corners):
    text = "POLYGON ICRS " + ", ".join(f"{ra} {dec}" for ra, dec in corners)
    region = region_of(text, user=maker(), name="x")
    ra, dec = np.array(corners).T
    moc = MOC.from_polygon(ra * u.deg, dec * u.deg, max_depth=12)
    middle = SkyCoord(ra * u.deg, dec * u.deg).cartesian.mean()
    place = SkyCoord(middle, representation_type="cartesian")
    place.representation_type = "unitspherical"
    found_ra, found_dec = around(place.ra.deg, place.dec.deg, 3.0)
    border = MOC.from_polygon(ra * u.deg, dec * u.deg, max_depth=7)  # where the two may differ
    core = border.complement().degrade_to_order(5).complement()
    told = moc.contains_lonlat(found_ra * u.deg, found_dec * u.deg)
    inside = watched(Watchlist(region=region), found_ra, found_dec)
    sure = core.contains_lonlat(found_ra * u.deg, found_dec * u.deg)
    assert inside[sure].all() and told[sure].all()
    assert (inside == told).mean() > 0.97
    assert region.area_deg2 == pytest.approx(moc.sky_fraction * 41252.96, rel=0.05)


@pytest.mark.parametrize("form", ["json", "fits", "ascii"])
def test_a_coverage_map_from_a_file_is_that_of_mocpy(form, tmp_path):
    cones = [(359.5, 89.0, 2.0), (0.1, -5.0, 1.0)]
    first, second = (
        MOC.from_cone(ra * u.deg, dec * u.deg, radius=radius * u.deg, max_depth=11)
        for ra, dec, radius in cones
    )
    moc = first.union(second)
    if form == "fits":
        moc.save(tmp_path / "x.fits", format="fits")
        content = (tmp_path / "x.fits").read_bytes()
    else:
        content = (
            moc.to_string(format=form).encode() if form == "ascii" else str(moc.serialize("json")).encode()
        )
        content = content.replace(b"'", b'"')
    region = region_from(SimpleUploadedFile(f"x.{form}", io.BytesIO(content).read()), user=maker(), name="x")
    for ra, dec, radius in cones:
        found_ra, found_dec = around(ra, dec, radius)
        inside = watched(Watchlist(region=region), found_ra, found_dec)
        assert (inside == moc.contains_lonlat(found_ra * u.deg, found_dec * u.deg)).all()


def test_positions_that_are_none_lie_in_no_region():
    region = region_of("CIRCLE ICRS 0 90 90", user=maker(), name="x")
    told = watched(
        Watchlist(region=region), [np.nan, 10.0, np.inf, 10.0, 370.0], [10.0, np.nan, 1.0, 91.0, 45.0]
    )
    assert told.tolist() == [False, False, False, False, True]


def test_a_long_thin_polygon_is_read_in_a_moment():
    start = time.process_time()
    region = region_of("POLYGON ICRS 10 0, 80 0, 80 0.1, 10 0.1", user=maker(), name="x")
    assert time.process_time() - start < 2
    moc = MOC.from_polygon([10, 80, 80, 10] * u.deg, [0, 0, 0.1, 0.1] * u.deg, max_depth=12)
    assert region.area_deg2 == pytest.approx(moc.sky_fraction * 41252.96, rel=0.25)
    inside = watched(Watchlist(region=region), [45.0, 45.0, 5.0], [0.06, 1.0, 0.05])
    assert inside.tolist() == [True, False, False]
