"""Files that come in by the page: who may send them, what is refused, what is stored once."""

import hashlib
import io
import threading

import numpy as np
import pytest
from astropy.io import fits
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.template import RequestContext, Template
from django.urls import reverse

from tom_common.grants import holds_grant
from tom_common.history.models import ChangeSet
from tom_common.history.revert import revert
from tom_dataproducts.models import DataProduct, DataUpload
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_dataproducts.uploads import StoredUpload, store_upload
from tom_observations.models import ObservationRecord
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db

URL = "/dataproducts/data/upload/"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def fits_image():
    buffer = io.BytesIO()
    fits.PrimaryHDU(np.arange(16.0).reshape(4, 4)).writeto(buffer)
    return buffer.getvalue()


def sent(name="notes.txt", content=b"seeing 1.2\n"):
    return SimpleUploadedFile(name, content)


def upload(client, target, *files, json=False, **fields):
    form = {"target": target.pk, "files": files, "data_product_type": "plain", **fields}
    headers = {"Accept": "application/json"} if json else {}
    return client.post(URL, form, headers=headers)


def stored_files(settings, tmp_path):
    return sorted(path.name for path in (tmp_path / "media").rglob("*") if path.is_file())


@pytest.mark.parametrize("permissions", ADMITTED)
def test_only_who_may_change_a_target_adds_files_to_it(client, people, permissions):
    users, _ = people
    target = shared_target(people, permissions)
    for name, user in users.items():
        as_user(client, user)
        page = client.get(URL, {"target": target.pk}).status_code
        status = upload(client, target, sent(f"{name}.txt", name.encode())).status_code
        if name in ("owner", "staff"):
            expected = (200, 302)
        elif name == "anonymous":
            expected = (302, 302)
        else:
            expected = (403, 403) if name in ADMITTED[permissions] else (404, 404)
        assert (page, status) == expected, name
    assert {product.get_file_name() for product in DataProduct.objects.all()} == {"owner.txt", "staff.txt"}


def test_several_files_of_different_kinds_come_in_at_once(client, people):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    as_user(client, users["owner"])
    answer = upload(
        client, target, sent("a.png", PNG), sent("b.fits", fits_image()), sent(), data_product_type=""
    )
    assert answer.url == f"/targets/{target.pk}/?tab=manage-data#manage-data"
    kinds = dict(DataProduct.objects.values_list("data", "data_product_type"))
    assert {name.rpartition("/")[2]: kind for name, kind in kinds.items()} == {
        "a.png": "image_file",
        "b.fits": "fits_file",
        "notes.txt": "",
    }
    told = [str(message) for message in client.get(answer.url).context["messages"]]
    assert told[:2] == ["a.png is stored.", "b.fits is stored."]
    assert told[2].startswith("notes.txt is stored as a plain file. No column tells a time")


def test_what_is_known_of_an_upload_is_kept(client, people):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    upload(as_user(client, users["owner"]), target, sent())
    kept = DataUpload.objects.get()
    assert (kept.user, kept.size) == (users["owner"], 11)
    assert kept.digest == hashlib.sha256(b"seeing 1.2\n").hexdigest()
    change_set = ChangeSet.objects.get(pk=kept.upload_set_pk)
    assert (change_set.kind, change_set.title) == ("upload", "Upload of notes.txt")


def test_an_upload_is_undone_by_its_change_set(
    client, people, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.TOM_FILE_TRASH_DAYS = 0
    users, _ = people
    upload(as_user(client, users["owner"]), shared_target(people, "PRIVATE"), sent())
    with django_capture_on_commit_callbacks(execute=True):
        revert(ChangeSet.objects.get(kind="upload"), users["owner"])
    assert not DataProduct.objects.exists()
    assert not DataUpload.objects.exists()
    assert stored_files(settings, tmp_path) == []


def test_the_same_file_twice_changes_nothing_and_is_named(client, people, settings, tmp_path):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    as_user(client, users["owner"])
    upload(client, target, sent("first.txt"))
    answer = upload(client, target, sent("second.txt"))
    (told,) = [str(message) for message in client.get(answer.url).context["messages"]][1:]
    assert told.startswith("second.txt is there already, as first.txt of ")
    assert stored_files(settings, tmp_path) == ["first.txt"]
    other = SiderealTargetFactory(permissions="PRIVATE")
    as_user(client, users["staff"])
    upload(client, other, sent("third.txt"))
    assert DataProduct.objects.count() == 2  # another target may have the same file


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("postgresql")
def test_two_requests_with_the_same_file_store_it_once(people):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    found, barrier = [], threading.Barrier(2)

    def send():
        try:
            barrier.wait(5)
            found.append(store_upload({"target": target, "data": sent()}, user=users["owner"]))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(one.is_new for one in found) == [False, True]
    assert len({one.product.pk for one in found}) == DataProduct.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("empty.csv", b"", "plain", "empty.csv is empty (0 bytes)."),
        ("big.bin", bytes(3_000_000), "plain", "big.bin is larger than 2 MB"),
        ("curve.fits", b"time,mag\n", "fits_file", "curve.fits is no FITS file: it is text."),
        ("night.png", b"<svg onload='x()'/>", "image_file", "it is SVG, which may hold scripts."),
        ("page.png", b"<!DOCTYPE html><script>", "image_file", "it is HTML."),
        ("bomb.fits", b"PK\x03\x04" + bytes(30), "fits_file", "it is a zip archive."),
    ],
)
def test_what_is_refused_says_why_and_leaves_nothing(
    client, people, settings, tmp_path, name, content, kind, words
):
    settings.TOM_DATA_UPLOAD_MAX_MB = 2
    users, _ = people
    target = shared_target(people, "PRIVATE")
    as_user(client, users["owner"])
    answer = upload(client, target, sent(name, content), data_product_type=kind)
    assert answer.status_code == 400
    assert words in " ".join(answer.context["form"].errors["files"])
    answer = upload(client, target, sent(name, content), json=True, data_product_type=kind)
    assert words in " ".join(answer.json()["errors"])
    assert not DataProduct.objects.exists()
    assert stored_files(settings, tmp_path) == []


def test_a_refused_file_does_not_keep_the_others_out(client, people):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    as_user(client, users["owner"])
    answer = upload(client, target, sent("empty.txt", b""), sent(), json=True)
    told = [str(message) for message in client.get(answer.json()["redirect"]).context["messages"]]
    assert told == ["empty.txt is empty (0 bytes).", "notes.txt is stored."]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/cron.d/x", "x"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("..", "file"),
    ],
)
def test_no_name_leaves_its_folder(people, settings, tmp_path, name, kept):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    file = sent()
    file._name = name  # what a client sends that is no browser
    stored = store_upload({"target": target, "data": file}, user=users["owner"])
    assert isinstance(stored, StoredUpload)
    assert stored.product.data.name.rpartition("/")[2] == kept
    assert stored_files(settings, tmp_path) == [kept]


def test_a_file_of_an_observation_goes_to_its_target(client, people):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    record = ObservationRecord.objects.create(
        target=target, facility="LCO", parameters={}, observation_id="77", status="COMPLETED"
    )
    as_user(client, users["owner"])
    assert (
        "from the observation 77 at LCO"
        in client.get(f"{URL}?observation_record={record.pk}").content.decode()
    )
    client.post(URL, {"observation_record": record.pk, "files": [sent()], "data_product_type": "plain"})
    product = DataProduct.objects.get()
    assert (product.target_id, product.observation_record) == (target.pk, record)
    assert product.data.name.endswith("/lco/notes.txt")
    as_user(client, users["stranger"])
    assert client.get(f"{URL}?observation_record={record.pk}").status_code == 404


@pytest.mark.parametrize(
    "query", ["", "target=", "target=x", "target=99999999999999999999", "observation_record=1"]
)
def test_an_upload_without_a_place_is_not_found(client, people, query):
    users, _ = people
    assert as_user(client, users["owner"]).get(f"{URL}?{query}").status_code == 404


def test_the_form_leads_back_to_our_own_pages_only(client, people):
    users, _ = people
    target = shared_target(people, "PRIVATE")
    as_user(client, users["owner"])
    assert upload(client, target, sent(), referrer="/targets/").url == "/targets/"
    away = upload(client, target, sent("b.txt", b"b"), referrer="https://evil.example/")
    assert away.url.startswith(f"/targets/{target.pk}/")


def test_groups_get_access_where_files_have_permissions_of_their_own(client, people, settings):
    settings.TARGET_PERMISSIONS_ONLY = False
    users, group = people
    target = shared_target(people, "OPEN")
    users["owner"].groups.add(group)
    as_user(client, users["owner"])
    upload(client, target, sent(), groups=[group.pk])
    product = DataProduct.objects.get()
    assert holds_grant(users["member"], "change_dataproduct", product)
    url = reverse("dataproducts:detail", args=[product.pk])
    statuses = {name: as_user(client, user).get(url).status_code for name, user in users.items()}
    assert {name for name, status in statuses.items() if status == 200} == {"owner", "member", "staff"}


def test_the_same_file_that_one_may_not_see_is_stored_and_not_given_away(client, people, settings):
    settings.TARGET_PERMISSIONS_ONLY = False
    users, _ = people
    target = shared_target(people, "OPEN")
    store_upload({"target": target, "data": sent("secret.txt")}, user=users["staff"])
    answer = upload(as_user(client, users["owner"]), target, sent("mine.txt"))
    assert "secret" not in " ".join(str(message) for message in client.get(answer.url).context["messages"])
    assert DataProduct.objects.count() == 2


@pytest.mark.parametrize("permissions", ADMITTED)
def test_who_may_open_the_page_of_a_file(client, people, permissions, django_assert_max_num_queries):
    users, _ = people
    target = shared_target(people, permissions)
    product = store_upload({"target": target, "data": sent()}, user=users["owner"]).product
    url = reverse("dataproducts:detail", args=[product.pk])
    shown = {}
    for name, user in users.items():
        as_user(client, user)
        with django_assert_max_num_queries(16):
            shown[name] = client.get(url)
    assert {name for name, page in shown.items() if page.status_code == 200} == ADMITTED[permissions]
    for name in ADMITTED[permissions]:
        may_delete = reverse("dataproducts:delete", args=[product.pk]) in shown[name].content.decode()
        assert may_delete == (name in ("owner", "staff")), name


def test_the_list_of_uploads_is_ones_own(client, people, django_assert_max_num_queries):
    users, _ = people
    target = shared_target(people, "OPEN")
    for number in range(12):
        file = sent(f"mine-{number}.txt", str(number).encode())
        store_upload({"target": target, "data": file}, user=users["owner"])
    url = reverse("dataproducts:uploads")
    as_user(client, users["owner"])
    with django_assert_max_num_queries(9):
        assert client.get(url).content.decode().count("mine-") >= 12
    assert "mine-" not in as_user(client, users["stranger"]).get(url).content.decode()
    assert as_user(client, None).get(url).status_code == 302


def test_the_section_offers_the_form_to_those_who_may_use_it(client, people):
    users, _ = people
    target = shared_target(people, "OPEN")
    url = reverse("targets:section", args=[target.pk, "manage-data"])
    offers = {
        name: "data-tom-upload "
        in as_user(client, user).get(url, headers={"HX-Request": "true"}).content.decode()
        for name, user in users.items()
    }
    assert {name for name, offered in offers.items() if offered} == {"owner", "staff"}


def test_an_empty_light_curve_offers_an_upload_to_those_who_may(client, people):
    users, _ = people
    target = shared_target(people, "OPEN")
    link = f'data-empty-url="{URL}?target={target.pk}"'
    offered = {
        name
        for name, user in users.items()
        if link in as_user(client, user).get(target.get_absolute_url()).content.decode()
    }
    assert offered == {"owner", "staff"}


def test_the_tag_gives_the_form_for_a_target_and_for_a_record(people, rf):
    users, _ = people
    target = shared_target(people, "PUBLIC")
    record = ObservationRecord.objects.create(
        target=target, facility="LCO", parameters={}, observation_id="77", status="COMPLETED"
    )
    shown = Template("{% load dataproduct_extras %}{% upload_dataproduct obj %}")
    request = rf.get("/")
    request.user = users["owner"]
    for obj, field in ((target, f'name="target" value="{target.pk}"'), (record, 'name="observation_record"')):
        assert field in shown.render(RequestContext(request, {"obj": obj}))
    request.user = users["stranger"]
    assert "<form" not in shown.render(RequestContext(request, {"obj": record}))


@pytest.mark.parametrize("asks", ["page", "script", "api"])
def test_more_files_than_are_read_at_once_are_refused_with_a_sentence(client, owner, asks):
    client, target = owner
    client.get(URL, {"target": target.pk})  # brings the cookie
    client.handler.enforce_csrf_checks = True  # the token is looked for in the body, which is not read
    files = [sent(f"{number}.txt", b"x") for number in range(101)]
    headers = {"Accept": "application/json"} if asks != "page" else {}
    url = reverse("api:dataproducts-list") if asks == "api" else f"{URL}?target={target.pk}"
    answer = client.post(url, {"target": target.pk, "files": files}, headers=headers)
    assert "More than 100 files in one go: nothing was stored." in answer.content.decode()
    assert answer.status_code == (200 if asks == "script" else 400)
    assert not DataProduct.objects.exists()
