import io
import json

import fastavro
import pytest

from tests.shared_data import shared_data_dir
from tests.standins.kafka_broker import mock_cluster


def _packets(name):
    path = shared_data_dir() / "data" / "alerts" / "fink" / name
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        schema = reader.writer_schema
        values = []
        for record in reader:
            body = io.BytesIO()
            fastavro.schemaless_writer(body, schema, record)
            values.append(body.getvalue())
    key = json.dumps({name: value for name, value in schema.items() if not name.startswith("__")}).encode()
    return key, values


@pytest.fixture(scope="session")
def ztf():
    """Give the key and the values of Fink's real ZTF messages."""
    return _packets("fink_ztf_31alerts.avro")


@pytest.fixture(scope="session")
def lsst():
    """Give the key and the values of Fink's real Rubin messages."""
    return _packets("fink_lsst_7alerts.avro")


@pytest.fixture
def broker():
    """Give a producer with a Kafka broker inside, and the broker's address."""
    with mock_cluster() as found:
        yield found
