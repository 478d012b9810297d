"""Odd replies of Babamul, GraceDB, the archive of Gaia alerts and Scout: told; no row loses others."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.core.cache import cache

from tests.standins.babamul import RUBIN
from tests.standins.gracedb import FIRST
from tests.standins.serving import StandIn, running
from tom_common.remote import RemoteBadReply, RemoteUnavailable
from tom_dataservices.clients.babamul import babamul_object
from tom_dataservices.clients.broker import LostDigitsError
from tom_dataservices.clients.scout import Scout
from tom_dataservices.dataservices import get_data_service_class
from tom_dataservices.exceptions import MissingDataException, QueryServiceError

pytestmark = pytest.mark.django_db
HEADER = (
    "#Name, Date, RaDeg, DecDeg, AlertMag, HistoricMag, HistoricStdDev, Class, Published, Comment, TNSid\n"
)
SCOUT = {"objectName": "P12aBcD", "nObs": 5, "neoScore": 100, "Vmag": "20.8", "tEphem": "2026-11-20 01:45"}
QUESTIONS = {"Babamul": {"alert_survey": "LSST"}, "GraceDB": {}, "Gaia Alerts": {}, "Scout": {}}


class Says(StandIn):
    """Answers everything with the same content."""

    content = b""

    def answer(self, method, path, query, body, headers):
        return 200, self.content, "application/json"


@pytest.fixture
def says(settings):
    cache.clear()
    with running(Says()) as state:
        entry = {"base_url": state.url, "api_key": "bbml_made_up", "page_size": 3}
        settings.DATA_SERVICES = {name: entry for name in QUESTIONS}
        yield state
    cache.clear()


def asked(says, name, content):
    says.content = content if isinstance(content, bytes) else json.dumps(content).encode()
    service = get_data_service_class(name)()
    form = service.get_form_class()({"data_service": name, **QUESTIONS[name]})
    assert form.is_valid(), form.errors
    found = list(service.query_targets(service.build_query_parameters(form.cleaned_data)))
    return [one["id"] for one in found], service.query_feedback


def boom(*rows):
    return {"message": "found", "data": list(rows)}


def superevents(*rows, **more):
    return {"superevents": list(rows), "numRows": len(rows), "links": {}, **more}


def scouted(*rows, **more):
    return {"signature": {"version": "1.3"}, "count": str(len(rows)), "data": list(rows), **more}


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("Babamul", boom({**RUBIN, "objectId": None}), RUBIN["objectId"]),
        ("Babamul", boom({**RUBIN, "objectId": "1", "candidate": "text"}), RUBIN["objectId"]),
        ("Babamul", boom({**RUBIN, "objectId": "1", "classifications": [1]}), RUBIN["objectId"]),
        ("GraceDB", superevents("text"), "S230518h"),
        ("GraceDB", superevents({**FIRST, "superevent_id": None}), "S230518h"),
        ("GraceDB", superevents({**FIRST, "superevent_id": "S1", "preferred_event_data": "G1"}), "S230518h"),
        ("Scout", scouted("text"), "P12aBcD"),
        ("Scout", scouted({**SCOUT, "objectName": None}), "P12aBcD"),
    ],
)
def test_a_row_that_cannot_be_read_keeps_no_other_out_and_is_told(says, name, content, found):
    with pytest.raises(RemoteBadReply, match="nothing that can be read|list of rows"):
        asked(says, name, content)
    rows = content["superevents" if name == "GraceDB" else "data"]
    rows.append({"Babamul": RUBIN, "GraceDB": FIRST, "Scout": SCOUT}[name])
    names, words = asked(says, name, content)
    assert names == [found]
    assert words.startswith("One of the rows of ")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Babamul", boom()),
        ("Babamul", {"message": "nothing"}),
        ("GraceDB", superevents()),
        ("Gaia Alerts", HEADER.encode()),
        ("Scout", scouted()),
        ("Scout", {"signature": {"version": "1.3"}, "count": "0"}),
    ],
)
def test_nothing_found_is_no_error(says, name, content):
    assert asked(says, name, content) == ([], "")


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        *(
            (name, {"error": "no such thing"}, QueryServiceError, "no such thing")
            for name in ("Babamul", "GraceDB", "Scout")
        ),
        *((name, b"\xff\xfe\x00", RemoteBadReply, "JSON|table") for name in QUESTIONS),
        *((name, b'{"a": NaN}', RemoteBadReply, "answered") for name in QUESTIONS),
        ("Babamul", boom(*[RUBIN] * 3), RemoteBadReply, "same page again"),
        ("GraceDB", superevents(FIRST, links={"next": "more"}), RemoteBadReply, "same page again"),
        ("Gaia Alerts", (HEADER + "Gaia18aak,\rx\n").encode(), RemoteBadReply, "line 2"),
        ("Babamul", boom({**RUBIN, "objectId": 1.7002850866526669e17}), LostDigitsError, "last digits"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(says, name, content, error, words):
    with pytest.raises(error, match=words):
        asked(says, name, content)


def test_values_that_stand_for_none_are_none(says):
    odd = {"jd": "nan", "ra": "NaN", "dec": -999, "magpsf": "Fail", "band": "null", "psfFlux": None}
    assert asked(says, "Babamul", boom({**RUBIN, "candidate": odd}))[0] == [RUBIN["objectId"]]
    found = babamul_object({**RUBIN, "candidate": odd}, "LSST")
    assert (found.mjd_utc, found.ra_deg, found.dec_deg, found.mag, found.band) == (None,) * 5
    assert asked(says, "GraceDB", superevents({**FIRST, "far": "nan", "t_0": "x", "links": "no"}))[0]
    assert asked(says, "Scout", scouted({**SCOUT, "Vmag": "nan", "neoScore": None}, signature="x"))[0]


def test_a_table_with_a_byte_order_mark_and_short_rows_is_read(says):
    table = f"\ufeff{HEADER}Gaia18aak, 2018-01-12 03:04:05, 280.0, -59.0, 16.6\nGaia18bbb\n"
    assert asked(says, "Gaia Alerts", table.encode())[0] == ["Gaia18aak", "Gaia18bbb"]


@pytest.mark.parametrize(("name", "field"), [("Babamul", "objects"), ("GraceDB", "objects")])
def test_what_is_typed_as_a_name_leads_to_no_other_address(says, name, field):
    says.content = b'{"message": "x", "data": null}'
    service = get_data_service_class(name)()
    form = service.get_form_class()({"data_service": name, field: "../../profile?x=1#y"})
    assert form.is_valid()
    with suppress(RemoteBadReply):
        list(service.query_targets(service.build_query_parameters(form.cleaned_data)))
    ((_, path),) = says.requests
    assert path.startswith("/surveys/" if name == "Babamul" else "/api/superevents/")
    assert "/profile" not in path


def test_scout_is_asked_one_question_at_a_time(says, monkeypatch):
    under_way, most = [], []

    def slow(self, method, path, query, body, headers):
        under_way.append(path)
        most.append(len(under_way))
        wait.wait(0.2)
        under_way.pop()
        return 200, json.dumps(scouted(SCOUT)).encode(), "application/json"

    wait = threading.Event()
    monkeypatch.setattr(Says, "answer", slow)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: Scout().summary(), range(3)))
    assert [len(rows) for rows in answers] == [1, 1, 1]
    assert most == [1, 1, 1]
    cache.add("alone:Scout", "another process")
    monkeypatch.setattr("tom_dataservices.clients.alone.LONGEST_WAIT_S", 0.0)
    with pytest.raises(RemoteUnavailable, match="one question at a time"):
        Scout().summary()


def test_a_body_of_the_solar_system_is_no_fixed_place():
    alert = {**RUBIN, "objectId": "sso22163599913365061", "mpc_orbits": {"designation": "2004 JQ12"}}
    found = babamul_object(alert, "LSST")
    assert (found.object_id, found.name, found.is_sidereal) == ("sso22163599913365061", "2004 JQ12", False)
    assert found.aliases[0] == "sso22163599913365061"
    unnamed = babamul_object({**alert, "mpc_orbits": {"designation": None}}, "LSST")
    assert unnamed.name == "sso22163599913365061"
    with pytest.raises(MissingDataException, match="2004 JQ12 is a body of the Solar System"):
        get_data_service_class("Babamul")().to_target(found.as_result())


def test_times_of_rubin_are_those_of_the_exposure_whatever_the_scale_of_jd():
    # 2026-11-21 06:00:37 TAI is 06:00:00 UTC
    mjd_tai = 61365.25 + 37 / 86400
    for jd in (2461365.75, 2461365.75 + 37 / 86400):
        candidate = {**RUBIN["candidate"], "midpointMjdTai": mjd_tai, "jd": jd}
        found = babamul_object({**RUBIN, "candidate": candidate}, "LSST")
        assert found.mjd_utc == pytest.approx(61365.25, abs=1e-8)
        assert found.points[0]["mjd"] == mjd_tai
