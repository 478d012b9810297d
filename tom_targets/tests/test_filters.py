from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from tom_common.grants import grant_access
from tom_dataproducts.models import LightCurveSummary
from tom_targets.filters import TargetFilterSet
from tom_targets.models import Target
from tom_targets.tests.factories import (
    NonSiderealTargetFactory,
    SiderealTargetFactory,
    TargetExtraFactory,
    TargetGroupingFactory,
    TargetNameFactory,
)

pytestmark = pytest.mark.django_db


class Asking:
    """A request of somebody."""

    def __init__(self, user):
        self.user = user


def filtered(user=None, **parameters):
    data = QueryDict(mutable=True)
    data.update(parameters)
    filterset = TargetFilterSet(data, Target.objects.all(), request=Asking(user) if user else None)
    assert filterset.is_valid(), filterset.errors
    return filterset.qs


def found(user=None, **parameters):
    return {target.name for target in filtered(user, **parameters)}


@pytest.fixture
def sky():
    first = SiderealTargetFactory(name="ZTF18abc", ra=10.0, dec=20.0, permissions="OPEN")
    TargetNameFactory(target=first, name="SN 2018cow")
    TargetExtraFactory(target=first, key="class", value="SN Ia")
    second = SiderealTargetFactory(name="ZTF19xyz", ra=10.0, dec=20.5, permissions="PUBLIC")
    TargetExtraFactory(target=second, key="class", value="TDE")
    TargetExtraFactory(target=second, key="host", value="SN host")
    NonSiderealTargetFactory(name="(1) Ceres", permissions="PRIVATE")
    return first, second


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"name": "8ab"}, {"ZTF18abc"}),
        ({"name": "2018-COW"}, {"ZTF18abc"}),
        ({"name": "8ab, 9xy"}, {"ZTF18abc", "ZTF19xyz"}),
        ({"name": " , "}, {"ZTF18abc", "ZTF19xyz", "(1) Ceres"}),
        ({"query": "AT 2018-cow"}, {"ZTF18abc"}),
        ({"query": "tde2018cow"}, {"ZTF18abc"}),
        ({"cone_search": "00:40:00, +20:00:00, 0.1"}, {"ZTF18abc"}),
        ({"cone_search": "0h40m0s,20d30m0s,0.1"}, {"ZTF19xyz"}),
        ({"name_fuzzy": "sn2018cow"}, {"ZTF18abc"}),
        ({"name_fuzzy": "sn2018"}, set()),
        ({"cone_search": "10,20,0.1"}, {"ZTF18abc"}),
        ({"cone_search": "370, 20, 0.6"}, {"ZTF18abc", "ZTF19xyz"}),
        ({"target_cone_search": "SN 2018cow, 0.6"}, {"ZTF18abc", "ZTF19xyz"}),
        ({"target_cone_search": "(1) Ceres,1"}, set()),
        ({"target_cone_search": "unknown,1"}, set()),
        ({"key": "class"}, {"ZTF18abc", "ZTF19xyz"}),
        ({"key": "class", "value": "sn"}, {"ZTF18abc"}),
        ({"value": "sn"}, {"ZTF18abc", "ZTF19xyz"}),
        ({"type": "NON_SIDEREAL"}, {"(1) Ceres"}),
        ({"permissions": "PUBLIC"}, {"ZTF19xyz"}),
        ({"type": "SIDEREAL", "key": "host"}, {"ZTF19xyz"}),
    ],
)
def test_each_filter_finds_what_it_says(sky, parameters, names):
    assert found(**parameters) == names


@pytest.mark.parametrize(
    "parameters",
    [
        {"cone_search": "10,20"},
        {"cone_search": "10,95,1"},
        {"cone_search": "10,20,181"},
        {"cone_search": "nan,20,1"},
        {"cone_search": "1e999,20,1"},
        {"cone_search": "10,20,-1"},
        {"target_cone_search": "M31"},
        {"target_cone_search": ",1"},
        {"type": "PLANET"},
        {"targetlist__name": "x"},
        {"targetlist__name": str(2**70)},
        {"brighter_than": "bright"},
        {"detected_within": "2"},
        {"query": "a\x00b"},
    ],
)
def test_what_makes_no_sense_is_an_error_of_its_field(sky, parameters):
    filterset = TargetFilterSet(parameters, Target.objects.all())
    assert list(filterset.errors) == list(parameters)


def test_a_list_filters_for_those_who_see_it(sky, cast):
    target_list = TargetGroupingFactory()
    target_list.targets.add(sky[0])
    grant_access(cast.owner, target_list)
    assert found(cast.owner, targetlist__name=str(target_list.pk)) == {"ZTF18abc"}
    assert found(cast.stranger, targetlist__name=str(target_list.pk)) == set()
    assert found(targetlist__name=str(target_list.pk)) == set()


def test_brightness_and_time_of_the_last_detection(sky):
    for target, mag, days in ((sky[0], 17.0, 2), (sky[1], 19.0, 20)):
        LightCurveSummary.objects.update_or_create(
            target=target, defaults={"last_mag": mag, "last_detection": timezone.now() - timedelta(days=days)}
        )
    assert found(brighter_than="18") == {"ZTF18abc"}
    assert found(detected_within="3") == {"ZTF18abc"}
    assert found(detected_within="30") == {"ZTF18abc", "ZTF19xyz"}


def test_declared_extra_fields_have_filters_of_their_type(sky, settings):
    settings.EXTRA_FIELDS = [
        {"name": "redshift", "type": "number"},
        {"name": "is_fast", "type": "boolean"},
        {"name": "seen", "type": "datetime"},
        {"name": "host", "type": "string"},
        {"name": "secret", "type": "string", "hidden": True},
    ]
    sky[0].save(extras={"redshift": 0.5, "is_fast": True, "seen": "2026-08-14T04:00:00"})
    sky[1].save(extras={"redshift": 0.05, "is_fast": False, "seen": "2026-09-14T04:00:00"})
    assert found(redshift_min="0.1") == {"ZTF18abc"}
    assert found(redshift_max="0.1") == {"ZTF19xyz"}
    assert found(redshift_min="0.01", redshift_max="1") == {"ZTF18abc", "ZTF19xyz"}
    assert found(is_fast="true") == {"ZTF18abc"}
    assert found(is_fast="false") == {"ZTF19xyz"}
    assert found(seen_after="2026-09-01T00:00:00Z") == {"ZTF19xyz"}
    assert found(host="HOST") == {"ZTF19xyz"}
    assert "secret" not in TargetFilterSet({}, Target.objects.all()).filters


def search_everything(queryset, name, value):
    return queryset.filter(name__endswith=value)


@pytest.mark.parametrize("label", ["tom_targets.Target", "tom_targets.BaseTarget"])
def test_a_project_searches_its_own_way(sky, settings, label):
    settings.GENERAL_SEARCH_FUNCTIONS = {label: f"{__name__}.search_everything"}
    assert found(query="xyz") == {"ZTF19xyz"}


@pytest.mark.parametrize("sorted_up_to", [0, 100])
def test_more_hits_than_can_be_listed_are_all_found(monkeypatch, sorted_up_to):
    monkeypatch.setattr("tom_targets.list_expressions.FEW", 3)
    monkeypatch.setattr("tom_targets.name_search._SORTED", sorted_up_to)
    for number in range(8):
        SiderealTargetFactory(name=f"SN {number}")
    TargetNameFactory(name="SN 9", target__name="other")
    for alias in range(5):
        TargetNameFactory(name=f"cow {alias}", target__name=f"cattle {alias}")
    for parameters, count in (
        ({"query": "sn"}, 9),
        ({"name": "n"}, 9),
        ({"name": "w"}, 5),
        ({"query": "cow"}, 5),
    ):
        targets = filtered(**parameters)
        assert targets.count() == count  # taken from the indices
        assert len(targets.all()[:50]) == count
        assert len(targets.order_by("-name")[:50]) == count  # a page
