"""Streams on a live broker: topics that come later, outages, poison, large messages, TLS, a registry."""

import datetime as dt
import json
import threading
import time

import confluent_kafka
import fastavro
import pytest

from tests.shared_data import shared_data_dir
from tests.standins.kafka_broker import (
    FAST_GROUP,
    confluent_frame,
    kafka_behind_a_gate,
    kafka_broker,
    mock_cluster,
)
from tests.standins.serving import StandIn, running
from tom_alertstreams.alertstreams.kafka import KafkaAlertStream
from tom_alertstreams.models import DeadLetter, StreamOffset, StreamState
from tom_alertstreams.topics import topics_of
from tom_dataproducts.models import LightCurveSummary, PhotometryReducedDatum
from tom_targets.models import Target

WAIT_S = 180
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(scope="module")
def broker():
    with kafka_broker() as started:
        yield started


@pytest.fixture(scope="module")
def packets():
    """Give the real ZTF packets, each a container as ZTF sends them."""
    import io

    path = shared_data_dir() / "data" / "alerts" / "fink" / "fink_ztf_31alerts.avro"
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        found = []
        for record in reader:
            content = io.BytesIO()
            fastavro.writer(content, reader.writer_schema, [record])
            found.append(content.getvalue())
    return found


def stream_of(address, topics, **options):
    given = {"URL": address, "GROUP_ID": f"us-{'-'.join(topics)}", "TOPICS": topics, "CUTOUTS": False}
    fast = {**FAST_GROUP, "topic.metadata.refresh.interval.ms": 1000, **options.pop("KAFKA", {})}
    return KafkaAlertStream(**given, **options, KAFKA=fast)


class Reading:
    """A stream that is read by this thread until something is true of its reader."""

    def __init__(self, stream):
        self.reader = stream.reader()
        self.stop = threading.Event()
        self.missed = None

    def until(self, *steps):
        """Wait for one condition after the other; a step that is no condition is done (returns None)."""
        watch = threading.Thread(target=self._watch, args=(steps,), daemon=True)
        watch.start()
        self.reader.run(self.stop)
        watch.join(10)
        assert self.missed is None, f"waited in vain for step {self.missed}: {self.reader.error!r}"
        return self.reader

    def _watch(self, steps):
        end = time.monotonic() + WAIT_S
        for number, step in enumerate(steps):
            while step(self.reader) is False:
                if time.monotonic() > end:
                    self.missed = number
                    break
                time.sleep(0.1)
        self.stop.set()


def taken(count):
    return lambda reader: reader.total.used + reader.total.dead >= count


def do(action):
    def step(reader):
        action()

    return step


def test_a_topic_that_comes_later_is_found_and_the_one_that_is_there_is_read_meanwhile(broker, packets):
    broker.produce("there", packets[:4])
    reading = Reading(stream_of(broker.address, ["there", "later"]))
    reader = reading.until(taken(4), do(lambda: broker.produce("later", packets[4:9])), taken(9))
    assert (reader.total.used, reader.total.dead) == (9, 0)
    assert {row.topic: row.next_offset for row in StreamOffset.objects.all()} == {"there": 4, "later": 5}
    assert not LightCurveSummary.objects.filter(is_stale=True).exists()


def test_poison_and_large_messages_hold_nothing_up(broker, packets):
    unknown = confluent_frame(424242, b"\x02\x04")
    large = b"\xff" + bytes(2_000_000)
    broker.produce("poisoned", [unknown, b"", b"{no alert", large, packets[0][:3000], b"\x00" * 5])
    broker.produce("mixed", [packets[0], b"\xff\xd8 a picture", packets[1], large, packets[2]])
    reader = Reading(stream_of(broker.address, ["poisoned", "mixed"])).until(taken(11))
    assert (reader.total.used, reader.total.dead) == (3, 8)
    letters = {(letter.topic, letter.offset): letter for letter in DeadLetter.objects.all()}
    assert bytes(letters["mixed", 3].value) == large
    assert "schema 424242" in letters["poisoned", 0].reason
    assert letters["poisoned", 1].reason == "the message is empty"
    names = {fastavro_name(one) for one in packets[:3]}
    assert set(Target.objects.values_list("name", flat=True)) == names


def fastavro_name(packet):
    import io

    return next(iter(fastavro.reader(io.BytesIO(packet))))["objectId"]


def test_a_broker_that_goes_away_is_told_and_reading_goes_on_when_it_is_back(packets):
    with kafka_behind_a_gate() as (broker, gate):
        broker.produce("night", packets[:5])
        states = []

        def away(reader):
            states.append(reader.word)
            return reader.word == StreamState.Word.WAITING and bool(reader.error)

        reader = Reading(stream_of(broker.address, ["night"])).until(
            taken(5),
            do(gate.shut),
            away,
            do(gate.open),
            lambda reader: reader.word == StreamState.Word.READING,
            do(lambda: broker.produce("night", packets[5:12])),
            taken(12),
        )
    assert (reader.total.used, reader.total.known, reader.total.dead) == (12, 0, 0)
    assert reader.error == ""


@pytest.fixture
def mock_broker():
    """Give a producer with a mock cluster inside, and its address; it refuses offsets out of range."""
    with mock_cluster() as found:
        yield found


PATIENT_GROUP = {"session.timeout.ms": 30_000, "heartbeat.interval.ms": 1000}


def test_a_topic_that_was_made_anew_is_read_from_its_begin_and_told(mock_broker, packets):
    producer, address = mock_broker
    for value in packets[:5]:
        producer.produce("night", value=value, partition=0)
    producer.flush(60)
    StreamOffset.objects.create(group="us-night", topic="night", partition=0, next_offset=900)
    reader = Reading(stream_of(address, ["night"], KAFKA=PATIENT_GROUP)).until(taken(5))
    assert (reader.total.used, reader.total.known) == (5, 0)
    assert "night[0] was made anew: it ends at 5, and we had read up to 900" in reader.error
    assert StreamOffset.objects.get().next_offset == 5
    assert PhotometryReducedDatum.objects.exists()


def test_messages_that_expired_unread_are_told(broker, packets, caplog):
    broker.produce("short", packets[:3])
    StreamOffset.objects.create(group="us-short", topic="short", partition=0, next_offset=1)
    stream = stream_of(broker.address, ["short"])
    reading = Reading(stream)
    reading.reader.positions._checked(
        _Watermarks(low=4, high=9), _Place("short", 0), 1
    )  # what a broker with retention says
    assert "3 messages were deleted by the broker before they were read (offsets 1 to 3)" in caplog.text
    reader = reading.until(taken(2))
    assert reader.total.used == 2


class _Place:
    def __init__(self, topic, partition):
        self.topic, self.partition = topic, partition


class _Watermarks:
    def __init__(self, low, high):
        self.found = low, high

    def get_watermark_offsets(self, place, timeout):
        return self.found


def test_partitions_never_read_begin_at_their_end_where_the_option_says_so(mock_broker, packets):
    producer, address = mock_broker
    for value in packets[:6]:
        producer.produce("old", value=value, partition=0)
    producer.flush(60)
    reading = Reading(stream_of(address, ["old"], START_POSITION="LATEST", KAFKA=PATIENT_GROUP))
    assigned = []
    begin = reading.reader.positions.begin

    def noted(*args):
        begin(*args)
        assigned.append(True)

    def produce():
        for value in packets[6:8]:
            producer.produce("old", value=value, partition=0)
        producer.flush(60)

    reading.reader.positions.begin = noted
    reader = reading.until(lambda _: bool(assigned), do(lambda: time.sleep(5)), do(produce), taken(2))
    assert reader.total.used == 2
    assert dict(StreamOffset.objects.values_list("partition", "next_offset")) == {0: 8, 1: 0, 2: 0, 3: 0}


class Registry(StandIn):
    """A schema registry with some schemas."""

    def __init__(self, schemas):
        super().__init__()
        self.schemas = schemas

    def answer(self, method, path, query, body, headers):
        number = int(path.rpartition("/")[2])
        if number in self.schemas:
            return 200, {"schema": self.schemas[number]}, "application/json"
        return 404, {"error_code": 40403, "message": "Schema not found"}, "application/json"


def test_schemas_come_from_a_registry_and_messages_wait_while_it_is_away(broker):
    folder = shared_data_dir() / "data" / "alerts" / "rubin"
    value = (folder / "rubin_v9_confluent_7912941781254298.bin").read_bytes()
    schema = fastavro.schema.load_schema(str(next((folder / "schema/9/0").glob("*alert.avsc"))))
    text = json.dumps({name: part for name, part in schema.items() if not name.startswith("__")})
    broker.produce("lsst", [value, confluent_frame(901, value[5:])])
    with running(Registry({900: text})) as registry:
        registry.faults = {("GET", "/schemas"): [503] * 3}
        stream = stream_of(broker.address, ["lsst"], SCHEMA_REGISTRY=registry.url)
        reader = Reading(stream).until(taken(2))
    assert (reader.total.used, reader.total.dead) == (1, 1)
    assert "901" in DeadLetter.objects.get().reason
    assert Target.objects.count() == 1


def test_packets_without_a_schema_are_read_by_the_schema_of_the_option(broker, tmp_path):
    import gzip

    folder = shared_data_dir() / "data" / "alerts" / "elasticc"
    with gzip.open(folder / "elasticc_v0_9_obj747.avro.gz") as file:
        reader = fastavro.reader(file)
        schema, record = reader.writer_schema, next(reader)
    path = tmp_path / "elasticc.avsc"
    path.write_text(json.dumps({key: part for key, part in schema.items() if not key.startswith("__")}))
    import io

    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, record)
    broker.produce("elasticc", [body.getvalue()])
    reader = Reading(stream_of(broker.address, ["elasticc"], SCHEMA_FILE=str(path))).until(taken(1))
    assert (reader.total.used, reader.total.dead) == (1, 0)
    assert PhotometryReducedDatum.objects.exists()


HANDLED = []


def note(alert, topic):
    """Be the handler of a JSON topic."""
    HANDLED.append((alert, topic))


def test_json_topics_go_to_their_handler(broker, packets):
    HANDLED.clear()
    broker.produce("notices", [b'{"ra": 12.5, "mag": NaN}', b"{no json"])
    broker.produce("alerts", packets[:2])
    handlers = {"notices": f"{__name__}.note"}
    stream = stream_of(broker.address, ["notices", "alerts"], TOPIC_HANDLERS=handlers)
    reader = Reading(stream).until(taken(4))
    assert (reader.total.used, reader.total.dead) == (3, 1)
    assert HANDLED == [({"ra": 12.5, "mag": None}, "notices")]
    assert Target.objects.count() == 2


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        (1, ["ztf_20261201_programid1", "heartbeat"]),
        (3, ["ztf_20261129_programid1", "ztf_20261130_programid1", "ztf_20261201_programid1", "heartbeat"]),
    ],
)
def test_topics_with_a_date_roll_on(nights, expected):
    found = topics_of(["ztf_YYYYMMDD_programid1", "heartbeat"], dt.date(2026, 11, 30), nights=nights)
    assert found == expected


def test_the_topic_of_the_next_night_is_subscribed_at_midnight(broker, packets):
    today = dt.datetime.now(dt.UTC).date()
    names = topics_of(["roll_YYYYMMDD_p1"], today, nights=2)
    for number, name in enumerate(names):
        broker.produce(name, packets[number * 3 : number * 3 + 3])
    reader = Reading(stream_of(broker.address, ["roll_YYYYMMDD_p1"], NIGHTS=2)).until(taken(6))
    assert reader.total.used == 6
    assert StreamState.objects.get().topics == names


def test_a_broker_that_began_anew_and_has_more_by_now_is_read_from_the_begin(packets):
    """Its offsets alone do not tell: at 5 there is a message again, and those before it are others."""
    with kafka_broker() as broker:
        broker.produce("night", packets[:5])
        reader = Reading(stream_of(broker.address, ["night"])).until(taken(5))
        assert reader.total.used == 5
        broker.stop()
        broker.start()
        broker.produce("night", packets[5:12])
        reader = Reading(stream_of(broker.address, ["night"])).until(taken(7))
    assert (reader.total.used, reader.total.known) == (7, 0)
    assert "night was made anew" in reader.error
    assert StreamOffset.objects.get().next_offset == 7


def test_what_somebody_committed_at_the_broker_does_not_hide_alerts_from_an_empty_table(packets):
    with kafka_broker() as broker:
        broker.produce("night", packets[:5])
        other = confluent_kafka.Consumer(
            {"bootstrap.servers": broker.address, "group.id": "us-night", **FAST_GROUP}
        )
        other.commit(offsets=[confluent_kafka.TopicPartition("night", 0, 4)], asynchronous=False)
        other.close()
        reader = Reading(stream_of(broker.address, ["night"])).until(taken(5))
    assert reader.total.used == 5
