"""The index of parts of names: kept by the database, whatever way a row is written."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tom_common.bulk import insert_new
from tom_targets.models import BaseTarget, Target, TargetName
from tom_targets.name_index import TABLES, ensure_name_index, holding
from tom_targets.name_search import Place, named_like
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db


def found(text):
    return {target.name for target in named_like(Target.objects.all(), text, Place.ANYWHERE)}


def test_it_follows_every_way_of_writing():
    target = SiderealTargetFactory(name="ZTF24aabcdef")
    TargetNameFactory(target=target, name="SN 2024xyz")
    assert found("aabcd") == found("24-XYZ") == {"ZTF24aabcdef"}
    Target.objects.filter(pk=target.pk).update(name="renamed one")
    assert found("aabcd") == set() and found("medone") == {"renamed one"}
    insert_new(BaseTarget, {"name": ["bulk made"], "name_key": ["bulkmade"], "type": ["SIDEREAL"]})
    assert found("ulkma") == {"bulk made"}
    TargetName.objects.all().delete()
    assert found("24xyz") == set()
    Target.objects.all().delete()
    assert found("medone") == set()


@pytest.mark.parametrize("text", ["ab", "100%", "a%b", "x'y", "½ name", "*", '"quoted"'])
def test_any_text_is_searched_as_it_is(text):
    SiderealTargetFactory(name=f"one {text} two")
    SiderealTargetFactory(name="one aXb two")
    assert f"one {text} two" in found(text)
    assert found("e%t") == set()


def test_the_index_is_used():
    SiderealTargetFactory(name="ZTF24aabcdef")
    plan = BaseTarget.objects.filter(holding("aabcd", BaseTarget, "default")).explain()
    if connection.vendor == "sqlite":
        assert "VIRTUAL TABLE" in plan
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = BaseTarget.objects.filter(holding("aabcd", BaseTarget, "default")).explain()
        assert "trigrams" in plan


def test_it_is_made_again_where_a_migration_dropped_a_part():
    SiderealTargetFactory(name="ZTF24aabcdef")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {TABLES[0]}_trigrams_added")
        else:
            cursor.execute(f"DROP INDEX {TABLES[0]}_trigrams")
    SiderealTargetFactory(name="missed by the index")
    ensure_name_index()
    assert found("missedby") == {"missed by the index"}
    with CaptureQueriesContext(connection) as queries:
        ensure_name_index()
    assert not [one["sql"] for one in queries if "CREATE" in one["sql"]]
