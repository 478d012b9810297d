"""A Kafka stream of real packets: exactly once, whatever ends in the middle."""

import io
import json
import threading
import time

import fastavro
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from tests.shared_data import shared_data_dir
from tests.standins.kafka_broker import confluent_frame, mock_cluster
from tom_alertstreams.alertstreams.alertstream import get_alert_streams
from tom_alertstreams.alertstreams.kafka import KafkaAlertStream
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.models import DeadLetter, StreamOffset, StreamState
from tom_alertstreams.offsets import letter_of
from tom_alertstreams.services import StoresByGroup, replay_all
from tom_alertstreams.storing import PacketStore
from tom_common.job_endings import JobCancelled, JobTimedOut
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.ingest import IngestOptions, ingest_packets
from tom_dataservices.packets import SchemaStore, StreamMessage, reading
from tom_targets.models import Target


def messages_of(packets, topic="fink_test_ztf"):
    key, values = packets
    return [StreamMessage(topic, 0, offset, value, key) for offset, value in enumerate(values)]


def store_for(group="us"):
    return PacketStore(group, IngestOptions(), SchemaStore())


def rows():
    names = sorted(Target.objects.values_list("name", flat=True))
    fields = ("target__name", "timestamp", "bandpass", "brightness", "limit")
    return names, sorted(PhotometryReducedDatum.objects.values_list(*fields), key=repr)


@pytest.fixture
def from_the_file(db):
    """Give what the ingest of the same packets from their file stores."""
    ingest_packets(
        [shared_data_dir() / "data" / "alerts" / "fink" / "fink_ztf_31alerts.avro"], IngestOptions()
    )
    expected = rows()
    Target.objects.all().delete()
    assert not PhotometryReducedDatum.objects.exists()
    return expected


def test_messages_store_what_the_file_of_the_same_packets_does(from_the_file, packets):
    messages = messages_of(packets)
    result = store_for().store(messages)
    assert (result.used, result.dead, result.known) == (31, 0, 0)
    assert rows() == from_the_file
    assert StreamOffset.objects.get().next_offset == 31


def test_messages_that_come_again_are_left_out(db, packets):
    messages = messages_of(packets)
    store_for().store(messages[:20])
    before = rows()
    again = store_for().store(messages[10:20])
    assert (again.used, again.known) == (0, 10)
    assert rows() == before
    rest = store_for().store(messages[15:])
    assert (rest.used, rest.known) == (11, 5)


@pytest.mark.django_db(transaction=True)
def test_rows_and_offsets_are_stored_together_or_not_at_all(packets, monkeypatch):
    import tom_alertstreams.storing as storing

    real = storing.ingest_batch

    def breaks_off(*args, **options):
        real(*args, **options)
        raise OperationalError("the database went away")

    monkeypatch.setattr(storing, "ingest_batch", breaks_off)
    store = store_for()
    with pytest.raises(OperationalError):
        store.store(messages_of(packets))
    assert not Target.objects.exists()
    assert not StreamOffset.objects.exists()
    monkeypatch.setattr(storing, "ingest_batch", real)
    again = store.store(messages_of(packets))
    assert again.used == 31
    assert again.new_data == PhotometryReducedDatum.objects.count() > 31


def test_a_bad_message_is_kept_with_its_reason_and_the_others_are_used(db, packets):
    key, _ = packets
    messages = messages_of(packets)
    messages[3] = StreamMessage("fink_test_ztf", 0, 3, b"\xff\xd8 a picture", key)
    messages[5] = StreamMessage("fink_test_ztf", 0, 5, b"", key)
    messages[7] = StreamMessage("fink_test_ztf", 0, 7, messages[7].value, b"{no json")
    messages[9] = StreamMessage("fink_test_ztf", 0, 9, b"plain text", None)
    result = store_for().store(messages)
    assert (result.used, result.dead) == (27, 4)
    letters = {letter.offset: letter for letter in DeadLetter.objects.all()}
    assert set(letters) == {3, 5, 7, 9}
    assert bytes(letters[9].value) == b"plain text"
    assert letters[5].reason == "the message is empty"
    assert "no Avro container" in letters[9].reason
    assert StreamOffset.objects.get().next_offset == 31
    assert store_for().store(messages).dead == 0


@pytest.mark.django_db(transaction=True)
def test_a_message_that_breaks_the_storing_is_found_and_buried(packets, monkeypatch):
    import tom_alertstreams.storing as storing

    real = storing.read_message_batches
    poison = messages_of(packets)[13].value

    def read(messages, *args, **kwargs):
        if any(message.value == poison for message in messages):
            raise ZeroDivisionError("poison")
        return real(messages, *args, **kwargs)

    monkeypatch.setattr(storing, "read_message_batches", read)
    result = store_for().store(messages_of(packets))
    assert (result.used, result.dead) == (30, 1)
    letter = DeadLetter.objects.get()
    assert (letter.offset, letter.reason) == (13, "ZeroDivisionError: poison")
    monkeypatch.setattr(storing, "read_message_batches", real)
    before = PhotometryReducedDatum.objects.count()
    assert store_for().replay(letter) == ""
    assert PhotometryReducedDatum.objects.count() > before


def letters_of(messages, reason="broken"):
    DeadLetter.objects.bulk_create([letter_of("us", message, reason) for message in messages])
    return DeadLetter.objects.order_by("offset")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [TypeError, KeyError])
def test_a_letter_that_breaks_the_storing_again_does_not_keep_the_others(packets, monkeypatch, error):
    letters = letters_of(messages_of(packets)[:2])
    store = store_for()
    monkeypatch.setattr(StoresByGroup, "of", lambda self, letter: store)
    monkeypatch.setattr(store, "ingest", breaking_once(store.ingest, error("still so")))

    assert replay_all(letters) == (1, 1)

    first, second = letters
    assert (first.replayed, first.in_hand_since) == (None, None)
    assert first.reason.startswith(f"{error.__name__}: ")
    assert second.replayed is not None
    assert Target.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [JobTimedOut, JobCancelled])
@pytest.mark.parametrize("where", ["the storing", "the reading"])
def test_the_end_of_its_job_is_no_fault_of_a_letter(packets, monkeypatch, end, where):
    (letter,) = letters_of(messages_of(packets)[:1])
    store = store_for()
    monkeypatch.setattr(StoresByGroup, "of", lambda self, letter: store)
    if where == "the storing":
        monkeypatch.setattr(store, "ingest", breaking_once(store.ingest, end()))
    else:
        monkeypatch.setattr(reading.Table, "of", breaking_once(reading.Table.of, end()))

    with pytest.raises(end):
        replay_all(DeadLetter.objects.all())

    letter.refresh_from_db()
    assert (letter.reason, letter.replayed, letter.in_hand_since) == ("broken", None, None)
    assert replay_all(DeadLetter.objects.all()) == (1, 0)


def breaking_once(function, error):
    """Return a function that raises an error at the first call, and is another one from then on."""
    errors = [error]

    def called(*args, **kwargs):
        if errors:
            raise errors.pop()
        return function(*args, **kwargs)

    return called


@pytest.mark.django_db(transaction=True)
def test_a_message_with_many_bad_alerts_is_one_dead_letter():
    path = shared_data_dir() / "data" / "alerts" / "fink" / "fink_ztf_31alerts.avro"
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        schema, records = reader.writer_schema, list(reader)[:5]
    for record in records[1:4]:
        record["objectId"] = ""
    container = io.BytesIO()
    fastavro.writer(container, schema, records)

    result = store_for().store([StreamMessage("many", 0, 7, container.getvalue())])

    assert (result.used, result.dead) == (0, 1)
    stored = {records[0]["objectId"], records[4]["objectId"]}  # the good ones of the message are there
    assert set(Target.objects.values_list("name", flat=True)) == stored
    letter = DeadLetter.objects.get()
    assert (letter.offset, letter.reason) == (7, "the packet names no object")


def test_a_dead_letter_that_is_still_bad_says_why(db):
    letter = DeadLetter(group="us", topic="t", partition=0, offset=1, value=b"nothing")
    assert "not an alert packet" in store_for().replay(letter)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"URL": "localhost:9092", "GROUP_ID": "us"}, "lacks the options TOPICS"),
        ({"URL": "localhost:9092", "GROUP_ID": "us", "TOPICS": " , "}, "has no topic to read"),
        (
            {"URL": "u", "GROUP_ID": "us", "TOPICS": "a", "TOPIC_HANDLERS": {"a": "no.such.handler"}},
            "names a handler that cannot be used",
        ),
    ],
)
def test_options_that_do_not_do_are_told(options, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        KafkaAlertStream(**options)


def test_streams_are_made_of_the_setting():
    options = {"URL": "localhost:9092", "GROUP_ID": "us", "TOPICS": "a, b"}
    name = "tom_alertstreams.alertstreams.kafka.KafkaAlertStream"
    entries = [{"NAME": name, "OPTIONS": options}, {"NAME": name, "OPTIONS": options, "ACTIVE": False}]
    (stream,) = get_alert_streams(entries)
    assert stream.topic_names() == ["a", "b"]
    assert stream.group_id == "us"
    with pytest.raises(ImproperlyConfigured, match="no.such.Stream, which cannot be imported"):
        get_alert_streams([{"NAME": "no.such.Stream", "OPTIONS": {}}])


def test_passwords_are_sent_only_where_user_and_password_are_given():
    options = {"URL": "localhost:9092", "GROUP_ID": "us", "TOPICS": "a", "USERNAME": "me"}
    assert "sasl.username" not in KafkaAlertStream(**options).kafka_settings()
    found = KafkaAlertStream(**options, PASSWORD="secret").kafka_settings()
    assert found["sasl.username"] == "me"
    assert found["sasl.mechanism"] == "SCRAM-SHA-512"
    assert found["security.protocol"] == "SASL_SSL"
    assert found["enable.auto.commit"] is False


@pytest.fixture
def broker():
    """Give a producer with a broker inside, and the broker's address."""
    with mock_cluster() as found:
        yield found


@pytest.mark.django_db(transaction=True)
def test_a_live_topic_is_read_and_reading_goes_on_where_it_ended(broker, packets):
    producer, address = broker
    key, values = packets
    topic = "fink_live_ztf"

    def produce(some):
        for value in some:
            producer.produce(topic, value=value, key=key)
        producer.flush(10)

    def read_until(group, count):
        reader = KafkaReader(
            name="live",
            settings={
                "bootstrap.servers": address,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            },
            topics=[topic],
            store=PacketStore("us", IngestOptions(), SchemaStore()),
            batch_size=7,
        )
        stop = threading.Event()
        watch = threading.Timer(60, stop.set)
        watch.start()
        until = threading.Thread(target=lambda: _stop_when(reader, count, stop))
        until.start()
        reader.run(stop)
        until.join()
        watch.cancel()
        return reader

    produce(values[:20])
    first = read_until("g1", 20)
    assert (first.total.used, first.total.dead) == (20, 0)
    offset = StreamOffset.objects.get()
    assert (offset.topic, offset.next_offset) == (topic, 20)
    state = StreamState.objects.get()
    assert (state.word, state.messages) == ("stopped", 20)
    produce(values[20:])
    # Another group at the broker, as after its offsets were lost: our table knows better.
    second = read_until("g2", 11)
    assert (second.total.used, second.total.known) == (11, 0)
    assert StreamOffset.objects.get().next_offset == 31


def _stop_when(reader, count, stop):
    while not stop.is_set():
        if reader.total.used + reader.total.dead >= count:
            stop.set()
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_a_registry_is_not_asked_while_rows_are_locked():
    folder = shared_data_dir() / "data" / "alerts" / "rubin"
    value = (folder / "rubin_v9_confluent_7912941781254298.bin").read_bytes()
    schema = fastavro.schema.load_schema(str(next((folder / "schema/9/0").glob("*alert.avsc"))))
    text = json.dumps({name: part for name, part in schema.items() if not name.startswith("__")})
    asked = []

    def registry(number):
        asked.append((number, connection.in_atomic_block))
        return text if number == 901 else None

    store = PacketStore("us", IngestOptions(), SchemaStore(registry=registry))
    unknown = confluent_frame(7, b"x" * 20)
    plain = StreamMessage("lsst", 0, 2, b"\0\0\0\0\x09 a bare body", b'{"type": "nonsense"}')
    messages = [StreamMessage("lsst", 0, 0, confluent_frame(901, value[5:])), plain]
    result = store.store([messages[0], StreamMessage("lsst", 0, 1, unknown), messages[1]])
    assert (result.used, result.dead) == (1, 2)
    assert asked[:2] in ([(901, False), (7, False)], [(7, False), (901, False)])
    assert {number for number, _ in asked} == {901, 7}
    assert store.use(messages[0]) == ""
