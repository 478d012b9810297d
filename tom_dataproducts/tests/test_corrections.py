"""Corrections of light curves by the endpoint, and what of a target the viewer starts from."""

import pytest
from django.urls import reverse

from tom_common.astro.extinction import extinction_mag
from tom_dataproducts.light_curve_known import known_of
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


def ask(client, **query):
    return client.get(reverse("dataproducts:corrections"), query)


def test_extinction_per_band_names_its_law(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        found = ask(client, ebv="0.1", law="CCM89", rv="3.1", band=["g", "ztfr", "clear"]).json()
    expected = extinction_mag(["g", "ztfr"], 0.1, law="CCM89")
    assert found["extinction"]["a"].pop("clear") is None
    assert found["extinction"]["a"] == pytest.approx(expected, abs=1e-4)
    assert "Cardelli" in found["extinction"]["law_words"]
    assert found["distance"] is None


@pytest.mark.parametrize(
    ("query", "modulus"),
    [
        ({"z": "0.1"}, 38.3150),
        ({"z": "0.1", "h0": "67.4", "om": "0.315"}, 38.3948),  # + 5 log10(70 / 67.4) - 0.0024
        ({"pc": "1000"}, 10.0),
        ({"plx": "2"}, 13.4949 - 5.0),
        ({"mu": "31.2"}, 31.2),
    ],
)
def test_distance_moduli(client, query, modulus):
    found = ask(client, **query).json()["distance"]
    assert found["modulus"] == pytest.approx(modulus, abs=2e-3)
    assert found["how"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"ebv": "much"}, "much"),
        ({"ebv": "-1"}, "E(B-V)"),
        ({"ebv": "0.1", "rv": "0"}, "R_V"),
        ({"ebv": "0.1", "law": "mine"}, "mine"),
        ({"ebv": "0.1", "band": ["b"] * 201}, "201 bands"),
        ({"z": "-0.1"}, "redshift"),
        ({"z": "nan"}, "redshift"),
        ({"pc": "0"}, "distance"),
        ({"mu": "1e9"}, "modulus"),
    ],
)
def test_impossible_values_are_refused_in_words(client, query, word):
    answer = ask(client, **query)
    assert answer.status_code == 400
    assert word.lower() in answer.json()["error"].lower()


def test_what_is_known_comes_from_fields_and_extra_fields_with_its_origin():
    target = SiderealTargetFactory(distance=2.0e6, distance_err=1e5, parallax=0.0)
    target.save(extras={"MW E(B-V)": "0.05", "A_V": "0.31", "Redshift": "0.021", "z": "-3", "ebv": "unknown"})
    known = known_of(target, user=None, dust=None)
    assert [(one.value, one.words) for one in known.excesses] == [
        (0.05, "extra field MW E(B-V)"),
        (0.1, "extra field A_V = A_V, divided by 3.1"),
    ]
    assert [(one.kind, one.value, one.error) for one in known.distances] == [
        ("pc", 2.0e6, 1e5),
        ("z", 0.021, None),
    ]
    assert known.distances[1].words == "extra field Redshift"


def test_the_ephemeris_of_a_target_is_its_first_period(client):
    target = SiderealTargetFactory(permissions="OPEN", ephemeris_period=3.5, ephemeris_epoch=60000.5)
    about = client.get(reverse("dataproducts:photometry-about", args=[target.pk])).json()
    assert about["periods"][0] == {
        "period_d": 3.5,
        "epoch_mjd": 60000.5,
        "words": "ephemeris of the target",
    }


def test_the_endpoint_of_the_viewer_costs_few_queries(client, django_assert_max_num_queries):
    target = SiderealTargetFactory(permissions="OPEN")
    target.save(extras={"ebv": "0.05"})
    with django_assert_max_num_queries(6):
        client.get(reverse("dataproducts:photometry-about", args=[target.pk]))
