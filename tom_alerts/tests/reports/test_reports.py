"""A report is filled in from its target, previewed, sent once, and kept with its answer."""

import json

import pytest
from django.urls import reverse

from tests.standins.reports import REFUSED
from tom_alerts.models import ReporterDefaults, SentReport, TnsValueList
from tom_alerts.reports.tasks import send_report
from tom_common.models import Job

State = SentReport.State


def form_url(kind, target):
    return reverse("alerts:report-new", args=[kind, target.pk])


def typed(form, **more):
    """Give what a browser sends of a form that nobody touched, and what somebody typed besides."""
    found = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if value not in (None, False):
            found[name] = field.prepare_value(value)
    return {**found, **more}


def preview(client, kind, target, **more):
    """Fill in a report as it is proposed, and give its preview."""
    page = client.get(form_url(kind, target))
    answer = client.post(form_url(kind, target), typed(page.context["form"], **more))
    if answer.status_code != 302:
        raise AssertionError(answer.context["form"].errors)
    return SentReport.objects.latest("pk")


def act(client, report, action="send"):
    client.post(reverse("alerts:report-action", args=[report.pk, action]))
    report.refresh_from_db()
    return report


DISCOVERY = {"at_type": "1", "reporting_group": "48", "data_source_group": "48"}


@pytest.fixture
def discovery(tns, as_owner, target):
    return preview(as_owner, "tns-discovery", target, **DISCOVERY)


def test_a_discovery_is_filled_in_from_the_light_curve(tns, as_owner, target):
    form = as_owner.get(form_url("tns-discovery", target)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    assert values["obsdate"] == "2026-11-20 04:30:00.000"
    assert (values["flux"], values["flux_error"], values["filter"]) == (19.12, 0.1, "110")
    assert (values["limit_obsdate"], values["limiting_flux"]) == ("2026-11-19 04:30:00.000", 20.5)
    assert (values["instrument"], values["data_source_group"]) == ("196", "48")
    assert values["reporter"] == "Owner Sky (ESO)"
    assert (values["internal_name"], values["ra"]) == ("ZTF26aaaaaab", "150.1")


def test_the_preview_holds_the_json_and_its_words(discovery, tns, as_owner):
    report = discovery.content["at_report"]["0"]
    assert list(report)[:4] == ["ra", "dec", "reporting_groupid", "data_source_groupid"]
    assert report["ra"] == {"value": "150.1", "error": "", "units": "arcsec"}
    assert report["non_detection"]["limiting_flux"] == "20.5"
    point = report["photometry"]["photometry_group"]["0"]
    assert (point["flux"], point["filter_value"], point["flux_units"]) == ("19.12", "110", "1")
    page = as_owner.get(discovery.get_absolute_url()).content.decode()
    assert "Sandbox." in page
    assert "g-ZTF (110)" in page
    assert "&quot;limiting_flux&quot;: &quot;20.5&quot;" in page
    assert not tns.reports


def test_a_report_is_sent_once_and_its_name_becomes_an_alias(discovery, tns, as_owner, target, work):
    act(as_owner, discovery)
    act(as_owner, discovery)  # an impatient second click
    work()
    discovery.refresh_from_db()
    assert tns.reports == [discovery.content]
    assert (discovery.state, discovery.given_name) == (State.ACCEPTED, "AT 2026abc")
    assert discovery.remote_id == "7001"
    assert [alias.name for alias in target.aliases.all()] == ["AT 2026abc"]
    assert len(tns.calls("POST", "/api/get/bulk-report-reply")) == 2  # it was busy at first
    assert "AT 2026abc" in as_owner.get(discovery.get_absolute_url()).content.decode()


def test_the_older_shape_of_answers_is_understood(discovery, tns, as_owner, work):
    tns.older_shape = True
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert (discovery.state, discovery.given_name) == (State.ACCEPTED, "AT 2026abc")


def test_what_is_known_there_gives_its_name_too(discovery, tns, as_owner, target, work):
    tns.feedback = "known"
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.ACCEPTED
    assert "knew it already" in discovery.note
    assert target.aliases.filter(name="AT 2025xyz").exists()


def test_a_refusal_tells_reasons_by_field_and_can_be_mended(discovery, tns, as_owner, target, work):
    tns.feedback = REFUSED
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.REJECTED
    assert discovery.reasons == [["ra.value", "Wrong format or value out of range."]]
    assert not target.aliases.exists()
    edit = reverse("alerts:report-edit", args=[discovery.pk])
    form = as_owner.get(edit).context["form"]
    assert form["reporting_group"].value() == "48"
    as_owner.post(edit, typed(form, ra="150.2"))
    discovery.refresh_from_db()
    assert (discovery.state, discovery.content["at_report"]["0"]["ra"]["value"]) == (State.PREVIEW, "150.2")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (500, "answered 500"),
        ("drop", "may have arrived"),
        ("half", "may have arrived"),
        ("html", "did not answer with JSON"),
    ],
    ids=["500", "drop", "half", "html"],
)
def test_what_may_have_arrived_is_never_sent_again_by_itself(discovery, tns, as_owner, work, fault, words):
    tns.faults["POST", "/api/set/bulk-report"] = [fault]
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.UNKNOWN
    assert words in discovery.note
    assert len(tns.calls("POST", "/api/set/bulk-report")) == 1
    act(as_owner, discovery)  # not by the usual way either
    work()
    assert len(tns.calls("POST", "/api/set/bulk-report")) == 1
    act(as_owner, discovery, "again")  # a person has looked
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.ACCEPTED


def test_what_certainly_did_not_arrive_goes_again(discovery, tns, as_owner, work):
    tns.faults["POST", "/api/set/bulk-report"] = [(429, {"id_code": 429}, {"Retry-After": "3"}), 429]
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.ACCEPTED
    assert len(tns.reports) == 1


def test_a_service_that_cannot_be_reached_gets_it_later(discovery, tns, as_owner, settings, work):
    there = tns.url
    SentReport.objects.filter(pk=discovery.pk).update(destination="http://127.0.0.1:9")
    settings.DATA_SERVICES = {"TNS": {**tns.settings(), "report_url": "http://127.0.0.1:9"}}
    act(as_owner, discovery)
    work(2)  # the lists, and the report
    discovery.refresh_from_db()
    assert (discovery.state, discovery.sent) == (State.QUEUED, None)
    assert "cannot be reached" in discovery.note
    SentReport.objects.filter(pk=discovery.pk).update(destination=there)
    settings.DATA_SERVICES = {"TNS": tns.settings()}
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.ACCEPTED


def test_a_process_that_ends_while_sending_leaves_a_doubt(discovery, tns, people):
    SentReport.objects.filter(pk=discovery.pk).update(state=State.SENDING)
    with pytest.raises(Exception, match="may have arrived"):
        send_report(discovery.pk, people["owner"].pk)
    discovery.refresh_from_db()
    assert discovery.state == State.UNKNOWN
    assert not tns.reports


@pytest.mark.parametrize("fault", [401, 403])
def test_a_bot_that_is_not_accepted_is_told(discovery, tns, as_owner, work, fault):
    tns.faults["POST", "/api/set"] = fault
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.REJECTED
    assert str(fault) in discovery.reasons[0][1]
    assert tns.key not in json.dumps(discovery.reasons)


def test_a_tom_without_a_bot_sends_nothing(discovery, as_owner, settings, work):
    settings.DATA_SERVICES = {"TNS": {"report_url": discovery.destination}}
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert (discovery.state, discovery.note[:20]) == (State.FAILED, "TNS wants to know wh")


def test_another_address_than_that_of_the_preview_gets_nothing(discovery, tns, as_owner, settings, work):
    settings.DATA_SERVICES = {"TNS": {**tns.settings(), "report_url": "https://www.wis-tns.org"}}
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.FAILED
    assert "the preview was for" in discovery.note


def test_no_answer_for_long_is_told_and_can_be_asked_for_again(discovery, tns, as_owner, work):
    tns.busy = 60
    act(as_owner, discovery)
    work(60)
    discovery.refresh_from_db()
    assert discovery.state == State.SUBMITTED
    assert "no answer yet" in discovery.note
    tns.busy = 0
    act(as_owner, discovery, "ask")
    work()
    discovery.refresh_from_db()
    assert discovery.state == State.ACCEPTED


def test_a_classification_takes_its_spectra_along(tns, as_owner, target, spectrum, work):
    target.aliases.create(name="AT 2026abc")
    values = {"object_type": "3", "group": "48", "instrument": "196", "spectra": [str(spectrum.pk)]}
    report = preview(as_owner, "tns-classification", target, **values)
    sent = report.content["classification_report"]["0"]
    assert (sent["name"], sent["objtypeid"]) == ("2026abc", "3")
    act(as_owner, report)
    work()
    report.refresh_from_db()
    ((name, content),) = tns.files
    assert content.splitlines()[1:] == [b"4000.0 1.0", b"5000.0 2.5", b"6000.0 1.5"]
    (arrived,) = tns.reports
    group = arrived["classification_report"]["0"]["spectra"]["spectra-group"]
    assert group["0"]["ascii_file"] == f"tns_1_{name}"
    assert arrived == report.content
    assert (report.state, report.given_name) == (State.ACCEPTED, "SN 2026abc")
    assert target.aliases.filter(name="SN 2026abc").exists()


def test_a_spectrum_that_is_not_taken_stops_the_report(tns, as_owner, target, spectrum, work):
    target.aliases.create(name="AT 2026abc")
    values = {"object_type": "3", "group": "48", "instrument": "196", "spectra": [str(spectrum.pk)]}
    report = preview(as_owner, "tns-classification", target, **values)
    tns.faults["POST", "/api/set/file-upload"] = "half"
    act(as_owner, report)
    work()
    report.refresh_from_db()
    assert (report.state, tns.reports) == (State.FAILED, [])


def test_a_message_is_looked_over_and_sent(hermes, as_owner, target, spectrum, work):
    report = preview(as_owner, "hermes", target, message_text="Look!", spectra=[str(spectrum.pk)])
    assert report.content["topic"] == "hermes.test"
    assert len(report.content["data"]["photometry"]) == 5
    assert report.content["data"]["photometry"][0]["limiting_brightness"] == 20.1
    assert report.content["data"]["spectroscopy"][0]["flux"] == [1.0, 2.5, 1.5]
    act(as_owner, report)
    work()
    report.refresh_from_db()
    assert hermes.messages == [report.content]
    assert (report.state, report.remote_id, report.is_live) == (State.ACCEPTED, "0d7f5a6e-1", False)


def test_a_message_with_faults_is_not_sent(hermes, as_owner, target, work):
    report = preview(as_owner, "hermes", target)
    hermes.found = {"data": {"photometry": [{"bandpass": ["Unknown bandpass."]}]}}
    act(as_owner, report)
    work()
    report.refresh_from_db()
    assert report.reasons == [["data.photometry.0.bandpass", "Unknown bandpass."]]
    assert (report.state, hermes.messages) == (State.REJECTED, [])


def test_a_silent_hermes_is_asked_again_before_anything_is_sent(hermes, as_owner, target, work):
    report = preview(as_owner, "hermes", target)
    hermes.faults["POST", "/api/v0/submit_message/validate/"] = [503, "drop"]
    act(as_owner, report)
    work()
    report.refresh_from_db()
    assert (report.state, len(hermes.messages)) == (State.ACCEPTED, 1)


def test_a_message_that_may_have_arrived_is_not_repeated(hermes, as_owner, target, work):
    report = preview(as_owner, "hermes", target)
    hermes.faults["POST", "/api/v0/submit_message/validate/"] = [None]
    hermes.faults["POST", "/api/v0/submit_message/"] = ["drop"]
    act(as_owner, report)
    work()
    report.refresh_from_db()
    assert report.state == State.UNKNOWN
    assert len(hermes.messages) == 1


def test_habits_are_kept_for_the_next_report(discovery, tns, as_owner, target, people):
    as_owner.post(form_url("hermes", target), {"title": "x", "topic": "hermes.test", "authors": "We all"})
    assert ReporterDefaults.objects.get(user=people["owner"]).values["reporting_group"] == "48"
    form = as_owner.get(form_url("hermes", target)).context["form"]
    assert form["authors"].value() == "We all"


def test_lists_come_from_tns_in_the_background_once(tns, as_owner, target, work):
    for _ in range(2):
        as_owner.get(form_url("tns-discovery", target))
    assert Job.objects.filter(title="Value lists of TNS").count() == 1
    assert not tns.requests  # no page waits for it
    work()
    assert TnsValueList.objects.get().lists["instruments"]["9"] == "EFOSC2"
    form = as_owner.get(form_url("tns-discovery", target)).context["form"]
    assert ("77", "Our survey") in form.fields["reporting_group"].choices


@pytest.mark.parametrize(
    ("typed_in", "field"),
    [
        ({"limit_obsdate": "2026-11-21 00:00:00"}, "limit_obsdate"),
        ({"limiting_flux": ""}, "limiting_flux"),
        ({"limit_obsdate": "", "limiting_flux": ""}, "limit_obsdate"),
        ({"ra": "25h"}, "ra"),
        ({"obsdate": "yesterday"}, "obsdate"),
        ({"reporting_group": "999999"}, None),
    ],
)
def test_what_tns_would_refuse_is_refused_here(tns, as_owner, target, typed_in, field):
    page = as_owner.get(form_url("tns-discovery", target))
    sent = typed(page.context["form"], **{**DISCOVERY, **typed_in})
    answer = as_owner.post(form_url("tns-discovery", target), sent)
    if field is None:  # a group that our list does not hold stays possible
        assert answer.status_code == 302
    else:
        assert field in answer.context["form"].errors


def test_a_simulated_target_goes_to_a_sandbox_only(hermes, settings, as_owner, target):
    target.save(extras={"simulated": True})
    settings.DATA_SERVICES = {"Hermes": {"api_key": "x", "topics": ["hermes.discovery"]}}
    sent = {"title": "x", "topic": "hermes.discovery"}
    answer = as_owner.post(form_url("hermes", target), sent)
    assert "sandbox only" in str(answer.context["form"].errors)
    assert as_owner.post(form_url("hermes", target), {**sent, "topic": "hermes.test"}).status_code == 302


def test_the_real_tns_is_named_as_such(settings, as_owner, target):
    settings.DATA_SERVICES = {"TNS": {"report_url": "https://www.wis-tns.org"}}
    page = as_owner.get(form_url("tns-discovery", target)).content.decode()
    assert "all the world will see it" in page
    settings.DATA_SERVICES = {}
    assert "https://sandbox.wis-tns.org" in as_owner.get(form_url("tns-discovery", target)).content.decode()
