"""The cone search judged by astropy, with most cones and targets at places where searches go wrong."""

import math

import numpy as np
import pytest
from astropy.coordinates.angles import angular_separation

from tom_common.astro.sky_index import sky_index
from tom_common.astro.sky_match import circle_pixels
from tom_targets.models import Target
from tom_targets.sky_search import cone
from tom_targets.tests.factories import SiderealTargetFactory
from tom_targets.utils import cone_search_filter

pytestmark = pytest.mark.django_db

CONES = 1_500
COVERS = 10_000
TARGETS = 900
ANCHORS = [  # poles, the meridian, corners and edges of the twelve base pixels
    (0.0, 90.0),
    (123.4, 90.0),
    (0.0, -90.0),
    (271.0, 89.9),
    (0.0, 0.0),
    (360.0 - 1e-9, 0.0),
    (0.0, 45.0),
    (359.9999999, -60.0),
    (45.0, 41.8103148957786),
    (90.0, 41.8103148957786),
    (180.0, -41.8103148957786),
    (45.0, 0.0),
    (180.0, 0.0),
    (180.0, -45.0),
]
# Positions differ by less than this from themselves after a calculation in double precision.
UNDECIDED_ARCSEC = 2e-8
ARCSEC = math.radians(1 / 3600)


def around(random, count):
    """Give positions near the anchors, at distances of all sizes, and some anywhere."""
    anchors = np.array(ANCHORS)[random.integers(0, len(ANCHORS), count)]
    offset = 10 ** random.uniform(-9.0, 5.5, count) / 3600 * random.choice([0.0, 1.0], count, p=[0.1, 0.9])
    angle = random.uniform(0, 2 * np.pi, count)
    dec = anchors[:, 1] + offset * np.sin(angle)
    over = np.abs(dec) > 90.0
    dec = np.where(over, np.sign(dec) * 180.0 - dec, dec)
    ra = anchors[:, 0] + offset * np.cos(angle) / np.maximum(np.cos(np.radians(dec)), 1e-6) + 180.0 * over
    anywhere = random.random(count) < 0.2
    ra = np.where(anywhere, random.uniform(0, 360, count), ra) % 360.0
    return ra, np.where(anywhere, np.degrees(np.arcsin(random.uniform(-1, 1, count))), dec)


def radii_arcsec(random, ra, dec, stored):
    """Give radii of all sizes, some that end just before or just behind a stored target."""
    count = len(ra)
    radius = 10 ** random.uniform(-2.0, 5.0, count)
    fixed = random.choice([0.0, 0.01, 1.0, 324_000.0, 648_000.0 - 0.01, 648_000.0], count)
    radius = np.where(random.random(count) < 0.06, fixed, radius)
    one = random.integers(0, len(stored[0]), count)
    exact = separations(ra, dec, stored[0][one], stored[1][one])
    edge = exact * (1 + random.choice([-1.0, 1.0], count) * 10 ** random.uniform(-12, -3, count))
    near = (random.random(count) < 0.4) & (exact < 36_000)
    return np.where(near, edge, radius)


def separations(ra1, dec1, ra2, dec2):
    return angular_separation(*(np.radians(one) for one in (ra1, dec1, ra2, dec2))) / ARCSEC


def cones(random, count, stored):
    """Give centres, a tenth of them at a stored target, and radii."""
    ra, dec = around(random, count)
    own = random.integers(0, len(stored[0]), count)
    at_target = random.random(count) < 0.1
    ra, dec = np.where(at_target, stored[0][own], ra), np.where(at_target, stored[1][own], dec)
    return ra, dec, radii_arcsec(random, ra, dec, stored)


def test_a_million_decisions_agree_with_astropy():
    random = np.random.default_rng(20261121)
    ra, dec = around(random, TARGETS)
    Target.objects.bulk_create(
        Target(name=f"star {n}", type="SIDEREAL", ra=place[0], dec=place[1])
        for n, place in enumerate(zip(ra.tolist(), dec.tolist(), strict=True))
    )
    first = Target.objects.order_by("pk").values_list("pk", flat=True)[0]
    asked = cones(random, CONES, (ra, dec))
    found = np.zeros((CONES, TARGETS), bool)
    told = np.full((CONES, TARGETS), np.nan)
    for number, (ra_deg, dec_deg, radius_arcsec) in enumerate(
        zip(*(one.tolist() for one in asked), strict=True)
    ):
        rows = cone(Target.objects.all(), ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec)
        for pk, separation in rows.values_list("pk", "separation"):
            found[number, pk - first], told[number, pk - first] = True, separation
    centre_ra, centre_dec, radius = (one[:, None] for one in asked)
    wanted = separations(centre_ra, centre_dec, ra[None, :], dec[None, :])
    is_inside = wanted <= radius
    decided = np.abs(wanted - radius) > UNDECIDED_ARCSEC
    assert is_inside.sum() > 10 * CONES and decided.mean() > 0.99
    assert not np.argwhere((found != is_inside) & decided).tolist()
    assert np.nanmax(np.abs(told * 3600.0 - wanted)) < UNDECIDED_ARCSEC


def test_ten_thousand_circles_are_covered_by_few_pixels():
    random = np.random.default_rng(7)
    ra, dec = around(random, TARGETS)
    index = sky_index(ra, dec)
    missed, sizes = [], []
    for ra_deg, dec_deg, radius_arcsec in zip(*cones(random, COVERS, (ra, dec)), strict=True):
        if radius_arcsec >= 324_000.0:
            continue
        pixels, order = circle_pixels(ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec)
        is_covered = np.isin(index >> (2 * (29 - order)), pixels)
        is_inside = separations(ra_deg, dec_deg, ra, dec) <= radius_arcsec
        if (is_inside & ~is_covered).any():
            missed.append((ra_deg, dec_deg, radius_arcsec))
        sizes.append(len(pixels))
    assert not missed
    assert len(sizes) > 0.9 * COVERS and max(sizes) <= 200


def search(ra_deg, dec_deg, radius_arcsec):
    return cone(Target.objects.all(), ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec)


@pytest.mark.parametrize(
    "stored", [(0.0, 0.0), (5e-324, -5e-324), (1e-200, 90.0), (359.99999999999994, -90.0)]
)
@pytest.mark.parametrize("tiny", [0.0, 5e-324, -5e-324, 1e-310, -1e-200, 1e-160])
def test_numbers_too_small_to_square_are_no_error(stored, tiny):
    SiderealTargetFactory(ra=stored[0], dec=stored[1])
    assert search(tiny, min(max(tiny + stored[1], -90.0), 90.0), 0.0).count() == 1
    assert search(180.0 + stored[0], -stored[1], 648_000.0 - 0.01).count() == 0


@pytest.mark.parametrize("turns", [-1e15, -720.0, 360.0, 1e6 * 360.0])
def test_a_right_ascension_is_taken_modulo_360(turns):
    SiderealTargetFactory(ra=0.0, dec=12.0)
    assert search(turns - turns % 360.0, 12.0, 1.0).count() == 1


def test_an_opposite_target_is_found_at_180_degrees_only():
    SiderealTargetFactory(ra=30.0, dec=40.0)
    assert search(210.0, -40.0, 648_000.0).get().separation == pytest.approx(180.0, abs=1e-9)
    assert search(210.0, -40.0, 1e300).count() == 1
    assert not search(210.0, -40.0, 648_000.0 - 0.01).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((math.nan, 0.0, 1.0), "right ascension of a cone is a finite number, not nan"),
        ((0.0, math.inf, 1.0), "declination of a cone is a finite number, not inf"),
        ((0.0, 0.0, math.nan), "radius of a cone is a finite number, not nan"),
        ((0.0, 90.001, 1.0), "between -90 and 90 degrees, 90.001 does not"),
        ((0.0, 0.0, -1.0), "not negative, -1.0 arcsec is"),
    ],
)
def test_what_is_no_cone_is_refused_with_the_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        search(*arguments)


@pytest.mark.parametrize(
    "arguments", [(math.nan, 1, 1), (1, math.nan, 1), (1, 1, math.inf), (math.inf, 1, 1)]
)
def test_the_match_manager_refuses_what_is_not_finite(arguments):
    with pytest.raises(ValueError, match="finite"):
        Target.matches.match_cone_search(*arguments)


def test_the_filter_of_old_takes_the_radius_in_degrees():
    SiderealTargetFactory(ra=10.0, dec=10.0)
    assert cone_search_filter(Target.objects.all(), 10.0, 10.5, 0.51).count() == 1
    assert cone_search_filter(Target.objects.all(), 10.0, 10.5, 0.49).count() == 0
