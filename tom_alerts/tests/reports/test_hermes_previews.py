"""Hermes looks a preview over before it is sent, and says with status 200 that an account may not send."""

from django.urls import reverse

from tom_alerts.models import SentReport
from tom_alerts.tests.reports.test_reports import DISCOVERY, act, preview

State = SentReport.State


def test_what_hermes_refuses_with_status_200_is_rejected(hermes, as_owner, target, work):
    hermes.refusal = "User account does not have an associated SCIMMA auth credential."
    report = act(as_owner, preview(as_owner, "hermes", target))
    work()
    report.refresh_from_db()
    assert report.state == State.REJECTED
    assert report.reasons == [["", hermes.refusal]]
    assert hermes.refusal in as_owner.get(report.get_absolute_url()).content.decode()


def test_hermes_looks_a_preview_over_without_getting_it(hermes, as_owner, target, work):
    report = act(as_owner, preview(as_owner, "hermes", target), "look-over")
    page = as_owner.get(report.get_absolute_url()).content.decode()
    assert 'hx-trigger="every 3s"' in page and "Hermes looks it over" in page
    work()
    report.refresh_from_db()
    assert (report.state, hermes.messages) == (State.PREVIEW, [])
    page = as_owner.get(report.get_absolute_url()).content.decode()
    assert "Hermes finds no fault; nothing was sent." in page
    assert f'href="{hermes.url}/submit-message?id=7a1c-preloaded"' in page
    assert f"Title: {report.content['title']}<br>Topic: hermes.test" in page
    assert 'hx-trigger="every 3s"' not in page
    act(as_owner, report, "look-over")
    work()
    report.refresh_from_db()
    assert [label for label, _ in report.summary].count("As Hermes writes it") == 1
    act(as_owner, report)
    work()
    report.refresh_from_db()
    assert (report.state, len(hermes.messages)) == (State.ACCEPTED, 1)
    assert "submit-message?id=" not in as_owner.get(report.get_absolute_url()).content.decode()


def test_faults_that_hermes_finds_in_a_preview_are_told_by_field(hermes, as_owner, target, work):
    hermes.found = {"data": {"photometry": [{"bandpass": ["Unknown bandpass."]}]}}
    report = act(as_owner, preview(as_owner, "hermes", target), "look-over")
    work()
    report.refresh_from_db()
    assert report.state == State.PREVIEW
    page = as_owner.get(report.get_absolute_url()).content.decode()
    assert "What Hermes finds wrong with it" in page
    assert "<strong>data.photometry.0.bandpass</strong>: Unknown bandpass." in page


def test_a_hermes_that_does_not_answer_leaves_the_preview(hermes, as_owner, target, work):
    hermes.faults["POST", "/api/v0/submit_message/validate/"] = 503
    report = act(as_owner, preview(as_owner, "hermes", target), "look-over")
    work()
    report.refresh_from_db()
    assert (report.state, report.note) == (State.PREVIEW, "")
    assert "Hermes did not look it over" in as_owner.get(report.get_absolute_url()).content.decode()


def test_only_messages_to_hermes_are_looked_over(tns, as_owner, client, people, target):
    discovery = preview(as_owner, "tns-discovery", target, **DISCOVERY)
    before = len(tns.requests)
    url = reverse("alerts:report-action", args=[discovery.pk, "look-over"])
    page = as_owner.post(url, follow=True).content.decode()
    assert "Only a message to Hermes" in page
    assert len(tns.requests) == before
    client.force_login(people["stranger"])
    assert client.post(url).status_code == 404
