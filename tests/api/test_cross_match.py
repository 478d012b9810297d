"""The cross-match by the REST API."""

import pytest

from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
URL = "/api/crossmatch/"


def ask(client, **data):
    return client.post(URL, data, content_type="application/json")


@pytest.fixture
def sky():
    return [
        SiderealTargetFactory(name=name, ra=0.0, dec=10.0 + arcsec / 3600, permissions=level)
        for name, arcsec, level in (
            ("near", 0.5, "PUBLIC"),
            ("far", 1.5, "PUBLIC"),
            ("secret", 0.0, "PRIVATE"),
        )
    ]


def test_the_nearest_of_each_position_that_one_may_see(clients, sky):
    answer = ask(clients["stranger"], ra=[360.0, None, 180.0], dec=[10.0, None, -10.0])
    assert answer.status_code == 200
    assert answer.json() == {
        "count": 1,
        "results": [
            {
                "row": 0,
                "target": sky[0].pk,
                "name": "near",
                "separation_arcsec": pytest.approx(0.5, abs=1e-6),
            }
        ],
    }


def test_all_within_the_radius(clients, sky):
    answer = ask(clients["superuser"], ra=[0.0], dec=[10.0], radius_arcsec=1.6, nearest=False)
    assert [hit["name"] for hit in answer.json()["results"]] == ["secret", "near", "far"]


def test_an_anonymous_visitor_is_refused(clients):
    assert ask(clients["anonymous"], ra=[0.0], dec=[0.0]).status_code == 401


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        ({"dec": [1]}, "ra", "Expected a list"),
        ({"ra": [1, 2], "dec": [1]}, "dec", "Expected 2 declinations"),
        ({"ra": [1], "dec": [91]}, "dec", "Row 0: 91 is not between"),
        ({"ra": ["x"], "dec": [1]}, "ra", "Row 0: 'x' is not a number"),
        ({"ra": [1], "dec": [1], "radius_arcsec": 1e9}, "radius_arcsec", "from 0 to 36000 arcsec"),
        ({"ra": [1], "dec": [1], "radius_arcsec": "wide"}, "radius_arcsec", "Expected a number"),
        ({"ra": [1], "dec": [1], "nearest": "yes"}, "nearest", "true or false"),
    ],
)
def test_what_cannot_be_compared_is_told_by_its_field(clients, data, field, reason):
    answer = ask(clients["stranger"], **data)
    assert answer.status_code == 400
    assert reason in str(answer.json()[field])
