"""Webhooks of several receivers: one that is dead or slow holds up none of the others."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tom_alerts import actions
from tom_alerts.actions import act_on_due
from tom_alerts.filter_models import CandidateAction
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker
from tom_common.models import Job
from tom_common.remote.errors import RemoteUnavailable

pytestmark = pytest.mark.django_db
DEAD, WELL = "https://dead.example.org/", "https://well.example.org/"


@pytest.fixture
def post(monkeypatch):
    """Give the addresses that were asked; where ``dead`` is in one, no answer comes for ten seconds."""
    asked, clock = [], [0.0]

    def send(candidate):
        url = candidate.alert_filter.webhook_url
        asked.append(url)
        if "dead" in url:
            clock[0] += 10.0
            raise RemoteUnavailable("no answer")

    monkeypatch.setitem(actions._DO, CandidateAction.Kind.WEBHOOK, send)
    monkeypatch.setattr(actions, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    return asked


def hooked(settings, **counts):
    """Make a filter for each address, and as many webhooks to it, one address after the other."""
    settings.TOM_WEBHOOK_HOSTS = [f"{host}.example.org" for host in counts]
    owner = maker()
    filters = []
    for number, (host, count) in enumerate(counts.items()):
        made = made_filter(
            owner, f"mag = {10 + number}", name=host, webhook_url=f"https://{host}.example.org/"
        )
        names = [f"ZTF26{chr(97 + number)}aaaa{chr(97 + place)}{chr(97 + place)}" for place in range(count)]
        ingest(bright(*names, mag=10.0 + number, first_id=100 * (number + 1)))
        filters.append(made)
    return filters


def waiting(url):
    return CandidateAction.objects.filter(state="waiting", candidate__alert_filter__webhook_url=url).count()


def test_a_dead_receiver_with_many_webhooks_holds_up_no_other(settings, post):
    hooked(settings, dead=12, well=2)
    assert (waiting(DEAD), waiting(WELL)) == (12, 2)
    assert act_on_due(limit=4) == {"done": 2, "failed": 0}
    assert post == [DEAD, WELL, WELL]
    assert (waiting(DEAD), waiting(WELL)) == (12, 0)


def test_receivers_known_to_be_dead_are_asked_after_all_others(settings, post):
    hooked(settings, dead1=3, dead2=3, dead3=3, dead4=3, well=3)
    assert act_on_due() == {"done": 0, "failed": 0}  # four that do not answer take all the time there is
    assert WELL not in post
    assert Job.objects.filter(task="tom_alerts.tasks.act", state="queued").exists()
    post.clear()
    assert act_on_due() == {"done": 3, "failed": 0}
    assert post[:3] == [WELL] * 3
    Job.objects.all().delete()
    CandidateAction.objects.update(due=timezone.now())
    act_on_due()
    assert not Job.objects.exists()  # what is left waits for the next minute


def test_receivers_take_turns(settings, post):
    hooked(settings, well=3, other=2)
    other = "https://other.example.org/"
    assert act_on_due() == {"done": 5, "failed": 0}
    assert post == [WELL, other, WELL, other, WELL]


def test_the_number_of_statements_does_not_grow_with_what_a_dead_receiver_has_waiting(settings, post):
    hooked(settings, dead=12, well=1)

    def statements():
        with CaptureQueriesContext(connection) as queries:
            assert act_on_due()["failed"] == 0
        return len(queries)

    CandidateAction.objects.filter(candidate__alert_filter__name="well").update(state="done")
    all_of_them = statements()
    few = CandidateAction.objects.filter(attempts=0, state="waiting").values("pk")[:10]
    CandidateAction.objects.filter(pk__in=[row["pk"] for row in few]).delete()
    assert statements() == all_of_them
