"""Measurements over the REST API: the union of four tables, in and out."""

from datetime import UTC, datetime

import pytest

from tom_dataproducts.models import (
    AstrometryReducedDatum,
    LightCurveSummary,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory

TIME = "2026-08-14T04:00:00.123456Z"
VALUES = {
    "photometry": {"magnitude": 18.5, "error": 0.1, "filter": "r", "telescope": "P48", "seeing": 1.2},
    "spectroscopy": {
        "flux": [1.0, 2.0],
        "wavelength": [4000, 4001],
        "flux_units": "erg",
        "telescope": "SALT",
    },
    "astrometry": {"ra": 10.0, "dec": -5.0, "ra_err": 0.1, "instrument": "cam"},
    "neutrinos": {"number": 3},
}
MODELS = {
    "photometry": PhotometryReducedDatum,
    "spectroscopy": SpectroscopyReducedDatum,
    "astrometry": AstrometryReducedDatum,
    "neutrinos": ReducedDatum,
}


def body(target, data_type="photometry", **changes):
    return {
        "target": target.pk,
        "data_type": data_type,
        "timestamp": TIME,
        "source_name": "a peer",
        "value": VALUES[data_type],
        **changes,
    }


@pytest.mark.parametrize("data_type", MODELS)
def test_each_kind_goes_to_its_table_and_comes_back(clients, targets, data_type):
    sent = body(targets["PUBLIC"], data_type)
    answer = clients["owner"].post("/api/reduceddatums/", sent)
    assert answer.status_code == 201, answer.data
    row = MODELS[data_type].objects.get()
    assert row.timestamp == datetime(2026, 8, 14, 4, 0, 0, 123456, tzinfo=UTC)
    shown = clients["owner"].get(f"/api/reduceddatums/{row.pk}/?data_type={data_type}").json()
    assert {**shown, "message": answer.json()["message"]} == answer.json()
    assert (shown["target"], shown["data_type"], shown["timestamp"]) == (
        targets["PUBLIC"].pk,
        data_type,
        TIME,
    )
    # What was shown is what can be sent: the same row, told apart by nothing.
    again = clients["owner"].post("/api/reduceddatums/", shown)
    assert (again.status_code, again.json()["already_exists"]) == (200, True)
    assert MODELS[data_type].objects.count() == 1


def test_photometry_is_read_by_the_names_in_the_wild(clients, targets):
    clients["owner"].post("/api/reduceddatums/", body(targets["OPEN"]))
    row = PhotometryReducedDatum.objects.get()
    assert (row.brightness, row.brightness_error, row.bandpass, row.telescope) == (18.5, 0.1, "r", "P48")
    assert row.value == {"seeing": 1.2}
    assert LightCurveSummary.objects.filter(target=targets["OPEN"]).exists()


def test_a_measurement_may_be_flat_or_a_form(clients, targets):
    flat = {**body(targets["OPEN"]), "value": {}, "brightness": 17.5, "bandpass": "g"}
    assert clients["owner"].post("/api/reduceddatums/", flat).status_code == 201
    form = {**body(targets["OPEN"]), "data_product": "", "value": '{"limit": 20.5, "band": "i"}'}
    answer = clients["owner"].post("/api/reduceddatums/", form, format="multipart")
    assert answer.status_code == 201, answer.data
    assert set(PhotometryReducedDatum.objects.values_list("bandpass", "limit")) == {("g", None), ("i", 20.5)}


def test_the_limit_of_a_detection_is_no_limit_row(clients, targets):
    value = {"magnitude": 18.0, "limit": 20.0, "filter": "r"}
    shown = clients["owner"].post("/api/reduceddatums/", body(targets["OPEN"], value=value)).json()
    assert PhotometryReducedDatum.objects.get().limit is None
    assert (shown["value"]["brightness"], shown["value"]["limit"]) == (18.0, 20.0)


def test_a_spectrum_in_the_older_form_is_read(clients, targets):
    value = {str(n): {"flux": n * 0.5, "wavelength": 4000 + n} for n in range(12)}
    clients["owner"].post("/api/reduceddatums/", body(targets["OPEN"], "spectroscopy", value=value))
    row = SpectroscopyReducedDatum.objects.get()
    assert row.flux == [n * 0.5 for n in range(12)]
    assert row.wavelength == [4000.0 + n for n in range(12)]
    assert row.value == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": None}, "target"),
        ({"target": 10**30}, "target"),
        ({"target": "one"}, "target"),
        ({"target": 999999}, "target"),
        ({"data_type": ""}, "data_type"),
        ({"data_type": ["photometry"]}, "data_type"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 60000}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"data_product": 4711}, "data_product"),
        ({"source_name": "x" * 101}, "source_name"),
        ({"source_name": {"a": 1}}, "source_name"),
        ({"value": {"magnitude": 18.0}}, "value"),
        ({"value": {"filter": "r"}}, "value"),
        ({"value": {"magnitude": "bright", "filter": "r"}}, "value"),
        ({"value": {"magnitude": "1e999", "filter": "r"}}, "value"),
        ({"value": {"magnitude": True, "filter": "r"}}, "value"),
        ({"value": {"magnitude": 18, "filter": "r", "note": "a\0b"}}, "value"),
        ({"value": {"magnitude": 18, "filter": "r", "telescope": ["P48"]}}, "telescope"),
        ({"value": "{not json"}, "value"),
        ({"data_type": "spectroscopy", "value": {"flux": [1, 2], "wavelength": [1]}}, "value"),
        ({"data_type": "spectroscopy", "value": {"flux": "12"}}, "value"),
        ({"data_type": "spectroscopy", "value": {"flux": [1, None]}}, "value"),
        ({"data_type": "astrometry", "value": {"ra": 10.0}}, "value"),
        ({"data_type": "astrometry", "value": {"ra": 10.0, "dec": 91}}, "value"),
    ],
)
def test_what_is_wrong_is_refused_alone_and_in_a_list(clients, targets, change, field):
    sent = {**body(targets["OPEN"]), **change}
    for data in (sent, [sent]):
        answer = clients["owner"].post("/api/reduceddatums/", data, format="json")
        assert answer.status_code == 400, answer.data
        errors = answer.json()["results"][0]["errors"] if isinstance(data, list) else answer.json()
        assert field in errors
    assert not any(model.objects.exists() for model in MODELS.values())


def test_what_stands_inside_a_value_moves_nothing(clients, targets):
    value = {**VALUES["photometry"], "target": targets["PRIVATE"].pk, "timestamp": "never", "data_product": 7}
    answer = clients["owner"].post("/api/reduceddatums/", body(targets["OPEN"], value=value))
    assert answer.status_code == 201
    row = PhotometryReducedDatum.objects.get()
    assert (row.target, row.data_product) == (targets["OPEN"], None)
    assert row.value["timestamp"] == "never"


def test_a_list_is_stored_once(clients, targets):
    rows = [body(targets["OPEN"], value={"magnitude": 18 + n / 10, "filter": "r"}) for n in range(5)]
    rows += [body(targets["OPEN"], data_type) for data_type in MODELS if data_type != "photometry"]
    first = clients["owner"].post("/api/reduceddatums/", rows, format="json")
    assert (first.status_code, first.json()["created"], first.json()["already_exists"]) == (201, 8, 0)
    second = clients["owner"].post("/api/reduceddatums/", [*rows, rows[0]], format="json")
    assert (second.status_code, second.json()["created"], second.json()["already_exists"]) == (200, 0, 9)
    assert [model.objects.count() for model in MODELS.values()] == [5, 1, 1, 1]
    spectrum = SpectroscopyReducedDatum.objects.get()
    assert spectrum.flux == [1.0, 2.0]
    assert len(spectrum.flux_digest) == 64


def test_a_list_is_stored_all_or_not_unless_asked(clients, targets):
    rows = [body(targets["OPEN"]), body(targets["OPEN"], timestamp="never"), body(targets["PRIVATE"])]
    answer = clients["owner"].post("/api/reduceddatums/", rows, format="json")
    assert answer.status_code == 400
    assert [entry["index"] for entry in answer.json()["results"]] == [1]
    assert not PhotometryReducedDatum.objects.exists()
    answer = clients["owner"].post("/api/reduceddatums/?mode=best_effort", rows, format="json")
    assert (answer.status_code, answer.json()["created"], answer.json()["rejected"]) == (201, 2, 1)
    assert PhotometryReducedDatum.objects.count() == 2
    assert clients["owner"].post("/api/reduceddatums/?mode=x", rows, format="json").status_code == 400


def test_a_list_of_ten_thousand_and_one_is_refused(clients, targets):
    assert clients["owner"].post("/api/reduceddatums/", [{}] * 10_001, format="json").status_code == 400


def test_seeing_is_not_adding(clients, targets):
    for name, level, code in (
        ("anonymous", "OPEN", 401),
        ("stranger", "OPEN", 403),
        ("stranger", "PRIVATE", 400),
        ("member", "PRIVATE", 403),
        ("owner", "PRIVATE", 201),
    ):
        answer = clients[name].post("/api/reduceddatums/", body(targets[level]))
        assert answer.status_code == code, (name, level)
    listed = clients["member"].post("/api/reduceddatums/", [body(targets["PRIVATE"])], format="json")
    assert listed.status_code == 400
    assert "not add data" in listed.json()["results"][0]["errors"]["target"][0]


def test_pages_lead_through_all_tables_and_back(clients, targets):
    for data_type in MODELS:
        for hour in range(4):
            row = body(targets["OPEN"], data_type, timestamp=f"2026-08-14T0{hour}:00:00Z")
            assert clients["owner"].post("/api/reduceddatums/", row).status_code == 201
    pages, url = [], "/api/reduceddatums/?limit=3"
    while url:
        page = clients["anonymous"].get(url).json()
        assert (page["count"], page["count_is_estimate"]) == (16, False)
        pages.append([(row["data_type"], row["id"]) for row in page["results"]])
        url, previous = page["next"], page["previous"]
    flat = [row for page in pages for row in page]
    assert [kind for kind, _ in flat] == [kind for kind in MODELS for _ in range(4)]
    assert len(set(flat)) == 16
    assert [len(page) for page in pages] == [3, 3, 3, 3, 3, 1]
    back = []
    while previous:
        page = clients["anonymous"].get(previous).json()
        back.append([(row["data_type"], row["id"]) for row in page["results"]])
        previous = page["previous"]
    assert back == pages[-2::-1]
    by_offset = clients["anonymous"].get("/api/reduceddatums/?limit=3&offset=6").json()["results"]
    assert [(row["data_type"], row["id"]) for row in by_offset] == pages[2]


def test_filters_narrow_every_table(clients, targets):
    product = DataProductFactory(target=targets["OPEN"], product_id="night 7")
    for data_type in MODELS:
        clients["owner"].post(
            "/api/reduceddatums/", body(targets["OPEN"], data_type, data_product=product.pk)
        )
        clients["owner"].post("/api/reduceddatums/", body(targets["PUBLIC"], data_type, source_name="other"))
    for query, count in (
        ("", 8),
        ("data_type=photometry", 2),
        ("data_type=Neutrinos", 2),
        ("data_type=nothing", 0),
        (f"target__id={targets['OPEN'].pk}", 4),
        ("target_name=public", 4),
        (f"data_product__id={product.pk}", 4),
        ("data_product_name=night", 4),
        ("source_name=other&data_type=astrometry", 1),
    ):
        answer = clients["owner"].get(f"/api/reduceddatums/?{query}").json()
        assert (answer["count"], len(answer["results"])) == (count, count), query
    hidden = f"target__id={targets['PRIVATE'].pk}"
    PhotometryFactory(target=targets["PRIVATE"])
    assert clients["stranger"].get(f"/api/reduceddatums/?{hidden}").json()["results"] == []
    assert clients["member"].get(f"/api/reduceddatums/?{hidden}").json()["count"] == 1
    for query in (
        "target__id=x",
        "target__id=1.5",
        "data_product__id=99999999999999999999",
        "cursor=9a1",
        "cursor=x",
    ):
        assert clients["owner"].get(f"/api/reduceddatums/?{query}").status_code == 400, query


def test_a_key_of_several_kinds_has_to_be_told_apart(clients, targets):
    for data_type in ("photometry", "astrometry"):
        clients["owner"].post("/api/reduceddatums/", body(targets["OPEN"], data_type))
    pk = PhotometryReducedDatum.objects.get().pk
    AstrometryReducedDatum.objects.update(id=pk)
    url = f"/api/reduceddatums/{pk}/"
    answer = clients["owner"].get(url)
    assert answer.status_code == 400
    assert "photometry, astrometry" in answer.json()["data_type"][0]
    assert clients["owner"].delete(url).status_code == 400
    assert clients["owner"].delete(f"{url}?data_type=astrometry").status_code == 204
    assert clients["owner"].get(url).json()["data_type"] == "photometry"


def test_deleting_needs_more_than_seeing(clients, targets):
    row = PhotometryFactory(target=targets["PUBLIC"])
    url = f"/api/reduceddatums/{row.pk}/"
    assert clients["anonymous"].delete(url).status_code == 401
    assert clients["anonymous"].get(url).status_code == 404
    assert clients["stranger"].delete(url).status_code == 403
    assert clients["owner"].delete(url).status_code == 204
    assert not PhotometryReducedDatum.objects.exists()


def test_a_page_costs_the_same_whatever_is_on_it(clients, targets, django_assert_max_num_queries):
    for level in targets:
        PhotometryFactory.create_batch(20, target=targets[level])
    with django_assert_max_num_queries(9):
        assert len(clients["owner"].get("/api/reduceddatums/").json()["results"]) == 60
