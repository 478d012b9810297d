import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def andromeda():
    target = SiderealTargetFactory(name="M 31")
    TargetNameFactory(target=target, name="NGC 224")
    SiderealTargetFactory(name="M 310")
    return target


@pytest.mark.parametrize(
    "name", ["M 31", "m31", "M-31", "(m_31)", "m\u201331", "m\u00a031", "ngc 224", "NGC\u2212224"]
)
def test_a_name_is_found_whatever_its_case_and_separators(andromeda, name):
    assert list(Target.matches.match_name(name)) == [andromeda]
    assert list(Target.matches.match_fuzzy_name(name)) == [andromeda]


@pytest.mark.parametrize("name", ["", "  ", "-", "M 3", "M 311"])
def test_part_of_a_name_is_no_match(andromeda, name):
    assert not Target.matches.match_name(name).exists()


def test_an_exact_name_minds_case(andromeda):
    assert list(Target.matches.match_exact_name("M 31")) == [andromeda]
    assert list(Target.matches.match_exact_name("NGC 224")) == [andromeda]
    assert not Target.matches.match_exact_name("m31").exists()


def test_matches_can_be_looked_for_among_some(andromeda):
    assert not Target.matches.match_fuzzy_name("M 31", Target.objects.exclude(pk=andromeda.pk)).exists()


def test_a_target_is_unique_among_the_others(andromeda):
    assert Target.matches.is_unique(andromeda)
    assert not Target.matches.is_unique(Target(name="m-31"))
    assert Target.matches.is_unique(Target(name="M 32"))


@pytest.mark.parametrize("name", ["SN 2026-a (b)_c", "ABC", ""])
def test_a_name_is_simplified(name):
    assert Target.matches.simplify_name(name) == name.lower().translate(str.maketrans("", "", " -_()"))


CENTRES = [
    (0.0, 0.0),
    (359.9999, 0.0),
    (180.0, 90.0),
    (45.0, -90.0),
    (0.00001, 89.9999),
    (83.6, 22.0),
    (266.4, -29.0),
]


@pytest.mark.parametrize(("ra_deg", "dec_deg"), CENTRES)
@pytest.mark.parametrize("radius_arcsec", [0.5, 30.0, 3600.0, 7200.0, 180_000.0])
def test_a_cone_agrees_with_astropy_at_poles_and_across_zero(ra_deg, dec_deg, radius_arcsec):
    random = np.random.default_rng(7)
    centre = SkyCoord(ra_deg, dec_deg, unit="deg")
    angles = random.uniform(0.0, 360.0, 60)
    distances = radius_arcsec * np.concatenate([random.uniform(0.0, 3.0, 58), [0.0, 1.0 - 1e-7]])
    around = centre.directional_offset_by(
        angles * np.ones(60) * (1 * centre.ra.unit), distances / 3600.0 * centre.ra.unit
    )
    Target.objects.bulk_create(
        [
            Target(name=f"star {i}", type="SIDEREAL", ra=float(position.ra.deg), dec=float(position.dec.deg))
            for i, position in enumerate(around)
        ]
    )
    separations = {
        f"star {i}": float(position.separation(centre).arcsec) for i, position in enumerate(around)
    }
    found = {
        target.name: target.separation
        for target in Target.matches.match_cone_search(ra_deg, dec_deg, radius_arcsec)
    }
    assert set(found) == {name for name, distance in separations.items() if distance <= radius_arcsec}
    for name, separation_deg in found.items():
        # The haversine of doubles resolves about a milliarcsecond at tens of degrees, far less nearby.
        assert separation_deg * 3600.0 == pytest.approx(separations[name], abs=1e-3)


@pytest.mark.parametrize(
    "arguments", [(None, 1, 1), (1, None, 1), (1, 1, None), (1, 91, 1), (1, -90.1, 1), (1, 1, -1)]
)
def test_a_cone_that_is_none_finds_nothing(arguments):
    SiderealTargetFactory(ra=1.0, dec=1.0)
    assert not Target.matches.match_cone_search(*arguments).exists()
