"""Hopskotch, GCN and ANTARES: messages of every form, on a live Kafka broker, to handlers of either kind."""

import io
import json
import logging
import struct
import threading
import time
import zlib

import fastavro
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from tests.shared_data import shared_data_dir
from tests.standins.bson import bson
from tests.standins.kafka_broker import mock_cluster
from tom_alertstreams.alertstreams.alertstream import get_alert_streams, stream_labels
from tom_alertstreams.alertstreams.antares import AntaresAlertStream, read_locus
from tom_alertstreams.alertstreams.gcn import GCNAlertStream, GCNClassicAlertStream
from tom_alertstreams.alertstreams.hopskotch import bootstrap_servers
from tom_alertstreams.bodies import (
    AvroBlob,
    Blob,
    ExternalMessage,
    GCNCircular,
    JSONBlob,
    gcn_body,
    hopskotch_body,
)
from tom_alertstreams.handling import UndecodableError
from tom_alertstreams.models import DeadLetter, StreamCount, StreamState
from tom_alertstreams.tests.making import hopskotch
from tom_dataservices.packets import StreamMessage

HOP = "tom_alertstreams.alertstreams.hopskotch"
VOEVENT = (
    b'<?xml version="1.0"?><voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" role="test"'
    b' ivorn="ivo://gwnet/LVC#MS181101ab"><What><Param name="FAR" value="1e-9"/><Param name="Group"'
    b' value="CBC"/></What><Who><Date>2018-11-01T22:34:49</Date></Who></voe:VOEvent>'
)
got = []


def keep(alert, metadata):
    got.append((metadata.topic, alert))
    if isinstance(alert, JSONBlob) and alert.content == {"bad": True}:
        raise ValueError("no such thing")


def keep_message(alert):
    got.append((alert.topic(), alert.value(), alert.error(), alert.key(), alert.headers()))


def keep_locus(locus):
    got.append(locus)


@pytest.fixture(autouse=True)
def nothing_got():
    got.clear()


def hop(**others):
    return hopskotch(f"{__name__}.keep", **others)


def message(topic, value, headers=()):
    return StreamMessage(topic, 0, 0, value, None, 1_700_000_000_000, tuple(headers))


def avro_container(records):
    file = io.BytesIO()
    schema = {"type": "record", "name": "r", "fields": [{"name": "n", "type": "int"}]}
    fastavro.writer(file, fastavro.parse_schema(schema), records)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (b"json", b'{"a": 1}', JSONBlob({"a": 1})),
        (b"avro", avro_container([{"n": 1}, {"n": 2}]), AvroBlob([{"n": 1}, {"n": 2}])),
        (b"blob", b"\x00\xff", Blob(b"\x00\xff")),
        (b"external", b'{"url": "https://a/b"}', ExternalMessage("https://a/b")),
        (
            b"circular",
            b"TITLE:   GCN CIRCULAR\nNUMBER:  33603\n\nThe text: all of it.",
            GCNCircular({"title": "GCN CIRCULAR", "number": "33603"}, "The text: all of it."),
        ),
        (b"circular", b'{"header": {"TITLE": "x"}, "body": "y"}', GCNCircular({"title": "x"}, "y")),
        (b"circular", b"TITLE: x\r\n\r\nOne.\r\n\r\nTwo.", GCNCircular({"title": "x"}, "One.\n\nTwo.")),
        (None, b"[" * 100_000, Blob(b"[" * 100_000)),
        (None, b'{"format": "json", "content": {"a": 1}}', JSONBlob({"a": 1})),
        (None, b'{"a": 1}', JSONBlob({"a": 1})),
        (None, b"plain", Blob(b"plain")),
    ],
    ids="json avro blob external circular circular-json circular-crlf deep wrapped bare-json bare".split(),
)
def test_bodies_of_hopskotch_are_read_by_their_header(form, value, expected):
    headers = [("_format", form)] if form else []
    assert hopskotch_body(message("t", value, headers)) == expected


def test_a_voevent_is_read():
    event = hopskotch_body(message("t", VOEVENT, [("_format", b"voevent")]))
    assert (event.role, event.ivorn) == ("test", "ivo://gwnet/LVC#MS181101ab")
    assert event.content["What"]["Param"][0] == {"name": "FAR", "value": "1e-9"}
    assert event.content["Who"]["Date"] == "2018-11-01T22:34:49"


@pytest.mark.parametrize(
    ("form", "value", "words"),
    [
        (b"json", b"{", "not JSON"),
        (b"json", b"[" * 100_000, "not JSON: maximum recursion depth"),
        (b"avro", b"Obj\x01", "not an Avro container"),
        (b"avro", avro_container([{"n": 1}])[:-9], "not an Avro container"),
        (b"voevent", b"<a>", "not XML"),
        (b"voevent", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "declares a document type"),
        (b"voevent", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"), "a document type"),
        (b"voevent", b'<?xml version="1.0" encoding="nonsense"?><a/>', "not XML: unknown encoding"),
        (b"voevent", b'<?xml version="1.0" encoding="Shift_JIS"?><a/>', "not XML: multi-byte"),
        (b"external", b"{}", "names no url"),
        (b"circular", b"no header", "no header lines"),
    ],
)
def test_a_body_that_is_not_what_its_header_says_is_refused(form, value, words):
    with pytest.raises(UndecodableError, match=words):
        hopskotch_body(message("t", value, [("_format", form)]))


def test_notices_of_gcn_are_read_by_their_topic():
    folder = shared_data_dir() / "data" / "alerts"
    for path in sorted((folder / "gcn").glob("*.json")):
        assert gcn_body(f"gcn.notices.{path.stem}", path.read_bytes()) == json.loads(path.read_text())
    notice = gcn_body("igwn.gwalert", (folder / "lvk" / "MS181101ab-initial.json").read_bytes())
    assert notice["superevent_id"] == "MS181101ab"
    text = b"TITLE:            GCN/FERMI NOTICE\nGRB_RA:           10.5d {+00h 42m} (J2000),\n"
    text += b"                  10.6d {+00h 42m} (current)\nCOMMENTS: a\nCOMMENTS: b\n"
    lines = gcn_body("gcn.classic.text.FERMI_GBM_FIN_POS", text)
    assert lines["TITLE"] == "GCN/FERMI NOTICE"
    assert lines["GRB_RA"].splitlines()[1] == "10.6d {+00h 42m} (current)"
    assert lines["COMMENTS"] == "a\nb"
    words = gcn_body("gcn.classic.binary.SWIFT_BAT_GRB_POS_ACK", struct.pack(">40i", 61, *range(39)))
    assert (words[0], words[-1], len(words)) == (61, 38, 40)
    assert gcn_body("gcn.classic.voevent.LVC_INITIAL", VOEVENT).role == "test"
    with pytest.raises(UndecodableError, match="has 160 bytes; this one has 3"):
        gcn_body("gcn.classic.binary.LVC_INITIAL", b"abc")


def test_a_topic_finds_its_handler_before_the_wild_cards():
    keep_path, logger_path = f"{__name__}.keep", f"{HOP}.alert_logger"
    handlers = {"*": logger_path, "hermes.*": keep_path, "sys.heartbeat": f"{HOP}.heartbeat_handler"}
    stream = hop(TOPIC_HANDLERS=handlers)
    names = {topic: stream.handler_for(topic).__name__ for topic in ("sys.heartbeat", "hermes.new", "igwn.x")}
    assert names == {
        "sys.heartbeat": "heartbeat_handler",
        "hermes.new": "keep",
        "igwn.x": "alert_logger",
    }
    assert stream.topic_names() == ["^[^_].*", "^hermes.*", "sys.heartbeat"]
    assert hop().handler_for("igwn.x") is None


def test_credentials_go_where_they_belong():
    found = hop().kafka_settings()
    assert found["bootstrap.servers"] == "kafka.scimma.org:9092"
    assert (found["security.protocol"], found["sasl.mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert bootstrap_servers("kafka://me@a.org:1,b.org/topic") == "a.org:1,b.org:9092"
    gcn = GCNClassicAlertStream(
        GCN_CLASSIC_CLIENT_ID="id1",
        GCN_CLASSIC_CLIENT_SECRET="s1",
        TOPIC_HANDLERS={"gcn.heartbeat": f"{__name__}.keep_message"},
        DOMAIN="test.gcn.nasa.gov",
    )
    found = gcn.kafka_settings()
    assert found["bootstrap.servers"] == "kafka.test.gcn.nasa.gov"
    assert found["sasl.mechanisms"] == "OAUTHBEARER"
    assert found["sasl.oauthbearer.token.endpoint.url"] == "https://auth.test.gcn.nasa.gov/oauth2/token"
    assert found["group.id"] == "tom-id1"
    antares = AntaresAlertStream(
        API_KEY="k", API_SECRET="s", GROUP="us", TOPIC_HANDLERS={"in_m31": f"{__name__}.keep_locus"}
    )
    assert antares.topic_names() == ["client.in_m31"]
    assert antares.kafka_settings()["sasl.mechanism"] == "PLAIN"
    with pytest.raises(ImproperlyConfigured, match="has no topic to read"):
        hop(TOPIC_HANDLERS={})


def test_loci_of_antares_are_read_in_both_shapes():
    facts = {
        "ra": 150.1,
        "dec": 2.2,
        "properties": {"num_mag_values": 7},
        "tags": ["nuclear"],
        "catalogs": [],
    }
    new = read_locus(zlib.compress(bson({"id": "ANT2026a", **facts})))
    old = read_locus(zlib.compress(bson({"data": {"id": "ANT2026a", "attributes": facts}})))
    assert new == old
    assert (new.locus_id, new.ra, new.properties, new.tags) == (
        "ANT2026a",
        150.1,
        {"num_mag_values": 7},
        ["nuclear"],
    )
    for value in (
        b"x",
        zlib.compress(b"x"),
        zlib.compress(bson({"id": "a"})),
        zlib.compress(bson(facts))[:-4],
    ):
        with pytest.raises(UndecodableError):
            read_locus(value)


@pytest.fixture
def broker():
    with mock_cluster() as found:
        yield found


def listen(stream, is_enough):
    """Read until there is enough, at most three minutes."""

    def watch():
        end = time.monotonic() + 180
        while time.monotonic() < end and not is_enough():
            time.sleep(0.05)
        stream.stop.set()

    thread = threading.Thread(target=watch)
    thread.start()
    stream.listen()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_live_hopskotch_topic_goes_to_its_handler_and_bad_messages_aside(broker):
    producer, address = broker
    form = [("_format", b"json")]
    for value, headers in (
        (b'{"n": 1}', form),
        (b'{"n": "a test"}', [*form, ("_test", b"true")]),
        (b'{"bad": true}', form),
        (b"{", form),
        (b'{"n": 2}', form),
    ):
        producer.produce("hermes.test", value=value, headers=headers, partition=0)
    producer.flush(30)
    handlers = {"hermes.*": f"{__name__}.keep"}
    options = {
        "URL": f"kafka://{address}/",
        "GROUP_ID": "me-1",
        "USERNAME": "me",
        "PASSWORD": "x",
        "TOPIC_HANDLERS": handlers,
        "START_POSITION": "EARLIEST",
        "SECURITY_PROTOCOL": "plaintext",
    }
    (stream,) = get_alert_streams([{"NAME": f"{HOP}.HopskotchAlertStream", "OPTIONS": options}])
    assert stream.get_all_public_topics() == ["hermes.test"]
    listen(stream, lambda: len(got) >= 3 and DeadLetter.objects.count() == 2)
    contents = [alert.content for _, alert in got]
    assert contents == [{"n": 1}, {"bad": True}, {"n": 2}]
    reasons = dict(DeadLetter.objects.values_list("offset", "reason"))
    assert reasons[2] == "the handler failed, ValueError: no such thing"
    assert reasons[3].startswith("not JSON")
    letter = DeadLetter.objects.get(offset=3)
    assert letter.headers == [["_format", b"json".hex()]]
    assert "not JSON" in stream.message_store().replay(letter)
    state = StreamState.objects.get()
    assert (state.stream, state.word, state.messages, state.dead) == ("HopskotchAlertStream", "stopped", 5, 2)
    assert state.by_topic["hermes.test"]["messages"] == 5
    assert sum(StreamCount.objects.values_list("messages", flat=True)) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["classic", "decoded"])
def test_a_live_gcn_topic_goes_to_its_handler(broker, kind):
    producer, address = broker
    value = (shared_data_dir() / "data" / "alerts" / "lvk" / "MS181101ab-retraction.json").read_bytes()
    producer.produce("igwn.gwalert", value=value, key=b"k")
    producer.flush(30)
    config = {
        "bootstrap.servers": address,
        "security.protocol": "plaintext",
        "auto.offset.reset": "earliest",
        "group.id": f"g-{kind}",
    }
    if kind == "classic":
        stream = GCNClassicAlertStream(
            GCN_CLASSIC_CLIENT_ID="",
            GCN_CLASSIC_CLIENT_SECRET="",
            TOPIC_HANDLERS={"igwn.gwalert": f"{__name__}.keep_message"},
            CONFIG=config,
        )
        expected = ("igwn.gwalert", value, None, b"k", None)
    else:
        stream = GCNAlertStream(
            GCN_CLIENT_ID="",
            GCN_CLIENT_SECRET="",
            TOPIC_HANDLERS={"igwn.gwalert": f"{__name__}.keep"},
            CONFIG=config,
        )
        expected = ("igwn.gwalert", json.loads(value))
    listen(stream, lambda: got)
    assert got == [expected]


def test_the_handlers_that_log_take_what_they_are_given(caplog):
    from tom_alertstreams.alertstreams import antares, gcn, hopskotch

    with caplog.at_level(logging.INFO, "tom_alertstreams"):
        stream = hop(TEST_MESSAGES=True)
        mark = bytes(range(16))
        headers = [("_format", b"json"), ("_id", mark), ("_test", b"true")]
        hopskotch.alert_logger(*stream.arguments(message("hermes.test", b"{}", headers)))
        beat = b'{"timestamp": 1700000000000000, "count": 300}'
        hopskotch.heartbeat_handler(*stream.arguments(message("sys.heartbeat", beat, [("_format", b"json")])))
        gcn.alert_logger({"event_name": ["x"]}, stream.arguments(message("gcn.x", b"{}"))[1])
        antares.alert_logger(antares.Locus("ANT1", 1.0, -2.0))
    assert "00010203-0405-0607-0809-0a0b0c0d0e0f) received on topic hermes.test" in caplog.text
    assert "2023-11-14T22:13:20+00:00 heartbeat" in caplog.text
    assert "received ANT1 at 1.000000 -2.000000 deg" in caplog.text


@pytest.mark.django_db
def test_a_test_message_is_sent_to_hopskotch(broker, settings, capsys):
    settings.ALERT_STREAMS = []
    with pytest.raises(CommandError, match="no active HopskotchAlertStream"):
        call_command("hoptestpub")
    _, address = broker
    options = {
        "URL": address,
        "GROUP_ID": "me-1",
        "USERNAME": "me",
        "PASSWORD": "x",
        "SECURITY_PROTOCOL": "plaintext",
        "TOPIC_HANDLERS": {"tomtoolkit.test": f"{HOP}.alert_logger"},
    }
    settings.ALERT_STREAMS = [{"NAME": f"{HOP}.HopskotchAlertStream", "OPTIONS": options}]
    call_command("hoptestpub")
    assert "sent to tomtoolkit.test" in capsys.readouterr().out


def test_streams_of_one_class_have_names_of_their_own():
    entries = [{"NAME": "a.B"}, {"NAME": "a.B"}, {"NAME": "a.C", "LABEL": "ours"}, {}]
    assert stream_labels(entries) == ["B", "B 2", "ours", "unnamed"]
