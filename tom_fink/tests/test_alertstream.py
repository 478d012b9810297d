"""Fink's streams as its users set them up, on a live Kafka broker with real packets."""

import logging
import re
import threading

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError
from guardian.shortcuts import get_perms

from tests.shared_data import shared_data_dir
from tests.standins.kafka_broker import confluent_frame
from tom_alertstreams.alertstreams.alertstream import get_alert_streams
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.models import DeadLetter, StreamOffset, StreamState
from tom_alertstreams.offsets import TRIES
from tom_common.remote import RemoteUnavailable
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.packets import StreamMessage
from tom_fink.alertstream import FinkAlertStream, alert_logger
from tom_fink.storing import FinkPacketStore
from tom_targets.models import Target, TargetList

TOPIC = "fink_sso_ztf_candidates_ztf"
ENVIRONMENT = {
    "FINK_CREDENTIAL_USERNAME": "julien",
    "FINK_CREDENTIAL_GROUP_ID": "julien6",
    "FINK_TOPIC": TOPIC,
    "FINK_TIMEOUT": "10",
}


@pytest.fixture
def seed_settings(monkeypatch):
    """Give what makes ALERT_STREAMS of the very text of the tutorial, with an environment."""
    (path,) = (shared_data_dir() / "seeds").glob("004_*")
    block = re.search(r"```python\n(ALERT_STREAMS = .*?)```", path.read_text(), re.S).group(1)

    def make(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        space = {}
        exec("import os\n" + block, space)  # noqa: S102  as the user types it into settings.py
        return space["ALERT_STREAMS"]

    return make


def options(**others):
    return {
        "URL": "localhost:1",
        "USERNAME": "julien",
        "GROUP_ID": "us",
        "TOPIC": TOPIC,
        "MAX_POLL_NUMBER": 1e10,
        "TIMEOUT": 10,
        "TOPIC_HANDLERS": {"fink.stream": "tom_fink.alertstream.alert_logger"},
        **others,
    }


def messages_of(packets, topic=TOPIC, start=0):
    key, values = packets
    return [StreamMessage(topic, 0, start + number, value, key) for number, value in enumerate(values)]


def listen(stream):
    """Read until the stream ends by itself; a watch ends it if it does not."""
    watch = threading.Timer(180, stream.stop.set)
    watch.start()
    stream.listen()
    watch.cancel()


@pytest.mark.django_db(transaction=True)
def test_the_tutorial_works_as_it_stands(seed_settings, broker, ztf, caplog):
    producer, address = broker
    key, values = ztf
    for value in (*values, values[0]):
        producer.produce(TOPIC, value=value, key=key)
    producer.flush(30)
    environment = {**ENVIRONMENT, "FINK_CREDENTIAL_URL": address, "FINK_MAX_POLL_NUMBER": "32"}
    (stream,) = get_alert_streams(seed_settings(**environment))
    with caplog.at_level(logging.INFO, "tom_fink"):
        listen(stream)
    names = set(Target.objects.values_list("name", flat=True))
    assert len(names) == 31
    target_list = TargetList.objects.get(name=TOPIC)
    assert target_list.targets.count() == 31
    assert "view_targetlist" in get_perms(Group.objects.get(name="Public"), target_list)
    name = sorted(one for one in names if one.startswith("ZTF"))[0]
    target = Target.objects.get(name=name)
    link = target.targetextra_set.get(key="fink broker link").value
    assert link == f"https://fink-portal.org/{name}"
    assert PhotometryReducedDatum.objects.filter(target=target).exists()
    assert f"FinkAlertStream.listen opening stream: {address} with group_id: julien6" in caplog.text
    assert f"fink.alert_logger topic: {TOPIC}" in caplog.text
    assert f"fink.alert_logger value: {name} emitted 20" in caplog.text
    assert caplog.text.count("already in the database") == 1
    assert (StreamState.objects.get().word, StreamState.objects.get().messages) == ("stopped", 32)


@pytest.mark.django_db(transaction=True)
def test_two_alerts_are_polled_and_the_rest_is_left(seed_settings, broker, ztf):
    producer, address = broker
    key, values = ztf
    for value in values[:5]:
        producer.produce(TOPIC, value=value, key=key)
    producer.flush(30)
    environment = {**ENVIRONMENT, "FINK_CREDENTIAL_URL": address, "FINK_MAX_POLL_NUMBER": "2"}
    (stream,) = get_alert_streams(seed_settings(**environment))
    listen(stream)
    assert StreamOffset.objects.get().next_offset == 2


@pytest.mark.django_db(transaction=True)
def test_several_topics_each_have_a_list_and_a_wait_for_none_counts(broker, ztf, lsst):
    producer, address = broker
    for topic, (key, values) in (("fink_one_ztf", ztf), ("fink_two_lsst", lsst)):
        for value in values[:2]:
            producer.produce(topic, value=value, key=key)
    producer.flush(30)
    topics = "fink_one_ztf, fink_two_lsst"
    listen(FinkAlertStream(**options(URL=address, TOPIC=topics, MAX_POLL_NUMBER=10, TIMEOUT=2)))
    assert dict(StreamOffset.objects.values_list("topic", "next_offset")) == {
        "fink_one_ztf": 2,
        "fink_two_lsst": 2,
    }
    lists = {one.name: one.targets.count() for one in TargetList.objects.all()}
    assert lists == {"fink_one_ztf": 2, "fink_two_lsst": 2}


class Member:
    """Stand for a consumer of which only the partitions are asked."""

    def __init__(self, *partitions):
        self.partitions = list(partitions)

    def assignment(self):
        return self.partitions


def test_waiting_to_join_the_group_uses_up_no_polls(monkeypatch):
    monkeypatch.setattr(KafkaReader, "step", lambda self, consumer, stop: None)
    stream = FinkAlertStream(**options(MAX_POLL_NUMBER=2))
    reader = stream.reader()
    reader.timeout_s = 0.0
    for _ in range(5):
        reader.step(Member(), stream.stop)
    assert not stream.stop.is_set()
    reader.step(Member("partition"), stream.stop)
    assert not stream.stop.is_set()
    reader.step(Member("partition"), stream.stop)
    assert stream.stop.is_set()


def test_who_is_never_let_in_ends_nevertheless(monkeypatch):
    monkeypatch.setattr(KafkaReader, "step", lambda self, consumer, stop: None)
    monkeypatch.setattr("tom_fink.polling.JOIN_S", 0.0)
    stream = FinkAlertStream(**options(MAX_POLL_NUMBER=2))
    reader = stream.reader()
    reader.timeout_s = 0.0
    for _ in range(2):
        reader.step(Member(), stream.stop)
    assert stream.stop.is_set()


def test_without_the_environment_it_says_what_lacks(seed_settings, monkeypatch):
    for name in ("FINK_CREDENTIAL_URL", *ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ImproperlyConfigured, match="lacks its URL: set FINK_CREDENTIAL_URL value"):
        get_alert_streams(seed_settings())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"MAX_POLL_NUMBER": "many"}, "MAX_POLL_NUMBER = 'many'; expected a number"),
        ({"TIMEOUT": 0}, "TIMEOUT = 0; expected 1 or more"),
        ({"TOPIC": " "}, "no topic to read"),
        ({"TOPIC_HANDLERS": {"fink.stream": "no.such"}}, "handler that cannot be used"),
    ],
)
def test_options_that_do_not_do_are_told(given, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        FinkAlertStream(**options(**given))


def test_fink_wants_no_login_without_a_password():
    assert "security.protocol" not in FinkAlertStream(**options()).kafka_settings()
    found = FinkAlertStream(**options(PASSWORD="secret")).kafka_settings()
    assert found["security.protocol"] == "SASL_PLAINTEXT"
    assert (found["sasl.username"], found["sasl.mechanism"]) == ("julien", "SCRAM-SHA-512")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_a_new_alert_of_a_known_object_adds_its_points(survey, request):
    store = FinkAlertStream(**options()).message_store()
    first, *rest = messages_of(request.getfixturevalue(survey))
    store.store([first])
    target = Target.objects.get()
    before = PhotometryReducedDatum.objects.filter(target=target).count()
    PhotometryReducedDatum.objects.filter(target=target).first().delete()
    again = StreamMessage(first.topic, 0, 1000, first.value, first.key)
    reader = FinkAlertStream(**options()).message_store()  # one that does not remember what it stored
    assert reader.store([again]).used == 1
    assert Target.objects.count() == 1
    assert PhotometryReducedDatum.objects.filter(target=target).count() == before


seen = []


def own_handler(alert, topic):
    """Stand for a handler of others: keeps some alerts and breaks at one."""
    seen.append((alert["objectId"], topic, alert["candidate"]["jd"] > 2_400_000))
    if len(seen) == 2:
        raise KeyError("finkclass")
    alert_logger(alert, topic)


def careless_handler(alert, topic):
    """Stand for a handler that meets a name which is there, and goes on."""
    from django.db import IntegrityError

    try:
        Target(name="always the same", type="SIDEREAL", ra=1.0, dec=1.0).save()
    except IntegrityError:
        TargetList.objects.get_or_create(name="seen twice")


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_breaks_leaves_a_dead_letter_and_the_rest_goes_on(ztf):
    seen.clear()
    stream = FinkAlertStream(**options(TOPIC_HANDLERS={"fink.stream": f"{__name__}.own_handler"}))
    store = stream.message_store()
    messages = messages_of(ztf)[:4]
    result = store.store(messages)
    assert (result.used, result.dead) == (3, 1)
    assert [entry[1:] for entry in seen] == [(TOPIC, True)] * 4
    assert Target.objects.count() == 3
    assert PhotometryReducedDatum.objects.exists()
    letter = DeadLetter.objects.get()
    assert letter.offset == 1
    assert bytes(letter.value) == messages[1].value
    assert letter.reason == "the handler failed, KeyError: 'finkclass'"
    assert store.store(messages).known == 4
    assert store.replay(letter) == ""
    assert Target.objects.count() == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_deadlock_at_an_alert_of_a_handler_is_no_fault_of_the_alert(ztf, monkeypatch, error):
    seen.clear()
    stream = FinkAlertStream(**options(TOPIC_HANDLERS={TOPIC: f"{__name__}.own_handler"}))
    store = stream.message_store()
    real, errors = FinkPacketStore.ingest, [error("deadlock detected")]

    def ingest(self, batch):
        if errors:
            raise errors.pop()
        return real(self, batch)

    monkeypatch.setattr(FinkPacketStore, "ingest", ingest)
    with pytest.raises(error):
        store.store(messages_of(ztf)[:1])
    assert (DeadLetter.objects.count(), Target.objects.count()) == (0, 0)

    seen.clear()
    assert store.store(messages_of(ztf)[:1]).used == 1
    assert Target.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_alerts_of_a_handler_wait_for_the_registry_of_their_schemas(ztf):
    seen.clear()
    handlers = {TOPIC: f"{__name__}.own_handler"}
    stream = FinkAlertStream(**options(TOPIC_HANDLERS=handlers, SCHEMA_REGISTRY="http://127.0.0.1:1"))
    store = stream.message_store()
    framed = StreamMessage(TOPIC, 0, 0, confluent_frame(7, ztf[1][0]))
    for _ in range(2 * TRIES):
        with pytest.raises(RemoteUnavailable):
            store.store([framed])
    assert (seen, DeadLetter.objects.count()) == ([], 0)
    assert not StreamOffset.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_alert_that_cannot_be_stored_is_a_value_error_of_its_handler(ztf, monkeypatch):
    def ingest(self, batch):
        raise TypeError("no such column")

    monkeypatch.setattr(FinkPacketStore, "ingest", ingest)
    stream = FinkAlertStream(**options(TOPIC_HANDLERS={TOPIC: f"{__name__}.own_handler"}))
    seen.clear()
    assert stream.message_store().store(messages_of(ztf)[:1]).dead == 1
    assert DeadLetter.objects.get().reason == "the handler failed, ValueError: TypeError: no such column"


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_goes_on_after_an_error_of_the_database_works(ztf):
    stream = FinkAlertStream(**options(TOPIC_HANDLERS={TOPIC: f"{__name__}.careless_handler"}))
    result = stream.message_store().store(messages_of(ztf)[:3])
    assert (result.used, result.dead) == (3, 0)
    assert Target.objects.count() == 1
    assert TargetList.objects.filter(name="seen twice").count() == 1
    assert StreamOffset.objects.get().next_offset == 3


@pytest.mark.django_db(transaction=True)
def test_a_key_may_name_the_schema(ztf, tmp_path):
    key, values = ztf
    message = StreamMessage(TOPIC, 0, 0, values[0], b"fink_ztf_2.7_3.10.1")
    store = FinkAlertStream(**options()).message_store()
    assert store.store([message]).dead == 1
    assert "its key names the schema fink_ztf_2.7_3.10.1" in DeadLetter.objects.get().reason
    (tmp_path / "fink_ztf_2.7_3.10.1_replayed.avsc").write_bytes(key)
    store = FinkAlertStream(**options(SCHEMAS_DIR=str(tmp_path))).message_store()
    assert store.replay(DeadLetter.objects.get()) == ""
    assert Target.objects.count() == 1


@pytest.mark.django_db
def test_the_handler_can_be_called_with_a_plain_alert():
    alert = {"objectId": "ZTF24aakwfsz", "candidate": {"jd": 2460424.81, "ra": 10.0, "dec": -5.0}}
    alert_logger(alert, "fink_test_ztf")
    alert_logger(alert, "fink_test_ztf")
    target = Target.objects.get()
    assert (target.name, target.epoch) == ("ZTF24aakwfsz", None)
    assert TargetList.objects.get(name="fink_test_ztf").targets.get() == target
    with pytest.raises(ValueError, match="not an alert of a fixed object"):
        alert_logger({"triggerId": 5}, "fink_grb_bronze")
