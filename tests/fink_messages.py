"""Fink's real packets as the messages of its streams, for tests."""

import io
import json

import fastavro

from tests.shared_data import shared_data_dir


def fink_messages(name: str) -> tuple[bytes, list[bytes]]:
    """Return the key and the values of the messages that a file of ``shared/data/alerts/fink`` stands for.

    The key is the schema as JSON; each value is one record without its schema.
    """
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
