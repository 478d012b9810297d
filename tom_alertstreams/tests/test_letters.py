"""Dead letters: what is kept of a message, how it is used again, and how many are kept."""

import pytest
from django.contrib.auth.models import User

from tom_alertstreams.models import DeadLetter
from tom_alertstreams.offsets import letter_of, message_of
from tom_alertstreams.services import replay_all
from tom_dataservices.packets import StreamMessage

HOP = "tom_alertstreams.alertstreams.hopskotch"
GROUP, TOPIC = "me-1", "hermes.test"
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


JSON = (("_format", b"json"),)


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
