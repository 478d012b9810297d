"""Babamul, Hermes and the archive of Gaia alerts: recorded and made-up answers into objects and points."""

import pytest
from django.core.cache import cache

from tests.standins.babamul import RUBIN_ID
from tom_dataproducts.images import first_image
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.clients.gaia_alerts import light_curve
from tom_dataservices.dataservices import get_data_service_class
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError, QueryServiceError
from tom_dataservices.tests.brokers.standing_in import standing_in
from tom_targets.models import Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def standin(request, settings):
    cache.clear()
    with standing_in(request.param) as state:
        settings.DATA_SERVICES = state.settings()
        state.service = get_data_service_class(request.param)
        yield state
    cache.clear()


babamul = pytest.mark.parametrize("standin", ["Babamul"], indirect=True)
hermes = pytest.mark.parametrize("standin", ["Hermes"], indirect=True)
gaia = pytest.mark.parametrize("standin", ["Gaia Alerts"], indirect=True)


def found(standin, **values):
    service = standin.service()
    form = service.get_form_class()({"data_service": service.name, **values})
    assert form.is_valid(), form.errors
    return list(service.query_targets(service.build_query_parameters(form.cleaned_data)))


@babamul
def test_the_recorded_object_has_its_whole_light_curve(standin):
    one = standin.service().known("ZTF25aagbkaj")
    assert (one.ra_deg, one.dec_deg) == (199.2120001, -3.0576318)
    assert (one.mag, one.band, one.detections) == (18.30575180053711, "r", 47)
    assert sum("mag" in point for point in one.points) == 15
    assert [point["limit"] for point in one.points if "limit" in point] == [19.79290008544922]
    assert one.points[0]["measurement"] == "3005432622415015012"
    scores = {row["class_name"]: row["probability"] for row in one.classifications}
    assert scores["acai_h"] == 0.9925668239593506
    assert one.class_name == "acai_h"


@babamul
def test_each_object_is_given_once_however_many_alerts_it_has(standin):
    assert [one["id"] for one in found(standin, alert_survey="ZTF")] == ["ZTF25aagbkaj", "ZTF25bbbbbbb"]


@babamul
def test_every_option_of_babamul_is_sent(standin):
    found(
        standin,
        alert_survey="ZTF",
        position="10 -20",
        radius=5,
        since="61300",
        until="61301.5",
        mag_min=15,
        mag_max=19,
        drb_min=0.9,
        is_rock="no",
        is_star="yes",
    )
    sent = standin.asked[0]
    assert (sent["ra"], sent["dec"], sent["radius_arcsec"]) == ("10.0", "-20.0", "5.0")
    assert (float(sent["start_jd"]), float(sent["end_jd"])) == (2461300.5, 2461302.0)
    assert (sent["min_magpsf"], sent["max_magpsf"], sent["min_drb"]) == ("15.0", "19.0", "0.9")
    assert (sent["is_rock"], sent["is_star"]) == ("false", "true")
    assert "is_stationary" not in sent


@babamul
def test_rubin_points_are_signed_fluxes_at_tai(standin):
    (one,) = found(standin, alert_survey="LSST")
    assert (one["id"], one["name"]) == (RUBIN_ID, f"LSST-P-DO-{RUBIN_ID}")
    assert "ZTF25aagbkaj" in one["aliases"]
    service = standin.service()
    target = service.to_target(one)
    service.to_reduced_datums(target, service.query_reduced_data(target))
    points = service.known(RUBIN_ID).points
    assert [point["flux_njy"] for point in points] == [
        5200.0,
        -820.0,
        pytest.approx(4.1 * 1000.0),  # of zero point 23.9
        60.0,
    ]
    assert all(point["tai"] for point in points)
    newest = PhotometryReducedDatum.objects.filter(target=target).latest("timestamp")
    # JD 2461365.75 in TAI: 37 s before 06:00 UTC.
    assert newest.timestamp.isoformat() == "2026-11-21T05:59:23+00:00"


@babamul
def test_cutouts_are_read(standin):
    service = standin.service()
    result = found(standin, objects="ZTF25aagbkaj")[0]
    content, kind = service.cutout(result, "science")
    assert (kind, first_image(content).shape) == ("image/fits", (63, 63))
    standin.stamp_as_list = True
    assert service.cutout(result, "science") == (content, kind)


@babamul
def test_a_token_that_is_refused_is_told(standin):
    standin.token = "another"
    with pytest.raises(NotConfiguredError, match="does not accept the token") as caught:
        found(standin)
    assert "bbml_secret_token" not in str(caught.value)


@hermes
def test_targets_are_paged(standin):
    assert [one["name"] for one in found(standin)] == ["GRB 230409B", "AT 2026xyz", "2026 QX"]
    assert len(standin.asked) == 2


@hermes
def test_the_recorded_message_gives_a_detection_and_limits(standin):
    one = standin.service().known("GRB 230409B")
    assert (one.ra_deg, one.dec_deg, one.mag, one.band) == (329.5158, 52.8321, 19.35, "white")
    assert sum("limit" in point for point in one.points) == 6
    service = standin.service()
    target = service.to_target(one.as_result())
    service.to_reduced_datums(target, service.query_reduced_data(target))
    row = PhotometryReducedDatum.objects.get(target=target, brightness__isnull=False)
    assert (row.telescope, row.instrument, row.source_name) == ("Swift", "UVOT", "Hermes")


@hermes
@pytest.mark.parametrize(
    ("values", "sent"),
    [
        (
            {"position": "10 -45", "radius": 1, "radius_unit": "deg"},
            {"cone_search": "10.0, -45.0, 1.00000000"},
        ),
        ({"target_name": "GRB"}, {"name": "GRB"}),
        ({"event_id": "S230518h"}, {"event_id": "S230518h"}),
        ({"polygon": "10 5, 12 5, 12 7"}, {"polygon_search": "10 5, 12 5, 12 7"}),
        ({"objects": "GRB 230409B"}, {"name_exact": "GRB 230409B"}),
    ],
)
def test_every_option_of_hermes_is_sent(standin, values, sent):
    found(standin, **values)
    assert {key: standin.asked[0].get(key) for key in sent} == sent


@hermes
def test_the_settings_of_the_plugin_for_hermes_count_too(standin, settings):
    settings.DATA_SERVICES = {"Hermes": {"api_key": ""}}
    settings.HERMES_CONFIGURATION = {"HERMES_BASE_URL": standin.url, "HERMES_API_TOKEN": standin.token}
    assert found(standin, target_name="GRB")[0]["name"] == "GRB 230409B"


@hermes
def test_hermes_without_messages_about_a_name_is_missing_data(standin):
    with pytest.raises(MissingDataException, match="Hermes has no message about M 31"):
        standin.service().known("M 31")


@gaia
def test_the_table_of_gaia_is_fetched_once_a_week(standin):
    assert [one["name"] for one in found(standin)] == ["Gaia24zzz", "Gaia22abc", "Gaia18aak"]
    found(standin, objects="Gaia22abc")
    assert len(standin.requests) == 1


@gaia
@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"position": "10.6847 41.2688", "radius": 5}, ["Gaia22abc"]),
        ({"position": "180 -89.9", "radius": 0.2, "radius_unit": "deg"}, ["Gaia24zzz"]),
        ({"mag_max": 17}, ["Gaia18aak"]),
        ({"since": "2020-01-01", "until": "2023-01-01"}, ["Gaia22abc"]),
        ({"class_name": "SN Ia"}, ["Gaia22abc"]),
        ({"comment": "blue star"}, ["Gaia18aak"]),
        ({"objects": "gaia18aak"}, ["Gaia18aak"]),
    ],
)
def test_the_table_of_gaia_is_searched(standin, values, names):
    assert [one["name"] for one in found(standin, **values)] == names


@gaia
def test_an_alert_of_gaia_brings_its_light_curve(standin):
    service = standin.service()
    target = service.to_target(found(standin, objects="Gaia18aak")[0])
    assert set(target.aliases.values_list("name", flat=True)) == {"AT2018aak"}
    service.to_reduced_datums(target, service.query_reduced_data(target))
    rows = PhotometryReducedDatum.objects.filter(target=target).order_by("timestamp")
    assert [(row.brightness, row.bandpass, row.telescope) for row in rows] == [
        (18.11, "G", "Gaia"),
        (16.61, "G", "Gaia"),
    ]


def test_times_of_gaia_are_brought_from_tcb_to_utc():
    (one,) = light_curve("x\n#Date,JD(TCB),averagemag.\n2018-01-12 03:00:00,2458130.625,16.61\n")
    # TCB was 89 s ahead of UTC: 69.184 s of TT, and 20 s that TCB gained on TDB since 1977.
    assert (58130.125 - one["mjd"]) * 86400.0 == pytest.approx(89.3, abs=0.3)


@hermes
def test_a_target_whose_orbit_only_messages_tell_gets_it(standin):
    elements = {"epoch_of_elements": 61200.0, "eccentricity": 0.2, "semimajor_axis": 2.5}
    elements |= {"orbital_inclination": 5.0, "mean_anomaly": 10.0}
    elements |= {"longitude_of_the_ascending_node": 30.0, "argument_of_the_perihelion": 40.0}
    about = {"name": "2026 QX", "orbital_elements": elements}
    standin.messages["2026 QX"] = [{"title": "A new one", "data": {"targets": [about], "photometry": []}}]
    (listed,) = found(standin, objects="2026 QX")
    assert (listed["ra"], listed["orbit"]) == (None, {})
    made = standin.service().to_target(listed)
    assert (made.type, made.eccentricity, made.semimajor_axis) == ("NON_SIDEREAL", 0.2, 2.5)


@hermes
@pytest.mark.parametrize("messages", [[], [{"data": {"targets": [{"name": "2026 QX"}]}}]])
def test_a_target_without_place_and_orbit_is_not_made(standin, messages):
    standin.messages["2026 QX"] = messages
    (listed,) = found(standin, objects="2026 QX")
    with pytest.raises(QueryServiceError, match="tells place or orbit of 2026 QX: make the target by hand"):
        standin.service().to_target(listed)
    assert not Target.objects.exists()
