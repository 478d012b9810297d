"""The Transient Name Server as a broker: the marker, both envelopes, the rate limit, spectra."""

import json

import pytest
from django.core.cache import cache

from tests.standins.tns import tns
from tom_common.remote import RemoteBadReply, RemotePaused, RemoteUnavailable
from tom_dataproducts.models import PhotometryReducedDatum, SpectroscopyReducedDatum
from tom_dataservices.clients.tns_search import TnsSearch, question, tns_transient
from tom_dataservices.data_services.tns import TnsForm, TnsService
from tom_dataservices.data_services.tns_spectra import spectrum_columns, store_spectra
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError, QueryServiceError
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
OK = {"id_code": 200, "id_message": "OK", "data": []}


@pytest.fixture
def standin(settings):
    cache.clear()
    with tns() as state:
        settings.DATA_SERVICES = state.settings()
        yield state
    cache.clear()


@pytest.fixture
def waits(monkeypatch):
    listed = []

    def wait(seconds):
        listed.append(seconds)
        cache.clear()  # as if the time had passed

    monkeypatch.setattr("tom_dataservices.clients.tns_connection.pause", wait)
    return listed


def found(**values):
    service = TnsService()
    form = TnsForm({"data_service": "TNS", **values})
    assert form.is_valid(), form.errors
    return list(service.query_targets(service.build_query_parameters(form.cleaned_data)))


@pytest.mark.parametrize("reply", [False, True])
def test_both_envelopes_are_read(standin, reply):
    standin.reply = reply
    first = found(position="150.1 -32.2", max_results=1)[0]
    assert (first["name"], first["class"], first["ra"], first["dec"]) == ("SN 2026abc", "SN Ia", 150.1, -32.2)
    assert first["aliases"] == ["ZTF26aaaaaaa", "ATLAS26abc"]
    assert first["extras"]["days_from_last_non_detection"] == pytest.approx(1.9245, abs=1e-3)


def test_details_are_asked_for_the_first_only(standin):
    names = [(one["name"], one["ra"]) for one in found(position="150.1 -32.2", details=1)]
    assert names == [("SN 2026abc", 150.1), ("AT 2026abd", None), ("SN 2026abe", None)]
    assert [what for what, _ in standin.asked] == ["search", "object"]


def test_one_shown_by_name_is_read_when_it_becomes_a_target(standin):
    result = found(position="150.1 -32.2", details=0)[1]
    target = TnsService().to_target(result)
    assert (target.name, target.ra, target.dec) == ("AT 2026abd", 10.0, 5.0)


def test_the_api_is_asked_for_spectra_by_its_own_key(standin):
    TnsService().known("2026abc")
    assert standin.asked == [("object", {"objname": "2026abc", "photometry": "1", "spectra": "1"})]


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("2026abc", ["object"]),
        ("SN 2026abc", ["object"]),
        ("SN2026abc, AT2026abd", ["object", "object"]),
        ("ZTF26aaaaaaa", ["search", "object"]),
        ("1999zz", ["object"]),
        ("FRB 20180916B, 20121102A", ["object", "object"]),
        ("12345678", ["search"]),
    ],
)
def test_names_of_either_kind_are_found(standin, typed, asked):
    found(objects=typed)
    assert [what for what, _ in standin.asked] == asked


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        (
            {"position": "10 -5", "radius": 2, "radius_unit": "arcmin"},
            {"ra": 10.0, "dec": -5.0, "radius": 120.0},
        ),
        (
            {"since": "2026-10-01", "until": "2026-10-03"},
            {"discovery_date_start": "2026-10-01", "discovery_date_end": "2026-10-03"},
        ),
        ({"since": "2026-10-01 03:00", "time_of": "changed"}, {"public_timestamp": "2026-10-01 03:00:00"}),
        ({"class_name": "3", "classified": "yes"}, {"objtype": ["3"], "classified_sne": "1"}),
        ({"classified": "no"}, {"unclassified_at": "1"}),
        ({"mag_min": 15, "mag_max": 18}, {"discovery_mag_min": 15.0, "discovery_mag_max": 18.0}),
        ({"redshift_min": 0.01, "hostname": "M101"}, {"redshift_min": 0.01, "hostname": "M101"}),
        ({"internal_like": "ATLAS26"}, {"internal_name": "ATLAS26", "internal_name_exact_match": "0"}),
        ({"name_like": "2026"}, {"objname": "2026", "objname_exact_match": "0"}),
        ({"reporting_groupid": 48, "has_spectra": "on"}, {"reporting_groupid": 48, "spectra_count": "1"}),
    ],
)
def test_each_option_of_the_form_is_sent(standin, values, sent):
    found(details=0, **values)
    data = standin.asked[0][1]
    assert {key: data.get(key) for key in sent} == sent
    assert set(data) - set(sent) <= {"units"}


def test_the_last_non_detection_is_looked_at_here(standin):
    assert [one["name"] for one in found(classified="yes", non_detection_days_max=2)] == ["SN 2026abc"]
    assert found(classified="yes", non_detection_days_max=1) == []


def test_a_question_about_nothing_is_refused():
    form = TnsForm({"data_service": "TNS", "details": 3})
    assert "Ask for something" in str(form.errors)


def test_the_limit_is_waited_for_and_the_question_asked_again(standin, waits):
    busy = (429, b'{"id_code": 429, "id_message": "Too Many Requests"}', {"x-rate-limit-reset": "17"})
    standin.faults["POST", "/api/get/object"] = [busy]
    assert found(objects="2026abc")[0]["name"] == "SN 2026abc"
    assert waits == [pytest.approx(18.0, abs=1.0)]


@pytest.mark.parametrize("left", ["0", "Exceeded"])
def test_a_limit_that_an_answer_tells_is_minded_before_the_next_question(standin, waits, left):
    headers = {"x-rate-limit-remaining": left, "x-rate-limit-reset": "30"}
    standin.faults["POST", "/api/get/search"] = [(200, json.dumps(OK).encode(), headers)]
    service = TnsSearch()
    service.search({"objname": "2026"})
    assert waits == []
    TnsSearch().search({"objname": "2026"})  # another process of the same bot
    assert waits == [pytest.approx(31.0, abs=1.0)]


def test_the_limit_of_cones_does_not_hold_up_other_questions(standin, waits):
    headers = {"x-cone-rate-limit-remaining": "0", "x-cone-rate-limit-reset": "20"}
    standin.faults["POST", "/api/get/search"] = [(200, json.dumps(OK).encode(), headers)]
    client = TnsSearch()
    client.search({"ra": 1.0, "dec": 1.0, "radius": 5, "units": "arcsec"})
    client.object("2026abc")
    assert waits == []
    client.search({"ra": 1.0, "dec": 1.0, "radius": 5, "units": "arcsec"})
    assert waits == [pytest.approx(21.0, abs=1.0)]


def test_a_limit_of_long_is_told_instead_of_waited_for(standin, waits):
    busy = (429, b"{}", {"x-rate-limit-reset": "4000"})
    standin.faults["POST", "/api/get/object"] = busy
    with pytest.raises(RemoteUnavailable, match="allows this bot no more questions for"):
        found(objects="2026abc")
    assert waits == []


def test_a_bot_that_is_not_known_is_told_and_its_key_is_not(standin, settings):
    settings.DATA_SERVICES = {"TNS": settings.DATA_SERVICES["TNS"] | {"api_key": "wrong key"}}
    with pytest.raises(NotConfiguredError, match="does not accept the bot") as caught:
        found(objects="2026abc")
    assert "wrong key" not in str(caught.value)
    settings.DATA_SERVICES = {"TNS": settings.DATA_SERVICES["TNS"] | {"bot_id": 7}}
    with pytest.raises(NotConfiguredError, match=r"does not accept the bot .*status 403"):
        found(objects="2026abc")
    settings.DATA_SERVICES = {}
    with pytest.raises(NotConfiguredError, match="set api_key, bot_id and bot_name"):
        found(objects="2026abc")


def test_photometry_is_told_apart_by_unit_limit_and_telescope(standin):
    points = TnsService().known("2026abc").points
    assert [(one.get("mag"), one.get("limit"), one["band"], one["survey"]) for one in points] == [
        (None, 20.5, "g", "TNS"),
        (19.1, None, "g", "TNS"),
        (18.7, None, "o", "TNS"),
        (18.5, None, "G", "TNS Vega"),  # the fifth, in erg/cm2/sec, is no magnitude and is left out
    ]


def test_a_target_gets_photometry_and_spectra_once(standin):
    service = TnsService()
    target = service.to_target(found(objects="2026abc")[0])
    for _ in range(2):
        fresh = TnsService()
        fresh.to_reduced_datums(target, fresh.query_reduced_data(target))
    rows = PhotometryReducedDatum.objects.filter(target=target).order_by("timestamp")
    assert [(row.telescope, row.instrument, row.source_name) for row in rows] == [
        ("P48", "ZTF-Cam", "TNS"),
        ("P48", "ZTF-Cam", "TNS"),
        ("ATLAS1-HKO", "ATLAS1", "TNS"),
        ("Gaia", "Gaia-photometric", "TNS"),
    ]
    spectrum = SpectroscopyReducedDatum.objects.get(target=target)
    assert spectrum.wavelength == [4000.0, 4002.5, 4005.0]
    assert (spectrum.telescope, spectrum.exposure_time) == ("Keck1", 900.0)
    assert len(standin.calls("POST", "/system/files")) == 1


def test_a_target_known_by_its_place_only_is_found(standin):
    target = SiderealTargetFactory(name="Ours", ra=150.1, dec=-32.2)
    service = TnsService()
    assert list(service.query_aliases(target=target)) == ["SN 2026abc", "ZTF26aaaaaaa", "ATLAS26abc"]


def test_an_object_without_class_has_none(standin):
    made = tns_transient(standin.transients["2026abd"])
    assert (made.class_name, made.classifications, made.name) == (None, (), "AT 2026abd")


def test_what_tns_does_not_know_is_missing(standin):
    with pytest.raises(MissingDataException, match="TNS knows no transient named 1999zz"):
        TnsService().known("1999zz")


def test_a_file_that_is_no_table_is_no_spectrum():
    with pytest.raises(RemoteBadReply):
        spectrum_columns("<html>gone</html>")


def test_a_file_that_does_not_come_keeps_no_other_out(db, caplog):
    target = SiderealTargetFactory()
    rows = [{"asciifile": f"https://tns.example.org/{name}.txt", "jd": 2461300.5} for name in "abcd"]
    asked = []

    def read(address):
        asked.append(address[-5])
        if asked == ["a"]:
            raise RemoteUnavailable("TNS did not answer within 30 s.")
        if asked[-1] == "c":
            raise RemotePaused("TNS is left alone for a minute.")
        return f"4000 {len(asked)}\n4001 2\n"

    assert len(store_spectra(target, rows, read=read)) == 1
    assert asked == ["a", "b", "c"]  # while it is left alone it is not asked for more
    assert "did not answer" in caplog.text
    assert len(store_spectra(target, rows[:2], read=read)) == 2
    assert asked == ["a", "b", "c", "a"]  # what was left out is asked for again, the other is there


def test_a_third_column_is_the_error():
    assert spectrum_columns("WAVE FLUX ERR\n1 2 0.1\n2,3,0.2\n") == ([1.0, 2.0], [2.0, 3.0], [0.1, 0.2])


def test_nothing_is_sent_that_was_not_asked():
    assert question({"ids": []}) == {}


def test_a_question_is_asked_again_while_tns_has_a_problem(standin, monkeypatch):
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.0)
    standin.faults["POST", "/api/get/object"] = [500, "half"]
    assert found(objects="2026abc")[0]["name"] == "SN 2026abc"
    standin.faults["POST", "/api/get/object"] = "drop"
    with pytest.raises(RemoteUnavailable) as caught:
        found(objects="2026abc")
    assert "obeyed" not in str(caught.value)


def test_what_is_no_list_of_transients_is_told(standin):
    for content, words in (
        (b'{"data": "x"}', "list of transients"),
        (b'{"error": "busy"}', "refuses the query: busy"),
    ):
        standin.faults["POST", "/api/get/search"] = (200, content, {})
        with pytest.raises((RemoteBadReply, QueryServiceError), match=words):
            found(position="1 1")


def test_a_transient_that_is_gone_keeps_no_other_out(standin):
    gone = (404, b'{"id_code": 404, "id_message": "Not found"}', {})
    standin.faults["POST", "/api/get/object"] = [gone]
    assert [one["name"] for one in found(objects="2026abc 2026abd")] == ["AT 2026abd"]
