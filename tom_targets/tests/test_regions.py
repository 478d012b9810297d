"""Boxes, polygons and coverage maps, judged by independent calculations with astropy and mocpy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.coordinates.angles import position_angle
from mocpy import MOC

from tom_common.astro.sky_index import ORDER, sky_index
from tom_common.astro.sky_region import read_box, read_moc, read_polygon
from tom_targets.models import Target
from tom_targets.sky_regions import within_box, within_moc, within_polygon
from tom_targets.tests.factories import SiderealTargetFactory
from tom_targets.tests.test_filters import found

pytestmark = pytest.mark.django_db
COUNT = 800


@pytest.fixture
def sky():
    """Give positions all over the sky and thousands near the places of the regions below, stored."""
    random = np.random.default_rng(11)
    near = np.array([(10.0, 20.0), (0.0, 0.0), (0.0, 89.0), (200.0, -89.5), (300.0, -41.8)])
    chosen = near[random.integers(0, len(near), COUNT)] + random.normal(0, 2.0, (COUNT, 2))
    ra = np.concatenate([chosen[:, 0] % 360.0, random.uniform(0, 360, COUNT)])
    dec = np.concatenate([chosen[:, 1], np.degrees(np.arcsin(random.uniform(-1, 1, COUNT)))])
    dec = np.where(dec > 90, 180 - dec, np.where(dec < -90, -180 - dec, dec))
    Target.objects.bulk_create(
        Target(name=f"star {n}", type="SIDEREAL", ra=one[0], dec=one[1])
        for n, one in enumerate(zip(ra.tolist(), dec.tolist(), strict=True))
    )
    return ra, dec


def chosen(targets, count):
    """Give which of the stored positions a query returns."""
    marks = np.zeros(count, bool)
    for name in targets.values_list("name", flat=True):
        marks[int(name.partition(" ")[2])] = True
    return marks


@pytest.mark.parametrize(
    "text",
    [
        "8,12,18,22",
        "358,3,-2,2",
        "-2,3,-2,2",
        "0,360,-90,-88.5",
        "350,10,86,90",
        "100,300,-30,60",
        "5,5,20,21",
    ],
)
def test_a_box_holds_what_lies_between_its_sides(sky, text):
    ra, dec = sky
    box = read_box(text)
    wanted = ((ra - box.ra_from) % 360.0 <= box.width_deg) & (dec >= box.dec_from) & (dec <= box.dec_to)
    assert (chosen(within_box(Target.objects.all(), box), len(ra)) == wanted).all()


def is_turned_around(corners, ra, dec):
    """Tell which positions a polygon turns around: they see its sides under angles of 360 degrees in sum.

    So do those on the opposite side of the sphere, which are left out.
    """
    at = SkyCoord(ra, dec, unit="deg")
    seen = [position_angle(at.ra, at.dec, *(one * u.deg for one in corner)).rad for corner in corners]
    steps = [np.angle(np.exp(1j * (seen[place] - seen[place - 1]))) for place in range(len(seen))]
    middle = SkyCoord(*np.array(corners).T, unit="deg").cartesian.mean()
    is_near = at.cartesian.dot(middle) > 0
    return is_near & (np.abs(np.round(np.sum(steps, axis=0) / (2 * np.pi))) == 1)


@pytest.mark.parametrize(
    "text",
    [
        "8 18, 12 18, 12 22, 8 22",
        "8 22, 12 22, 12 18, 8 18",
        "358 -2, 3 -1, 1 3",
        "8 18, 12 18, 12 22, 10 19, 8 22",
        "6 20, 9 21, 10 24, 11 21, 14 20, 11 19, 10 16, 9 19",
        "0 87, 90 88, 180 86, 270 88.5",
        "140 -88, 200 -85, 260 -88, 200 -89.9",
        "290 -45, 310 -45, 310 -38, 290 -38",
        "60 -50, 120 -50, 150 0, 120 50, 60 50, 30 0",
        "POLYGON ICRS ((8 18), (12 18), (10 23))",
    ],
)
def test_a_polygon_holds_the_positions_that_it_turns_around(sky, text):
    ra, dec = sky
    polygon = read_polygon(text)
    wanted = is_turned_around(polygon.corners, ra, dec)
    assert wanted.any()
    assert (chosen(within_polygon(Target.objects.all(), polygon), len(ra)) == wanted).all()


@pytest.mark.parametrize(
    "text", ["3/100-140 5/0-40 1000 8/5000-6000", '{"4": [10, 11, 300], "9": [77, 100000]}', "0/4"]
)
def test_a_coverage_map_holds_what_mocpy_says(sky, text):
    ra, dec = sky
    judge = MOC.from_json(eval(text)) if text.startswith("{") else MOC.from_string(text)  # noqa: S307
    wanted = judge.contains_lonlat(ra * u.deg, dec * u.deg)
    assert (chosen(within_moc(Target.objects.all(), read_moc(text)), len(ra)) == wanted).all()


@pytest.mark.parametrize(
    ("reader", "text", "reason"),
    [
        (read_box, "1,2,3", "four numbers"),
        (read_box, "1,2,3,x", "'x' is not a number"),
        (read_box, "1,2,nan,4", "'nan' is not a number"),
        (read_box, "1,2,5,4", "lower declination comes first"),
        (read_box, "1,2,5,94", "94 does not"),
        (read_polygon, "1 2, 3 4", "three or more pairs"),
        (read_polygon, "1 2, 3 4, 5 95", "95 does not"),
        (read_polygon, "1 2, 1 2, 1 2", "3 to 60 different corners"),
        (read_polygon, "0 0, 1 0, 2 0", "on one line"),
        (read_polygon, "0 0, 1 1, 1 0, 0 1.5", "cross each other"),
        (read_polygon, "0 0, 120 0, 240 0", "within 85 degrees"),
        (read_moc, "", "no cell"),
        (read_moc, "5", "has to stand before"),
        (read_moc, "5/x", "'x' is no part"),
        (read_moc, "30/1", "orders of HEALPix are 0 to 29"),
        (read_moc, "1/48", "no cells 48 to 48 of order 1"),
        (read_moc, '{"a": 1}', "looks like"),
    ],
)
def test_what_is_no_region_is_refused_with_the_reason(reader, text, reason):
    with pytest.raises(ValueError, match=reason):
        reader(text)


def test_the_filters_of_lists_and_api_know_regions():
    SiderealTargetFactory(name="inside", ra=10.0, dec=20.0)
    SiderealTargetFactory(name="outside", ra=50.0, dec=20.0)
    for parameters in (
        {"box": "9, 11, 19, 21"},
        {"polygon": "9 19, 11 19, 10 22"},
        {"moc": f"{ORDER}/{sky_index(10.0, 20.0)}"},
    ):
        assert found(**parameters) == {"inside"}, parameters


def test_a_region_that_is_none_is_an_error_at_its_field(client):
    from django.urls import reverse

    page = client.get(reverse("targets:list"), {"polygon": "1 2, 3"})
    assert "A polygon has three or more pairs of RA and Dec" in page.content.decode()
    answer = client.get("/api/targets/", {"box": "1,2,3"})
    assert answer.status_code == 400 and "four numbers" in str(answer.json()["box"])
