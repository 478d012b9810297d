"""Uploads of photometry and spectra: seen before they are stored, stored, read again, undone, refused."""

import json

import pytest
from django.urls import reverse

from tom_common.grants import holds_grant
from tom_common.history.models import ChangeSet
from tom_common.history.revert import revert
from tom_dataproducts.data_processor import DataProcessor
from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.models import (
    DataProduct,
    DataUpload,
    ReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_dataproducts.tests.uploading import BAD_ROW, DOUBTFUL, GOOD, SPECTRUM, confirm, page, points, send

pytestmark = pytest.mark.django_db


class ReadsByItself(DataProcessor):
    """A processor of a project, of the older generation."""

    def process_data(self, data_product):
        with data_product.data.open("rb") as file:
            text = file.read().decode()
        if "broken" in text:
            raise InvalidFileFormatException("This is no file of ours.")
        from datetime import UTC, datetime

        return [(datetime(2026, 1, 2, tzinfo=UTC), {"rv_km_s": 12.5}, "FEROS")]


def test_a_file_waits_until_somebody_has_looked_at_it(owner):
    client, target = owner
    answer = send(client, target, DOUBTFUL, at_once="on")  # no magnitude system: not without doubt
    product = DataProduct.objects.get()
    assert (product.data_product_type, answer.url) == ("photometry", page("process", product))
    assert points() == []
    shown = client.get(answer.url)
    text = shown.content.decode()
    assert "No magnitude system is named; AB is assumed." in text
    assert "2 rows can be stored." in text
    assert "2025-11-21 12:00:00" in text  # MJD 61000.5
    assert "18.25 ± 0.05" in text
    meanings = {column.name: field.value() for column, field in shown.context["columns"]}
    assert meanings == {
        "time": "time",
        "filter": "band",
        "magnitude": "magnitude",
        "error": "magnitude_error",
    }
    options = {field.name: field.value() for field in shown.context["options"]}
    assert (options["option-time_format"], options["option-time_scale"]) == ("mjd", "utc")
    assert options["option-magnitude_system"] == "AB"
    section = reverse("targets:section", args=[target.pk, "manage-data"])
    assert "waiting for a look" in client.get(section, headers={"HX-Request": "true"}).content.decode()
    assert "waiting for a look" in client.get(reverse("dataproducts:uploads")).content.decode()
    confirm(client, product)
    assert points() == [("r", 18.25), ("g", 18.75)]
    assert DataUpload.objects.get().state == DataUpload.State.DONE
    assert "2 points stored." in client.get(page("detail", product)).content.decode()


def test_what_is_understood_without_doubt_is_stored_at_once_if_one_says_so(owner):
    client, target = owner
    send(client, target, GOOD)
    assert points() == []
    DataProduct.objects.all().delete()
    send(client, target, GOOD, at_once="on")
    assert points() == [("r", 18.25), ("g", 18.75)]


def test_a_changed_mapping_is_what_is_stored(owner):
    client, target = owner
    send(client, target, DOUBTFUL)
    product = DataProduct.objects.get()
    shown = client.post(
        page("process", product),
        {"column-0": "time", "column-2": "magnitude", "option-band": "V", "on_bad_rows": "all_or_nothing"},
    )
    assert shown.status_code == 200
    assert [point.band for point in shown.context["preview"].points] == ["V", "V"]
    assert "is assumed" not in shown.content.decode()  # what was chosen is not assumed
    assert points() == []
    confirm(client, product, **{"column-1": "ignore", "option-band": "V", "option-magnitude_system": "Vega"})
    assert points() == [("V", 18.25), ("V", 18.75)]
    mapping = DataUpload.objects.get().mapping
    assert mapping["options"]["magnitude_system"] == "Vega"
    assert "filter" not in mapping["meanings"]
    facts = client.get(page("detail", product)).context["meanings"]
    assert ("Magnitude system", "Vega") in facts


def test_two_columns_that_mean_the_same_are_refused(owner):
    client, target = owner
    send(client, target, DOUBTFUL)
    product = DataProduct.objects.get()
    shown = confirm(client, product, **{"column-3": "magnitude"})
    assert "said to be it" in shown.content.decode()
    assert points() == []


def test_bad_rows_are_named_and_the_good_ones_stored_if_one_says_so(owner):
    client, target = owner
    send(client, target, BAD_ROW, at_once="on")
    product = DataProduct.objects.get()
    assert points() == []
    text = client.get(page("process", product)).content.decode()
    assert "2 rows are wrong" in text
    assert "bright" in text
    wrong, options = text.split('id="reading-errors"')[1].split('id="mapping-options"')
    assert 'name="on_bad_rows"' in wrong and 'name="on_bad_rows"' not in options
    report = client.get(page("report", product) + "?format=csv").content.decode().splitlines()
    assert report[0] == "line,column,value,reason"
    assert report[1].startswith("4,mag_AB,bright,")
    assert report[2] == "5,mag_err,-0.5,an error cannot be negative"
    confirm(client, product, on_bad_rows="good_rows")
    assert points() == [("r", 18.25), ("g", 18.75)]
    told = json.loads(client.get(page("report", product) + "?format=json").content)
    assert (told["stored"], told["bad_rows"]) == (2, 2)
    assert [problem["line"] for problem in told["problems"]] == [4, 5]


def test_reading_again_replaces_the_points_in_one_change_set(owner, people):
    client, target = owner
    users, _ = people
    send(client, target, GOOD, at_once="on")
    product = DataProduct.objects.get()
    first = DataUpload.objects.get().reading_set_pk
    confirm(client, product, **{"column-1": "ignore", "option-band": "i"})
    assert points() == [("i", 18.25), ("i", 18.75)]
    second = DataUpload.objects.get().reading_set_pk
    assert second != first
    revert(ChangeSet.objects.get(pk=second), users["owner"])
    assert points() == [("r", 18.25), ("g", 18.75)]


def test_an_upload_is_undone_with_one_click_for_points_and_for_the_file(owner, people):
    client, target = owner
    users, _ = people
    send(client, target, GOOD, at_once="on")
    kept = DataUpload.objects.get()
    links = client.get(page("detail", kept.product)).content.decode()
    assert reverse("change-set", args=[kept.reading_set_pk]) in links
    assert reverse("change-set", args=[kept.upload_set_pk]) in links
    revert(ChangeSet.objects.get(pk=kept.reading_set_pk), users["owner"])
    assert points() == []
    assert DataProduct.objects.exists()
    assert "Undone since" in client.get(page("detail", kept.product)).content.decode()
    confirm(client, kept.product)
    assert "Undone since" not in client.get(page("detail", kept.product)).content.decode()
    assert len(points()) == 2
    revert(ChangeSet.objects.get(pk=kept.upload_set_pk), users["owner"])
    assert points() == []
    assert not DataProduct.objects.exists()


def test_a_waiting_file_is_thrown_away(owner):
    client, target = owner
    send(client, target, DOUBTFUL)
    product = DataProduct.objects.get()
    assert page("delete", product) in client.get(page("process", product)).content.decode()
    client.post(page("delete", product))
    assert not DataProduct.objects.exists()
    assert not DataUpload.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("latin.csv", "time,mag,source\n61000.5,18.2,Šibenik".encode("utf-16-le")[:-1], "unknown binary"),
        ("page.csv", b"<html><script>alert(1)</script></html>", "cannot be read as photometry"),
        ("noise.csv", bytes(range(256)) * 8, "cannot be read as photometry"),
        ("bomb.csv.gz", b"\x1f\x8b\x08" + bytes(20), "damaged"),
    ],
)
def test_a_file_that_is_no_photometry_is_refused_and_not_kept(owner, name, content, words):
    client, target = owner
    answer = send(client, target, content, name, data_product_type="photometry")
    assert answer.status_code == 400
    told = " ".join(answer.context["form"].errors["files"])
    assert name in told
    assert words in told
    assert "plain file" in told
    assert not DataProduct.objects.exists()


def test_a_spectrum_is_recognised_seen_and_stored(owner):
    client, target = owner
    send(client, target, SPECTRUM, "sn.txt")
    product = DataProduct.objects.get()
    assert product.data_product_type == "spectroscopy"
    text = client.get(page("process", product)).content.decode()
    assert "4000 to 4002 Angstrom" in text
    confirm(client, product)
    stored = SpectroscopyReducedDatum.objects.get()
    assert (stored.wavelength, f"{stored.timestamp:%Y-%m-%d}") == ([4000.0, 4001.0, 4002.0], "2026-01-02")


def test_a_plain_file_may_be_read_later(owner):
    client, target = owner
    send(client, target, GOOD, data_product_type="plain")
    product = DataProduct.objects.get()
    assert (product.data_product_type, points()) == ("", [])
    shown = client.get(page("process", product) + "?kind=photometry")
    form = {bound.html_name: bound.value() for bound in shown.context["form"] if bound.value()}
    client.post(page("process", product) + "?kind=photometry", {**form, "store": "1"})
    product.refresh_from_db()
    assert (product.data_product_type, len(points())) == ("photometry", 2)


def test_a_picture_is_not_read_and_the_page_says_so(owner):
    client, target = owner
    send(client, target, b"\x89PNG\r\n\x1a\n" + bytes(40), "sky.png")
    product = DataProduct.objects.get()
    for answer in (
        client.get(page("process", product)),
        client.post(page("process", product), {"store": "1"}),
    ):
        assert "kind picture, which is kept as it is" in answer.content.decode()
    shown = client.get(page("process", product) + "?kind=photometry").content.decode()
    assert "The file cannot be read as photometry." in shown
    assert DataUpload.objects.get().state == DataUpload.State.KEPT


def test_a_file_that_is_gone_is_said_to_be(owner):
    client, target = owner
    send(client, target, GOOD)
    product = DataProduct.objects.get()
    product.data.storage.delete(product.data.name)
    assert "gone from the storage" in client.get(page("process", product)).content.decode()
    assert client.get(page("detail", product)).status_code == 200


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("61002.5,r,nan,0.05", "", ""),
        ("61002.5,r,inf,0.05", "mag_AB", "finite"),
        ("61002.5,r,18.2,-inf", "mag_err", ""),
        ("nan,r,18.2,0.1", "mjd_utc", ""),
        ("99999.5,r,18.2,0.1", "mjd_utc", "future"),
        ("61002.5,r", "", ""),
        ("61002.5,r,1e400,0.1", "mag_AB", ""),
    ],
)
def test_what_no_measurement_can_be_is_named_by_line_and_column(owner, row, column, reason):
    client, target = owner
    send(client, target, GOOD + row.encode() + b"\n")
    preview = client.get(page("process", DataProduct.objects.get())).context["preview"]
    assert preview.good == 2
    assert preview.bad + preview.left_out == 1
    if column:
        (error,) = preview.errors
        assert (error.line, error.column) == (4, column)
        assert reason in error.reason


def test_a_processor_of_the_project_reads_by_itself_or_refuses(owner, settings):
    client, target = owner
    settings.DATA_PRODUCT_TYPES = {"rv": ("rv", "Radial velocity")}
    settings.DATA_PROCESSORS = {"rv": f"{__name__}.ReadsByItself"}
    answer = send(client, target, b"broken", data_product_type="rv")
    assert "This is no file of ours." in answer.context["form"].errors["files"][0]
    assert not DataProduct.objects.exists()
    send(client, target, b"fine", data_product_type="rv")
    row = ReducedDatum.objects.get()
    assert (row.data_type, row.value, row.source_name) == ("rv", {"rv_km_s": 12.5}, "FEROS")
    shown = client.get(page("process", row.data_product))
    assert "ReadsByItself" in shown.content.decode()
    client.post(page("process", row.data_product), {"store": "1"})
    assert ReducedDatum.objects.count() == 1


def test_generic_rows_belong_to_whom_the_file_belongs(owner, settings, people):
    client, target = owner
    users, group = people
    settings.TARGET_PERMISSIONS_ONLY = False
    settings.DATA_PRODUCT_TYPES = {"rv": ("rv", "Radial velocity")}
    settings.DATA_PROCESSORS = {"rv": f"{__name__}.ReadsByItself"}
    users["owner"].groups.add(group)
    send(client, target, b"fine", data_product_type="rv", groups=[group.pk])
    row = ReducedDatum.objects.get()
    assert holds_grant(users["owner"], "delete_reduceddatum", row)
    assert holds_grant(users["member"], "view_reduceddatum", row)
    assert not holds_grant(users["stranger"], "view_reduceddatum", row)


@pytest.mark.parametrize("permissions", ADMITTED)
def test_who_may_look_at_columns_and_reports(client, people, permissions):
    users, _ = people
    target = shared_target(people, permissions)
    send(as_user(client, users["owner"]), target, GOOD, at_once="on")
    product = DataProduct.objects.get()
    for name, user in users.items():
        as_user(client, user)
        process = client.get(page("process", product)).status_code
        stored = client.post(page("process", product), {"store": "1"}).status_code
        report = client.get(page("report", product)).status_code
        if name not in ADMITTED[permissions]:
            assert (process, stored, report) == (404, 404, 404), name
        elif name in ("owner", "staff"):
            assert (process, stored, report) == (200, 200, 200), name
        else:
            assert (process, stored) == ((302, 302) if name == "anonymous" else (403, 403)), name
            assert report == 200
    assert len(points()) == 2


def test_the_page_of_columns_asks_the_database_little(owner, django_assert_max_num_queries):
    client, target = owner
    send(client, target, GOOD)
    product = DataProduct.objects.get()
    client.get(page("process", product))
    with django_assert_max_num_queries(16):
        client.get(page("process", product))
