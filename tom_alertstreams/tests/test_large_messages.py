"""Messages of Hopskotch that are too large for Kafka are fetched from the store that the broker names."""

import base64
import json

import pytest

from tests.standins.bson import bson
from tests.standins.kafka_broker import mock_cluster
from tests.standins.large_messages import LargeMessageStore
from tests.standins.serving import running
from tom_alertstreams.bodies import ExternalMessage, JSONBlob
from tom_alertstreams.handling import UndecodableError
from tom_alertstreams.large_messages import KEY, TOPIC, LargeMessages
from tom_alertstreams.models import DeadLetter
from tom_alertstreams.offsets import TRIES
from tom_alertstreams.tests.making import hopskotch
from tom_common.remote import RemotePaused, RemoteService, RemoteUnavailable
from tom_dataservices.packets import StreamMessage

pytestmark = pytest.mark.django_db
FORM = ("_format", b"json")
got = []


def keep(alert, metadata):
    got.append((alert, metadata))


@pytest.fixture
def store(monkeypatch):
    """Give the service, which the broker names."""
    got.clear()
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.0)
    with running(LargeMessageStore()) as state:
        told = json.dumps({KEY: state.endpoint}).encode()
        monkeypatch.setattr(LargeMessages, "_newest", lambda self: told)
        yield state


def stream(**options):
    return hopskotch(f"{__name__}.keep", URL="kafka://127.0.0.1:1/", **options)


def placeholder(url, *headers):
    body = json.dumps({"url": url}).encode()
    return StreamMessage(
        "hermes.test", 0, 7, body, None, 1_700_000_000_000, (("_format", b"external"), *headers)
    )


@pytest.mark.parametrize(
    "headers", [[["_format", b"json"], ["_id", bytes(range(240, 256))]], {"_format": "json"}]
)
def test_a_large_message_is_handed_over_as_if_it_had_come_by_kafka(store, headers):
    url = store.keep("a", b'{"sky": "map"}', key=b"S1", headers=headers, further={"seen": 1})
    body, metadata = stream().arguments(placeholder(url))
    assert body == JSONBlob({"sky": "map"})
    assert (metadata.topic, metadata.offset, metadata.key) == ("hermes.test", 7, b"S1")
    assert metadata.timestamp == 1_700_000_000_000
    assert metadata.headers[0] == FORM
    assert store.logged_in == 1
    assert any("n=me" in words for words in store.said)
    basic = base64.b64encode(b"me:secret").decode()
    assert not any(word in words for word in ("secret", basic) for words in store.said)


def test_a_message_elsewhere_is_handed_over_as_an_address_and_no_password_goes_there(store):
    with running(LargeMessageStore()) as other:
        for url in (
            other.keep("a", b"{}"),
            f"{store.url}/elsewhere/a",
            f"{store.endpoint}/%2e%2e/a",
            f"{store.endpoint}evil/a",
        ):
            assert stream().arguments(placeholder(url))[0] == ExternalMessage(url)
        assert not other.requests
    assert not store.requests


def test_a_broker_that_names_no_store_and_a_user_who_wants_none(store, monkeypatch):
    url = store.keep("a", b"{}")
    assert stream(FETCH_EXTERNAL=False).arguments(placeholder(url))[0] == ExternalMessage(url)
    for told in (
        b"",
        b"[]",
        b"{",
        b'{"LargeMessageUploadEndpoint": 7}',
        b'{"LargeMessageUploadEndpoint": "x"}',
    ):
        monkeypatch.setattr(LargeMessages, "_newest", lambda self, told=told: told)
        assert stream().arguments(placeholder(url))[0] == ExternalMessage(url)
    assert not store.requests


def test_messages_marked_as_tests_are_left_out_whichever_of_the_two_is_marked(store):
    marked = ("_test", b"true")
    url = store.keep("a", b"{}", headers=[FORM, marked])
    assert stream().arguments(placeholder(url)) is None
    assert stream(TEST_MESSAGES=True).arguments(placeholder(url))[0] == JSONBlob({})
    store.requests.clear()
    assert stream().arguments(placeholder(url, marked)) is None
    assert not store.requests


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"garbage", "is no message: a document of 1651663207 bytes is not there"),
        (bson({"headers": []}), "has no message of bytes"),
        (bson({"message": "text"}), "has no message of bytes"),
        (bson({"message": b"", "key": 4}), "has no message of bytes"),
        (bson({"message": b"", "headers": 4}), "has headers that are none: 4"),
        (bson({"message": b"", "headers": [["a"]]}), "is no name with a value: ['a']"),
        (bson({"message": b"", "headers": {"a": 1}}), "is no name with a value: ('a', 1)"),
        (bson({"message": b"", "headers": {"_format": b"external"}}), "names another address again"),
    ],
)
def test_what_is_no_message_is_refused_in_a_sentence(store, document, words):
    store.documents["/api/msg/a"] = document
    with pytest.raises(UndecodableError) as refusal:
        stream().arguments(placeholder(f"{store.endpoint}/msg/a"))
    assert words in str(refusal.value)


def test_wrong_passwords_missing_messages_and_impostors_are_told_apart(store):
    url = store.keep("a", b"{}", headers=[FORM])
    for options in ({"PASSWORD": "wrong"}, {"USERNAME": "nobody"}):
        with pytest.raises(UndecodableError, match="answered 401: it does not accept the credentials"):
            stream(**options).arguments(placeholder(url))
    assert store.logged_in == 0
    with pytest.raises(UndecodableError, match="answered 404"):
        stream().arguments(placeholder(f"{store.endpoint}/msg/b"))
    store.is_impostor = True
    with pytest.raises(UndecodableError, match="cannot be logged in to by SCRAM-SHA-512"):
        stream().arguments(placeholder(url))
    store.is_impostor, store.offers = False, 'Basic realm="hop", SCRAM-SHA-512-PLUS'
    with pytest.raises(UndecodableError, match="answered 401"):
        stream().arguments(placeholder(url))


@pytest.mark.parametrize("fault", [500, (429, {"detail": "slowly"}, {"Retry-After": "0"}), "half"])
def test_a_store_that_fails_is_waited_for(store, fault):
    url = store.keep("a", b'{"a": 1}', headers=[FORM])
    store.faults["GET", "/api"] = [fault]
    ours = stream()
    with pytest.raises(RemoteUnavailable):
        ours.arguments(placeholder(url))
    assert len(store.requests) == 1
    assert ours.arguments(placeholder(url))[0] == JSONBlob({"a": 1})


def test_a_store_that_is_left_alone_for_a_while_has_not_failed_meanwhile(store, monkeypatch):
    url = store.keep("a", b'{"a": 1}', headers=[FORM])
    ours = stream()

    def paused(*args):
        raise RemotePaused("is not asked again before 12:00")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(RemoteService, "get_bytes", paused)
        for _ in range(2 * TRIES):
            with pytest.raises(RemotePaused):
                ours.arguments(placeholder(url))
    assert ours.arguments(placeholder(url))[0] == JSONBlob({"a": 1})


@pytest.mark.django_db(transaction=True)
def test_a_message_that_never_comes_is_kept_and_fetched_when_it_is_replayed(store):
    ours = stream()
    url = store.keep("a", b'{"a": 1}', headers=[FORM])
    store.faults["GET", "/api"] = 503
    messages = ours.message_store()
    for _ in range(TRIES - 1):
        with pytest.raises(RemoteUnavailable):
            messages.store([placeholder(url)])
    assert messages.store([placeholder(url)]).dead == 1
    letter = DeadLetter.objects.get()
    assert f"could not be fetched {TRIES} times, replay it later" in letter.reason
    assert "503" in letter.reason
    assert not got
    store.faults.clear()
    assert messages.replay(letter) == ""
    assert [alert for alert, _ in got] == [JSONBlob({"a": 1})]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_never_tells_where_the_store_is_holds_nothing_up(store, monkeypatch):
    def refuses(self):
        raise RemoteUnavailable("The broker does not hand out its topic sys.metadata.")

    monkeypatch.setattr(LargeMessages, "_newest", refuses)
    messages = stream().message_store()
    for _ in range(TRIES - 1):
        with pytest.raises(RemoteUnavailable):
            messages.store([placeholder(f"{store.endpoint}/msg/a")])
    assert messages.store([placeholder(f"{store.endpoint}/msg/a")]).dead == 1
    assert "does not hand out its topic" in DeadLetter.objects.get().reason


def test_the_broker_tells_where_the_store_is():
    with mock_cluster() as (producer, address):
        found = LargeMessages({"bootstrap.servers": address, "group.id": "me-1"}, "me", "secret")
        assert found.endpoint() == ""
        for host in ("old", "new"):
            body = json.dumps({KEY: f"https://{host}.example/v1/"}).encode()
            producer.produce(TOPIC, value=body, partition=0)
            producer.flush(30)
        assert found.endpoint() == ""  # asked a moment ago
        found = LargeMessages({"bootstrap.servers": address, "group.id": "me-1"}, "me", "secret")
        assert found.endpoint() == "https://new.example/v1/"
    nowhere = LargeMessages({"bootstrap.servers": "127.0.0.1:1", "group.id": "me-1"}, "me", "secret")
    nowhere._settings |= {"socket.timeout.ms": 1000}
    with pytest.raises(RemoteUnavailable, match="does not tell where large messages lie"):
        nowhere.endpoint()
