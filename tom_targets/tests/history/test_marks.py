"""The marks by which a change set knows what of a transaction still stands."""

import contextlib

import pytest
from django.db import connection, transaction

from tom_common.history.pending import Marker

pytestmark = pytest.mark.django_db


class Callbacks(list):
    """Callbacks of a transaction that count how many of them are looked at."""

    looked_at = 0

    def __iter__(self):
        for entry in super().__iter__():
            self.looked_at += 1
            yield entry

    def __reversed__(self):
        for entry in super().__reversed__():
            self.looked_at += 1
            yield entry


def test_the_newest_mark_is_found_without_reading_all(monkeypatch):
    with transaction.atomic():
        monkeypatch.setattr(connection, "run_on_commit", Callbacks(connection.run_on_commit))
        marks = [Marker("default") for _ in range(1000)]
        assert marks[-1].stands
        assert connection.run_on_commit.looked_at == 1
        assert marks[0].stands


def test_a_mark_falls_with_its_savepoint():
    with transaction.atomic():
        first = Marker("default")
        with contextlib.suppress(KeyError), transaction.atomic():
            second = Marker("default")
            assert first.stands and second.stands
            raise KeyError
        assert (first.stands, second.stands) == (True, False)
