"""Who may see, write and send reports: each visibility of the target, each part, each action."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tom_alerts.models import SentReport
from tom_alerts.reports.permissions import CHANGE, CONTENT, VIEW, reports_for_user
from tom_common.grants import grant_access
from tom_targets.models import Target

EVERYTHING = {VIEW, CONTENT, CHANGE}


def a_report(people, target, state, **values):
    values = {"kind": "hermes", "body": "{}", "target_name": target.name, **values}
    return SentReport.objects.create(state=state, user=people["owner"], target=target, **values)


@pytest.fixture
def editor(target):
    """Give somebody else who may change the target."""
    made = User.objects.create_user("editor", password="pw")
    grant_access(made, target)
    return made


@pytest.mark.parametrize("visibility", ["PRIVATE", "PUBLIC", "OPEN"])
@pytest.mark.parametrize("state", ["preview", "accepted"])
def test_reports_follow_their_target(people, target, editor, visibility, state):
    Target.objects.filter(pk=target.pk).update(permissions=visibility)
    report = a_report(people, target, state)
    may = {
        name: {
            action
            for action in EVERYTHING
            if reports_for_user(user, SentReport.objects.all(), action).filter(pk=report.pk).exists()
        }
        for name, user in {**people, "editor": editor}.items()
        if name != "group"
    }
    assert may["owner"] == may["superuser"] == EVERYTHING
    was_sent = state == "accepted"
    assert may["editor"] == ({VIEW, CONTENT} if was_sent else set())
    assert may["reader"] == ({VIEW} if was_sent else set())
    assert may["stranger"] == ({VIEW} if was_sent and visibility != "PRIVATE" else set())


@pytest.mark.parametrize(
    ("who", "status"), [(None, 302), ("stranger", 404), ("reader", 403), ("owner", 200), ("superuser", 200)]
)
def test_those_who_may_change_the_target_write_reports(people, target, client, who, status):
    if who:
        client.force_login(people[who])
    for kind in ("tns-discovery", "tns-classification", "hermes"):
        address = reverse("alerts:report-new", args=[kind, target.pk])
        assert client.get(address).status_code == status
    page = client.get(reverse("targets:detail", args=[target.pk])).content.decode()
    assert (reverse("alerts:report-new", args=["hermes", target.pk]) in page) == (status == 200)


@pytest.mark.parametrize("action", ["send", "again", "ask", "discard"])
def test_nobody_else_sends_or_throws_away(people, target, editor, client, action):
    report = a_report(people, target, "preview")
    address = reverse("alerts:report-action", args=[report.pk, action])
    assert client.post(address).status_code == 302
    for user in (editor, people["reader"], people["stranger"]):
        client.force_login(user)
        assert client.post(address).status_code == 404
    report.refresh_from_db()
    assert report.state == "preview"


def test_a_reader_sees_that_it_was_sent_and_not_what(people, target, client):
    report = a_report(people, target, "accepted", body='{"secret": 1}')
    client.force_login(people["reader"])
    page = client.get(report.get_absolute_url()).content.decode()
    assert "accepted" in page
    assert "secret" not in page


def test_who_lost_the_target_sends_nothing(people, target, hermes, as_owner, work):
    form = as_owner.get(reverse("alerts:report-new", args=["hermes", target.pk])).context["form"]
    sent = {"title": form["title"].value(), "topic": "hermes.test"}
    as_owner.post(reverse("alerts:report-new", args=["hermes", target.pk]), sent)
    report = SentReport.objects.get()
    as_owner.post(reverse("alerts:report-action", args=[report.pk, "send"]))
    Target.objects.filter(pk=target.pk).delete()
    work()
    report.refresh_from_db()
    assert (report.state, hermes.messages) == ("failed", [])


def test_the_list_takes_few_queries_however_long(people, target, as_owner, django_assert_max_num_queries):
    for number in range(40):
        a_report(people, target, "accepted", remote_id=str(number))
    as_owner.get(reverse("alerts:reports"))
    with django_assert_max_num_queries(9):
        page = as_owner.get(reverse("alerts:reports"), {"kind": "hermes", "target": target.pk})
    assert len(page.context["reports"]) == 40
    assert not as_owner.get(reverse("alerts:reports"), {"state": "rejected"}).context["reports"]


def test_a_preview_is_thrown_away_a_sent_report_is_not(people, target, as_owner):
    rows = [a_report(people, target, state) for state in ("preview", "accepted")]
    for row in rows:
        as_owner.post(reverse("alerts:report-action", args=[row.pk, "discard"]))
    assert [row.state for row in SentReport.objects.all()] == ["accepted"]
