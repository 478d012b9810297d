"""Gaia, VizieR and Scout as catalogues: what each makes of a term, and of what the service says."""

import pytest

from tom_dataservices.clients.gaia import Gaia
from tom_dataservices.clients.scout import Scout
from tom_dataservices.clients.vizier import Vizier
from tom_dataservices.dataservices import MissingDataException, QueryServiceError
from tom_dataservices.tests.test_catalogues import standin  # noqa: F401  fixture

pytestmark = pytest.mark.django_db
STAR = "6636090339113063296"


@pytest.mark.parametrize("term", [f"Gaia DR3 {STAR}", STAR, f"gaia edr3 {STAR}", f"GaiaDR3{STAR}"])
def test_gaia_knows_its_source_numbers_to_the_last_digit(standin, term):  # noqa: F811
    found = Gaia().lookup(term)
    assert found.name == f"Gaia DR3 {STAR}"
    assert (found.fields["ra"], found.fields["dec"]) == (280.00510823916443, -59.99710959400066)
    assert (found.fields["epoch"], found.fields["pm_ra"]) == (2016.0, -30.119519430442956)
    assert found.fields["parallax"] == 2.096927412106962
    assert (found.extras["gaia_g_mag"], found.extras["gaia_ruwe"]) == (16.610226, 1.019498)
    assert f"source_id = {STAR}" in standin.statements[0]


def test_the_second_release_of_gaia_is_a_table_of_its_own(standin):  # noqa: F811
    Gaia().lookup(f"Gaia DR2 {STAR}")
    assert "FROM gaiadr2.gaia_source" in standin.statements[0]
    assert "ruwe" not in standin.statements[0]


def test_gaia_takes_a_place_and_a_radius(standin):  # noqa: F811
    found = Gaia().lookup("18:40:01.2 -59:59:49.6, 2 arcsec")
    assert found.name == f"Gaia DR3 {STAR}"
    assert "CIRCLE('ICRS', 280.005, -59.9971" in standin.statements[0]
    assert standin.statements[0].endswith("ORDER BY dist")


def test_gaia_is_not_asked_for_what_it_cannot_know(standin):  # noqa: F811
    with pytest.raises(MissingDataException):
        Gaia().lookup("SN 2023ixf")
    assert standin.requests == []


@pytest.mark.parametrize(
    ("term", "name", "table", "fact"),
    [
        ("RR Lyr", "RR Lyr", "B/vsx/vsx", ("period_d", 0.5668378)),
        ("V* RR Lyr", "RR Lyr", "B/vsx/vsx", ("spectral_type", "A5.0-F7.0")),
        ("HIP 95497", "HIP 95497", "I/311/hip2", ("parallax_error", 0.64)),
        ("tyc 3142-494-1", "TYC 3142-494-1", "I/259/tyc2", ("mag_vt", 7.7)),
        ("2MASS J19252793+4247040", "2MASS J19252793+4247040", "II/246/out", ("mag_k", 6.494)),
        ("WISEA J192527.89+424702.8", "WISEA J192527.89+424702.8", "II/328/allwise", ("mag_w1", 6.47)),
        ("291.3663 42.7844, 3 arcsec", "RR Lyr", "B/vsx/vsx", ("variable_type", "RRAB/BL")),
    ],
)
def test_vizier_is_asked_the_table_that_the_name_belongs_to(standin, term, name, table, fact):  # noqa: F811
    found = Vizier().lookup(term)
    assert found.name == name
    assert f'FROM "{table}"' in standin.statements[-1]
    assert found.extras[fact[0]] == fact[1]
    assert found.fields["ra"] == pytest.approx(291.3663, abs=2e-3)


def test_hipparcos_positions_are_of_its_epoch(standin):  # noqa: F811
    fields = Vizier().lookup("HIP 95497").fields
    assert (fields["epoch"], fields["pm_ra"], fields["parallax"]) == (1991.25, -109.68, 3.46)


def test_a_quote_in_a_name_stays_inside_the_statement_for_vizier(standin):  # noqa: F811
    with pytest.raises(MissingDataException):
        Vizier().lookup("x' OR '1'='1")
    assert standin.statements[0].endswith("\"Name\" = 'x'' OR ''1''=''1'")


def test_scout_gives_a_real_orbit_of_its_samples(standin):  # noqa: F811
    found = Scout().lookup("P12aBcD")
    fields = found.fields
    # All elements of the middle sample, none of another, and not the solar elongation (165 deg).
    assert (fields["eccentricity"], fields["perihdist"], fields["inclination"]) == (0.303, 0.91, 6.1)
    assert (fields["lng_asc_node"], fields["arg_of_perihelion"]) == (11.5, 22.5)
    assert (fields["epoch_of_elements"], fields["epoch_of_perihelion"]) == (61364.5, 61310.0)
    assert fields["semimajor_axis"] == pytest.approx(0.91 / (1.0 - 0.303))
    assert (fields["abs_mag"], fields["type"]) == (24.2, "NON_SIDEREAL")
    assert found.extras["neo_score"] == 100.0
    assert found.extras["solar_elongation_deg"] == 165.0
    assert found.extras["rough_position"] == "12:53 +09 at 2026-11-20 01:45 UTC"


def test_scout_says_when_it_has_no_orbit_yet(standin):  # noqa: F811
    with pytest.raises(QueryServiceError, match="Scout has no orbit of C0FAINT yet"):
        Scout().lookup("C0FAINT")


def test_an_error_of_scout_inside_a_good_status_is_told(standin):  # noqa: F811
    standin.faults["GET", "/scout.api"] = (200, b'{"error": "invalid value for n-orbits"}', {})
    with pytest.raises(QueryServiceError, match="Scout answered: invalid value for n-orbits"):
        Scout().lookup("P12aBcD")


def test_a_newer_version_of_scout_is_read_nevertheless(standin, caplog):  # noqa: F811
    standin.scout.version = "1.4"
    assert Scout().lookup("P12aBcD").name == "P12aBcD"
    assert "Scout answers in version 1.4" in caplog.text
