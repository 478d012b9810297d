"""Migrations that mend rows: tried on rows as an older version left them."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from tom_targets.models import Target, TargetName
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db


def test_names_with_unusual_dashes_get_the_keys_of_today():
    target = SiderealTargetFactory(name="SN\u20132024abc")
    alias = TargetNameFactory(target=target, name="AT\u22122024abc")
    plain = SiderealTargetFactory(name="M 31")
    for row in (target, alias):  # as they were stored before
        type(row)._base_manager.filter(pk=row.pk).update(name_key="old")
    migration = import_module("tom_targets.migrations.0041_dashes_of_names")
    migration.mend(apps, SimpleNamespace(connection=connection))
    assert Target.objects.get(pk=target.pk).name_key == "sn2024abc"
    assert TargetName.objects.get(pk=alias.pk).name_key == "at2024abc"
    assert Target.objects.get(pk=plain.pk).name_key == "m31"
    assert list(Target.matches.match_name("sn 2024abc")) == [target]
