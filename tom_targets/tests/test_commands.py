import pytest
from django.core.management import call_command
from django.db import connection

from tom_targets.models import Target, TargetName
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def spoilt():
    """Give two targets and an alias that raw SQL changed, among others that are right."""
    first, second, _ = SiderealTargetFactory.create_batch(3)
    NonSiderealTargetFactory()
    alias = TargetNameFactory(target=first, name="SN 2026A")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tom_targets_basetarget SET ra = 12.5, name = 'New Name' WHERE id = %s", [first.pk]
        )
        cursor.execute("UPDATE tom_targets_basetarget SET sky_index = 0 WHERE id = %s", [second.pk])
        cursor.execute("UPDATE tom_targets_targetname SET name = 'AT 2026A' WHERE id = %s", [alias.pk])
    return first, second, alias


def test_what_raw_sql_left_wrong_is_found_and_mended(spoilt, capsys, monkeypatch):
    monkeypatch.setattr("tom_targets.derived_check._BATCH", 2)
    first, second, alias = spoilt
    right = SiderealTargetFactory(ra=12.5, dec=first.dec).sky_index
    call_command("check_sky_index")
    assert capsys.readouterr().out.splitlines() == [
        "sky_index of 5 targets: 2 were wrong and are mended.",
        "name_key of 5 targets: 1 were wrong and are mended.",
        "name_key of 1 aliases: 1 were wrong and are mended.",
    ]
    assert (Target.objects.get(pk=first.pk).sky_index, Target.objects.get(pk=first.pk).name_key) == (
        right,
        "newname",
    )
    assert Target.objects.get(pk=second.pk).sky_index == second.sky_index
    assert TargetName.objects.get(pk=alias.pk).name_key == "at2026a"
    call_command("check_sky_index")
    assert "wrong" not in capsys.readouterr().out


def test_a_dry_run_mends_nothing(spoilt, capsys):
    call_command("check_sky_index", "--dry-run")
    assert "sky_index of 4 targets: 2 are wrong." in capsys.readouterr().out
    assert Target.objects.get(pk=spoilt[1].pk).sky_index == 0
