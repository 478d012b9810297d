"""Two at one report at the same time: a second tab, a second run of its job."""

import pytest
from django.urls import reverse

from tom_alerts.reports import sending, services
from tom_alerts.tests.reports.test_reports import DISCOVERY, State, act, preview, typed
from tom_dataservices.clients.tns_reports import TnsReports


@pytest.fixture
def discovery(tns, as_owner, target):
    return preview(as_owner, "tns-discovery", target, **DISCOVERY)


def test_a_report_that_was_sent_while_it_was_changed_stays_as_it_was_sent(
    discovery, tns, as_owner, work, monkeypatch
):
    edit = reverse("alerts:report-edit", args=[discovery.pk])
    form = as_owner.get(edit).context["form"]
    where_to = services.where_to

    def sent_meanwhile(kind, body=None):
        if not tns.reports:
            act(as_owner, discovery)
            work()
        return where_to(kind, body)

    monkeypatch.setattr(services, "where_to", sent_meanwhile)
    page = as_owner.post(edit, typed(form, ra="150.2"), follow=True).content.decode()
    assert "was sent meanwhile, and stays as it was sent" in page
    discovery.refresh_from_db()
    assert (discovery.state, discovery.remote_id, discovery.given_name) == (
        State.ACCEPTED,
        "7001",
        "AT 2026abc",
    )
    assert tns.reports == [discovery.content]


def test_the_number_of_a_report_is_kept_though_a_second_run_was_in_doubt(
    discovery, tns, as_owner, work, monkeypatch
):
    send = TnsReports.send

    def doubted(self, body):
        sending.interrupted(discovery)
        return send(self, body)

    monkeypatch.setattr(TnsReports, "send", doubted)
    act(as_owner, discovery)
    work()
    discovery.refresh_from_db()
    assert (discovery.state, discovery.remote_id, discovery.note) == (State.ACCEPTED, "7001", "")
