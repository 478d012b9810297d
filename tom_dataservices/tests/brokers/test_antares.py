"""ANTARES: both generations of its interface, the southern sky, light curves, free queries."""

import pytest
from django.urls import reverse

from tests.standins.antares import LOCI, PNG, antares
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.classifications import by_broker
from tom_dataservices.clients.antares import Antares, antares_object, elasticsearch_query
from tom_dataservices.data_services.antares import AntaresForm, AntaresService
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.models import ResultCutout
from tom_dataservices.service_choices import keep_choices
from tom_targets.models import Target

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def standin(request, settings):
    with antares() as state:
        settings.DATA_SERVICES = state.settings(request.param)
        state.version = request.param
        yield state


def found(**values):
    service = AntaresService()
    form = AntaresForm({"data_service": "ANTARES", **values})
    assert form.is_valid(), form.errors
    return list(service.query_targets(service.build_query_parameters(form.cleaned_data)))


def test_pages_are_followed_to_the_last(standin):
    assert [one["id"] for one in found()] == [locus["locus_id"] for locus in LOCI]
    assert len(standin.calls("GET", f"/v{standin.version}/loci")) == 3


def test_only_the_pages_that_are_needed_are_fetched(standin):
    assert len(found(max_results=2)) == 2
    assert len(standin.requests) == 1


@pytest.mark.parametrize(
    ("position", "name"),
    [
        ("150.1 -32.2", "ZTF26aaaaaaa"),
        ("10:00:48 +02:12:00", "ZTF26bbbbbbb"),
        ("359.99 -89.9", "ZTF26eeeeeee"),
    ],
)
def test_circles_reach_either_half_of_the_sky(standin, position, name):
    assert [one["name"] for one in found(position=position, radius=30)] == [name]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"tags": ["high_snr"]}, ["ZTF26bbbbbbb"]),
        ({"tags": ["in_m31", "high_snr"]}, ["ZTF26bbbbbbb", "ZTF26ccccccc"]),
        ({"catalogs": "milliquas, other", "mag_max": 18}, ["ZTF26bbbbbbb"]),
        ({"detections_min": 7}, ["ZTF26aaaaaaa", "ZTF26bbbbbbb"]),
        ({"detections_max": 2}, ["LSST-P-DO-170000000000000001", "ZTF26eeeeeee"]),
        ({"mag_min": 20.5}, ["ZTF26eeeeeee"]),
        ({"since": "61340"}, ["ZTF26bbbbbbb"]),
        ({"elasticsearch": '{"query": {"range": {"ra": {"gte": 200}}}}'}, ["ZTF26eeeeeee"]),
        (
            {"tags": ["nuclear_transient"], "elasticsearch": '{"query": {"range": {"ra": {"lte": 150.15}}}}'},
            ["ZTF26aaaaaaa"],
        ),
        ({"objects": "ZTF26ccccccc ANT2026bbbbbb"}, ["ZTF26bbbbbbb", "ZTF26ccccccc"]),
        ({"objects": "LSST-P-DO-170000000000000001"}, ["LSST-P-DO-170000000000000001"]),
        ({"objects": "170000000000000001"}, ["LSST-P-DO-170000000000000001"]),
        ({"objects": "ZTF99nothere ANT2026nothere"}, []),
    ],
)
def test_each_option_of_the_form_counts(standin, values, names):
    assert [one["name"] for one in found(**values)] == names


@pytest.mark.parametrize("text", ['{"aggs": {}}', '{"query": {}, "aggs": {}}', "[1]", "{", '{"query": "a"}'])
def test_a_free_query_of_another_shape_is_refused_at_its_field(text):
    form = AntaresForm({"data_service": "ANTARES", "elasticsearch": text})
    assert list(form.errors) == ["elasticsearch"]


def test_the_box_of_the_free_query_is_empty_at_first():
    assert "null" not in str(AntaresForm()["elasticsearch"])


def test_text_that_is_no_json_is_refused_with_its_place():
    form = AntaresForm({"data_service": "ANTARES", "elasticsearch": '{"query":\n  {term}}'})

    assert "line 2, column 4" in form.errors["elasticsearch"][0]


def test_a_radius_above_a_degree_is_refused_before_it_is_sent():
    form = AntaresForm({"data_service": "ANTARES", "position": "1 1", "radius": 1.1, "radius_unit": "deg"})
    assert "at most 1 deg" in form.errors["radius"][0]


def test_sixty_four_bit_ids_stay_exact(standin):
    (one,) = found(objects="170000000000000001")
    assert one["name"] == "LSST-P-DO-170000000000000001"


def test_a_light_curve_has_detections_limits_and_both_surveys(standin):
    points = antares_object(Antares().locus("ANT2026aaaaaa")).points
    assert [(one.get("mag"), one.get("limit"), one["band"], one["survey"]) for one in points] == [
        (None, 20.4, "g", "ZTF"),
        (18.9, None, "r", "ZTF"),  # written R by ANTARES
        (19.1, None, "g", "ZTF"),
        (19.0, None, "i", "LSST"),
    ]
    assert points[1]["measurement"] == "3402250000015000001"


def test_a_target_gets_names_tags_and_points_once(standin):
    service = AntaresService()
    (result,) = found(tags=["nuclear_transient"], position="150.1 -32.2")
    target = service.to_target(result)
    assert set(target.aliases.values_list("name", flat=True)) == {"ANT2026aaaaaa"}
    for _ in range(2):
        service.to_reduced_datums(target, service.query_reduced_data(target))
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.count() == 4
    assert set(rows.values_list("source_name", flat=True)) == {"ZTF", "LSST"}
    assert by_broker(target.classifications.all())
    assert service.to_target(result) == target
    assert Target.objects.count() == 1


def test_an_unknown_locus_is_missing(standin):
    with pytest.raises(MissingDataException, match="knows no locus ANT2026zzzzzz"):
        Antares().locus("ANT2026zzzzzz")
    with pytest.raises(MissingDataException, match="knows no object ZTF99aaaaaaa"):
        AntaresService().known("ZTF99aaaaaaa")


def test_the_tags_come_from_the_service_and_are_kept(standin):
    keep_choices("ANTARES", AntaresService().lists())
    choices = AntaresForm().fields["tags"].choices
    assert ("nuclear_transient", "nuclear_transient (2)") in choices


def test_one_condition_stands_alone_and_several_in_a_list():
    place = {"ra_deg": 10.0, "dec_deg": -20.5, "radius_arcsec": 36.0}
    alone = elasticsearch_query(place, version=2)["query"]["bool"]["filter"]
    assert alone == {
        "sky_distance": {"radius": "0.01000000 degree", "location": "00h40m00.0000s -20d30m00.000s"}
    }
    several = elasticsearch_query(place | {"tags": ["a"]}, version=1)["query"]["bool"]["filter"]
    assert several[1]["sky_distance"]["htm16"] == {"center": "10.00000000 -20.50000000"}


def run_of(client, **values):
    """Ask by the page, and return the run; `at_once` lets its jobs end before."""
    ask = {"data_service": "ANTARES", "query_name": "", **values}
    return client.post(reverse("dataservices:create"), ask, follow=True).context["run"]


def test_results_show_the_image_of_the_newest_alert(standin, as_owner, at_once):
    run = run_of(as_owner, max_results="5")
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert run.found == 5
    for row in run.results.all():
        address = reverse("dataservices:result-cutout", args=[row.pk])
        assert f'src="{address}"' in page
        assert as_owner.get(address).content == PNG
    first = LOCI[0]["properties"]["newest_alert_id"]
    assert f"/storage/{first}/science.png" in standin.calls("GET", "/storage")


def test_an_image_that_is_not_there_keeps_no_other_out(standin, as_owner, at_once):
    standin.faults["GET", f"/v{standin.version}/alerts/"] = [404, (200, b'{"data": null}', {}), 403]
    run = run_of(as_owner, max_results="5")
    kept = ResultCutout.objects.order_by("result__number")
    assert [bool(one.content) for one in kept] == [False, True, True]
    assert "403" in kept[0].note
    assert [one.result.number for one in kept] == [2, 3, 4]
    assert run.error == ""


def test_images_are_not_fetched_from_machines_of_others(standin, as_owner, at_once, settings):
    standin.images_at = "http://169.254.169.254"
    run_of(as_owner, max_results="1")
    assert "lies at 169.254.169.254" in ResultCutout.objects.get().note
    assert "image_hosts" in ResultCutout.objects.get().note
    assert standin.calls("GET", "/storage") == []


@pytest.mark.parametrize(
    ("newest", "brightest", "alert"),
    [
        ("lsst:169342393603063964", "ztf_candidate:1", "lsst:169342393603063964"),
        ("ztf_upper_limit:ZTF26aabcdef-3400250", "ztf_candidate:1", "ztf_candidate:1"),
        ("null", None, None),
    ],
)
def test_an_upper_limit_has_no_images(newest, brightest, alert):
    properties = {"newest_alert_id": newest, "brightest_alert_id": brightest}
    locus = {"id": "ANT2026a", "ra": 1.0, "dec": 1.0, "properties": properties, "tags": [], "catalogs": []}
    cutouts = antares_object({**locus, "grav_wave_events": [], "lightcurve": None}).cutouts
    assert set(cutouts.values()) == ({alert} if alert else set())
