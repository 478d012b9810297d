"""Real packets as messages, for the tests of streams."""

import io
import json

import fastavro
import pytest

from tests.shared_data import shared_data_dir


@pytest.fixture(scope="module")
def packets():
    """Give the real packets of Fink's ZTF file as (schema text, schemaless value) pairs."""
    path = shared_data_dir() / "data" / "alerts" / "fink" / "fink_ztf_31alerts.avro"
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        schema = reader.writer_schema
        found = []
        for record in reader:
            body = io.BytesIO()
            fastavro.schemaless_writer(body, schema, record)
            found.append(body.getvalue())
    key = json.dumps({name: value for name, value in schema.items() if not name.startswith("__")}).encode()
    return key, found
