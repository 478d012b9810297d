"""Pages of streams and of messages that could not be used: what they show, to whom, what can be done."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from tom_alertstreams.counts import add_counts
from tom_alertstreams.models import DeadLetter, StreamCount, StreamState
from tom_alertstreams.permissions import dead_letters_for_user
from tom_alertstreams.selectors import streams
from tom_common.models import Job

HOP = "tom_alertstreams.alertstreams.hopskotch"
STREAMS = [
    {
        "NAME": f"{HOP}.HopskotchAlertStream",
        "LABEL": "ours",
        "OPTIONS": {
            "URL": "kafka://localhost:1/",
            "GROUP_ID": "me-1",
            "USERNAME": "me",
            "PASSWORD": "secret word",
            "TOPIC_HANDLERS": {"hermes.*": f"{__name__}.take"},
        },
    }
]
taken = []


def take(alert, metadata):
    taken.append(alert.content)
    if alert.content == "bad":
        raise ValueError("still bad")


@pytest.fixture(autouse=True)
def configured(settings):
    taken.clear()
    settings.ALERT_STREAMS = STREAMS


def state(**others):
    return StreamState.objects.create(
        **{
            "stream": "ours",
            "process": "here:1",
            "group": "me-1",
            "topics": ["^hermes.*"],
            "word": "reading",
            "messages": 12,
            "per_second": 1.5,
            "lag": 40,
            "by_topic": {
                "hermes.test": {"messages": 12, "lag": 40, "last_message_at": "2026-11-21T20:00:00+00:00"}
            },
            "last_message_at": timezone.now(),
            **others,
        }
    )


def letter(offset=0, value=b'"good"', **others):
    return DeadLetter.objects.create(
        **{
            "group": "me-1",
            "topic": "hermes.test",
            "partition": 0,
            "offset": offset,
            "value": value,
            "headers": [["_format", b"json".hex()]],
            "reason": "the handler failed",
            **others,
        }
    )


def user(role):
    if role == "anonymous":
        return None
    made = User.objects.create_user(
        role, password="x", is_staff=role == "staff", is_superuser=role == "super"
    )
    if role in ("view", "change", "delete"):
        permissions = Permission.objects.filter(content_type__app_label="tom_alertstreams")
        made.user_permissions.add(*permissions.filter(codename__in=(f"{role}_deadletter", "view_deadletter")))
    made.is_active = role != "inactive"
    made.save()
    return made


@pytest.fixture
def as_role(client):
    def log_in(role):
        if found := user(role):
            client.force_login(found)
        return client

    return log_in


MATRIX = {
    "anonymous": set(),
    "inactive": set(),
    "stranger": set(),
    "view": {"view"},
    "change": {"view", "change"},
    "delete": {"view", "delete"},
    "staff": {"view", "change", "delete"},
    "super": {"view", "change", "delete"},
}


@pytest.mark.django_db
@pytest.mark.parametrize("role", MATRIX)
def test_who_may_do_what_with_dead_letters(role, as_role, at_once):
    from django.contrib.auth.models import AnonymousUser

    one = letter()
    person = user(role) if role != "anonymous" else AnonymousUser()
    for action in ("view", "change", "delete"):
        rows = dead_letters_for_user(person, DeadLetter.objects.all(), action)
        assert list(rows) == ([one] if action in MATRIX[role] else [])


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["anonymous", "stranger", "view", "change", "delete", "staff", "super"])
def test_the_pages_follow_the_matrix(role, as_role):
    one = letter()
    client = as_role(role)
    refused = 302 if role == "anonymous" else 403
    pages = {
        reverse("alertstreams:dead-letters"): "view",
        reverse("alertstreams:dead-letter", args=[one.pk]): "view",
        reverse("alertstreams:dead-letter-content", args=[one.pk]): "view",
    }
    for address, action in pages.items():
        assert client.get(address).status_code == (200 if action in MATRIX[role] else refused), address
    forms = {"alertstreams:discard": ("delete", 200), "alertstreams:replay": ("change", 302)}
    for name, (action, status) in forms.items():
        answer = client.post(reverse(name), {"letter": one.pk})
        assert answer.status_code == (status if action in MATRIX[role] else refused), name
    assert Job.objects.exists() == ("change" in MATRIX[role])


@pytest.mark.django_db
def test_the_page_tells_how_each_stream_does(as_role, django_assert_max_num_queries):
    state()
    add_counts("ours", 12, 1)
    letter(1)
    letter(2)
    client = as_role("staff")
    page = client.get(reverse("alertstreams:streams")).content.decode()
    for words in (
        "ours",
        "Reading",
        "40 messages",
        "1.5 messages/s",
        "hermes.test",
        "12 messages in the last 24",
    ):
        assert words in page
    assert f"{reverse('alertstreams:dead-letters')}?topic=hermes.test&amp;group=me-1" in page
    assert "tom-bars" in page
    assert "secret word" not in page
    with django_assert_max_num_queries(4):
        streams()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "word", "condition"),
    [
        ({}, "Reading", "good"),
        ({"word": "waiting", "error": "all brokers are down"}, "Waiting for its broker", "bad"),
        ({"word": "connecting"}, "Connecting", "warn"),
        ({"word": "stopped"}, "Stopped", "quiet"),
        ({"heartbeat_at": dt.timedelta(minutes=5)}, "Not heard of", "bad"),
        ({"heartbeat_at": dt.timedelta(days=30)}, "Never read", "quiet"),
    ],
    ids=["reading", "waiting", "connecting", "stopped", "silent", "long-ago"],
)
def test_the_word_for_a_stream(changes, word, condition):
    age = changes.pop("heartbeat_at", None) if isinstance(changes.get("heartbeat_at"), dt.timedelta) else None
    row = state(**changes)
    if age:
        StreamState.objects.filter(pk=row.pk).update(heartbeat_at=timezone.now() - age)
        changes["heartbeat_at"] = age
    (one,) = streams()
    assert (one.word, one.state) == (word, condition)


@pytest.mark.django_db
def test_several_processes_are_one_stream():
    state()
    state(process="here:2", lag=2, per_second=1.0, word="waiting")
    (one,) = streams()
    assert (one.word, one.processes, one.lag, one.per_second) == ("Waiting for its broker", 2, 42, 2.5)
    assert (one.topics[0].messages, one.topics[0].lag) == (24, 80)


@pytest.mark.django_db
def test_a_stream_that_is_switched_off_says_so(settings):
    settings.ALERT_STREAMS = [{**STREAMS[0], "ACTIVE": False}]
    assert [one.word for one in streams()] == ["Switched off"]


@pytest.mark.django_db
def test_errors_of_streams_are_for_staff(as_role):
    state(word="waiting", error="broker 10.0.0.7 is down")
    assert "10.0.0.7" not in as_role("stranger").get(reverse("alertstreams:streams")).content.decode()
    assert "10.0.0.7" in as_role("staff").get(reverse("alertstreams:streams")).content.decode()


@pytest.mark.django_db
def test_without_a_stream_the_page_says_how_to_set_one_up(as_role, settings):
    settings.ALERT_STREAMS = []
    page = as_role("stranger").get(reverse("alertstreams:streams")).content.decode()
    assert "No stream is set up" in page
    assert "tom_fink.alertstream.FinkAlertStream" in page


@pytest.mark.django_db
def test_the_list_pages_by_keyset_and_reads_no_bytes(as_role, django_assert_max_num_queries):
    for offset in range(60):
        letter(offset, value=b"x" * 100)
    client = as_role("staff")
    with django_assert_max_num_queries(12) as captured:
        page = client.get(reverse("alertstreams:dead-letters"))
    assert not any('"tom_alertstreams_deadletter"."value",' in query["sql"] for query in captured)
    assert len(page.context["letters"]) == 50
    rest = client.get(reverse("alertstreams:dead-letters") + page.context["next_url"])
    assert [one.offset for one in rest.context["letters"]] == list(range(9, -1, -1))
    assert client.get(reverse("alertstreams:dead-letters") + "?topic=other").context["letters"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "form", "words"),
    [
        (b'{"a": "<script>alert(1)</script>"}', "JSON", "&lt;script&gt;"),
        (b"just words", "text", "just words"),
        (b"\x00\x01\xff<b>", "", "00 01 ff 3c 62 3e"),
        (b"", "", "The message is empty."),
    ],
    ids=["json", "text", "bytes", "empty"],
)
def test_bytes_are_shown_safely(as_role, value, form, words):
    one = letter(value=value)
    answer = as_role("staff").get(reverse("alertstreams:dead-letter", args=[one.pk]))
    assert answer.context["form"] == form
    assert words in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    assert "<b>" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_one_some_and_all_are_used_again(as_role, at_once):
    client = as_role("staff")
    letters = [letter(0), letter(1, b'"bad"'), letter(2), letter(3), letter(4, topic="elsewhere")]
    client.post(reverse("alertstreams:replay"), {"letter": [letters[0].pk]})
    assert taken == ["good"]
    client.post(reverse("alertstreams:replay"), {"letter": [one.pk for one in letters[:2]]})
    assert taken == ["good", "bad"]
    client.post(reverse("alertstreams:replay"), {"everything": "1", "topic": "hermes.test"})
    assert taken == ["good", "bad", "bad", "good", "good"]
    waiting = dict(DeadLetter.objects.filter(replayed=None).values_list("offset", "reason"))
    assert waiting == {1: "the handler failed, ValueError: still bad", 4: "the handler failed"}
    job = Job.objects.order_by("-pk").first()
    assert (job.state, job.result["used"], job.result["cannot_be_used_still"]) == ("done", 2, 1)
    client.post(reverse("alertstreams:replay"), {"everything": "1", "topic": "elsewhere"})
    log = Job.objects.order_by("-pk").first().log_lines.get().text
    assert "no stream in settings.ALERT_STREAMS reads elsewhere as group me-1" in log


@pytest.mark.django_db
def test_discarding_asks_once(as_role):
    client = as_role("staff")
    for offset in range(3):
        letter(offset)
    other = letter(9, topic="elsewhere")
    form = {"everything": "1", "topic": "hermes.test"}
    page = client.post(reverse("alertstreams:discard"), form)
    assert "Discard 3 messages?" in page.content.decode()
    assert DeadLetter.objects.count() == 4
    client.post(reverse("alertstreams:discard"), {**form, "confirmed": "1", "up_to": page.context["up_to"]})
    assert list(DeadLetter.objects.all()) == [other]
    answer = client.post(reverse("alertstreams:discard"), {"letter": "no number"}, follow=True)
    assert "No message was chosen." in answer.content.decode()


@pytest.mark.django_db
def test_counts_of_a_month_ago_are_forgotten():
    old = timezone.now() - dt.timedelta(days=40)
    StreamCount.objects.create(stream="ours", begin=old, messages=5)
    add_counts("ours", 2, 0)
    add_counts("ours", 3, 1)
    assert sum(StreamCount.objects.values_list("messages", flat=True)) == 5
    assert not StreamCount.objects.filter(begin=old).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "header", "status"),
    [
        ("anonymous", "", 401),
        ("anonymous", "Bearer wrong", 401),
        ("anonymous", "Bearer the token", 200),
        ("stranger", "", 401),
        ("staff", "", 200),
    ],
)
def test_the_figures_are_for_staff_and_for_whoever_shows_the_token(role, header, status, as_role, settings):
    settings.TOM_METRICS_TOKEN = "the token"
    settings.AUTH_STRATEGY = "LOCKED"
    answer = as_role(role).get("/metrics", headers={"authorization": header} if header else {})
    assert answer.status_code == status
    assert ("tom_jobs" in answer.content.decode()) == (status == 200)


@pytest.mark.django_db
def test_without_a_token_in_the_settings_no_token_opens_the_figures(client):
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 401


@pytest.mark.django_db
def test_the_figures_tell_of_streams_and_jobs(as_role):
    state()
    letter()
    letter(1, topic='odd "topic"\n')
    lines = as_role("staff").get("/metrics").content.decode().splitlines()
    for line in (
        'tom_stream_up{stream="ours"} 1',
        'tom_stream_lag_messages{stream="ours",topic="hermes.test"} 40',
        'tom_stream_messages_total{stream="ours",topic="hermes.test"} 12',
        'tom_stream_messages_per_second{stream="ours"} 1.5',
        'tom_stream_dead_letters{group="me-1",topic="hermes.test"} 1',
        'tom_stream_dead_letters{group="me-1",topic="odd \\"topic\\"\\n"} 1',
        'tom_jobs{queue="bulk",state="failed"} 0',
        "# TYPE tom_stream_messages_total counter",
    ):
        assert line in lines
