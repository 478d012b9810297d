"""Dead letters: what is kept of a message, how it is used again, and how many are kept."""

import datetime as dt
import html
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from tom_alertstreams.figures import metrics
from tom_alertstreams.keeping import keep_letters
from tom_alertstreams.models import DeadLetter, StreamOffset, StreamState, UnkeptLetters
from tom_alertstreams.offsets import letter_of, message_of
from tom_alertstreams.selectors import streams
from tom_alertstreams.services import IN_HAND, StoresByGroup, replay, replay_all
from tom_alertstreams.topics import is_read
from tom_common.metrics import rendered
from tom_dataservices.packets import StreamMessage

HOP = "tom_alertstreams.alertstreams.hopskotch"
GROUP, TOPIC = "me-1", "hermes.test"
JSON = (("_format", b"json"),)
STILL_BAD = "the handler failed, ValueError: still bad"
taken = []


def take(alert, metadata):
    taken.append((alert.content, metadata))
    if alert.content == "bad":
        raise ValueError("still bad")


@pytest.fixture(autouse=True)
def configured(settings):
    taken.clear()
    settings.ALERT_STREAMS = [
        {
            "NAME": f"{HOP}.HopskotchAlertStream",
            "LABEL": "ours",
            "OPTIONS": {
                "URL": "kafka://localhost:1/",
                "GROUP_ID": GROUP,
                "USERNAME": "me",
                "PASSWORD": "x",
                "TOPIC_HANDLERS": {"hermes.*": f"{__name__}.take"},
            },
        }
    ]


def message(offset=0, value=b'"good"', **others):
    return StreamMessage(
        **{"topic": TOPIC, "partition": 0, "offset": offset, "value": value, "headers": JSON, **others}
    )


def kept(*messages, group=GROUP):
    letters = [letter_of(group, one, "the handler failed") for one in messages]
    DeadLetter.objects.bulk_create(letters)
    return list(DeadLetter.objects.order_by("pk"))


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_user("staff", is_staff=True))
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("timestamp_ms", [1_700_000_000_123, None])
def test_a_letter_keeps_all_of_its_message(timestamp_ms):
    one = message(7, b"\x00\xff", key=b"k", timestamp_ms=timestamp_ms)
    (letter,) = kept(one)
    assert message_of(letter) == one


@pytest.mark.django_db
def test_a_handler_is_given_the_time_of_the_message_at_a_replay():
    kept(message(timestamp_ms=1_700_000_000_123))
    assert replay_all(DeadLetter.objects.all()) == (1, 0)
    (metadata,) = [metadata for _, metadata in taken]
    assert metadata.timestamp == 1_700_000_000_123


@pytest.mark.django_db
def test_a_stream_that_cannot_be_used_keeps_no_letter_of_another_stream(settings):
    settings.ALERT_STREAMS.append(
        {
            "NAME": "tom_alertstreams.alertstreams.kafka.KafkaAlertStream",
            "OPTIONS": {
                "URL": "localhost:1",
                "GROUP_ID": "theirs",
                "TOPICS": ["alerts"],
                "SCHEMA_FILE": "there/is/no.avsc",
            },
        }
    )
    kept(message(0, topic="alerts"), group="theirs")
    kept(message(1))

    assert replay_all(DeadLetter.objects.all()) == (1, 1)

    assert [alert for alert, _ in taken] == ["good"]
    (left,) = DeadLetter.objects.filter(replayed=None)
    assert left.group == "theirs"
    assert "its stream cannot be used" in replay(left, StoresByGroup())


@pytest.mark.django_db
def test_two_replays_at_once_call_the_handler_once(settings):
    (letter,) = kept(message())
    seen_by_the_second = DeadLetter.objects.get()
    stores = StoresByGroup()
    reasons = []

    def take_during_another_replay(*arguments):
        taken.append(arguments)
        if len(taken) < 5:
            reasons.append(replay(seen_by_the_second, stores))

    stores.of(letter).of(TOPIC).handler = take_during_another_replay
    assert replay(letter, stores) == ""
    reasons.append(replay(seen_by_the_second, stores))
    assert len(taken) == 1
    assert reasons == ["it was used or discarded meanwhile, or another replay has it in hand"] * 2
    letter.refresh_from_db()
    assert letter.replayed is not None
    assert letter.reason == "the handler failed"


@pytest.mark.django_db
def test_a_letter_that_failed_again_or_whose_replay_was_killed_can_be_used_once_more():
    bad, good = kept(message(0, b'"bad"'), message(1))
    DeadLetter.objects.filter(pk=good.pk).update(in_hand_since=timezone.now() - 2 * IN_HAND)
    stores = StoresByGroup()
    assert [replay(one, stores) for one in (bad, bad, good)] == [STILL_BAD, STILL_BAD, ""]
    assert dict(DeadLetter.objects.filter(replayed=None).values_list("pk", "reason")) == {bad.pk: STILL_BAD}


@pytest.mark.django_db
def test_a_replay_that_is_ended_leaves_its_letter_to_the_next():
    (letter,) = kept(message())
    stores = StoresByGroup()

    def end(*arguments):
        raise KeyboardInterrupt

    stores.of(letter).of(TOPIC).handler = end
    with pytest.raises(KeyboardInterrupt):
        replay(letter, stores)
    assert replay_all(DeadLetter.objects.all()) == (1, 0)


@pytest.mark.django_db
def test_a_letter_that_is_discarded_during_its_replay_stays_away():
    (letter,) = kept(message())
    stores = StoresByGroup()
    stores.of(letter).of(TOPIC).handler = lambda *arguments: DeadLetter.objects.all().delete()
    assert replay(letter, stores) == ""
    assert not DeadLetter.objects.exists()


def form_of(page):
    """Return what the form of a page sends, without its token."""
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', page.content.decode()))


@pytest.mark.django_db
@pytest.mark.parametrize("topic", ["", TOPIC])
def test_letters_that_came_after_the_count_are_not_discarded(staff, topic):
    first = kept(message(0), message(1))[-1].pk
    page = staff.post(reverse("alertstreams:discard"), {"everything": "1", "topic": topic})
    assert "Discard 2 messages?" in page.content.decode()
    kept(message(2), message(3))
    answer = staff.post(reverse("alertstreams:discard"), form_of(page), follow=True)
    assert "2 messages are discarded." in answer.content.decode()
    assert [one.offset for one in DeadLetter.objects.order_by("pk")] == [2, 3]
    assert DeadLetter.objects.order_by("pk")[0].pk > first


@pytest.mark.django_db
def test_a_confirmation_that_names_no_end_is_asked_again(staff):
    kept(message(0))
    form = {"everything": "1", "topic": "", "confirmed": "1"}
    for up_to in ({}, {"up_to": "no number"}):
        page = staff.post(reverse("alertstreams:discard"), {**form, **up_to})
        assert "Discard 1 message?" in page.content.decode()
        assert DeadLetter.objects.count() == 1


@pytest.mark.django_db
def test_streams_that_read_topics_of_one_name_count_their_own_letters(staff, settings):
    settings.ALERT_STREAMS = [*settings.ALERT_STREAMS, {**settings.ALERT_STREAMS[0], "LABEL": "theirs"}]
    for label, group in (("ours", GROUP), ("theirs", "others")):
        StreamState.objects.create(
            stream=label, process="here:1", group=group, topics=[TOPIC], word="reading", messages=5
        )
    kept(message(0), message(1))
    kept(message(2), group="others")
    assert {one.label: (one.dead, one.topics[0].dead) for one in streams()} == {
        "ours": (2, 2),
        "theirs": (1, 1),
    }
    page = staff.get(reverse("alertstreams:streams")).content.decode()
    (link,) = re.findall(r'href="([^"]+group=others)"', page)
    listed = staff.get(html.unescape(link))
    assert [one.offset for one in listed.context["letters"]] == [2]
    assert listed.context["groups"] == [GROUP, "others"]
    form = {name: listed.context[name] for name in ("topic", "group")} | {"everything": "1"}
    asked = staff.post(reverse("alertstreams:discard"), form)
    assert f"All that wait of the topic {TOPIC} of the group others." in asked.content.decode()
    gone = staff.post(reverse("alertstreams:discard"), form_of(asked))
    assert gone.url == f"{reverse('alertstreams:dead-letters')}?topic={TOPIC}&group=others"
    assert sorted(DeadLetter.objects.values_list("offset", flat=True)) == [0, 1]


@pytest.mark.django_db(transaction=True)
def test_all_letters_of_one_group_are_used_again(staff, at_once):
    kept(message(0))
    kept(message(1), group="others")
    staff.post(reverse("alertstreams:replay"), {"everything": "1", "topic": TOPIC, "group": GROUP})
    assert list(DeadLetter.objects.filter(replayed=None).values_list("offset", "reason")) == [
        (1, "the handler failed")
    ]


@pytest.mark.django_db
def test_the_figures_count_dead_letters_once_and_by_group(django_assert_num_queries):
    kept(message(0))
    kept(message(1), group="others")
    with django_assert_num_queries(4):
        lines = rendered(metrics()).splitlines()
    for group in (GROUP, "others"):
        assert f'tom_stream_dead_letters{{group="{group}",topic="{TOPIC}"}} 1' in lines


def offsets(**which):
    return list(DeadLetter.objects.filter(**which).order_by("pk").values_list("offset", flat=True))


def store_of(*messages):
    """Have the stream of the settings store messages, and return what became of them."""
    (letter,) = [letter_of(GROUP, message(), "")]
    return StoresByGroup().of(letter).store(messages)


@pytest.mark.django_db
def test_a_flood_of_bad_messages_is_kept_up_to_the_setting_and_counted_beyond(settings):
    settings.TOM_DEAD_LETTERS_KEPT = 3
    result = store_of(*(message(offset, b'"bad"') for offset in range(5)), message(5))
    assert (result.used, result.dead) == (1, 5)
    assert offsets() == [0, 1, 2]
    row = UnkeptLetters.objects.get()
    assert (row.group, row.topic, row.count, row.reason) == (GROUP, TOPIC, 2, STILL_BAD)
    assert StreamOffset.objects.get().next_offset == 6
    store_of(message(6, b'"bad"'), message(0, b'"bad"', topic="hermes.other"))
    assert UnkeptLetters.objects.get().count == 3
    assert offsets(topic="hermes.other") == [0]
    DeadLetter.objects.filter(offset=1).delete()
    store_of(message(7, b'"bad"'), message(8, b'"bad"'))
    assert offsets(topic=TOPIC) == [0, 2, 7]
    assert UnkeptLetters.objects.get().count == 4


@pytest.mark.django_db
def test_letters_used_since_make_room(settings):
    settings.TOM_DEAD_LETTERS_KEPT = 4
    keep_letters(GROUP, [(message(offset), "no") for offset in range(4)])
    now = timezone.now()
    for offset, minutes in ((1, 1), (2, 2), (3, 3)):
        DeadLetter.objects.filter(offset=offset).update(replayed=now + dt.timedelta(minutes=minutes))
    keep_letters(GROUP, [(message(offset), "no") for offset in (4, 5)])
    assert offsets() == [0, 3, 4, 5]
    assert not UnkeptLetters.objects.exists()


@pytest.mark.django_db
def test_a_message_at_the_offset_of_an_older_one_is_kept_and_one_that_came_again_waits_again():
    keep_letters(GROUP, [(message(0, b"old"), "no"), (message(1, b"same"), "no")])
    DeadLetter.objects.update(replayed=timezone.now())
    keep_letters(GROUP, [(message(0, b"new"), "no"), (message(1, b"same"), "not now")])
    rows = DeadLetter.objects.order_by("pk")
    assert [(bytes(row.value), row.reason, row.replayed is None) for row in rows] == [
        (b"old", "no", False),
        (b"same", "not now", True),
        (b"new", "no", True),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "staff"])
def test_the_pages_say_that_messages_were_not_kept(role, client, settings):
    settings.TOM_DEAD_LETTERS_KEPT = 1
    person = User.objects.create_user(role, is_staff=role == "staff")
    person.user_permissions.add(Permission.objects.get(codename="view_deadletter"))
    client.force_login(person)
    keep_letters(GROUP, [(message(offset), "a <b>reason</b>") for offset in range(4)])
    StreamState.objects.create(stream="ours", process="here:1", group=GROUP, topics=[TOPIC], word="reading")
    assert ", and 3 not kept" in client.get(reverse("alertstreams:streams")).content.decode()
    page = client.get(reverse("alertstreams:dead-letters")).content.decode()
    words = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert "3 more messages of hermes.test, read as group me-1, could not be used" in words
    assert "were not kept: 1 are kept at most" in words
    assert "a &lt;b&gt;reason&lt;/b&gt;" in words
    assert ("Forget this count" in page) == (role == "staff")
    answer = client.post(reverse("alertstreams:forget-count"), {"count": UnkeptLetters.objects.get().pk})
    assert (answer.status_code, UnkeptLetters.objects.exists()) == {
        "staff": (302, False),
        "viewer": (403, True),
    }[role]
    lines = rendered(metrics()).splitlines()
    line = f'tom_stream_dead_letters_not_kept{{group="{GROUP}",topic="{TOPIC}"}} 3'
    assert (line in lines) == (role == "viewer")


@pytest.mark.parametrize(
    ("patterns", "topic", "expected"),
    [
        (["ztf_YYYYMMDD_programid1"], "ztf_20261101_programid1", True),
        (["ztf_YYYYMMDD_programid1"], "ztf_20261101_programid2", False),
        (["ztf_YYYYMMDD_programid1"], "ztf_2026110_programid1", False),
        (["ztf.YYYYMMDD"], "ztfx20261101", False),
        (["a", "b"], "b", True),
        (["^hermes\\..*"], "hermes.test", True),
        (["hermes.*"], "hermes.test", False),
        (["^ztf_YYYYMMDD_.*"], "ztf_20261101_programid1", True),
        (["^ztf_YYYYMMDD_.*"], "ztf_soon_programid1", False),
    ],
)
def test_a_topic_is_known_by_its_pattern(patterns, topic, expected):
    assert is_read(patterns, topic) == expected


@pytest.mark.django_db
def test_a_letter_of_a_past_night_is_used_again(settings):
    settings.ALERT_STREAMS = [
        {
            "NAME": "tom_alertstreams.alertstreams.kafka.KafkaAlertStream",
            "OPTIONS": {"URL": "localhost:1", "GROUP_ID": GROUP, "TOPICS": "ztf_YYYYMMDD_programid1"},
        }
    ]
    (letter,) = kept(message(0, b"no alert", topic="ztf_20261101_programid1"))
    reason = replay(letter, StoresByGroup())
    assert "no stream in settings" not in reason
    letter.refresh_from_db()
    assert letter.reason == reason


@pytest.mark.django_db
def test_letters_of_earlier_processes_are_shown_with_the_stream_that_reads_their_topic(staff):
    kept(message(0), message(1, topic="elsewhere"))
    kept(message(2), group="others")
    row = {"process": "here:1", "group": GROUP, "topics": ["^hermes.*"], "word": "reading"}
    StreamState.objects.create(stream="ours", **row)
    (one,) = streams()
    assert [(topic.name, topic.dead) for topic in one.topics] == [(TOPIC, 1)]
    StreamState.objects.update(topics=["^("])
    assert streams()[0].topics == []


@pytest.mark.django_db
def test_large_numbers_are_grouped_and_a_letter_tells_when_it_was_sent(staff, settings):
    settings.TOM_DEAD_LETTERS_KEPT = 12_000
    row = {"process": "here:1", "group": GROUP, "topics": [TOPIC], "word": "reading", "lag": 43_210}
    topics = {TOPIC: {"messages": 120_000, "lag": 43_210}}
    StreamState.objects.create(stream="ours", messages=123_456, by_topic=topics, **row)
    page = staff.get(reverse("alertstreams:streams")).content.decode()
    for words in ("43,210 messages", "123,456 since the start", ">120,000<"):
        assert words in page
    first, second = kept(
        message(0, b"x" * 2500, timestamp_ms=1_763_769_600_123), message(1, timestamp_ms=10**18)
    )
    page = staff.get(reverse("alertstreams:dead-letter", args=[first.pk])).content.decode()
    assert "2025-11-22 00:00:00 UTC" in page
    assert "2,500 bytes" in page
    assert f"?topic={TOPIC}&amp;group={GROUP}" in page
    page = staff.get(reverse("alertstreams:dead-letter", args=[second.pk])).content.decode()
    assert "<dt>Sent</dt><dd>–</dd>" in page
    assert ">2,500<" in staff.get(reverse("alertstreams:dead-letters")).content.decode()
