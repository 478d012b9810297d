"""Handlers of messages: called once, in the transaction of their message, whatever they raise."""

import json
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from django.db import IntegrityError, OperationalError, connection, transaction

from tom_alertstreams.alertstreams.hopskotch import HopskotchAlertStream
from tom_alertstreams.handling import HandlerStore
from tom_alertstreams.models import DeadLetter, StreamOffset
from tom_alertstreams.offsets import TRIES, OffsetKeeper
from tom_alertstreams.services import StoresByGroup, replay, replay_all
from tom_common.job_endings import JobCancelled, JobTimedOut
from tom_common.remote import RemoteUnavailable
from tom_dataservices.packets import StreamMessage
from tom_targets.models import TargetList

called = []


@pytest.fixture(autouse=True)
def nothing_called():
    called.clear()


def message(offset, topic="notices", **content):
    return StreamMessage(topic, 0, offset, json.dumps(content).encode())


def decode(one):
    return (json.loads(one.value),)


def note(alert):
    """Be a handler that keeps each alert as a list of targets."""
    called.append(alert)
    TargetList.objects.create(name=alert["name"])


def break_the_rule(alert):
    """Be a handler that breaks a rule of the table with every alert named twice."""
    note(alert)
    if alert["name"] == "twice":
        StreamOffset.objects.create(group="us", topic="notices", partition=0, next_offset=0)


def catch_and_go_on(alert):
    """Be a handler that catches what the database complains of, and goes on."""
    try:
        break_the_rule(alert)
    except IntegrityError:
        TargetList.objects.create(name="went on")


def catch_and_end(alert):
    """Be a handler that catches what the database complains of, of a statement of its own, and ends."""
    note(alert)
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO tom_alertstreams_streamoffset (id) VALUES (NULL)")
    except IntegrityError:
        called.append("caught")


def names():
    return sorted(TargetList.objects.values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_message_that_another_process_used_meanwhile_is_not_handed_over_again(monkeypatch):
    store = HandlerStore("us", note, decode)
    real = store.is_fresh

    def slow(one):
        """See the message fresh; the process that had the partition before uses it right then."""
        fresh = real(one)
        HandlerStore("us", note, decode).store([one])
        return fresh

    monkeypatch.setattr(store, "is_fresh", slow)
    result = store.store([message(0, name="a")])
    assert (result.used, result.known) == (0, 1)
    assert (called, names()) == ([{"name": "a"}], ["a"])


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_database_that_leaves_the_handler_makes_a_dead_letter_and_no_second_call():
    store = HandlerStore("us", break_the_rule, decode)
    result = store.store([message(0, name="a"), message(1, name="twice"), message(2, name="b")])
    assert (result.used, result.dead) == (2, 1)
    assert [alert["name"] for alert in called] == ["a", "twice", "b"]
    assert names() == ["a", "b"]
    letter = DeadLetter.objects.get()
    assert (letter.offset, letter.reason.partition(":")[0]) == (1, "the handler failed, IntegrityError")


@pytest.mark.django_db(transaction=True)
def test_after_such_an_error_handlers_still_run_in_the_transaction_of_their_message():
    store = HandlerStore("us", break_the_rule, decode)
    store.store([message(0, name="twice")])
    in_transaction = []
    store.handler = lambda alert: in_transaction.append(connection.in_atomic_block)
    store.store([message(1, name="a")])
    assert in_transaction == [True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("handler", [catch_and_go_on, catch_and_end])
def test_a_handler_that_goes_on_after_an_error_of_the_database_loses_nothing(handler):
    StreamOffset.objects.create(group="us", topic="notices", partition=0, next_offset=0)
    store = HandlerStore("us", handler, decode)
    result = store.store([message(0, name="twice"), message(1, name="a")])
    assert (result.used, result.dead) == (2, 0)
    expected = ["a", "twice", "went on"] if handler is catch_and_go_on else ["a", "twice"]
    assert names() == expected
    assert StreamOffset.objects.get().next_offset == 2


@pytest.mark.django_db(transaction=True)
def test_a_handler_at_which_the_database_fails_for_ever_holds_nothing_up():
    def ask_what_is_not_there(alert):
        note(alert)
        if alert["name"] == "bad":
            raise OperationalError("no such table: of_ours")

    store = HandlerStore("us", ask_what_is_not_there, decode)
    batch = [message(0, name="a"), message(1, name="bad"), message(2, name="b")]
    for _ in range(TRIES - 1):
        with pytest.raises(OperationalError):
            store.store(batch)
    result = store.store(batch)
    assert (result.used, result.dead, result.known) == (2, 1, 0)
    assert names() == ["a", "b"]
    assert "no such table" in DeadLetter.objects.get().reason


@pytest.mark.django_db(transaction=True)
def test_what_a_handler_wrote_goes_with_the_offset_that_could_not_be_kept():
    StreamOffset.objects.create(group="us", topic="notices", partition=0, next_offset=0)
    breaks = [True]

    def note_as_the_database_goes(alert):
        note(alert)
        if breaks:
            breaks.pop()
            raise OperationalError("the database went away")

    store = HandlerStore("us", note_as_the_database_goes, decode)
    with pytest.raises(OperationalError):
        store.store([message(0, name="a")])
    assert (len(called), names(), StreamOffset.objects.get().next_offset) == (1, [], 0)

    assert store.store([message(0, name="a")]).used == 1
    assert (len(called), names(), StreamOffset.objects.get().next_offset) == (2, ["a"], 1)
    assert not DeadLetter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_replay_that_is_killed_when_the_handler_is_done_is_not_done_again(monkeypatch):
    letter = DeadLetter(group="us", topic="notices", partition=0, offset=3, value=b'{"name": "a"}')
    letter.save()
    store = HandlerStore("us", note, decode)
    monkeypatch.setattr(StoresByGroup, "of", lambda self, letter: store)
    real = store.replay

    def die_behind_it(one):
        real(one)
        raise SystemExit  # between the transaction of the handler and whatever comes next

    with monkeypatch.context() as killed:
        killed.setattr(store, "replay", die_behind_it)
        with pytest.raises(SystemExit):
            replay(letter, StoresByGroup())

    assert replay_all(DeadLetter.objects.all()) == (0, 0)
    assert (len(called), names()) == (1, ["a"])


@pytest.mark.django_db(transaction=True)
def test_a_letter_whose_handler_fails_at_the_replay_waits_on():
    letter = DeadLetter(group="us", topic="notices", partition=0, offset=3, value=b'{"name": "twice"}')
    letter.save()
    StreamOffset.objects.create(group="us", topic="notices", partition=0, next_offset=0)
    assert "IntegrityError" in HandlerStore("us", break_the_rule, decode).replay(letter)
    letter.refresh_from_db()
    assert (letter.replayed, names()) == (None, [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [JobTimedOut, JobCancelled])
def test_the_end_of_the_job_that_replays_is_no_fault_of_the_letter(monkeypatch, end):
    letter = DeadLetter(group="us", topic="notices", partition=0, offset=3, value=b'{"name": "a"}')
    letter.save()

    def note_until_the_end(alert):
        note(alert)
        raise end

    store = HandlerStore("us", note_until_the_end, decode)
    monkeypatch.setattr(StoresByGroup, "of", lambda self, letter: store)
    with pytest.raises(end):
        replay_all(DeadLetter.objects.all())
    letter.refresh_from_db()
    assert (letter.reason, letter.replayed, letter.in_hand_since, names()) == ("", None, None, [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("postgresql")  # others lock tables, or what they scanned
def test_a_partition_waits_for_none_that_another_process_reads():
    other = message(0, "elsewhere", name="b")
    keys = [("notices", 0), ("notices", 1), ("elsewhere", 0), ("elsewhere", 1)]
    StreamOffset.objects.bulk_create(
        [StreamOffset(group="us", topic=topic, partition=number, next_offset=0) for topic, number in keys]
    )
    free = []

    def look():
        with transaction.atomic():
            rows = StreamOffset.objects.select_for_update(skip_locked=True)
            free.extend(rows.order_by("pk").values_list("topic", "partition"))
        connection.close()

    with transaction.atomic():
        first = message(0, name="a")
        assert OffsetKeeper("us").advance([first, replace(other, partition=1)]) != []
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(20)
    assert free == [("notices", 1), ("elsewhere", 0)]


class Asking:
    """A handler that keeps each alert, and then asks a service which does not answer so many times."""

    def __init__(self, error, times):
        self.error, self.times = error, times

    def __call__(self, alert):
        note(alert)
        if alert["name"] == "asks" and self.times > 0:
            self.times -= 1
            raise self.error


def obeyed_perhaps():
    error = RemoteUnavailable("Slack did not answer within 30 s; it may have obeyed nevertheless.")
    error.may_have_obeyed = True
    return error


def of_requests(method):
    return requests.ConnectionError("refused", request=requests.Request(method, "http://localhost/"))


AWAY = RemoteUnavailable("Sherlock answered 503.", status=503)


@pytest.mark.django_db(transaction=True)
def test_a_message_waits_for_the_service_that_its_handler_says_to_be_away():
    store = HandlerStore("us", Asking(AWAY, TRIES - 1), decode)
    batch = [message(0, name="first"), message(1, name="asks"), message(2, name="last")]
    for _ in range(TRIES - 1):
        with pytest.raises(RemoteUnavailable):
            store.store(batch)
        assert names() == ["first"]
    result = store.store(batch)
    assert (result.used, result.dead, names()) == (3, 0, ["asks", "first", "last"])
    assert not DeadLetter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_whose_service_never_answers_becomes_a_letter():
    store = HandlerStore("us", Asking(AWAY, 99), decode)
    batch = [message(0, name="asks"), message(1, name="last")]
    for _ in range(TRIES - 1):
        with pytest.raises(RemoteUnavailable):
            store.store(batch)
    result = store.store(batch)
    assert (result.used, result.dead, names()) == (1, 1, ["last"])
    assert "RemoteUnavailable" in DeadLetter.objects.get().reason


@pytest.mark.django_db(transaction=True)
def test_a_message_that_cannot_be_decoded_now_waits_however_long_that_takes():
    away = 3 * TRIES

    def ask_the_registry(one):
        nonlocal away
        if away:
            away -= 1
            raise AWAY
        return decode(one)

    store = HandlerStore("us", note, ask_the_registry)
    while away:
        with pytest.raises(RemoteUnavailable):
            store.store([message(0, name="a"), message(1, name="b")])
    assert not DeadLetter.objects.exists()
    assert store.store([message(0, name="a"), message(1, name="b")]).used == 2
    assert names() == ["a", "b"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [obeyed_perhaps(), of_requests("POST"), of_requests("GET")])
def test_what_a_service_may_have_obeyed_is_not_sent_again(error):
    result = HandlerStore("us", Asking(error, 99), decode).store([message(0, name="asks")])
    assert (result.used, result.dead, len(called)) == (0, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_sent_something_before_it_finds_nobody_sends_it_once():
    """It tells a channel by POST, and then asks, by GET, where nobody listens."""
    told = []

    class Channel(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            """Say nothing."""

    with ThreadingHTTPServer(("localhost", 0), Channel) as server, socket.socket() as deaf:
        deaf.bind(("localhost", 0))  # and does not listen
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def tell_and_ask(alert):
            requests.post(f"http://localhost:{server.server_port}/", json=alert, timeout=30)
            requests.get(f"http://localhost:{deaf.getsockname()[1]}/?key=hush-hush", timeout=30)

        try:
            result = HandlerStore("us", tell_and_ask, decode).store([message(0, name="a")])
        finally:
            server.shutdown()
            thread.join()
    assert (result.used, result.dead, told) == (0, 1, [{"name": "a"}])
    reason = DeadLetter.objects.get().reason
    assert reason.startswith("the handler failed, ConnectionError: A service that it asks")
    assert "hush-hush" not in reason


def stream(**handlers):
    return HopskotchAlertStream(
        URL="kafka://kafka.scimma.org/", GROUP_ID="us", USERNAME="me", PASSWORD="x", TOPIC_HANDLERS=handlers
    )


@pytest.mark.django_db(transaction=True)
def test_a_pattern_without_a_star_is_read_and_handled():
    found = stream(**{r"^gcn\.notices\..+": f"{__name__}.keep"})
    assert found.topic_names() == [r"^gcn\.notices\..+"]
    assert found.handler_for("gcn.circulars") is None
    result = found.message_store().store([message(0, "gcn.notices.swift", n=1)])
    assert (result.used, result.dead, called) == (1, 0, [{"n": 1}])


def keep(alert, metadata):
    called.append(alert.content)


@pytest.mark.django_db(transaction=True)
def test_messages_of_a_topic_without_a_handler_are_kept_and_the_other_topics_go_on():
    found = stream(**{"hermes.test": f"{__name__}.keep"})
    batch = [message(0, "unasked", n=1), message(0, "hermes.test", n=2)]
    result = found.message_store().store(batch)
    assert (result.used, result.dead, called) == (1, 1, [{"n": 2}])
    letter = DeadLetter.objects.get()
    assert letter.reason == "the stream HopskotchAlertStream has no handler of unasked"
