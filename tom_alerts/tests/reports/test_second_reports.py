"""A second report of the same kind is sent knowingly, or not at all; a form tells what TNS knows already."""

import datetime as dt

import pytest
from django.urls import reverse

from tom_alerts.models import SentReport
from tom_alerts.reports import services
from tom_alerts.tests.reports.test_reports import DISCOVERY, act, form_url, preview
from tom_common.astro.sky_index import sky_index
from tom_dataservices.models import TnsListRead, TnsObject
from tom_targets.models import TargetName

State = SentReport.State


@pytest.fixture
def two(tns, as_owner, target):
    """Give two previews of the same discovery, as of two windows."""
    return [preview(as_owner, "tns-discovery", target, **DISCOVERY) for _ in range(2)]


def send(client, report, action="send", **sent):
    answer = client.post(reverse("alerts:report-action", args=[report.pk, action]), sent, follow=True)
    report.refresh_from_db()
    return answer.content.decode()


def seen_on_its_page(client, report):
    return client.get(report.get_absolute_url()).context["seen"]


def test_a_second_report_is_not_sent_by_who_has_not_seen_the_first(two, tns, as_owner, work):
    first, second = two
    seen = seen_on_its_page(as_owner, second)  # the page was open before the first was sent
    send(as_owner, first)
    work()
    page = send(as_owner, second, seen=seen)
    work()
    assert "Nothing was sent: another report of this kind" in page
    assert "is another of this kind on this target" in page
    assert (second.state, len(tns.reports)) == (State.PREVIEW, 1)
    assert "Send this one besides" in page
    send(as_owner, second, seen=seen_on_its_page(as_owner, second))
    work()
    assert len(tns.reports) == 2


def test_a_report_in_doubt_goes_again_beside_another_only_knowingly(two, tns, as_owner, work):
    doubtful, other = two
    SentReport.objects.filter(pk=doubtful.pk).update(state=State.UNKNOWN)
    seen = seen_on_its_page(as_owner, doubtful)  # the page was open before the other was sent
    assert "send it again" in as_owner.get(doubtful.get_absolute_url()).content.decode()
    send(as_owner, other, seen=str(doubtful.pk))
    work()
    page = send(as_owner, doubtful, "again", seen=seen)
    work()
    assert "Nothing was sent: another report of this kind" in page
    assert (doubtful.state, len(tns.reports)) == (State.UNKNOWN, 1)
    assert f'name="seen" value="{other.pk}"' in page and "send it besides" in page
    send(as_owner, doubtful, "again", seen=seen_on_its_page(as_owner, doubtful))
    work()
    assert len(tns.reports) == 2


@pytest.mark.parametrize("state", [State.REJECTED, State.FAILED, State.PREVIEW])
def test_what_the_service_has_not_got_holds_no_other_back(two, tns, as_owner, state):
    SentReport.objects.filter(pk=two[0].pk).update(state=state)
    assert services.send(two[1], two[1].user)


def test_a_rehearsal_holds_the_real_report_not_back(two, tns):
    SentReport.objects.filter(pk=two[0].pk).update(
        state=State.ACCEPTED, destination="https://sandbox.example"
    )
    assert services.send(two[1], two[1].user)


@pytest.mark.parametrize("seen", ["", "x,", "9" * 40, "-1"])
def test_what_nobody_has_seen_is_no_number(two, tns, as_owner, seen):
    SentReport.objects.filter(pk=two[0].pk).update(state=State.ACCEPTED)
    assert "Nothing was sent" in send(as_owner, two[1], seen=seen)


def test_the_form_names_reports_sent_before(two, as_owner, target):
    SentReport.objects.filter(pk=two[0].pk).update(state=State.ACCEPTED, given_name="AT 2026abc")
    page = as_owner.get(form_url("tns-discovery", target)).content.decode()
    assert two[0].get_absolute_url() in page and "accepted: AT 2026abc" in page
    assert two[1].get_absolute_url() not in page


def test_the_form_of_a_discovery_says_what_tns_knows_already(tns, as_owner, target):
    url = form_url("tns-discovery", target)
    assert "TNS knows it" not in as_owner.get(url).content.decode()
    TargetName.objects.create(target=target, name="AT 2026xyz")
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    TnsListRead.objects.create(file="tns_public_objects.csv", day=now.date(), read_at=now)
    for objid, name, distance in ((5, "2026zzz", 1.5), (6, "2026xyz", 0.0), (7, "2026far", 30.0)):
        place = {"ra": 150.1, "dec": 2.2 + distance / 3600.0}
        TnsObject.objects.create(
            objid=objid,
            prefix="AT",
            name=name,
            modified=now,
            sky_index=sky_index(place["ra"], place["dec"]),
            **place,
        )
    page = as_owner.get(url).content.decode()
    assert "<strong>AT 2026xyz</strong> (its name)" in page
    assert "<strong>AT 2026zzz</strong> (1.5″ away in the daily list of TNS)" in page
    assert "2026far" not in page and page.count("2026xyz</strong>") == 1
    assert "TNS knows it" not in as_owner.get(form_url("hermes", target)).content.decode()


def test_a_position_is_sent_to_a_thousandth_of_an_arcsecond(tns, as_owner, target):
    typed = preview(as_owner, "tns-discovery", target, ra="03:25:27.3", dec="-12:00:00.1", **DISCOVERY)
    report = typed.content["at_report"]["0"]
    assert (report["ra"]["value"], report["dec"]["value"]) == ("51.36375", "-12.0000278")
    assert ["Right ascension", "51.36375"] in typed.summary


def test_what_can_be_done_and_the_answer_come_with_the_state(two, tns, as_owner, work):
    act(as_owner, two[0])
    page = as_owner.get(two[0].get_absolute_url()).content.decode()
    assert 'hx-select-oob="#report-actions,#report-answer"' in page
    assert page.count('id="report-actions"') == page.count('id="report-answer"') == 1


def test_the_sandbox_may_have_a_bot_of_its_own(tns, as_owner, target, work, settings):
    sandbox = {f"report_{key}": tns.settings()[key] for key in ("api_key", "bot_id", "bot_name")}
    live = {"api_key": "key of the live bot", "bot_id": 7, "bot_name": "live", "report_url": tns.url}
    settings.DATA_SERVICES = {"TNS": live | sandbox}
    report = preview(as_owner, "tns-discovery", target, **DISCOVERY)
    act(as_owner, report)
    work()
    report.refresh_from_db()
    assert (report.state, len(tns.reports)) == (State.ACCEPTED, 1)
