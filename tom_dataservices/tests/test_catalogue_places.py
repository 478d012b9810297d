"""Catalogues that are asked for a place, answers in XML, and where their settings stand."""

import pytest

from tom_common.remote import RemoteBadReply
from tom_dataservices import conf
from tom_dataservices.clients.catalogue import AmbiguousNameError
from tom_dataservices.clients.horizons import Horizons
from tom_dataservices.clients.mpc import MinorPlanetCenter
from tom_dataservices.clients.ned import Ned
from tom_dataservices.clients.sbdb import SmallBodyDatabase
from tom_dataservices.clients.scout import Scout
from tom_dataservices.clients.sesame import Sesame
from tom_dataservices.clients.simbad import Simbad
from tom_dataservices.clients.tns import TransientNameServer
from tom_dataservices.dataservices import MissingDataException
from tom_dataservices.tests.test_catalogues import standin  # noqa: F401  fixture

pytestmark = pytest.mark.django_db
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Sesame>&b;</Sesame>'


def test_simbad_takes_a_place(standin):  # noqa: F811
    found = Simbad().lookup("88.792939 +7.407064, 2 arcsec")
    assert (found.name, "Betelgeuse" in found.aliases) == ("* alf Ori", True)
    assert "CIRCLE('ICRS', 88.792939, 7.407064, 0.0005555" in standin.statements[0]
    assert standin.statements[0].endswith("ORDER BY dist")
    with pytest.raises(
        MissingDataException, match=r"Simbad knows nothing within 5 arcsec of 10.00000 .20.00000"
    ):
        Simbad().lookup("10.0 +20.0")


@pytest.mark.parametrize(("typed", "name"), [("betelgeuse", "Betelgeuse"), ("hd39801", "HD39801")])
def test_simbad_keeps_the_name_that_was_typed(standin, typed, name):  # noqa: F811
    found = Simbad().lookup(typed)
    assert found.name == name
    assert "* alf Ori" in found.aliases
    assert not {"HD39801", "HD 39801"} <= {found.name, *found.aliases}


def test_ned_takes_a_place_and_gives_the_nearest(standin):  # noqa: F811
    found = Ned().lookup("83.822083, -5.391111, 2 arcmin")
    assert (found.name, found.fields["ra"], found.fields["dec"]) == ("COUP 0900", 83.8232, -5.39018)
    assert found.extras["object_type"] == "*"
    assert "radius=2.000000" in standin.requests[0][1]
    with pytest.raises(
        MissingDataException, match=r"NED knows nothing within 5 arcsec of 10.00000 .20.00000"
    ):  # its error, status 200
        Ned().lookup("10.0 +20.0")


def test_the_columns_of_ned_are_known_by_either_name(standin):  # noqa: F811
    recorded = standin.ned_near({"lon": ["83.822083d"], "lat": ["-5.391111d"]})[1]
    today = recorded.replace(b'"RA(deg)"', b'"RA"').replace(b'"DEC(deg)"', b'"DEC"')
    standin.faults["GET", "/cgi-bin/objsearch"] = (200, today, {})
    assert Ned().lookup("83.822083, -5.391111, 2 arcmin").fields["dec"] == -5.39018


@pytest.mark.parametrize("said", [BOMB, BOMB.decode().encode("utf-16"), b"<html/>", b"garbage", b""])
def test_odd_xml_of_ned_is_a_sentence(standin, said):  # noqa: F811
    standin.faults["GET", "/cgi-bin/objsearch"] = (200, said, {})
    with pytest.raises(RemoteBadReply, match="NED answered with"):
        Ned().lookup("83.822083, -5.391111")


def test_ned_says_which_objects_a_name_may_mean(standin):  # noqa: F811
    with pytest.raises(AmbiguousNameError) as caught:
        Ned().lookup("Antennae")
    assert caught.value.choices == [("NGC 4038", ""), ("NGC 4039", "")]


@pytest.mark.parametrize("said", [BOMB, BOMB.decode().encode("utf-16"), b"no XML", b"\xff\xfe<"])
def test_odd_xml_of_sesame_is_a_sentence(standin, said):  # noqa: F811
    standin.faults["GET", "/cgi-bin/nph-sesame"] = (200, said, {})
    with pytest.raises(RemoteBadReply, match="Sesame answered with"):
        Sesame().lookup("m31")


def test_the_document_type_of_older_servers_of_sesame_is_taken(standin):  # noqa: F811
    said = standin.sesame("m31")[1].replace(
        b"<Sesame>", b'<!DOCTYPE Sesame SYSTEM "http://x/s.dtd">\n<Sesame>'
    )
    standin.faults["GET", "/cgi-bin/nph-sesame"] = (200, said, {})
    assert Sesame().lookup("m31").name == "M 31"


def test_odd_letters_of_a_name_reach_sesame_whole(standin):  # noqa: F811
    with pytest.raises(MissingDataException):
        Sesame().lookup("β Pic/A+B? #1 'x'")
    assert standin.requests[0][1].endswith("?%CE%B2%20Pic%2FA%2BB%3F%20%231%20%27x%27")


def test_tns_takes_a_place_and_asks_back_where_there_are_several(standin):  # noqa: F811
    place = "210.910675 +54.311651, 3 arcsec"
    assert TransientNameServer().lookup(place).name == "SN 2023ixf"
    standin.tns_near = ["2023ixf", "2023abc"]
    with pytest.raises(AmbiguousNameError, match="Ask for one of: 2023ixf; 2023abc"):
        TransientNameServer().lookup(place)
    with pytest.raises(
        MissingDataException, match=r"TNS knows nothing within 5 arcsec of 10.00000 .20.00000"
    ):
        TransientNameServer().lookup("10.0 +20.0")


@pytest.mark.parametrize("client", [Sesame, Horizons, SmallBodyDatabase, MinorPlanetCenter, Scout])
def test_the_others_are_not_asked_for_places(standin, client):  # noqa: F811
    with pytest.raises(MissingDataException, match="is asked for names, not for places"):
        client().lookup("10.0 +20.0")
    assert standin.requests == []


def test_a_question_in_a_form_is_asked_again_when_the_service_is_busy(standin, monkeypatch):  # noqa: F811
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.0)
    standin.faults["POST", "/simbad"] = [503, 429]
    assert Simbad().lookup("Betelgeuse").name == "Betelgeuse"


def test_what_the_settings_leave_empty_is_read_from_older_ones(settings):
    settings.DATA_SERVICES = {"TNS": {"api_key": "", "bot_id": 7}}
    settings.HARVESTERS = {"TNS": {"api_key": "old", "bot_id": 1, "bot_name": "bot"}}
    assert conf.data_service_settings("TNS") == {"api_key": "old", "bot_id": 7, "bot_name": "bot"}
    settings.HARVESTERS = {}
    assert conf.data_service_settings("TNS") == {"api_key": None, "bot_id": 7}
    assert conf.data_service_settings("Nobody") is None


def test_the_minor_planet_center_is_set_up_under_either_name(settings):
    settings.DATA_SERVICES = {"MPC Explorer": {"base_url": "http://mpc.test"}}
    assert MinorPlanetCenter().setting("base_url") == "http://mpc.test"
