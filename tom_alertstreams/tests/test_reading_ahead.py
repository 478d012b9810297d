"""Messages that are decoded beside the storing of those before, and a database that fails at some."""

import threading

import pytest
from confluent_kafka import KafkaError, TopicPartition
from django.db import OperationalError

from tests.standins.kafka_messages import KafkaMessage
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.models import DeadLetter, StreamOffset, StreamState
from tom_alertstreams.offsets import TRIES, OffsetKeeper, Stored
from tom_alertstreams.tests.test_kafka_stream import messages_of, rows, store_for
from tom_common.remote import RemoteUnavailable
from tom_dataservices import packets as packets_package
from tom_dataservices.packets import StreamMessage
from tom_targets.models import Target


def counting(monkeypatch):
    """Note the threads in which messages are decoded."""
    import tom_alertstreams.storing as storing

    threads = []

    def read(messages, *args, **options):
        threads.append(threading.current_thread().name.split("-")[0])
        return packets_package.read_message_batches(messages, *args, **options)

    monkeypatch.setattr(storing, "read_message_batches", read)
    return threads


def test_what_was_decoded_ahead_is_stored_as_it_would_be_without(db, packets, monkeypatch):
    threads = counting(monkeypatch)
    messages = messages_of(packets)
    plain = store_for("plain")
    expected = plain.store(messages)
    stored = rows()
    Target.objects.all().delete()
    ahead = store_for()
    assert ahead.begin(messages[:20])
    assert ahead.begin(messages[20:])
    found = ahead.store(messages[:20])
    found.add(ahead.store(messages[20:]))
    assert (found.used, found.new_data) == (expected.used, expected.new_data)
    assert rows() == stored
    assert threads == ["MainThread", "decode", "decode"]


def test_messages_that_another_process_stored_meanwhile_are_left_out(db, packets):
    messages = messages_of(packets)
    ahead = store_for()
    ahead.begin(messages)
    store_for().store(messages[:20])
    found = ahead.store(messages)
    assert (found.used, found.known) == (11, 20)
    assert StreamOffset.objects.get().next_offset == 31


def test_messages_that_cannot_be_decoded_together_are_decoded_apart(packets, monkeypatch, transactional_db):
    import tom_alertstreams.storing as storing

    messages = messages_of(packets)

    def read(some, *args, **options):
        some = list(some)
        if any(message.offset == 4 for message in some):
            raise KeyError("a field that nobody expects")
        return packets_package.read_message_batches(some, *args, **options)

    monkeypatch.setattr(storing, "read_message_batches", read)
    ahead = store_for()
    ahead.begin(messages)
    found = ahead.store(messages)
    assert (found.used, found.dead) == (30, 1)
    assert "a field that nobody expects" in DeadLetter.objects.get(offset=4).reason


def test_a_registry_that_is_away_is_told_before_anything_is_stored(db, packets, monkeypatch):
    import tom_alertstreams.storing as storing

    def away(messages, schemas):
        raise RemoteUnavailable("the registry does not answer")

    ahead = store_for()
    messages = messages_of(packets)
    with monkeypatch.context() as patch:
        patch.setattr(storing, "learn_schemas", away)
        ahead.begin(messages)
        with pytest.raises(RemoteUnavailable):
            ahead.store(messages)
    assert not StreamOffset.objects.exists()
    assert ahead.store(messages).used == 31


def test_a_message_at_which_the_database_fails_for_ever_is_buried_and_the_others_are_stored(
    packets, monkeypatch, transactional_db
):
    import tom_alertstreams.storing as storing

    messages = messages_of(packets)
    bad = StreamMessage("fink_test_ztf", 0, 31, messages[7].value, messages[7].key)
    real = storing.PacketStore._store

    def refuse(self, some, decoded):
        if bad in some:
            raise OperationalError("index row size 2800 exceeds maximum 2712")
        return real(self, some, decoded)

    monkeypatch.setattr(storing.PacketStore, "_store", refuse)
    store = store_for()
    batch = [*messages, bad]
    for _ in range(TRIES - 1):
        with pytest.raises(OperationalError):
            store.store(batch)
    assert not StreamOffset.objects.exists()
    found = store.store(batch)
    assert (found.used, found.dead, found.known) == (31, 1, 0)
    assert "index row size" in DeadLetter.objects.get().reason


def test_what_was_stored_before_the_database_went_away_is_counted(packets, monkeypatch, transactional_db):
    import tom_alertstreams.storing as storing

    messages = messages_of(packets)
    real = storing.PacketStore._store
    fails = [ValueError("breaks all"), None, OperationalError("went away")]

    def fail(self, some, decoded):
        error = fails.pop(0) if fails else None
        if error is not None:
            raise error
        return real(self, some, decoded)

    monkeypatch.setattr(storing.PacketStore, "_store", fail)
    store = store_for()
    with pytest.raises(OperationalError):
        store.store(messages)
    found = store.store(messages)
    assert (found.used, found.dead, found.known) == (31, 0, 0)
    assert found.changed == set(Target.objects.values_list("pk", flat=True))


class Topic:
    """Stands for a consumer: hands out waiting messages, `most` at a time."""

    def __init__(self, count):
        self.waiting = list(range(count))
        self.assigned = None

    def consume(self, most, timeout):
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return [KafkaMessage(offset) for offset in taken]

    def assign(self, partitions):
        self.assigned = [one.offset for one in partitions]

    def assignment(self):
        return []

    def position(self, partitions):
        return []

    def subscribe(self, topics, on_assign=None):
        self.topics = topics

    def commit(self, offsets, asynchronous):
        self.committed = offsets[0].offset

    def close(self):
        self.closed = True


class Notes(OffsetKeeper):
    """Notes what is begun and what is stored."""

    def __init__(self, *, begins):
        super().__init__("us")
        self.begins, self.events = begins, []

    def begin(self, messages):
        if self.begins:
            self.events.append(("begin", len(messages)))
        return self.begins

    def use_all(self, messages):
        self.events.append(("store", len(messages)))
        self.done.add(Stored(used=len(messages)))


def reader_of(store, **options):
    return KafkaReader(name="night", settings={}, topics=["a"], store=store, batch_size=10, **options)


def test_a_batch_is_begun_before_the_one_before_it_is_stored_and_a_small_one_ends_the_row(db):
    store, topic = Notes(begins=True), Topic(23)
    one = reader_of(store)
    for _ in range(3):
        one.step(topic, threading.Event())
    assert store.events == [("begin", 10), ("begin", 10), ("store", 10), ("store", 10), ("store", 3)]
    assert topic.committed == 23


def test_a_store_that_begins_nothing_is_handed_each_batch_at_once(db):
    store, topic = Notes(begins=False), Topic(20)
    one = reader_of(store)
    one.step(topic, threading.Event())
    assert store.events == [("store", 10)]


def test_what_was_begun_is_stored_before_partitions_begin_and_before_reading_ends(db):
    store, topic = Notes(begins=True), Topic(20)
    one = reader_of(store)
    one.step(topic, threading.Event())
    one._assign(topic, [TopicPartition("a", 0)])
    assert store.events == [("begin", 10), ("store", 10)]
    stop = threading.Event()
    one.step = lambda consumer, told: (KafkaReader.step(one, consumer, told), stop.set())
    one._consumer = lambda: topic
    one.run(stop)
    assert store.events[2:] == [("begin", 10), ("store", 10)]
    assert one.total.used == 20


class Complaint:
    """Stands for an error of librdkafka."""

    def __init__(self, code, text):
        self._code, self._text = code, text

    def code(self):
        return self._code

    def str(self):
        return self._text


def test_one_broker_of_several_that_is_down_does_not_make_the_stream_wait(db):
    store, topic = Notes(begins=False), Topic(20)
    one = reader_of(store)
    one.step(topic, threading.Event())
    one._note_error(Complaint(KafkaError._TRANSPORT, "b2:9092/2: Connect failed: refused"))
    assert one.word == StreamState.Word.READING
    one.step(topic, threading.Event())
    assert (one.word, one._away_since) == (StreamState.Word.READING, None)
    assert one.error == "The broker b2:9092 cannot be reached: Connect failed: refused"
    one._note_error(Complaint(KafkaError._ALL_BROKERS_DOWN, "2/2 brokers are down"))
    assert one.word == StreamState.Word.WAITING
    assert one.error == "The broker b2:9092 cannot be reached: Connect failed: refused"
    one._is_reading()
    assert (one.word, one.error) == (StreamState.Word.READING, "")


def test_the_topic_of_a_night_to_come_is_not_missed_while_others_are_read(db):
    store, topic = Notes(begins=False), Topic(0)
    one = KafkaReader(name="night", settings={}, topics=["ztf_YYYYMMDD", "plain"], store=store)
    one._subscribe(topic)
    dated = next(name for name in topic.topics if name != "plain")
    missed = KafkaError.UNKNOWN_TOPIC_OR_PART
    one._note_error(Complaint(missed, f"Subscribed topic not available: {dated}: Broker: Unknown topic"))
    assert dated in one.error
    one._assign(topic, [TopicPartition("plain", 0)])
    one._note_error(Complaint(missed, f"Subscribed topic not available: {dated}: Broker: Unknown topic"))
    assert one.error == ""
    one._note_error(Complaint(missed, "Subscribed topic not available: plain: Broker: Unknown topic"))
    assert "plain" in one.error
