"""What filters do with candidates: targets, lists, notes, news, mail and webhooks, each once."""

import datetime as dt
import hashlib
import hmac
import json

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.standins.serving import StandIn, running
from tom_alerts import actions
from tom_alerts.actions import MAX_ATTEMPTS, act_on_due
from tom_alerts.filter_models import Candidate, CandidateAction
from tom_alerts.filter_rules import good_test, switch_on
from tom_alerts.filter_tests import start_test
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_alerts.webhooks import why_refused
from tom_common.background import JobTimedOut
from tom_common.grants import grant_access
from tom_common.models import Job, Notification
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_dataservices.tests.ingest.batches import cutouts
from tom_targets.models import Target, TargetList
from tom_targets.permissions import targets_for_user

pytestmark = pytest.mark.django_db


def states():
    return dict(CandidateAction.objects.values_list("kind", "state"))


def test_a_target_is_made_with_the_groups_and_list_of_the_filter_once():
    owner, group = maker(), team()
    wanted = TargetList.objects.create(name="Followed")
    grant_access(owner, wanted)
    one = made_filter(
        owner, makes="target", permissions="PRIVATE", target_list=wanted, note_key="why", note="bright"
    )
    one.target_groups.add(group)
    ingest(bright("ZTF26aaaaaaa", cutouts=cutouts()), only_known=True)
    assert act_on_due() == {"done": 3, "failed": 0}
    assert act_on_due() == {"done": 0, "failed": 0}
    target = Target.objects.get()
    assert (target.permissions, list(wanted.targets.all())) == ("PRIVATE", [target])
    assert target.targetextra_set.get(key="why").value == "bright"
    assert PhotometryReducedDatum.objects.get(target=target).brightness == 18.5
    assert DataProduct.objects.filter(target=target).count() == 3
    member = maker("member", group)
    assert targets_for_user(member, Target.objects.all(), "change_target").exists()
    assert Candidate.objects.get().target_id == target.pk and Candidate.objects.get().content is None


def test_an_owner_who_may_not_make_targets_is_told_why(django_user_model):
    owner = django_user_model.objects.create_user("reader")
    owner.groups.clear()  # the group Public lets everybody make targets
    made_filter(owner, makes="target")
    ingest(bright("ZTF26aaaaaaa"), only_known=True)
    assert act_on_due() == {"done": 0, "failed": 1}
    assert CandidateAction.objects.get().error == "reader may not make targets."
    assert not Target.objects.exists()


def test_a_list_that_the_owner_may_not_change_stays_as_it_is():
    wanted = TargetList.objects.create(name="Theirs")
    made_filter(maker(), target_list=wanted)
    ingest(bright("ZTF26aaaaaaa"))
    assert act_on_due() == {"done": 0, "failed": 1}
    assert not wanted.targets.exists()


def test_data_alone_go_to_targets_that_are_there():
    owner = maker()
    made_filter(owner, makes="data")
    ingest(bright("ZTF26aaaaaaa"), only_known=True)
    act_on_due()
    assert not Target.objects.exists()
    assert states() == {"data": "done"}


def test_news_are_gathered_and_go_to_those_who_see_the_candidates(django_capture_on_commit_callbacks):
    group = team()
    owner, member = maker("owner"), maker("member", group)
    made_filter(owner, groups=[group], tells=True, mails=True, tells_groups=True, digest="now")
    ingest(bright(*[f"ZTF26aaaaaa{letter}" for letter in "abcde"]))
    Target.objects.filter(name="ZTF26aaaaaaa").update(permissions="PRIVATE")
    with django_capture_on_commit_callbacks(execute=True):
        act_on_due()
    for user in (owner, member):
        news = Notification.objects.get(user=user)
        assert news.text == "Bright: 4 new candidates: ZTF26aaaaaae, ZTF26aaaaaad, ZTF26aaaaaac and 1 more"
        assert news.url.startswith("/alerts/triage/?filter=")
    assert sorted(message.to[0] for message in mail.outbox) == ["member@example.org", "owner@example.org"]
    assert "ZTF26aaaaaae, g = 18.50, RA 150.10000 Dec +2.20000" in mail.outbox[0].body
    act_on_due()
    assert len(mail.outbox) == 2


def test_news_wait_for_their_hour():
    made_filter(maker(), tells=True, digest="hour")
    ingest(bright("ZTF26aaaaaaa"))
    act_on_due()
    assert not Notification.objects.exists()
    assert CandidateAction.objects.get().due.minute == 0
    CandidateAction.objects.update(due=timezone.now())
    act_on_due()
    assert Notification.objects.count() == 1


def test_nobody_is_told_more_often_than_the_limit(settings):
    settings.TOM_FILTER_NEWS_PER_DAY = 2
    made_filter(maker(), tells=True, digest="now")
    for letter in "abcd":
        ingest(bright(f"ZTF26aaaaaa{letter}"))
        act_on_due()
    texts = list(Notification.objects.order_by("pk").values_list("text", flat=True))
    assert len(texts) == 2 and "last news of filters for a day" in texts[1]


class Receiver(StandIn):
    """Takes webhooks."""

    def __init__(self):
        super().__init__()
        self.taken = []

    def answer(self, method, path, query, body, headers):
        self.taken.append((path, body, headers.get("X-TOM-Signature")))
        return 200, b"taken", "text/plain"


@pytest.fixture
def receiver(settings):
    with running(Receiver()) as stand_in:
        settings.TOM_WEBHOOK_HOSTS = [stand_in.url.removeprefix("http://").rstrip("/")]
        yield stand_in


def hooked(receiver):
    made_filter(maker(), webhook_url=f"{receiver.url.rstrip('/')}/hook?room=1", webhook_secret="between us")
    ingest(bright("ZTF26aaaaaaa"))


def test_a_webhook_is_signed_and_sent_once(receiver):
    hooked(receiver)
    assert act_on_due() == {"done": 1, "failed": 0}
    act_on_due()
    [(path, body, signature)] = receiver.taken
    assert path == "/hook"
    assert signature == "sha256=" + hmac.new(b"between us", body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert told["candidate"]["name"] == "ZTF26aaaaaaa" and told["delivery"].startswith("candidate-")


@pytest.mark.parametrize(
    "fault", [500, "drop", (429, "slow down", [("Retry-After", "120")]), "half"], ids=str
)
def test_a_webhook_that_was_not_taken_is_sent_again_later(receiver, fault):
    hooked(receiver)
    receiver.faults = {("POST", "/hook"): [fault]}
    act_on_due()
    action = CandidateAction.objects.get()
    assert (action.state, action.attempts) == ("waiting", 1)
    assert action.due > timezone.now() + dt.timedelta(seconds=50)
    assert "webhook of Bright" in action.error and "between us" not in action.error
    CandidateAction.objects.update(due=timezone.now())
    act_on_due()
    assert states() == {"webhook": "done"}


def test_a_webhook_that_is_refused_or_fails_too_often_is_given_up(receiver):
    hooked(receiver)
    receiver.faults = {("POST", "/hook"): 403}
    assert act_on_due() == {"done": 0, "failed": 1}
    CandidateAction.objects.update(state="waiting", due=timezone.now(), attempts=MAX_ATTEMPTS - 1)
    receiver.faults = {("POST", "/hook"): 500}
    assert act_on_due() == {"done": 0, "failed": 1}


@pytest.mark.parametrize(
    "url", ["https://other.example/x", "http://127.0.0.1:1/x", "ftp://127.0.0.1/x", "https:///x", "x"]
)
def test_nothing_is_sent_to_hosts_that_are_not_named(settings, url):
    settings.TOM_WEBHOOK_HOSTS = ["hooks.example.org"]
    assert why_refused(url)
    assert not why_refused("https://hooks.example.org/services/T0")


def test_what_members_read_of_a_failed_webhook_holds_no_part_of_its_address(receiver, settings):
    url = f"{receiver.url.rstrip('/')}/services/T0123456789?room=hidden"
    made_filter(maker(), webhook_url=url)
    ingest(bright("ZTF26aaaaaaa"))
    receiver.faults = {("POST", "/services/T0123456789"): [403]}
    act_on_due()
    CandidateAction.objects.filter(state="failed").update(state="waiting", due=timezone.now())
    settings.TOM_WEBHOOK_HOSTS = ["elsewhere.example.org"]
    first = CandidateAction.objects.get().error
    act_on_due()
    second = CandidateAction.objects.get().error
    assert "webhook of Bright" in first and "sends nothing to 127.0.0.1" in second
    assert not [word for word in ("T0123456789", "hidden") for text in (first, second) if word in text]


def test_nothing_is_sent_for_somebody_whose_account_is_closed(receiver):
    hooked(receiver)
    User.objects.update(is_active=False)
    assert act_on_due() == {"done": 0, "failed": 1}
    assert receiver.taken == []
    assert CandidateAction.objects.get().error == "The account of pi, whose filter this is, is closed."


def test_news_do_not_wait_for_slow_services(receiver, monkeypatch):
    made_filter(maker(), webhook_url=f"{receiver.url.rstrip('/')}/hook", tells=True, digest="now")
    ingest(bright("ZTF26aaaaaaa"))

    def slow(candidate):
        raise JobTimedOut

    monkeypatch.setitem(actions._DO, CandidateAction.Kind.WEBHOOK, slow)
    with pytest.raises(JobTimedOut):
        act_on_due()
    assert Notification.objects.count() == 1


def test_a_webhook_that_hangs_holds_up_no_other_action_and_is_asked_once_a_time(receiver, monkeypatch):
    url = f"{receiver.url.rstrip('/')}/hook"
    made_filter(maker(), webhook_url=url, makes="target")
    ingest(bright(*[f"ZTF26aaaaaa{letter}" for letter in "abcd"]), only_known=True)
    sent, honest = [], actions._DO[CandidateAction.Kind.WEBHOOK]

    def noted(candidate):
        sent.append(Target.objects.count())
        honest(candidate)

    monkeypatch.setitem(actions._DO, CandidateAction.Kind.WEBHOOK, noted)
    receiver.faults = {("POST", "/hook"): [500]}
    assert act_on_due() == {"done": 4, "failed": 0}
    assert sent == [4]  # all targets were there, and the others were left for the next time
    attempts = CandidateAction.objects.filter(kind="webhook").values_list("attempts", flat=True)
    assert sorted(attempts) == [0, 0, 0, 1]
    assert act_on_due() == {"done": 3, "failed": 0}
    CandidateAction.objects.update(due=timezone.now())
    assert act_on_due() == {"done": 1, "failed": 0}
    assert len({json.loads(body)["delivery"] for _, body, _ in receiver.taken}) == 4


def test_webhooks_take_some_time_and_go_on_in_another_job(receiver, monkeypatch):
    hooked(receiver)
    monkeypatch.setattr(actions, "_WEBHOOKS_S", -1.0)
    assert act_on_due() == {"done": 0, "failed": 0}
    assert receiver.taken == [] and Job.objects.filter(task="tom_alerts.tasks.act", state="queued").exists()


def test_a_filter_is_tried_on_stored_alerts_before_it_may_be_switched_on(at_once):
    owner = maker()
    facts = {"ndethist": 7, "drb": 1.0, "ss_match": True}
    ingest(bright("ZTF26aaaaaaa", extras=facts), bright("ZTF26bbbbbbb", mag=19.5), bright("ZTF26hiddenx"))
    Target.objects.filter(name="ZTF26hiddenx").update(permissions="PRIVATE")
    text = "mag < 19 and n_detections = 7 and real_bogus = 1 and is_solar_system or mag = 0"
    one = made_filter(owner, text, on=False)
    assert not switch_on(one)
    test = start_test(one, user=owner)
    test.refresh_from_db()
    assert (test.sampled, test.passed) == (2, 1)
    assert [example["name"] for example in test.examples] == ["ZTF26aaaaaaa"]
    assert test.examples[0]["values"]["mag"] == 18.5
    assert [example["name"] for example in test.near_misses] == ["ZTF26bbbbbbb"]
    assert good_test(one) == test and switch_on(one)
    one.expression = "mag < 18"
    one.save()
    assert good_test(one) is None


def test_news_are_told_without_reading_the_alerts_that_are_kept():
    made_filter(maker(), tells=True, digest="now")
    ingest(bright("ZTF26aaaaaaa", cutouts=cutouts()), only_known=True)
    with CaptureQueriesContext(connection) as queries:
        act_on_due()
    assert Notification.objects.count() == 1
    assert [query["sql"] for query in queries if '"content"' in query["sql"]] == []
