"""Photometry and spectra that are uploaded by the REST API: read, seen first, refused by row, read again."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tom_common.models import Job
from tom_dataproducts import readings
from tom_dataproducts.models import DataProduct, DataUpload, PhotometryReducedDatum

GOOD = b"time,filter,magnitude,error\n61000.5,r,18.25,0.05\n61001.5,g,18.75,0.06\n"
BAD = GOOD + b"61002.5,r,bright,0.05\n"
ROUTE = "/api/dataproducts/"


def curve(content=GOOD, name="curve.csv"):
    return SimpleUploadedFile(name, content)


def post(client, target, *files, kind="photometry", **fields):
    form = {"target": target.pk, "data_product_type": kind, **fields}
    form |= {"data": files[0]} if len(files) == 1 else {"files": list(files)}
    return client.post(ROUTE, form, format="multipart")


def bands():
    return list(PhotometryReducedDatum.objects.order_by("timestamp").values_list("bandpass", flat=True))


def test_a_file_is_read_and_answered_with_its_points(clients, targets):
    answer = post(clients["owner"], targets["PRIVATE"], curve())
    assert answer.status_code == 201, answer.data
    shown = answer.json()
    assert (shown["reading"]["state"], shown["reading"]["stored"]) == ("done", 2)
    assert shown["reading"]["mapping"]["options"]["magnitude_system"] == "AB"
    assert [row["value"]["brightness"] for row in shown["reduceddatum_set"]] == [18.25, 18.75]
    again = post(clients["owner"], targets["PRIVATE"], curve(name="other.csv"))
    assert (again.status_code, again.json()["already_exists"]) == (200, True)
    assert again.json()["id"] == shown["id"]
    assert len(bands()) == 2


def test_a_bad_row_is_named_and_nothing_is_kept(
    clients, targets, tmp_path, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(clients["owner"], targets["PRIVATE"], curve(BAD))
    assert answer.status_code == 400
    (row,) = answer.json()["rows"]
    assert row == {"line": 4, "column": "magnitude", "value": "bright", "reason": "is no number"}
    assert "1 row cannot be read; nothing is stored." in answer.json()["data"][0]
    assert not DataProduct.objects.exists()
    assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    good = post(clients["owner"], targets["PRIVATE"], curve(BAD), on_bad_rows="good_rows")
    assert good.status_code == 201
    assert (good.json()["reading"]["stored"], good.json()["reading"]["bad_rows"]) == (2, 1)


def test_a_preview_stores_no_point_until_it_is_confirmed(clients, targets):
    waiting = post(clients["owner"], targets["PRIVATE"], curve(), preview="true").json()
    reading = waiting["reading"]
    assert reading["state"] == "waiting"
    assert "No magnitude system is named; AB is assumed." in reading["problems"]
    assert reading["mapping"]["meanings"]["filter"] == "band"
    assert bands() == []
    mapping = reading["mapping"]
    del mapping["meanings"]["filter"]
    mapping["options"]["band"] = "V"
    stored = clients["owner"].post(reading["url"], {"mapping": mapping}, format="json")
    assert (stored.status_code, stored.json()["stored"]) == (200, 2)
    assert bands() == ["V", "V"]
    assert clients["member"].get(reading["url"]).json()["state"] == "done"
    again = clients["owner"].post(reading["url"], {}, format="json")
    assert (again.json()["stored"], again.json()["already_there"]) == (0, 2)
    assert bands() == ["V", "V"]


def test_a_mapping_may_come_with_the_file(clients, targets):
    mapping = {"kind": "photometry", "meanings": {"a": "time", "b": "magnitude"}, "options": {"band": "R"}}
    sent = curve(b"a,b\n61000.5,18.25\n")
    answer = post(clients["owner"], targets["OPEN"], sent, mapping=json.dumps(mapping))
    assert answer.status_code == 201, answer.data
    assert bands() == ["R"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mapping": "{"}, "mapping"),
        ({"mapping": "[]" * 3}, "mapping"),
        ({"mapping": '{"kind": "spells"}'}, "mapping"),
        ({"mapping": '{"kind": "photometry", "meanings": {"time": "magic"}}'}, "mapping"),
        ({"mapping": '{"kind": "photometry", "meanings": {"nowhere": "time"}}'}, "data"),
        ({"on_bad_rows": "maybe"}, "on_bad_rows"),
        ({"data": curve(b"<html></html>")}, "data"),
        ({"data": curve(b"\x1f\x8b\x08" + bytes(9))}, "data"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(clients, targets, change, field):
    form = {"target": targets["OPEN"].pk, "data": curve(), "data_product_type": "photometry", **change}
    answer = clients["owner"].post(ROUTE, form, format="multipart")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not DataProduct.objects.exists()


def test_several_files_are_answered_one_by_one(clients, targets, settings):
    settings.TOM_DATA_UPLOAD_MAX_MB = 0.1
    files = curve(), curve(BAD, "bad.csv"), curve(name="same.csv"), curve(bytes(200_000), "huge.bin")
    answer = post(clients["owner"], targets["OPEN"], *files)
    assert answer.status_code == 201, answer.data
    told = answer.json()
    assert (told["created"], told["already_exists"], told["rejected"]) == (1, 1, 2)
    assert [entry["file"] for entry in told["results"]] == ["curve.csv", "bad.csv", "same.csv", "huge.bin"]
    assert told["results"][1]["errors"]["rows"][0]["line"] == 4
    assert "larger than 100 kB" in told["results"][3]["errors"]["data"][0]
    nothing = post(clients["owner"], targets["OPEN"], curve(b"", "a.csv"), curve(b"", "b.csv"))
    assert nothing.status_code == 400


def test_an_empty_file_among_several_stops_no_other(clients, targets):
    files = curve(), curve(b"", "empty.csv"), curve(b"mjd,filter,mag\n61000.5,V,12.5\n", "more.csv")
    answer = post(clients["owner"], targets["OPEN"], *files)
    assert answer.status_code == 201, answer.data
    told = answer.json()
    assert (told["created"], told["rejected"]) == (2, 1)
    assert [entry["file"] for entry in told["results"]] == ["curve.csv", "empty.csv", "more.csv"]
    assert "empty" in told["results"][1]["errors"]["data"][0]
    assert DataProduct.objects.count() == 2


def test_several_files_for_a_target_that_may_not_be_changed_are_refused_as_one(clients, targets):
    answer = post(clients["stranger"], targets["OPEN"], curve(), curve(b"", "empty.csv"))
    assert (answer.status_code, DataProduct.objects.count()) == (403, 0)


def test_a_file_that_is_too_large_is_refused_while_it_arrives(clients, targets, settings):
    settings.TOM_DATA_UPLOAD_MAX_MB = 0.1
    answer = post(clients["owner"], targets["OPEN"], curve(bytes(200_000), "huge.bin"))
    assert answer.status_code == 400
    assert "TOM_DATA_UPLOAD_MAX_MB" in answer.json()["data"][0]


def test_files_that_wait_on_disk_are_taken_as_well(clients, targets, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    assert post(clients["owner"], targets["OPEN"], curve()).status_code == 201
    files = curve(b"mjd,filter,mag\n61000.5,V,12.5\n"), curve(b"seeing", "notes.txt")
    answer = post(clients["owner"], targets["OPEN"], *files, kind="photometry").json()
    assert (answer["created"], answer["rejected"]) == (1, 1)
    assert bands() == ["r", "V", "g"]


def test_a_large_file_is_read_by_a_job(clients, targets, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(readings, "INLINE_BYTES", 10)
    answer = post(clients["owner"], targets["OPEN"], curve())
    assert (answer.status_code, answer.json()["reading"]["state"]) == (201, "running")
    job = Job.objects.get(pk=answer.json()["reading"]["job"]["id"])
    url = f"{ROUTE}{answer.json()['id']}/reading/"
    with django_capture_on_commit_callbacks(execute=True):
        assert clients["owner"].post(url, {}, format="json").status_code == 202
    assert job.title == "Reading of curve.csv"
    assert clients["owner"].get(url).json()["state"] == "done"


@pytest.mark.parametrize("level", ["OPEN", "PUBLIC", "PRIVATE"])
def test_who_may_read_a_file_again(clients, targets, level):
    post(clients["owner"], targets[level], curve())
    url = f"{ROUTE}{DataProduct.objects.get().pk}/reading/"
    seen = {"OPEN": set(clients), "PUBLIC": set(clients) - {"anonymous"}}
    seen["PRIVATE"] = {"owner", "member", "superuser"}
    for name, client in clients.items():
        assert (client.get(url).status_code == 200) == (name in seen[level]), name
        if name not in seen[level]:
            expected = 404
        elif name == "anonymous":
            expected = 401
        else:
            expected = 200 if name in ("owner", "superuser") else 403
        assert client.post(url, {}, format="json").status_code == expected, name


@pytest.mark.parametrize("body", [[], "x", {"mapping": []}, {"mapping": {"kind": 1}}, {"on_bad_rows": {}}])
def test_a_strange_body_is_refused(clients, targets, body):
    post(clients["owner"], targets["OPEN"], curve())
    url = f"{ROUTE}{DataProduct.objects.get().pk}/reading/"
    assert clients["owner"].post(url, body, format="json").status_code == 400
    assert DataUpload.objects.get().state == "done"


def test_a_row_without_a_file_cannot_be_read(clients, targets):
    product = DataProduct.objects.create(target=targets["OPEN"], data_product_type="photometry")
    url = f"{ROUTE}{product.pk}/reading/"
    assert clients["owner"].get(url).json() == {"state": "kept"}
    gone = post(clients["owner"], targets["OPEN"], curve()).json()["id"]
    DataProduct.objects.get(pk=gone).data.storage.delete("target-open/none/curve.csv")
    answer = clients["owner"].post(f"{ROUTE}{gone}/reading/", {}, format="json")
    assert answer.json() == ["The file is gone from the storage; upload it again."]
    mapping = {"kind": "photometry", "meanings": {"time": "time"}}
    for body in ({}, {"mapping": mapping}):
        assert clients["owner"].post(url, body, format="json").status_code == 400
