import pytest

from tests.fink_messages import fink_messages
from tests.standins.kafka_broker import mock_cluster


@pytest.fixture(scope="session")
def ztf():
    """Give the key and the values of Fink's real ZTF messages."""
    return fink_messages("fink_ztf_31alerts.avro")


@pytest.fixture(scope="session")
def lsst():
    """Give the key and the values of Fink's real Rubin messages."""
    return fink_messages("fink_lsst_7alerts.avro")


@pytest.fixture
def broker():
    """Give a producer with a Kafka broker inside, and the broker's address."""
    with mock_cluster() as found:
        yield found
