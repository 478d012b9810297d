import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tom_dataservices.packets import PointColumns, PointKind, point_keys

BANDS = ["g", "r", "i"]


def keys(survey="ZTF", bands=BANDS, **columns):
    count = max(len(np.atleast_1d(column)) for column in columns.values())
    return point_keys(PointColumns.of(count, **columns), survey=survey, bands=bands).tolist()


@given(st.lists(st.integers(1, 2**62), unique=True, min_size=2, max_size=50))
def test_different_measurement_numbers_never_share_a_key(numbers):
    found = keys(survey_id=numbers)
    assert len(set(found)) == len(numbers)
    assert 0 not in found


@given(st.lists(st.integers(-(2**60), 2**60), unique=True, min_size=2, max_size=50))
def test_different_times_never_share_a_key(times):
    assert len(set(keys(time_us=times))) == len(times)


def test_a_number_counts_and_the_time_does_not():
    assert keys(survey_id=[5, 5], time_us=[1, 2], band=[0, 1]) == keys(survey_id=[5]) * 2


def test_kind_survey_and_band_tell_points_apart():
    kinds = [PointKind.DETECTION, PointKind.LIMIT, PointKind.FORCED]
    found = [*keys(time_us=[7, 7, 7], kind=kinds), *keys(survey_id=[7, 7, 7], kind=kinds)]
    found += [*keys(time_us=[7, 7], band=[1, 2]), *keys(survey="LSST", time_us=[7])]
    assert len(set(found)) == len(found)


def test_the_number_of_a_band_in_a_batch_does_not_matter():
    assert keys(time_us=[7], band=[1]) == keys(time_us=[7], band=[0], bands=["r", "g"])


def test_keys_stay_what_they_are():
    """Stored rows hold these numbers: a change would double every point."""
    assert keys(survey_id=[2695378462115010012]) == [6_877_901_392_080_958_974]
    assert keys(time_us=[1716109498995844], band=[1], kind=[PointKind.FORCED]) == [4_751_236_945_693_220_855]
