"""Rows stored over others, also where the engine cannot be told by which constraint."""

import pytest
from django.db import connection
from django.db.models import QuerySet

from tom_common.upserts import upsert
from tom_targets.models import TargetExtra
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
RULE = {"unique_fields": ("target", "key"), "update_fields": ("value",)}


def rows_of(target, **values):
    return [TargetExtra(target=target, key=key, value=value) for key, value in values.items()]


def test_rows_are_stored_over_those_that_are_there_and_have_keys():
    target = SiderealTargetFactory()
    upsert(TargetExtra, rows_of(target, a="1", b="2"), **RULE)
    rows = upsert(TargetExtra, rows_of(target, b="3", c="4"), **RULE)
    stored = dict(TargetExtra.objects.values_list("key", "value"))
    assert stored == {"a": "1", "b": "3", "c": "4"}
    assert {row.pk for row in rows} == set(
        TargetExtra.objects.filter(key__in="bc").values_list("pk", flat=True)
    )


def test_an_engine_that_takes_no_constraint_is_told_none_and_keys_are_looked_up(monkeypatch):
    target = SiderealTargetFactory()
    stored = TargetExtra.objects.create(target=target, key="b", value="2")
    told = {}

    def as_mariadb(self, rows, **options):
        told.update(options)
        return rows

    monkeypatch.setattr(connection.features, "supports_update_conflicts_with_target", False)
    monkeypatch.setattr(QuerySet, "bulk_create", as_mariadb)
    (row,) = upsert(TargetExtra, rows_of(target, b="3"), **RULE)
    assert "unique_fields" not in told and told["update_conflicts"] is True
    assert row.pk == stored.pk
