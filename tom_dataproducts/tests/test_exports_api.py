"""Exports of measurements by the REST API: formats, filters, refusals, who gets what."""

import csv
import io
import json

import pytest

from tom_dataproducts.tests.factories import PhotometryFactory
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
URL = "/api/exports/"


def bands_of(answer):
    rows = csv.DictReader(io.StringIO(b"".join(answer).decode()))
    return [row["band"] for row in rows]


@pytest.fixture
def pair():
    """Give two targets that everybody sees, measured in r and in i."""
    targets = [SiderealTargetFactory(name=name, permissions="OPEN") for name in ("first", "other")]
    for target, band in zip(targets, "ri", strict=True):
        PhotometryFactory(target=target, bandpass=band)
    return targets


def test_formats_kinds_and_filters(client, pair):
    assert bands_of(client.get(URL)) == ["r", "i"]
    answer = client.get(URL, {"format": "json", "target": [pair[1].pk]})
    assert [row["band"] for row in json.loads(b"".join(answer))["rows"]] == ["i"]
    assert bands_of(client.get(URL, {"name": "other"})) == ["i"]
    assert json.loads(b"".join(client.get("/api/exports.json/")))["rows"]
    assert "band" not in b"".join(client.get(URL, {"kind": "astrometry"})).decode()


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"format": "xls"}, 400, "xls"),
        ({"kind": "x"}, 400, "x"),
        ({"target": "x"}, 400, "numbers"),
        ({"target": "999999"}, 404, "999999"),
        ({"cone_search": "nonsense"}, 400, "cone"),
    ],
)
def test_what_is_asked_badly_is_refused_in_json(client, pair, query, status, word):
    answer = client.get(URL, query)
    assert answer.status_code == status
    assert word in json.dumps(answer.json())


@pytest.mark.parametrize("permissions", ["OPEN", "PUBLIC", "PRIVATE"])
def test_who_sees_a_target_gets_its_data(client, people, permissions):
    target = shared_target(people, permissions)
    PhotometryFactory(target=target)
    for name, user in people[0].items():
        as_user(client, user)
        is_seen = name in ADMITTED[permissions]
        assert len(bands_of(client.get(URL))) == is_seen, name
        assert client.get(URL, {"target": target.pk}).status_code == (200 if is_seen else 404), name
