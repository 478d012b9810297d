"""What a reader tells of itself: its lag, what it counted, and the processes before it."""

import datetime as dt
import threading

import pytest
from confluent_kafka import TopicPartition
from django.db import OperationalError
from django.utils import timezone

from tests.standins.kafka_messages import KafkaMessage
from tom_alertstreams import consumer as consumer_module
from tom_alertstreams import progress as progress_module
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.handling import HandlerStore, StoreByTopic
from tom_alertstreams.models import StreamCount, StreamOffset, StreamState
from tom_alertstreams.offsets import OffsetKeeper, Stored
from tom_alertstreams.selectors import HEARD_OF, streams

pytestmark = pytest.mark.django_db(transaction=True)


class Cluster:
    """Stands for a consumer: partitions with how far was read and how far they reach."""

    def __init__(self, **places):
        self.places = places

    def subscribe(self, topics, on_assign=None):
        self.topics = topics

    def assignment(self):
        return [TopicPartition(topic, 0) for topic in self.places]

    def position(self, partitions):
        return [TopicPartition(one.topic, 0, self.places[one.topic][0]) for one in partitions]

    def get_watermark_offsets(self, place, timeout, cached):
        return 0, self.places[place.topic][1]


def reader():
    return KafkaReader(name="night", settings={}, topics=["a", "b"], store=None)


def told(one, cluster):
    one._tell(cluster, at_once=True)
    (facts,) = streams()
    return facts, {topic.name: topic.lag for topic in facts.topics}


def test_the_lag_of_a_topic_that_went_to_another_process_is_told_no_more():
    one = reader()
    facts, lags = told(one, Cluster(a=(5, 25), b=(5, 9)))
    assert (facts.lag, lags) == (24, {"a": 20, "b": 4})
    facts, lags = told(one, Cluster(b=(9, 9)))
    assert (facts.lag, lags) == (0, {"a": None, "b": 0})


def test_what_could_not_be_counted_is_counted_the_next_time(monkeypatch):
    one = reader()
    one.total.used, one.total.dead = 40, 2
    real = progress_module.add_counts

    def goes_away(*args):
        raise OperationalError("the database went away")

    monkeypatch.setattr(progress_module, "add_counts", goes_away)
    one._tell(Cluster(), at_once=True)
    assert not StreamCount.objects.exists()
    monkeypatch.setattr(progress_module, "add_counts", real)
    one.total.used = 50
    one._tell(Cluster(), at_once=True)
    one._tell(Cluster(), at_once=True)
    count = StreamCount.objects.get()
    assert (count.messages, count.dead) == (52, 2)


def state(process, *, hours, stream="night", last=None):
    now = timezone.now()
    row = StreamState.objects.create(
        stream=stream, process=process, last_message_at=last and now - dt.timedelta(hours=last)
    )
    StreamState.objects.filter(pk=row.pk).update(heartbeat_at=now - dt.timedelta(hours=hours))


def test_a_process_that_starts_deletes_the_rows_of_those_that_are_gone():
    state("old:1", hours=30, last=31)
    state("old:2", hours=20)
    state("old:3", hours=2)
    state("lives:4", hours=0)
    state("other:5", hours=20, stream="day")
    state("other:6", hours=24 * 8, stream="day")
    one = reader()
    one._tell(Cluster(), at_once=True)
    kept = set(
        StreamState.objects.exclude(process__contains=f":{progress_module.os.getpid()}").values_list(
            "process", flat=True
        )
    )
    assert kept == {"old:1", "lives:4", "other:5"}
    night = next(facts for facts in streams() if facts.label == "night")
    assert night.last_message_at is not None


class Store(OffsetKeeper):
    """Takes all, and says that it changed a target."""

    def __init__(self):
        super().__init__("us")

    def use_all(self, messages):
        self.done.add(Stored(used=len(messages), changed={7}))


def test_summaries_wait_while_alerts_come_and_longer_while_they_wait(monkeypatch):
    refreshed = []
    now_s = 1000.0
    monkeypatch.setattr(consumer_module, "refresh_summaries", refreshed.append)
    monkeypatch.setattr(consumer_module.time, "monotonic", lambda: now_s)
    one = KafkaReader(name="night", settings={}, topics=["a"], store=Store(), batch_size=10)
    cluster = Cluster(a=(5, 25))
    found = [KafkaMessage()]
    cluster.consume = lambda number, timeout: found
    cluster.commit = lambda offsets, asynchronous: None

    def step(seconds):
        nonlocal now_s
        now_s += seconds
        refreshed.clear()
        one.step(cluster, threading.Event())
        return list(refreshed)

    assert (step(0), step(10), step(11)) == ([], [], [[7]])
    cluster.places["a"] = (24, 25)
    assert (step(0), step(1), step(2.5)) == ([], [], [[7]])
    step(0)
    found = []
    assert (step(0), step(0)) == ([[7]], [])


def test_fewer_messages_are_taken_at_once_where_they_are_large():
    one = KafkaReader(name="night", settings={}, topics=["a"], store=Store(), batch_size=2000)
    cluster = Cluster(a=(5, 25))
    asked = []
    rubin = KafkaMessage(value=bytes(1_000_000))  # a packet with its images
    waiting = [[rubin] * 3, [KafkaMessage(value=b"")] * 2, [], []]

    def consume(number, timeout):
        asked.append(number)
        return waiting.pop(0)

    cluster.consume, cluster.commit = consume, lambda offsets, asynchronous: None
    one._tell(cluster, at_once=True)
    while waiting:
        one.step(cluster, threading.Event())
    assert asked == [100, 31, 2000, 2000]


def handed(cluster, *batches):
    """Let a cluster hand out batches."""
    waiting = list(batches)
    cluster.consume = lambda number, timeout: waiting.pop(0) if waiting else []
    cluster.commit = lambda offsets, asynchronous: None
    return cluster


@pytest.mark.parametrize("fails_at", [None, 30])
def test_a_reader_tells_that_it_lives_while_a_slow_handler_has_a_batch(monkeypatch, fails_at):
    """Each alert takes it ten seconds; with `fails_at` the database goes away once, for a moment."""
    now_s = 1000.0
    began = timezone.now()
    fails = [fails_at] if fails_at is not None else []
    seen = []
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now_s)
    monkeypatch.setattr(timezone, "now", lambda: began + dt.timedelta(seconds=now_s - 1000.0))
    monkeypatch.setattr(threading.Event, "wait", lambda self, seconds: self.is_set())

    def handler(offset):
        nonlocal now_s
        now_s += 10
        (facts,) = streams()
        seen.append((facts.word, facts.messages, facts.lag, round(facts.per_second, 3)))
        if [offset] == fails:
            fails.clear()
            raise OperationalError("went away for a moment")

    store = StoreByTopic("us", lambda topic: HandlerStore("us", handler, lambda one: (one.offset,)))
    one = KafkaReader(name="night", settings={}, topics=["a"], store=store, batch_size=100)
    cluster = handed(Cluster(a=(100, 125)), [KafkaMessage(offset) for offset in range(100)])
    one._tell(cluster, at_once=True)
    one.step(cluster, threading.Event())
    assert 10 * len(seen) > 10 * HEARD_OF.total_seconds()
    assert {word for word, *_ in seen} <= {"Connecting", "Reading"}
    assert seen[60][1:] == ((60, 25, 0.1) if fails_at is None else (59, 25, 0.1))
    assert (one.total.used, one.total.known) == (100, 0)
    one._tell(cluster, at_once=True)
    count = StreamCount.objects.order_by("begin").values_list("messages", flat=True)
    assert (sum(count), StreamOffset.objects.get().next_offset) == (100, 100)


def test_that_a_batch_cannot_be_stored_is_told_until_it_is(monkeypatch):
    fails = [OperationalError("connection refused")]
    told = []

    class Falters(Store):
        def store(self, messages):
            if fails:
                raise fails.pop()
            return super().store(messages)

    def wait(stop, seconds):
        told.append(StreamState.objects.get().error)
        return stop.is_set()

    monkeypatch.setattr(threading.Event, "wait", wait)
    monkeypatch.setattr(consumer_module, "refresh_summaries", print)
    one = KafkaReader(name="night", settings={}, topics=["a"], store=Falters(), batch_size=10)
    cluster = handed(Cluster(a=(1, 1)), [KafkaMessage()])
    one.step(cluster, threading.Event())
    one._tell(cluster, at_once=True)
    assert told == ["A batch cannot be stored now: connection refused"]
    assert StreamState.objects.get().error == ""


def test_a_reader_without_a_pause_subscribes_to_the_topics_of_the_next_night(monkeypatch):
    one = KafkaReader(name="night", settings={}, topics=["a"], store=Store(), batch_size=10)
    cluster = Cluster(a=(5, 25))
    cluster.consume = lambda number, timeout: [KafkaMessage()]
    cluster.commit = lambda offsets, asynchronous: None
    one.step(cluster, threading.Event())
    assert cluster.topics == ["a"]
    monkeypatch.setattr(consumer_module, "topics_of", lambda topics, day, nights: ["a_20261123"])
    one.step(cluster, threading.Event())
    assert cluster.topics == ["a_20261123"]
