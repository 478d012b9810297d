"""A topic that is made anew while it is read: nothing of the new one is skipped, and nothing comes twice."""

import threading

import pytest
from confluent_kafka import KafkaError, TopicPartition

from tests.standins.kafka_messages import KafkaMessage
from tom_alertstreams.alertstreams.connections import of_connection
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.handling import HandlerStore, StoreByTopic
from tom_alertstreams.identities import begin_new_topics
from tom_alertstreams.models import StreamOffset, StreamTopic

pytestmark = pytest.mark.django_db(transaction=True)

LOST = KafkaMessage(error=KafkaError(KafkaError._AUTO_OFFSET_RESET))


class Broker:
    """Stands for a consumer of topic ``a``: hands out batches; `identity` is what the broker tells."""

    def __init__(self, identity="", low=0, high=5):
        self.batches, self.identity, self.ends = [], identity, (low, high)
        self.assigned = [TopicPartition("a", 0, 0)]

    def of(self, topics):
        return dict.fromkeys(topics, self.identity) if self.identity else {}

    def consume(self, most, timeout):
        return self.batches.pop(0) if self.batches else []

    def assignment(self):
        return self.assigned

    def position(self, partitions):
        return [TopicPartition(one.topic, one.partition, one.offset) for one in partitions]

    def get_watermark_offsets(self, place, timeout, cached=False):
        return self.ends

    def assign(self, partitions):
        self.assigned = partitions

    def commit(self, offsets, asynchronous):
        self.committed = offsets

    def subscribe(self, topics, on_assign=None):
        self.topics = topics


class Process:
    """A process of the group: its reader, and what its handler was called with."""

    def __init__(self, broker, handled):
        def decode(message):
            return ((message.value.decode(), message.offset),)

        store = StoreByTopic("us", lambda topic: HandlerStore("us", handled.append, decode))
        self.broker = broker
        self.reader = KafkaReader(
            name="S", settings={"group.id": "us"}, topics=["a"], store=store, batch_size=10
        )
        self.reader.positions.identities = broker
        self.assign()

    def assign(self):
        self.reader._assign(self.broker, [TopicPartition("a", 0)])

    def read(self, *batches):
        self.broker.batches += batches
        for _ in batches:
            self.reader.step(self.broker, threading.Event())


def batch(word, first, last):
    return [KafkaMessage(offset, word.encode()) for offset in range(first, last)]


def expected(word, first, last):
    return [(word, offset) for offset in range(first, last)]


def next_offset():
    return StreamOffset.objects.get().next_offset


@pytest.mark.parametrize("identities", [("X", "Y"), ("", "")], ids=["told", "not told"])
def test_messages_beside_the_word_that_offsets_are_out_of_range_hide_none_of_the_new_topic(identities):
    handled = []
    broker = Broker(identities[0])
    process = Process(broker, handled)
    process.read(batch("old", 900, 905))
    broker.identity = identities[1]
    process.read([*batch("old", 905, 910), LOST])
    assert (broker.assigned[0].offset, next_offset()) == (0, 0)
    process.read(batch("new", 0, 5))
    assert handled == expected("old", 900, 910) + expected("new", 0, 5)
    assert (process.reader.total.known, next_offset()) == (0, 5)
    assert "a was made anew" in process.reader.error or "a[0] was made anew" in process.reader.error


def test_messages_in_hand_are_not_told_as_deleted():
    process = Process(Broker("X", low=908, high=950), [])
    process.read([*batch("old", 900, 905), LOST])
    assert "3 messages were deleted by the broker before they were read (offsets 905 to 907)" in (
        process.reader.error
    )
    assert (process.broker.assigned[0].offset, next_offset()) == (908, 905)


@pytest.mark.parametrize("told_late", [False, True])
def test_a_topic_that_offsets_tell_to_be_another_is_read_once(told_late):
    handled = []
    broker = Broker("X")
    process = Process(broker, handled)
    process.read(batch("old", 900, 905))
    broker.identity = "" if told_late else "Y"
    process.read([LOST], batch("new", 0, 5))
    broker.identity = "Y"
    again = Process(broker, handled)
    assert again.broker.assigned[0].offset == 5
    assert handled == expected("old", 900, 905) + expected("new", 0, 5)
    assert StreamTopic.objects.get().identity == "Y"


def test_a_topic_that_has_grown_past_what_was_read_is_noticed_by_its_identity():
    broker = Broker("X", high=50)
    process = Process(broker, [])
    process.read(batch("old", 3, 7))
    broker.identity = "Y"
    process.read([LOST])
    assert (broker.assigned[0].offset, next_offset()) == (0, 0)


def test_all_partitions_of_a_topic_that_is_another_begin_anew():
    broker = Broker("X")
    process = Process(broker, [])
    StreamOffset.objects.create(group="us", topic="a", partition=0, next_offset=900)
    StreamOffset.objects.create(group="us", topic="a", partition=1, next_offset=3)
    StreamOffset.objects.create(group="us", topic="b", partition=0, next_offset=4)
    broker.assigned = [TopicPartition("a", 1, 3), TopicPartition("a", 0, 900), TopicPartition("b", 0, 4)]
    broker.identity = ""
    process.read([LOST])
    assert [one.offset for one in broker.assigned] == [0, 0, 4]
    assert list(StreamOffset.objects.order_by("pk").values_list("next_offset", flat=True)) == [0, 0, 4]


def test_offsets_move_on_where_the_broker_does_not_tell_what_another_process_was_told():
    handled = []
    broker = Broker("X")
    process = Process(broker, handled)
    process.read(batch("old", 0, 3))
    begin_new_topics("us", {"a": "Y"})
    broker.identity = ""
    process.assign()
    process.read(batch("new", 0, 4))
    assert next_offset() == 4
    process.assign()
    process.read(batch("new", 0, 4))
    assert handled == expected("old", 0, 3) + expected("new", 0, 4)


def test_a_process_that_reads_on_asks_again_when_another_has_begun_the_topic_anew():
    """It would never move the offsets of a topic that it takes for the former one."""
    handled = []
    broker = Broker("X", high=50)
    process = Process(broker, handled)
    process.read(batch("old", 0, 3))
    begin_new_topics("us", {"a": "Y"})
    broker.identity = "Y"
    process.read(batch("old", 3, 5))
    assert (broker.assigned[0].offset, next_offset()) == (0, 0)
    process.read(batch("new", 0, 4))
    assert next_offset() == 4
    assert handled == expected("old", 0, 5) + expected("new", 0, 4)


def test_who_asks_for_identities_gets_in_as_who_reads():
    def token(config):
        return "token", 0.0

    connection = {
        "bootstrap.servers": "host:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "ssl.ca.location": "ca.pem",
        "enable.ssl.certificate.verification": False,
        "https.ca.location": "ca.pem",
        "oauth_cb": token,
        "broker.address.family": "v4",
    }
    assert of_connection({**connection, "group.id": "us", "auto.offset.reset": "error"}) == connection
