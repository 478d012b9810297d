"""Where partitions begin: by our table and the settings, and anew where a topic is another one."""

import pytest
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition

from tests.standins.kafka_broker import kafka_broker
from tom_alertstreams.identities import TopicIdentities, begin_new_topics
from tom_alertstreams.models import StreamOffset, StreamTopic
from tom_alertstreams.offsets import OffsetKeeper
from tom_alertstreams.positions import Positions
from tom_dataservices.packets import StreamMessage

pytestmark = pytest.mark.once


class Told:
    """Identities that nobody has to ask for."""

    def __init__(self, **identities):
        self.identities = identities

    def of(self, topics):
        return {topic: self.identities[topic] for topic in topics if topic in self.identities}


def begun(*places, at_end=False, **identities):
    told = []
    positions = Positions(OffsetKeeper("us"), begin_at_end=at_end, tell=told.append)
    positions.identities = Told(**identities)
    partitions = [TopicPartition(topic, number) for topic, number in places]
    positions.begin(partitions)
    return [one.offset for one in partitions], told


def read(topic, partition, offset):
    StreamOffset.objects.create(group="us", topic=topic, partition=partition, next_offset=offset)


@pytest.mark.parametrize(("at_end", "first"), [(False, OFFSET_BEGINNING), (True, OFFSET_END)])
def test_what_was_never_read_begins_where_the_settings_say(db, at_end, first):
    read("night", 1, 7)
    assert begun(("night", 0), ("night", 1), at_end=at_end) == ([first, 7], [])


class Ends:
    """Stands for a consumer whose partitions end somewhere."""

    def __init__(self, *ends):
        self.ends = list(ends)

    def get_watermark_offsets(self, one, timeout):
        end = self.ends.pop(0)
        if end is None:
            raise KafkaException("timed out")
        return 0, end


def test_the_end_at_which_a_partition_begins_is_noted(db):
    def begins(*ends):
        positions = Positions(OffsetKeeper("us"), begin_at_end=True, tell=print)
        partitions = [TopicPartition("night", 0)]
        positions.begin(partitions, Ends(*ends))
        return partitions[0].offset

    assert begins(None) == OFFSET_END
    assert begins(40) == 40
    assert begins() == 40  # nothing was read meanwhile, and ten messages came


def test_a_topic_of_another_identity_is_read_from_its_begin_and_told(db):
    read("night", 0, 70)
    read("night", 1, 90)
    read("other", 0, 5)
    assert begun(("night", 0), ("other", 0), night="A", other="X") == ([70, 5], [])
    offsets, told = begun(("night", 0), ("other", 0), night="B", other="X")
    assert offsets == [0, 5]
    assert told == ["night was made anew since it was read last; it is read from its begin"]
    # The process that was given the other partition need not see it again.
    assert begun(("night", 1), night="B") == ([0], [])
    assert StreamTopic.objects.get(topic="night").identity == "B"


def test_what_one_process_holds_of_an_old_topic_hides_nothing_of_the_new_one(db):
    def keeper(identity):
        found = OffsetKeeper("us")
        found.identities["night"] = identity
        return found

    def messages(first, last):
        return [StreamMessage("night", 0, offset, b"x") for offset in range(first, last)]

    begin_new_topics("us", {"night": "A"})
    old = keeper("A")
    assert len(old.advance(messages(0, 100))) == 100
    assert begin_new_topics("us", {"night": "B"}) == ["night"]  # in another process
    assert len(old.advance(messages(100, 120))) == 20
    assert StreamOffset.objects.get().next_offset == 0
    assert len(keeper("B").advance(messages(0, 120))) == 120
    assert StreamOffset.objects.get().next_offset == 120


def test_a_broker_that_tells_no_identity_leaves_offsets_alone(db):
    read("night", 0, 70)
    begun(("night", 0), night="A")
    assert begun(("night", 0)) == ([70], [])
    assert begun(("night", 0), night="A") == ([70], [])


def test_identities_of_a_group_are_its_own(db):
    assert begin_new_topics("us", {"night": "A"}) == []
    assert begin_new_topics("them", {"night": "B"}) == []
    assert StreamTopic.objects.count() == 2


def test_a_broker_gives_a_topic_that_is_made_again_another_identity():
    with kafka_broker() as broker:
        asked = TopicIdentities({"bootstrap.servers": broker.address})
        broker.make_topic("night")
        first = asked.of(["night", "no such topic"])
        assert set(first) == {"night"}
        assert asked.of(["night"]) == first
        broker.stop()
        broker.start()
        assert asked.of(["night"]) == {}
        broker.make_topic("night")
        assert asked.of(["night"])["night"] != first["night"]
