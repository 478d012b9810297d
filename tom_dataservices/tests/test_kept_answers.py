"""Answers of services go into the database and come out the same."""

import datetime as dt
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tom_dataservices.kept_answers import AnswerLostError, packed, plain, unpacked

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_json_comes_out_as_it_went_in(value):
    text = packed(value)
    assert unpacked(text) == value
    assert text[0] == "j"


@pytest.mark.parametrize(
    "value",
    [(1, 2), {1: "integer key"}, {"when": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, [np.float64(1.5)], {3, 4}],
)
def test_other_objects_keep_their_type(value):
    back = unpacked(packed(value))
    assert back == value
    assert type(back) is type(value)


def test_numbers_that_json_lacks_are_kept():
    assert math.isnan(unpacked(packed({"mag": math.nan}))["mag"])


def test_a_long_id_is_exact():
    assert unpacked(packed({"diaObjectId": 313888613388812345})) == {"diaObjectId": 313888613388812345}
    assert plain({"id": 313888613388812345}) == {"id": 313888613388812345}


def test_only_what_this_tom_wrote_is_unpickled():
    text = packed((1, 2))
    with pytest.raises(AnswerLostError):
        unpacked(text[:-2] + "xx")
    with pytest.raises(AnswerLostError):
        unpacked("pY29zCnN5c3RlbQ==")


def test_what_cannot_be_kept_is_refused():
    with pytest.raises(TypeError, match="dict cannot be kept"):
        packed({"call": lambda: None})


def test_plain_values_are_strict_json():
    value = {
        "nan": math.nan,
        "inf": np.inf,
        "array": np.array([1.0, np.nan]),
        "day": dt.date(2026, 1, 2),
        5: (1,),
    }
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == {
        "nan": None,
        "inf": None,
        "array": [1.0, None],
        "day": "2026-01-02",
        "5": [1],
    }
