"""Sources of values when two targets become one."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tom_catalogs.completion import current_sources
from tom_catalogs.models import ValueSource
from tom_targets.merge import merge_targets
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


def source(target, field, value, name):
    ValueSource.objects.create(target=target, field=field, value=value, source=name, taken=timezone.now())


def test_sources_of_both_targets_are_kept_where_they_speak_of_a_value():
    user = User.objects.create_superuser("root")
    first = SiderealTargetFactory(name="First", dec=1.5, distance=None)
    second = SiderealTargetFactory(name="Second", dec=2.5, distance=7.0)
    source(first, "dec", "1.5", "NED")
    source(second, "dec", "2.5", "Simbad")
    source(second, "distance", "7.0", "Gaia")
    merge_targets(first, [second], user=user)
    kept = Target.objects.get()
    sources = {row.field: row.source for row in current_sources(kept)}
    assert (kept.dec, kept.distance) == (1.5, 7.0)
    assert sources == {"dec": "NED", "distance": "Gaia"}
    assert ValueSource.objects.filter(target=kept, field="dec").count() == 1
