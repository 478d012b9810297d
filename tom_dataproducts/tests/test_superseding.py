"""A newer reduction of the same observation supersedes an older one; both stay stored."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tom_dataproducts.light_curves import Coded, Label, Measurements, is_forced_version
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataproducts.selectors import light_curve_columns, newest_points
from tom_dataproducts.summaries import compute_facts
from tom_dataproducts.superseding import TOLERANCE_US, current, superseded, version_key
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_targets.tests.factories import SiderealTargetFactory

NIGHT = datetime(2026, 3, 1, 4, tzinfo=UTC)


def points_of(rows):
    """Measurements of (time in us, band, version, instrument)."""
    labels = [Label(band, "mag", version, "S", "T", instrument) for _, band, version, instrument in rows]
    size = len(rows)
    return Measurements(
        time_us=np.array([row[0] for row in rows], np.int64),
        label=Coded.of(labels),
        brightness=np.full(size, 18.0),
        error=np.full(size, 0.1),
        limit=np.full(size, np.nan),
        negative=np.zeros(size, bool),
    )


def test_versions_are_ordered_as_people_number_them():
    ordered = ["", "dr9", "dr10", "dr10.1", "v1", "v2", "v10"]
    assert sorted(reversed(ordered), key=version_key) == ordered
    assert version_key("forced v2") == version_key("v2")
    assert version_key("2026-01-05") < version_key("2026-02-01")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40).map(lambda step: step * TOLERANCE_US // 4),
            st.sampled_from(["g", "r"]),
            st.sampled_from(["", "v1", "v2", "forced", "forced v2"]),
            st.sampled_from(["A", "B"]),
        ),
        max_size=30,
    )
)
def test_rule_is_that_of_each_pair(rows):
    def of_one_observation(one, other):
        same = one[1] == other[1] and one[3] == other[3]
        kind = is_forced_version(one[2]) == is_forced_version(other[2])
        return same and kind and abs(one[0] - other[0]) <= TOLERANCE_US

    wanted = [
        any(of_one_observation(row, other) and version_key(other[2]) > version_key(row[2]) for other in rows)
        for row in rows
    ]
    assert superseded(points_of(rows)).tolist() == wanted


def test_nothing_is_copied_where_there_is_one_version():
    points = points_of([(0, "r", "v1", "A"), (10, "g", "v2", "A"), (20, "r", "v1", "B")])
    assert current(points) is points


@pytest.fixture
def target():
    target = SiderealTargetFactory(permissions="PUBLIC")
    for number in range(3):
        at = NIGHT + timedelta(days=number)
        common = {"target": target, "bandpass": "r", "source_name": "Pipeline"}
        PhotometryFactory(timestamp=at, brightness=18.0 + number, reduction_version="v1", **common)
        if number < 2:
            shifted = at + timedelta(seconds=0.4)
            PhotometryFactory(timestamp=shifted, brightness=19.0 + number, reduction_version="v2", **common)
    return target


@pytest.mark.django_db
def test_light_curve_table_and_summary_show_the_newer_one(target):
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 5
    assert light_curve_columns(target).mag.tolist() == [19.0, 20.0, 20.0]
    assert len(light_curve_columns(target, with_superseded=True)) == 5
    assert newest_points(target).mag.tolist() == [20.0, 20.0, 19.0]
    facts = compute_facts([target.pk])[target.pk]
    assert (facts["point_count"], facts["peak_mag"]) == (3, 19.0)


@pytest.mark.django_db
@pytest.mark.parametrize("shift_s", [-0.4, 0.4])
def test_newest_points_are_the_newest_of_all_that_count(target, shift_s):
    for number in range(12):
        at = NIGHT + timedelta(days=10 + number)
        common = {"target": target, "bandpass": "g", "source_name": "Pipeline"}
        for version in range(1, 5):
            shifted = at + timedelta(seconds=shift_s * (version == 4))
            PhotometryFactory(
                timestamp=shifted, brightness=10.0 + version, reduction_version=f"v{version}", **common
            )
    for limit in (1, 2, 3, 5, 12):
        wanted = light_curve_columns(target).newest(limit)
        assert newest_points(target, limit=limit).time_us.tolist() == wanted.time_us.tolist()
        assert newest_points(target, limit=limit).mag.tolist() == [14.0] * limit
    assert len(newest_points(target, limit=20)) == 15


@pytest.mark.django_db
def test_downloads_hold_all_where_that_is_asked_for(target, django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root"))
    page = f"/api/lightcurves/{target.pk}/"
    few, many = client.get(page), client.get(f"{page}?superseded=1")
    assert (few.json()["count"], many.json()["count"]) == (3, 5)
    assert few["ETag"] != many["ETag"]
