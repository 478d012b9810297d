"""Lists of few and of many rows find the same, in every order, whichever way a condition is written."""

import numpy as np
import pytest
from django.http import QueryDict

from tom_targets.filters import TargetFilterSet
from tom_targets.models import BaseTarget, Target, TargetName
from tom_targets.sky_search import bounds_of_circle

pytestmark = pytest.mark.django_db

COUNT = 400
FILTERS = [
    {"cone_search": "10,20,40"},
    {"cone_search": "359,-5,50"},
    {"cone_search": "200,88,30"},
    {"cone_search": "100,-30,100"},
    {"box": "350,30,-20,40"},
    {"box": "100,160,-60,5"},
    {"polygon": "10 0, 60 -5, 65 40, 12 38"},
    {"moc": "0/4-6"},
    {"moc": "1/3 2/20-30 0/9"},
    {"moc": "0/0-3"},
    {"sky_tile": "0/5"},
    {"type": "SIDEREAL"},
    {"type": "NON_SIDEREAL"},
    {"query": "star1"},
    {"query": "other2"},
    {"name": "tar2"},
    {"name": "er-3"},
]


@pytest.fixture
def sky():
    random = np.random.default_rng(7)
    ra, dec = random.uniform(0, 360, COUNT), np.degrees(np.arcsin(random.uniform(-1, 1, COUNT)))
    targets = [
        Target(name=f"star {number}", type="SIDEREAL", ra=float(ra[number]), dec=float(dec[number]))
        for number in range(COUNT)
    ]
    targets += [Target(name=f"comet {number}", type="NON_SIDEREAL") for number in range(20)]
    made = Target.objects.bulk_create(targets)
    TargetName.objects.bulk_create(
        [TargetName(target=made[number], name=f"other {number}") for number in range(0, COUNT, 3)]
    )


def names(parameters, sort):
    data = QueryDict(mutable=True)
    data.update({**parameters, "sort": sort})
    filterset = TargetFilterSet(data, Target.objects.all(), request=None)
    assert filterset.is_valid(), filterset.errors
    page = filterset.qs.order_by(sort, "pk")[: 2 * COUNT]
    found = [target.name for target in page]
    assert filterset.qs.count() == filterset.qs[: 2 * COUNT].count() == len(found)
    return found


@pytest.mark.parametrize("sort", ["name", "-ra", "dec", "-created"])
@pytest.mark.parametrize("parameters", FILTERS, ids=str)
def test_few_and_many_are_found_alike(sky, monkeypatch, parameters, sort):
    few = names(parameters, sort)
    assert few
    monkeypatch.setattr("tom_targets.list_expressions.FEW", 2)
    assert names(parameters, sort) == few
    monkeypatch.setattr("tom_targets.name_search._SORTED", 0)
    assert names(parameters, sort) == few


@pytest.mark.parametrize("parameters", FILTERS[:8], ids=str)
def test_right_ascensions_beyond_a_turn_are_found_too(sky, monkeypatch, parameters):
    for target in Target.objects.filter(ra__gt=50.0)[::3]:
        Target.objects.filter(pk=target.pk).update(ra=target.ra - 360.0)
    few = set(names(parameters, "name"))
    monkeypatch.setattr("tom_targets.list_expressions.FEW", 2)
    assert set(names(parameters, "ra")) == few


@pytest.mark.parametrize("radius_deg", [0.0, 1.0, 30.0, 80.0])
def test_a_circle_lies_within_its_bounds(sky, radius_deg):
    from tom_targets.sky_search import cone

    for ra_deg, dec_deg in ((0.0, 0.0), (15.0, -40.0), (180.0, 70.0), (359.9, 10.0), (90.0, -90.0)):
        inside = cone(
            BaseTarget.objects.all(), ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_deg * 3600
        )
        for name, limits in bounds_of_circle(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg).items():
            assert not inside.exclude(**{f"{name}__range": limits}).exists()
