"""Real packets as messages, for the tests of streams."""

import pytest

from tests.fink_messages import fink_messages


@pytest.fixture(scope="session")
def packets():
    """Give the real packets of Fink's ZTF file as (schema text, schemaless values)."""
    return fink_messages("fink_ztf_31alerts.avro")
