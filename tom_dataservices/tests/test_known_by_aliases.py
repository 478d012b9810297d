"""Which stored target a result is taken for by its further names."""

import pytest

from tom_dataservices.results import keep_target
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
M31_DEG = (10.6847, 41.269)


@pytest.fixture
def m31():
    galaxy = SiderealTargetFactory(name="M 31", ra=M31_DEG[0], dec=M31_DEG[1])
    galaxy.aliases.create(name="Andromeda")
    galaxy.aliases.create(name="224")
    return galaxy


def kept(name, aliases, **fields):
    return keep_target(Target(name=name, **fields), aliases=aliases, is_known_by_aliases=True)


def sidereal(ra_deg=M31_DEG[0], dec_deg=M31_DEG[1]):
    return {"type": "SIDEREAL", "ra": ra_deg, "dec": dec_deg}


def test_an_asteroid_is_not_the_galaxy_of_its_name(m31):
    made = kept("(175) Andromache", ["175", "Andromeda", "A877 TB"], type="NON_SIDEREAL", scheme="MPC_COMET")
    assert made.is_new and made.target.pk != m31.pk
    assert set(made.target.aliases.values_list("name", flat=True)) == {"175", "A877 TB"}
    assert "Andromeda is no alias of (175) Andromache" in made.notes[0]


@pytest.mark.parametrize(
    ("north_arcsec", "is_new"), [(0.0, False), (4.9, False), (5.1, True), (3600.0, True)]
)
def test_a_sidereal_target_is_known_by_an_alias_where_it_lies(m31, north_arcsec, is_new):
    made = kept("NGC 224", ["Andromeda"], **sidereal(dec_deg=M31_DEG[1] + north_arcsec / 3600.0))
    assert (made.is_new, made.target.pk != m31.pk) == (is_new, is_new)


def test_the_radius_of_the_settings_counts_where_it_is_larger(m31, settings):
    settings.TOM_DUPLICATE_RADIUS_ARCSEC = 10.0
    assert not kept("NGC 224", ["Andromeda"], **sidereal(dec_deg=M31_DEG[1] + 9.0 / 3600.0)).is_new


def test_a_short_number_alone_is_the_name_of_nothing(m31):
    assert kept("Nearby", ["224"], **sidereal()).is_new
    m31.aliases.create(name="313853517958348804")  # as Rubin knows objects
    assert not kept("LSST-P-DO-1", ["313853517958348804"], **sidereal()).is_new


def test_a_body_of_the_solar_system_is_known_by_its_designation():
    stored = Target.objects.create(name="2004 MN4", type="NON_SIDEREAL")
    found = kept("(99942) Apophis", ["99942", "Apophis", "2004 MN4"], type="NON_SIDEREAL")
    assert (found.target.pk, found.is_new) == (stored.pk, False)


def test_all_aliases_are_looked_up_at_once(m31, django_assert_num_queries):
    many = [f"Name {number}" for number in range(50)]
    with django_assert_num_queries(4):  # the name; the aliases, who bears them, and where that is
        assert kept("NGC 224", [*many, "Andromeda"], **sidereal()).target == m31
