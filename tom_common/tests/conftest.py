import pytest
from django.db import connection

from tom_common.tests.rows import Credentials, MeasuredRow, OldCredentials


@pytest.fixture
def measured_rows(transactional_db):
    """Make the table of `MeasuredRow`, outside of any transaction, and drop it afterwards."""
    with connection.schema_editor() as editor:
        editor.create_model(MeasuredRow)
    yield MeasuredRow
    with connection.schema_editor() as editor:
        editor.delete_model(MeasuredRow)


@pytest.fixture
def credentials(transactional_db):
    """Make the tables of `Credentials` and `OldCredentials`."""
    with connection.schema_editor() as editor:
        editor.create_model(Credentials)
        editor.create_model(OldCredentials)
    yield Credentials
    with connection.schema_editor() as editor:
        editor.delete_model(OldCredentials)
        editor.delete_model(Credentials)
