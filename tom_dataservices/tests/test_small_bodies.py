"""Asteroids and comets of the catalogues: their names, and orbits that are no ellipse."""

import json

import pytest

from tests.shared_data import shared_data_dir
from tom_common.remote import RemoteBadReply, RemoteUnavailable
from tom_dataservices.clients.catalogue import AmbiguousNameError, orbit_fields
from tom_dataservices.clients.horizons import Horizons
from tom_dataservices.clients.mpc import MinorPlanetCenter, orbit_object
from tom_dataservices.clients.sbdb import SmallBodyDatabase
from tom_dataservices.clients.small_bodies import asked_for, is_meant, read_small_body
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.tests.test_catalogues import standin  # noqa: F401  fixture

pytestmark = pytest.mark.django_db
RECORDED = shared_data_dir() / "data" / "services"
ELEMENTS = {"epoch_mjd": 60000.0, "inclination_deg": 1.0, "node_deg": 2.0, "peri_deg": 3.0}


@pytest.mark.parametrize(
    ("written", "name", "aliases", "is_comet"),
    [
        ("1 Ceres (A801 AA)", "(1) Ceres", ("1", "Ceres", "A801 AA"), False),
        ("1 Ceres", "(1) Ceres", ("1", "Ceres"), False),
        ("(65803) Didymos", "(65803) Didymos", ("65803", "Didymos"), False),
        ("700000 (1994 UX10)", "(700000) 1994 UX10", ("700000", "1994 UX10"), False),
        ("99942 Apophis (2004 MN4)", "(99942) Apophis", ("99942", "Apophis", "2004 MN4"), False),
        ("(2024 YR4)", "2024 YR4", (), False),
        ("2040 P-L", "2040 P-L", (), False),
        ("67P/Churyumov-Gerasimenko", "67P/Churyumov-Gerasimenko", ("67P",), True),
        ("73P-B/Schwassmann-Wachmann 3", "73P-B/Schwassmann-Wachmann 3", ("73P-B",), True),
        ("ISON (C/2012 S1)", "C/2012 S1 (ISON)", ("C/2012 S1",), True),
        ("C/2012 S1 (ISON)", "C/2012 S1 (ISON)", ("C/2012 S1",), True),
        ("3I/ATLAS (C/2025 N1)", "3I/ATLAS", ("3I", "C/2025 N1"), True),
    ],
)
def test_full_names_are_taken_apart(written, name, aliases, is_comet):
    found = read_small_body(written)
    assert (found.full_name, found.aliases, found.is_comet) == (name, aliases, is_comet)


@pytest.mark.parametrize(
    "text", ["Halley", "M31", "SN 2023ixf", "2024abc", "Mars (499)", "HD 39801", "P12aBcD", ""]
)
def test_other_names_are_no_small_bodies(text):
    assert read_small_body(text) is None


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("67p/churyumov-gerasimenko", "67P"),
        ("c/2012 s1 (ISON)", "C/2012 S1"),
        ("(433)  Eros", "433"),
        ("2004 mn4", "2004 MN4"),
        ("Ceres", "Ceres"),
    ],
)
def test_services_are_asked_by_what_they_know_for_sure(typed, asked):
    assert asked_for(typed) == asked


@pytest.mark.parametrize(
    ("typed", "answered", "is_it"),
    [
        ("61 Cyg", "(61) Danae", False),
        ("4 UMa", "(4) Vesta", False),
        ("2018 cow", "(2018) Schuster", False),
        ("700000 cow", "(700000) 1994 UX10", False),
        ("61", "(61) Danae", True),
        ("61 danaë", "(61) Danae", True),
        ("4596 1981 QB", "(4596) 1981 QB", True),
        ("67P", "67P/Churyumov-Gerasimenko", True),
        ("Ceres", "(1) Ceres", True),
    ],
)
def test_a_word_after_a_number_has_to_be_the_name_of_the_body(typed, answered, is_it):
    assert is_meant(typed, answered) is is_it


@pytest.mark.parametrize(
    ("client", "right", "wrong"),
    [
        (SmallBodyDatabase, "1 ceres", "1 Cyg"),
        (Horizons, "1 ceres", "1 Cyg"),
        (MinorPlanetCenter, "65803 Didymos", "65803 Cyg"),
    ],
)
def test_a_star_is_not_taken_for_the_asteroid_of_its_number(standin, client, right, wrong):  # noqa: F811
    assert client().lookup(right).name in ("(1) Ceres", "(65803) Didymos")
    with pytest.raises(MissingDataException, match=f"knows no object named '{wrong}'"):
        client().lookup(wrong)


def test_a_comet_of_the_minor_planet_center_is_called_as_comets_are():
    orbit = json.loads((RECORDED / "mpc" / "test_65803_mpc_orb.json").read_text())
    orbit["designation_data"] |= {
        "permid": "67P",
        "name": "Churyumov-Gerasimenko",
        "unpacked_primary_provisional_designation": "P/1969 R1",
    }
    orbit["categorization"]["object_type_int"] = 10
    found = orbit_object(orbit)
    assert (found.name, found.aliases) == ("67P/Churyumov-Gerasimenko", ("67P", "P/1969 R1"))
    assert found.fields["scheme"] == "MPC_COMET"
    orbit["designation_data"] |= {
        "permid": None,
        "name": "C/2012 S1 (ISON)",
        "unpacked_primary_provisional_designation": "C/2012 S1",
    }
    assert orbit_object(orbit).name == "C/2012 S1 (ISON)"


def test_the_minor_planet_center_is_asked_by_number_and_may_have_a_problem(standin):  # noqa: F811
    assert MinorPlanetCenter().lookup("(65803) Didymos").name == "(65803) Didymos"
    standin.faults["GET", "/api/get-orb"] = (200, b'[{"error": "database"}, 500]', {})
    with pytest.raises(RemoteUnavailable, match="MPC has a problem of its own .status 500.: ask again"):
        MinorPlanetCenter().lookup("65803")


def test_the_newer_designation_of_an_asteroid_is_an_alias(standin):  # noqa: F811
    found = SmallBodyDatabase().lookup("Apophis")
    assert (found.name, found.aliases) == ("(99942) Apophis", ("99942", "Apophis", "2004 MN4"))


@pytest.mark.parametrize(
    "said", [b'{"object": []}', b'{"object": {"des": "1"}}', b'{"object": {"fullname": "1"}}']
)
def test_half_an_object_of_the_database_is_a_sentence(standin, said):  # noqa: F811
    standin.faults["GET", "/sbdb.api"] = (200, said, {})
    with pytest.raises(RemoteBadReply, match="JPL SBDB answered without the"):
        SmallBodyDatabase().lookup("Ceres")


def test_horizons_offers_the_apparitions_of_a_comet(standin):  # noqa: F811
    with pytest.raises(AmbiguousNameError) as caught:
        Horizons().lookup("Halley")
    assert caught.value.choices == [("90000030", "-239 1P 1P Halley"), ("90000033", "1994 1P 1P Halley")]


def _horizons(name, brightness, **elements):
    """Return the recorded answer for Ceres with another name, brightness and other elements."""
    text = (RECORDED / "jplhorizons" / "ceres_elements_single.txt").read_text()
    text = text.replace("1 Ceres (A801 AA)", name)
    text = text.replace("H= 3.53                 G= .120", brightness)
    head, _, rest = text.partition("$$SOE")
    labels = [label.strip() for label in head.rstrip().rstrip("*").rstrip().splitlines()[-1].split(",")]
    row = rest.partition("$$EOE")[0].strip().split(",")
    for key, value in elements.items():
        row[labels.index(key)] = value
    return f"{head}$$SOE\n{','.join(row)}\n$$EOE{rest.partition('$$EOE')[2]}"


def test_a_hyperbolic_comet_of_horizons_has_perihelion_and_no_anomaly():
    text = _horizons(
        "ISON (C/2012 S1)",
        "M1=  8.5  M2=  13.  k1=  10.",
        EC="1.0002",
        QR="0.0125",
        A="-62.5",
        MA="45.0",
        N="0.002",
        AD="9.99E+99",
        PR="9.999999E+99",
        Tp="2456625.28",
    )
    found = Horizons().read(text, "C/2012 S1")
    fields = found.fields
    assert (found.name, found.aliases, fields["scheme"]) == ("C/2012 S1 (ISON)", ("C/2012 S1",), "MPC_COMET")
    assert (fields["abs_mag"], fields["slope"]) == (8.5, 10.0)
    assert (fields["perihdist"], fields["epoch_of_perihelion"]) == (0.0125, 56624.78)
    for key in ("semimajor_axis", "mean_anomaly", "mean_daily_motion", "ephemeris_period"):
        assert fields[key] is None, key


def test_a_planet_of_horizons_has_no_magnitude_and_its_own_scheme():
    fields = Horizons().read(_horizons("Mars (499)", "H= 11.1 km     G= .120"), "499").fields
    assert fields["scheme"] == "JPL_MAJOR_PLANET"
    assert (fields["abs_mag"], fields["slope"]) == (None, None)
    assert fields["mean_anomaly"] == 6.069622713669460
    assert Horizons().read(_horizons("Mars (499)", ""), "499").name == "Mars"


@pytest.mark.parametrize("e", [1.0, 1.2])
def test_an_orbit_that_is_no_ellipse_has_no_mean_anomaly(e):
    given = {"a_au": -2.5, "mean_anomaly_deg": 12.0, "motion_deg_per_day": 0.25}
    fields = orbit_fields(**ELEMENTS, e=e, q_au=0.5, tp_mjd=60010.0, **given)
    assert fields["scheme"] == "MPC_COMET"
    for key in ("semimajor_axis", "mean_anomaly", "mean_daily_motion"):
        assert fields[key] is None, key
    assert (fields["perihdist"], fields["epoch_of_perihelion"]) == (0.5, 60010.0)


def test_of_a_very_wide_orbit_nothing_is_derived_and_what_is_told_stays():
    wide = orbit_fields(**ELEMENTS, e=0.9999, q_au=0.5, tp_mjd=60010.0)  # a = 5000 au
    assert (wide["semimajor_axis"], wide["mean_anomaly"]) == (None, None)
    told = orbit_fields(**ELEMENTS, e=0.9999, q_au=0.5, tp_mjd=60010.0, a_au=5000.0, mean_anomaly_deg=359.9)
    assert (told["semimajor_axis"], told["mean_anomaly"]) == (5000.0, 359.9)


@pytest.mark.parametrize(
    ("client", "term"),
    [
        (SmallBodyDatabase, "Ceres"),
        (SmallBodyDatabase, "Apophis"),
        (SmallBodyDatabase, "67P"),
        (Horizons, "Ceres"),
        (MinorPlanetCenter, "65803"),
    ],
)
def test_the_elements_of_each_catalogue_agree_among_themselves(standin, client, term):  # noqa: F811
    """Kepler's laws by hand: q = a (1 - e), n = k / a^1.5, M = n (t - T), P = 360 deg / n."""
    fields = client().lookup(term).fields
    a_au, n = fields["semimajor_axis"], fields["mean_daily_motion"]
    assert fields["perihdist"] == pytest.approx(a_au * (1.0 - fields["eccentricity"]), rel=1e-9)
    assert n == pytest.approx(0.9856076686 / a_au**1.5, rel=1e-7)
    since_deg = n * (fields["epoch_of_elements"] - fields["epoch_of_perihelion"])
    apart = (since_deg - fields["mean_anomaly"] + 180.0) % 360.0 - 180.0
    assert apart == pytest.approx(0.0, abs=1e-4)
    if fields.get("ephemeris_period"):
        assert fields["ephemeris_period"] * n == pytest.approx(360.0, rel=1e-9)
    for key in ("inclination", "lng_asc_node", "arg_of_perihelion", "abs_mag", "slope", "scheme"):
        assert fields[key] is not None, key
