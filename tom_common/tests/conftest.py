import pytest
from django.db import connection

from tom_common.tests.rows import Credentials, MeasuredRow, OldCredentials


@pytest.fixture(scope="session")
def _tables_of_tests(django_db_setup, django_db_blocker):
    """Make the tables that no migration makes, once: a table made per test would need real commits."""
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.create_model(MeasuredRow)
        editor.create_model(Credentials)


@pytest.fixture
def measured_rows(_tables_of_tests, db):
    return MeasuredRow


@pytest.fixture
def credentials(_tables_of_tests, db):
    return Credentials


@pytest.fixture
def old_credentials_table(transactional_db):
    """Make the table of `OldCredentials` and drop it: its foreign key would be in the way of flushing."""
    with connection.schema_editor() as editor:
        editor.create_model(OldCredentials)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(OldCredentials)
