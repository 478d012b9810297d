"""Files over the REST API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tom_common.grants import holds_grant
from tom_common.history.models import ChangeSet
from tom_dataproducts.file_names import safe_file_name
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_targets.tests.factories import SiderealTargetFactory

uploaded = []


def note(product):
    uploaded.append(product.pk)


def fail(product):
    raise RuntimeError("the hook of this TOM is broken")


def file_of(name="curve.csv", content=b"time,magnitude\n"):
    return SimpleUploadedFile(name, content)


def form(target, **changes):
    return {"target": target.pk, "data": file_of(), "data_product_type": "photometry", **changes}


def test_a_file_is_stored_and_downloaded_again(clients, targets, settings):
    settings.HOOKS = {"data_product_post_upload": f"{__name__}.note"}
    uploaded.clear()
    answer = clients["owner"].post(
        "/api/dataproducts/", form(targets["PRIVATE"], product_id="night 7"), format="multipart"
    )
    assert answer.status_code == 201, answer.data
    shown = answer.json()
    assert shown["message"] == "Data product successfully uploaded."
    product = DataProduct.objects.get()
    assert uploaded == [product.pk]
    assert (shown["id"], shown["product_id"], shown["target"]) == (
        product.pk,
        "night 7",
        targets["PRIVATE"].pk,
    )
    assert product.data.name == "target-private/none/curve.csv"
    assert shown["data"].endswith(f"/api/dataproducts/{product.pk}/download/")
    downloaded = clients["member"].get(shown["data"])
    assert b"".join(downloaded.streaming_content) == b"time,magnitude\n"
    assert "attachment" in downloaded.headers["Content-Disposition"]
    assert (
        clients["stranger"].get(shown["data"]).json()["detail"] == "No DataProduct matches the given query."
    )
    assert clients["anonymous"].get(shown["data"]).status_code == 404
    assert clients["stranger"].get(f"/api/dataproducts/{product.pk}/").status_code == 404
    assert clients["member"].get(f"/api/dataproducts/{product.pk}/").json()["data"] == shown["data"]


def test_a_known_product_id_stores_nothing(clients, targets):
    first = clients["owner"].post(
        "/api/dataproducts/", form(targets["OPEN"], product_id="a"), format="multipart"
    )
    again = clients["owner"].post(
        "/api/dataproducts/", form(targets["OPEN"], product_id="a"), format="multipart"
    )
    assert (again.status_code, again.json()["already_exists"], again.json()["id"]) == (
        200,
        True,
        first.json()["id"],
    )
    assert DataProduct.objects.count() == 1
    hidden = DataProductFactory(target=SiderealTargetFactory(permissions="PRIVATE"), product_id="b")
    answer = clients["owner"].post(
        "/api/dataproducts/", form(targets["OPEN"], product_id="b"), format="multipart"
    )
    assert answer.status_code == 400
    assert hidden.target.name not in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"data": ""}, "data"),
        ({"data": SimpleUploadedFile("empty.csv", b"")}, "data"),
        ({"data_product_type": "spells"}, "data_product_type"),
        ({"data_product_type": ""}, "data_product_type"),
        ({"target": "x"}, "target"),
        ({"target": "9" * 30}, "target"),
        ({"observation_record": "1"}, "observation_record"),
        ({"product_id": "x" * 256}, "product_id"),
        ({"product_id": "a\0b"}, "product_id"),
        ({"groups": "{"}, "groups"),
        ({"groups": '[{"name": "others"}]'}, "groups"),
        ({"extra_data": "a\0b"}, "extra_data"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(clients, targets, change, field):
    sent = {**form(targets["OPEN"]), **change}
    answer = clients["owner"].post("/api/dataproducts/", sent, format="multipart")
    assert answer.status_code == 400, answer.data
    assert field in answer.json()
    assert not DataProduct.objects.exists()


def test_a_file_needs_a_target_that_one_may_change(clients, targets):
    for name, level, code in (
        ("anonymous", "OPEN", 401),
        ("stranger", "OPEN", 403),
        ("stranger", "PRIVATE", 400),
        ("member", "PRIVATE", 403),
        ("superuser", "PRIVATE", 201),
    ):
        answer = clients[name].post("/api/dataproducts/", form(targets[level]), format="multipart")
        assert answer.status_code == code, (name, level)


def test_a_broken_hook_leaves_nothing_behind(clients, targets, settings, tmp_path):
    settings.HOOKS = {"data_product_post_upload": f"{__name__}.fail"}
    with pytest.raises(RuntimeError, match="broken"):
        clients["owner"].post("/api/dataproducts/", form(targets["OPEN"]), format="multipart")
    assert not DataProduct.objects.exists()
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\night 7.fits", "night_7.fits"),
        ("Ωμέγα.csv", "csv"),
        ("é té.csv", "e_te.csv"),
        ("...", "file"),
        ("a/b\0c.txt", "b_c.txt"),
        ("x" * 300 + ".fits.gz", "x" * 112 + ".fits.gz"),
    ],
)
def test_file_names_are_made_safe(sent, kept):
    assert safe_file_name(sent) == kept


def test_a_target_without_a_letter_in_its_name_has_files_too(clients, people):
    made = (
        clients["owner"]
        .post("/api/targets/", {"name": "★", "type": "SIDEREAL", "ra": 1.0, "dec": 1.0}, format="json")
        .json()
    )
    sent = {"target": made["id"], "data": file_of(), "data_product_type": "photometry"}
    assert clients["owner"].post("/api/dataproducts/", sent, format="multipart").status_code == 201


def test_measurements_are_shown_with_a_single_file(clients, targets):
    product = DataProductFactory(target=targets["OPEN"])
    PhotometryFactory(target=targets["OPEN"], data_product=product)
    shown = clients["anonymous"].get(f"/api/dataproducts/{product.pk}/").json()
    assert [row["data_type"] for row in shown["reduceddatum_set"]] == ["photometry"]
    listed = clients["anonymous"].get("/api/dataproducts/").json()
    assert listed["count"] == 1
    assert "reduceddatum_set" not in listed["results"][0]


def test_deleting_takes_the_measurements_along(clients, targets, django_capture_on_commit_callbacks):
    product = DataProductFactory(target=targets["PUBLIC"])
    PhotometryFactory(target=targets["PUBLIC"], data_product=product)
    url = f"/api/dataproducts/{product.pk}/"
    assert clients["anonymous"].delete(url).status_code == 401
    assert clients["stranger"].delete(url).status_code == 403
    with django_capture_on_commit_callbacks(execute=True):
        assert clients["owner"].delete(url).status_code == 204
    assert not PhotometryReducedDatum.objects.exists()
    assert product.data.storage.exists(product.data.name)
    undo = f"/api/changesets/{ChangeSet.objects.get(kind='delete').pk}/revert/"
    assert clients["member"].post(undo, {}, format="json").status_code == 409
    assert clients["owner"].post(undo, {}, format="json").status_code == 200
    assert PhotometryReducedDatum.objects.get().data_product == product


def test_files_have_permissions_of_their_own_where_the_site_says_so(
    clients, targets, people, group, settings
):
    settings.TARGET_PERMISSIONS_ONLY = False
    people["owner"].groups.add(group)
    sent = form(targets["OPEN"], groups=f'[{{"id": {group.pk}}}]')
    answer = clients["owner"].post("/api/dataproducts/", sent, format="multipart")
    assert answer.status_code == 201, answer.data
    url = f"/api/dataproducts/{answer.json()['id']}/"
    assert holds_grant(people["member"], "view_dataproduct", DataProduct.objects.get())
    assert clients["owner"].get(url).status_code == 200
    assert clients["member"].get(url).status_code == 200
    assert clients["stranger"].get(url).status_code == 404


def test_a_list_of_files_costs_the_same_whatever_is_on_it(clients, targets, django_assert_max_num_queries):
    DataProductFactory.create_batch(30, target=targets["OPEN"])
    with django_assert_max_num_queries(5):
        assert len(clients["owner"].get("/api/dataproducts/").json()["results"]) == 30
