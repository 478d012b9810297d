"""Brokers with TLS and log-ins: they are read, and what is wrong is told in a sentence, to users and log."""

import html
import logging
import threading
import time

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.services import needed
from tests.standins.certificates import certificate, tls_of
from tests.standins.kafka_broker import FAST_GROUP, Gate, KafkaBroker
from tests.standins.serving import free_port
from tom_alertstreams.alertstreams.alertstream import get_alert_streams
from tom_alertstreams.management.commands.readstreams import Command
from tom_alertstreams.models import StreamState

WAIT_S = 120
USER, PASSWORD = "observer", "word of the night"
taken = []


def take(content, topic):
    taken.append(content)


@pytest.fixture(scope="module")
def locks(tmp_path_factory):
    """Give the paths of certificates by what is good or bad about them."""
    folder = tmp_path_factory.mktemp("tls")
    return {
        "good": certificate(folder, "good"),
        "another": certificate(folder, "another"),
        "old": certificate(folder, "old", days=-1),
        "elsewhere": certificate(folder, "elsewhere", address="127.0.0.9"),
    }


@pytest.fixture(scope="module")
def broker(locks):
    """Give a broker that is reached by TLS and a log-in: at its address it sends every client there."""
    port = free_port()
    started = KafkaBroker(needed("Kafka"), advertised_port=port).start()
    gate = Gate(port, started.port, tls=tls_of(locks["good"]), login=(USER, PASSWORD))
    yield started
    gate.close()
    started.stop()


@pytest.fixture
def gates(broker):
    """Give a function that opens further gates to the broker."""
    opened = []

    def open_gate(**locks):
        gate = Gate(free_port(), broker.port, **locks)
        opened.append(gate)
        return f"127.0.0.1:{gate.port}"

    yield open_gate
    for gate in opened:
        gate.close()


def entry(address, **options):
    kafka = {**FAST_GROUP, "topic.metadata.refresh.interval.ms": 1000, **options.pop("KAFKA", {})}
    return {
        "NAME": "tom_alertstreams.alertstreams.kafka.KafkaAlertStream",
        "LABEL": "locked",
        "OPTIONS": {
            "URL": address,
            "GROUP_ID": "us",
            "TOPICS": ["locked"],
            "TOPIC_HANDLERS": {"locked": f"{__name__}.take"},
            "KAFKA": kafka,
            **options,
        },
    }


def log_in(locks, mechanism="SCRAM-SHA-512", password=PASSWORD):
    return {
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SSL_CA_LOCATION": str(locks["good"]),
        "SASL_MECHANISM": mechanism,
        "USERNAME": USER,
        "PASSWORD": password,
    }


def read(config, is_enough):
    """Read a stream as the command does, in a thread, until there is enough."""
    (stream,) = get_alert_streams([config])
    thread = threading.Thread(target=Command()._listen, args=(stream,))
    thread.start()
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end and not is_enough():
        time.sleep(0.1)
    stream.stop.set()
    thread.join(WAIT_S)
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_broker_with_tls_and_a_log_in_is_read(broker, locks, mechanism):
    taken.clear()
    options = log_in(locks, mechanism) | {"GROUP_ID": f"us-{mechanism}"}
    config = entry(broker.address, **options)
    (stream,) = get_alert_streams([config])
    settings = {
        name: value
        for name, value in stream.kafka_settings().items()
        if name.startswith(("security", "sasl", "ssl"))
    }
    broker.produce("locked", [b'{"n": 1}', b'{"n": 2}'], **settings)
    read(config, lambda: len(taken) >= 2)
    assert taken[:2] == [{"n": 1}, {"n": 2}]


CERTIFICATE = "shows a certificate that is not trusted, has expired, or is another host's"
WRONG = {
    "another-authority": ({"SECURITY_PROTOCOL": "SSL", "SSL_CA_LOCATION": "another"}, "good", CERTIFICATE),
    "expired": ({"SECURITY_PROTOCOL": "SSL", "SSL_CA_LOCATION": "old"}, "old", CERTIFICATE),
    "another-host": ({"SECURITY_PROTOCOL": "SSL", "SSL_CA_LOCATION": "elsewhere"}, "elsewhere", CERTIFICATE),
    "no-tls": ({}, "good", "No broker can be reached: check the address and security.protocol"),
    "no-file": (
        {"SECURITY_PROTOCOL": "SSL", "SSL_CA_LOCATION": "/nowhere/authority.pem"},
        "good",
        "The file of certificates /nowhere/authority.pem (ssl.ca.location) is not there",
    ),
    "no-protocol": (
        {"SECURITY_PROTOCOL": "nonsense"},
        "good",
        'The settings of this stream cannot be used: Invalid value "nonsense" for configuration',
    ),
    "wrong-password": ({"PASSWORD": "geheim"}, "log-in", "refuses the log-in: check user name and password"),
    "wrong-password-plain": (
        {"PASSWORD": "geheim", "SASL_MECHANISM": "PLAIN"},
        "log-in",
        "refuses the log-in: check user name and password",
    ),
    "another-mechanism": (
        {"SASL_MECHANISM": "SCRAM-SHA-256"},
        "log-in",
        "check sasl.mechanism (it offers PLAIN,SCRAM-SHA-512)",
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_in_a_sentence(case, locks, gates, client, settings, caplog):
    changes, door, words = WRONG[case]
    if door == "log-in":
        address = gates(login=(USER, PASSWORD))
        options = log_in(locks) | {"SECURITY_PROTOCOL": "SASL_PLAINTEXT"} | changes
    else:
        address, options = gates(tls=tls_of(locks[door])), dict(changes)
    if options.get("SSL_CA_LOCATION") in locks:
        options["SSL_CA_LOCATION"] = str(locks[options["SSL_CA_LOCATION"]])
    settings.ALERT_STREAMS = [entry(address, **options)]
    client.force_login(User.objects.create_user("staff", is_staff=True))

    def page():
        return html.unescape(client.get(reverse("alertstreams:streams")).content.decode())

    with caplog.at_level(logging.INFO, "tom_alertstreams"):
        read(settings.ALERT_STREAMS[0], lambda: StreamState.objects.exclude(error="").exists())
    assert words in page()
    assert "geheim" not in page() + caplog.text
    records = [record for record in caplog.records if record.name.startswith("tom_alertstreams")]
    assert all(record.exc_info is None for record in records)
    said = [record.getMessage() for record in records if record.levelno >= logging.WARNING]
    assert any(words in line for line in said), said
    assert len(said) == len(set(said))
    assert len(said) < 5, said
