"""Pan-STARRS: the nearest object of a circle, its detections or its mean magnitudes."""

import pytest

from tests.data_services.conftest import FOLDER, QUICK
from tests.standins.irsa_mast import MAST
from tests.standins.serving import running
from tom_dataproducts.models import PhotometryReducedDatum, ServiceQuery
from tom_dataproducts.single_target_data_service.panstarrs_service.client import MASTClient
from tom_dataproducts.single_target_data_service.queries import start_query
from tom_dataproducts.single_target_data_service.single_target_data_service import get_service_class

State = ServiceQuery.State


@pytest.fixture
def mast(settings):
    with running(MAST()) as found:
        path = f"{FOLDER}.panstarrs_service.panstarrs.PanstarrsSingleTargetDataService"
        config = {
            "class": path,
            "url": f"{found.url}/api/v0.1/panstarrs",
            "api_key": "MAST_API_TOKEN not set",
        }
        settings.SINGLE_TARGET_DATA_SERVICES = {"PANSTARRS": {**config, **QUICK}}
        yield found


@pytest.fixture
def ask(mast, target, people):
    type(target).objects.filter(pk=target.pk).update(ra=10.0, dec=20.0)

    def start(**asked):
        service = get_service_class("PanSTARRS")()
        return start_query(service, {"target_id": target.pk, **asked}, user=people["owner"])[0]

    return start


def test_detections_of_the_nearest_object(mast, ask, work, the_query):
    ask(radius_arcsec=3.0)
    work()
    query = the_query()
    assert (query.state, query.error) == (State.DONE, "")
    assert mast.asked["objID"] == ["110651501000054321"], "a number of 64 bits"
    assert (mast.asked["psfQfPerfect.gt"], mast.asked["release"]) == (["0.9"], "dr2")
    assert "Object 110651501000054321, 0.34″ away. Also near: 110651501000012345 (1.01″)." in query.message
    points = PhotometryReducedDatum.objects.order_by("timestamp")
    assert [found.bandpass for found in points] == ["g", "r", "i", "z"]
    assert (points[0].brightness, points[0].unit) == (pytest.approx(200_000.0), "nJy"), "0.0002 Jy"


def test_the_object_that_the_user_names(mast, ask, work, the_query):
    ask(radius_arcsec=3.0, object_id="110651501000012345")
    work()
    assert (the_query().state, mast.asked["objID"]) == (State.EMPTY, ["110651501000012345"])


def test_mean_magnitudes_without_missing_ones(mast, ask, work, the_query):
    ask(table="mean")
    work()
    assert (the_query().state, the_query().error) == (State.DONE, "")
    bands = PhotometryReducedDatum.objects.order_by("bandpass").values_list("bandpass", "brightness")
    assert list(bands) == [("g", 18.2), ("r", 17.9), ("z", 17.5)]


def test_every_table_of_the_catalogue_can_be_asked(mast, ask, work):
    """Summaries of one object at the same epoch stand beside each other; none hides another."""
    asked = {"detection": 4, "mean": 3, "stack": 2, "forced_mean": 1}
    for table in asked:
        before = PhotometryReducedDatum.objects.count()
        query = ask(table=table)
        work()
        query.refresh_from_db()
        assert (query.state, query.error) == (State.DONE, "")
        assert table.replace("_", " ") in query.words
        assert PhotometryReducedDatum.objects.count() - before == asked[table], query.message
    forced = PhotometryReducedDatum.objects.get(brightness=18.22)
    assert (forced.bandpass, forced.timestamp.isoformat()) == ("g", "2012-03-14T12:00:00+00:00"), "56000.5"


def test_tables_that_only_one_release_has(mast, target):
    form = get_service_class("PanSTARRS")().get_form()
    for table, release in (("detection", "dr1"), ("forced_mean", "dr1")):
        values = {"service": "PanSTARRS", "target_id": target.pk, "radius_arcsec": 2, "min_detections": 2}
        found = form({**values, "table": table, "release": release})
        assert "is in DR2 only" in found.errors["release"][0]


def test_nothing_near_is_a_result(mast, ask, work, the_query):
    mast.objects.clear()
    ask()
    work()
    assert the_query().state == State.EMPTY


@pytest.mark.parametrize("fault", [500, "html", "half"])
def test_a_service_in_trouble_is_asked_again(mast, ask, work, the_query, fault):
    mast.faults[("GET", "/api/")] = [fault, None, fault, None]
    ask()
    work()
    assert the_query().state == State.DONE


def test_pages_are_joined(mast, monkeypatch):
    monkeypatch.setattr("tom_dataproducts.single_target_data_service.panstarrs_service.client.PAGE_SIZE", 4)
    client = MASTClient(f"{mast.url}/api/v0.1/panstarrs")
    (found, _) = client.objects_near(10.0, 20.0, radius_arcsec=3.0, release="dr2", min_detections=1)
    content = client.rows_of(found, table="detection", release="dr2", good_only=False)
    assert len(content.splitlines()) == 5
    assert len(mast.calls("GET", "/api/v0.1/panstarrs/dr2/detection.csv")) == 2
