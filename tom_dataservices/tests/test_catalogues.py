"""The catalogues: their real wire formats, what becomes of an answer, and of every fault."""

import pytest
from django.core.cache import cache

from tests.shared_data import shared_data_dir
from tests.standins.catalogues import catalogues
from tom_common.remote import RemoteBadReply, RemoteError, RemoteUnavailable
from tom_dataservices.clients.catalogue import AmbiguousNameError, as_number, mjd_of_jd_or_mjd
from tom_dataservices.clients.gaia import Gaia
from tom_dataservices.clients.horizons import Horizons, command
from tom_dataservices.clients.mpc import MinorPlanetCenter
from tom_dataservices.clients.ned import Ned
from tom_dataservices.clients.sbdb import SmallBodyDatabase
from tom_dataservices.clients.scout import Scout
from tom_dataservices.clients.sesame import Sesame
from tom_dataservices.clients.simbad import Simbad, squeezed
from tom_dataservices.clients.tns import TransientNameServer
from tom_dataservices.clients.vizier import Vizier
from tom_dataservices.dataservices import (
    MissingDataException,
    NotConfiguredError,
    get_data_service_class,
    get_data_service_classes,
)
from tom_targets.models import Target
from tom_targets.positions import position_at

pytestmark = pytest.mark.django_db
CLIENTS = {
    Simbad: ("Betelgeuse", "/simbad"),
    Ned: ("m31", "/srs"),
    Sesame: ("m31", "/cgi-bin"),
    SmallBodyDatabase: ("Ceres", "/sbdb"),
    MinorPlanetCenter: ("65803", "/api/get-orb"),
    Horizons: ("Ceres", "/api/horizons"),
    TransientNameServer: ("SN 2023ixf", "/api/get/object"),
    Gaia: ("Gaia DR3 6636066871411763712", "/tap-server"),
    Vizier: ("RR Lyr", "/TAPVizieR"),
    Scout: ("P12aBcD", "/scout"),
}


@pytest.fixture
def standin(settings):
    cache.clear()  # TNS's limit is kept there
    with catalogues(shared_data_dir() / "data" / "services") as state:
        settings.DATA_SERVICES = state.settings()
        yield state


def test_simbad_gives_position_motion_distance_and_names(standin):
    found = Simbad().lookup("Betelgeuse")
    assert found.name == "Betelgeuse"  # as it was asked for
    assert found.aliases == ("* alf Ori", "HD 39801", "alf Ori")
    fields = found.fields
    assert (fields["ra"], fields["dec"], fields["epoch"]) == (88.79293899, 7.407064, 2000.0)
    assert (fields["pm_ra"], fields["pm_dec"], fields["parallax"]) == (27.54, 11.3, 6.55)
    assert (fields["distance"], fields["distance_err"]) == (152.67, 23.5)
    assert found.extras["spectral_type"] == "M1-M2Ia-Iab"


def test_a_quote_in_a_name_stays_inside_the_statement(standin):
    with pytest.raises(MissingDataException, match="Simbad knows no object named"):
        Simbad().lookup("Barnard's star' OR '1'='1")
    assert standin.statements[0].endswith("ident.id = 'Barnard''s star'' OR ''1''=''1'")


@pytest.mark.parametrize(
    ("written", "read"),
    [("M  31", "M 31"), ("NAME Cas A", "Cas A"), ("V* RR Lyr", "RR Lyr"), ("* alf Ori", "* alf Ori")],
)
def test_identifiers_are_written_as_people_write_them(written, read):
    assert squeezed(written) == read


def test_ned_gives_position_and_redshift(standin):
    found = Ned().lookup("m31")
    assert (found.name, found.fields["ra"], found.fields["dec"]) == ("MESSIER 031", 10.68479, 41.26906)
    assert found.extras["redshift"] == -0.001001


def test_sesame_says_who_knew_the_name(standin):
    found = Sesame().lookup("m31")
    assert (found.name, found.fields["ra"], found.extras["resolver"]) == (
        "M 31",
        10.6847083,
        "Simbad (CDS, via client/server)",
    )
    assert found.aliases == ("NGC 224", "Andromeda Galaxy")


def test_the_small_body_database_gives_an_asteroid(standin):
    found = SmallBodyDatabase().lookup("Ceres")
    fields = found.fields
    assert fields["scheme"] == "MPC_MINOR_PLANET"
    assert fields["abs_mag"] == 3.34
    assert fields["slope"] == 0.12
    assert fields["eccentricity"] == pytest.approx(0.0757, abs=2e-3)
    assert fields["semimajor_axis"] == pytest.approx(2.768, abs=2e-3)
    assert 50_000 < fields["epoch_of_elements"] < 62_000  # an MJD


def test_the_small_body_database_gives_a_comet(standin):
    found = SmallBodyDatabase().lookup("67P")
    assert found.name == "67P/Churyumov-Gerasimenko"
    assert "67P" in found.aliases
    assert found.fields["scheme"] == "MPC_COMET"
    assert found.fields["perihdist"] == pytest.approx(1.2453, abs=1e-3)
    assert (found.fields["abs_mag"], found.fields["slope"]) == (11.3, 11.0)


def test_a_name_of_several_bodies_says_which_there_are(standin):
    with pytest.raises(
        AmbiguousNameError, match=r"several objects for 'pa'. Ask for one of: 2 \(2 Pallas\); 44"
    ):
        SmallBodyDatabase().lookup("pa")
    with pytest.raises(AmbiguousNameError, match=r"major body 499 \(Mars\)"):
        Horizons().lookup("Mars")


def test_the_minor_planet_center_gives_an_orbit(standin):
    found = MinorPlanetCenter().lookup("65803")
    fields = found.fields
    assert found.name == "(65803) Didymos"
    assert found.aliases == ("65803", "Didymos", "1996 GT")
    assert fields["epoch_of_elements"] == 60600.0
    assert fields["semimajor_axis"] == pytest.approx(1.01307147379597 / (1 - 0.383251174842473))
    days = 60600.0 - 59873.9224521321
    assert fields["mean_anomaly"] == pytest.approx(
        days * 0.9856076686 / fields["semimajor_axis"] ** 1.5 % 360.0
    )


def test_horizons_gives_osculating_elements(standin):
    found = Horizons().lookup("Ceres")
    fields = found.fields
    assert found.name == "(1) Ceres"
    assert found.aliases == ("1", "Ceres", "A801 AA")
    assert fields["epoch_of_elements"] == 51544.0
    assert fields["eccentricity"] == 0.07837505574674922
    assert fields["semimajor_axis"] == 2.766494289599058
    assert fields["mean_anomaly"] == 6.069622713669460
    assert fields["epoch_of_perihelion"] == pytest.approx(51515.663103133, abs=1e-6)
    assert (fields["abs_mag"], fields["slope"], fields["scheme"]) == (3.53, 0.12, "MPC_MINOR_PLANET")


@pytest.mark.parametrize(
    ("term", "words"),
    [("wrong date", "BATVAR|error loading"), ("67P", 'No ephemeris for target "67P" after')],
)
def test_errors_of_horizons_inside_a_good_status_are_told(standin, term, words):
    with pytest.raises(RemoteBadReply, match=words):
        Horizons().lookup(term)


@pytest.mark.parametrize(
    ("term", "asked"),
    [
        ("67P", "DES=67P; CAP; NOFRAG;"),
        ("C/2012 S1", "DES=C/2012 S1; CAP; NOFRAG;"),
        ("2024 AA", "DES=2024 AA;"),
        ("433", "433;"),
        ("499", "499"),
        ("67P/Churyumov-Gerasimenko", "DES=67P; CAP; NOFRAG;"),
        ("C/2012 S1 (ISON)", "DES=C/2012 S1; CAP; NOFRAG;"),
        ("(433) Eros", "433;"),
        ("90000031", "90000031;"),
        ("1I/'Oumuamua", "DES=1I;"),
        ("major body 4", "4"),
        ("Io", "Io"),
        ("Ceres' OR", "Ceres OR"),
    ],
)
def test_how_horizons_is_asked(term, asked):
    assert command(term) == asked


@pytest.mark.parametrize("term", ["SN 2023ixf", "sn2023ixf", "2023ixf", "AT 2023ixf", "ZTF23aaklqou"])
def test_tns_knows_official_names_and_those_of_surveys(standin, term):
    found = TransientNameServer().lookup(term)
    assert found.name == "SN 2023ixf"
    assert found.aliases == ("ATLAS23ptg", "Gaia23bjf", "ZTF23aaklqou")
    assert (found.fields["ra"], found.fields["dec"]) == (210.910674637, 54.3116510708)
    assert (found.extras["classification"], found.extras["redshift"]) == ("SN II", 0.000804)


def test_tns_without_a_bot_says_which_settings_it_wants(standin, settings):
    settings.DATA_SERVICES = {"TNS": {"base_url": standin.url}}
    with pytest.raises(NotConfiguredError, match="set api_key, bot_id and bot_name"):
        TransientNameServer().lookup("2023ixf")


def test_a_key_that_is_refused_is_told_and_not_shown(standin):
    standin.tns_key = "another"
    with pytest.raises(NotConfiguredError, match="does not accept the bot") as caught:
        TransientNameServer().lookup("2023ixf")
    assert "the key" not in str(caught.value)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_catalogue_does_not_know(standin, client):
    words = {Gaia: "is asked for its source numbers and for places"}.get(
        client, "knows no object named 'no such"
    )
    with pytest.raises(MissingDataException, match=f"{client.name} {words}"):
        client().lookup("no such thing")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("fault", [500, 404, 429, "half", (200, b"\x00\xff garbage", {}), "html"])
def test_every_fault_is_a_sentence(standin, client, fault, monkeypatch):
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.0)
    term, path = CLIENTS[client]
    standin.retry_after = 3600
    standin.faults["*", path] = fault
    with pytest.raises((RemoteError, MissingDataException)) as caught:
        client().lookup(term)
    assert client.name in str(caught.value)


def test_a_silent_service_is_given_up(standin):
    standin.faults["*", "/srs"] = "hang"
    client = Ned()
    client.service = lambda **options: Simbad.service(client, read_timeout_s=0.2, tries=1)
    with pytest.raises(RemoteUnavailable, match="NED did not answer within"):
        client.lookup("m31")


def test_numbers_are_read_as_services_write_them():
    assert [as_number(text) for text in (".0755", " 152.67 ", "9.99E+99", "", None, "nan")] == [
        0.0755,
        152.67,
        None,
        None,
        None,
        None,
    ]


def test_julian_dates_keep_their_digits():
    assert mjd_of_jd_or_mjd("2451544.500000001") == 51544.000000001
    assert mjd_of_jd_or_mjd("60600.0") == 60600.0
    assert mjd_of_jd_or_mjd(None) is None


def test_each_catalogue_is_a_data_service(standin):
    names = {"Simbad", "NED", "Sesame", "TNS", "JPL SBDB", "MPC Explorer", "JPL Horizons", "VizieR", "Gaia"}
    assert names <= set(get_data_service_classes())


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("Simbad", "Betelgeuse"),
        ("NED", "m31"),
        ("Sesame", "m31"),
        ("TNS", "2023ixf"),
        ("JPL SBDB", "Apophis"),
        ("JPL SBDB", "67P"),
        ("MPC Explorer", "65803"),
        ("JPL Horizons", "Ceres"),
        ("VizieR", "HIP 95497"),
        ("VizieR", "291.366, 42.784, 5 arcsec"),
        ("Gaia", "Gaia DR3 6636066871411763712"),
    ],
)
def test_a_target_is_made_that_is_complete(standin, name, term):
    service = get_data_service_class(name)()
    (result,) = service.query_targets(service.build_query_parameters({"term": term}))
    target = service.to_target(result)
    stored = Target.objects.get(pk=target.pk)
    stored.full_clean()
    if stored.type == "NON_SIDEREAL":
        assert stored.scheme
        assert stored.abs_mag is not None
    else:
        assert stored.ra is not None
    assert stored.aliases.count() == len(result["aliases"])


def test_a_position_follows_from_a_catalogues_orbit(standin):
    service = get_data_service_class("JPL Horizons")()
    (result,) = service.query_targets({"term": "Ceres"})
    target = service.to_target(result)
    place = position_at(target, mjd_utc=51544.0).place
    # The recorded observer table of the same body and moment, seen from the centre of the Earth.
    assert place.ra_deg == pytest.approx(188.70280, abs=2e-5)
    assert place.dec_deg == pytest.approx(9.09829, abs=2e-5)
