"""A Kafka broker on a free port (tansu, in memory), and a gate before it that can be shut.

The broker holds topics, groups and committed offsets in memory: ended and started again it knows none of
them. It answers the joining of a group after half the session timeout, whence `FAST_GROUP`. A topic that
makes itself has three partitions; the end of a partition is told too low by up to one batch; and who asks for
messages behind the end is let wait, not refused. SASL and TLS it has not (0.6.0: users cannot be made before
one is logged in; ``--cert`` and ``--key`` exclude each other): the gate has both.
"""

import contextlib
import socket
import subprocess
import threading
import time

from tests.services import kafka_broker_command, needed
from tests.standins.kafka_login import log_in
from tests.standins.serving import free_port

FAST_GROUP = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 400, "max.poll.interval.ms": 600_000}
WAIT_S = 120


class KafkaBroker:
    """The process of a broker; `address` is where clients find it."""

    def __init__(self, binary, *, port=0, advertised_port=0):
        self.binary = binary
        self.port = port or free_port()
        self.address = f"127.0.0.1:{advertised_port or self.port}"
        self.topics = set()
        self.process = None

    def start(self):
        advertised_port = int(self.address.rpartition(":")[2])
        command = kafka_broker_command(self.binary, "127.0.0.1", self.port, advertised_port)
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
                return self
            time.sleep(0.05)
        raise RuntimeError(f"the broker did not start on port {self.port} (status {self.process.poll()})")

    def stop(self):
        """End it; all that it holds is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None
            self.topics.clear()

    def make_topic(self, name, partitions=1, **settings):
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.address, **settings})
        made = admin.create_topics([NewTopic(name, num_partitions=partitions, replication_factor=1)])
        made[name].result(WAIT_S)
        self.topics.add(name)

    def produce(self, topic, messages, **settings):
        """Send messages: values, or (value, key) or (value, key, partition); make the topic if need be."""
        from confluent_kafka import Producer

        if topic not in self.topics:
            self.make_topic(topic, **settings)

        failed = []
        own = {"bootstrap.servers": self.address, "message.max.bytes": 20_000_000, "linger.ms": 5}
        producer = Producer({**own, **settings})
        for message in messages:
            value, key, *partition = message if isinstance(message, tuple) else (message, None)
            options = {"partition": partition[0]} if partition else {}
            producer.produce(
                topic,
                value=value,
                key=key,
                on_delivery=lambda error, _: failed.append(error) if error else None,
                **options,
            )
            producer.poll(0)
        if producer.flush(WAIT_S) or failed:
            raise RuntimeError(f"messages for {topic} did not arrive: {failed[:3]}")


@contextlib.contextmanager
def kafka_broker():
    """Run a broker; skip the test where there is none."""
    broker = KafkaBroker(needed("Kafka")).start()
    try:
        yield broker
    finally:
        broker.stop()


@contextlib.contextmanager
def mock_cluster():
    """Give a producer with a cluster of librdkafka's own inside, and its address.

    It forgets nothing while the producer lives, begins at once, and refuses offsets that are out of range.
    """
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
    found = producer.list_topics(timeout=60).brokers
    yield producer, ",".join(f"{one.host}:{one.port}" for one in found.values())
    producer.flush(5)


class Gate:
    """A port that leads to another; shut, it breaks off what is open and lets nobody in.

    With `tls`, a context, it speaks TLS; with `login`, a user and a password, it asks for them by SASL.
    """

    def __init__(self, port, to_port, *, tls=None, login=None):
        self.port, self.to_port, self.tls, self.login = port, to_port, tls, login
        self.is_open = True
        self._ends = set()
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def shut(self):
        self.is_open = False
        with self._lock:
            ends, self._ends = self._ends, set()
        for one in ends:
            _close(one)

    def open(self):
        self.is_open = True

    def close(self):
        self.shut()
        _close(self._server)
        self._thread.join(10)

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        try:
            if not self.is_open:
                raise OSError("shut")
            if self.tls is not None:
                client = self.tls.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.to_port), 10)
            server.settimeout(None)
        except OSError:
            _close(client)
            return
        try:
            if self.login is not None:
                log_in(client, server, *self.login)
        except OSError:
            _close(client)
            _close(server)
            return
        with self._lock:
            self._ends |= {client, server}
        threading.Thread(target=_carry, args=(server, client), daemon=True).start()
        _carry(client, server)


def _carry(source, target):
    with contextlib.suppress(OSError):
        while content := source.recv(1 << 16):
            target.sendall(content)
    _close(source)
    _close(target)


def _close(one):
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextlib.contextmanager
def kafka_behind_a_gate(*, tls=None, login=None):
    """Run a broker that is reached through a gate; give both."""
    port = free_port()
    gate = None
    broker = KafkaBroker(needed("Kafka"), advertised_port=port).start()
    try:
        gate = Gate(port, broker.port, tls=tls, login=login)
        yield broker, gate
    finally:
        if gate is not None:
            gate.close()
        broker.stop()


def confluent_frame(number, body):
    """Frame a schemaless packet with the number of its schema in a registry."""
    return b"\0" + number.to_bytes(4, "big") + body
