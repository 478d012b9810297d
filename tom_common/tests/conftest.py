import pytest
from django.db import connection

from tom_common.tests.rows import MeasuredRow


@pytest.fixture
def measured_rows(transactional_db):
    """Make the table of `MeasuredRow`, outside of any transaction, and drop it afterwards."""
    with connection.schema_editor() as editor:
        editor.create_model(MeasuredRow)
    yield MeasuredRow
    with connection.schema_editor() as editor:
        editor.delete_model(MeasuredRow)
