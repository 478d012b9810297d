"""Deleted files: kept for some days, brought back by undoing the deletion, then gone for good."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from tom_common.grants import grant_access, groups_with_access
from tom_common.history import RevertRefusedError
from tom_common.history.models import ChangeSet
from tom_common.history.revert import revert
from tom_dataproducts import file_trash, services, tasks
from tom_dataproducts.fits_images import services as fits
from tom_dataproducts.models import (
    DataProduct,
    DataProductGroup,
    DataUpload,
    LightCurveSummary,
    PhotometryReducedDatum,
    ReducedDatum,
    TrashedFile,
)
from tom_dataproducts.storage_check import check_storage
from tom_dataproducts.tasks import read_fits_soon
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_dataproducts.tests.fits_images.files import several
from tom_dataproducts.tests.people import as_user, shared_target
from tom_dataproducts.tests.uploading import BAD_ROW, GOOD, confirm, content_of, page, points, send
from tom_targets.trash import move_to_trash
from tom_targets.trash import restore as restore_target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]


def last_deletion():
    return ChangeSet.objects.filter(kind="delete").latest("pk")


def outdate():
    TrashedFile.objects.update(deleted_at=timezone.now() - timedelta(days=31))


def test_a_deleted_file_comes_back_with_all_that_hung_on_it(owner, people, now):
    client, target = owner
    send(client, target, GOOD)
    product = DataProduct.objects.get()
    confirm(client, product)
    group = DataProductGroup.objects.create(name="paper")
    product.group.add(group)
    grant_access(people[1], product, ["view_dataproduct"])
    before, wanted = DataProduct.objects.values().get(), points()
    upload = DataUpload.objects.values().get()

    assert "For 30 days this can be undone" in client.get(page("delete", product)).content.decode()
    with now():
        told = client.post(page("delete", product), follow=True).content.decode()
    undo = reverse("change-set-revert", args=[last_deletion().pk])
    assert f'<a href="{undo}">Undo</a> within 30 days.' in told
    assert not DataProduct.objects.exists()
    assert points() == []
    assert default_storage.exists(before["data"])

    with now():
        assert client.post(undo, {"confirmed": "1"}).status_code == 302
    after = DataProduct.objects.get()
    assert DataProduct.objects.values().get() == before
    assert content_of(after) == GOOD
    assert (points(), DataUpload.objects.values().get()) == (wanted, upload)
    assert list(after.group.all()) == [group]
    assert list(groups_with_access(after, "view_dataproduct")) == [people[1]]
    assert not TrashedFile.objects.exists()
    assert "curve.csv" in client.get(page("detail", after)).content.decode()


def test_all_points_of_a_long_light_curve_come_back(people):
    target = shared_target(people, "PRIVATE")
    product = DataProductFactory(target=target)
    made = [PhotometryFactory.build(target=target, data_product=product) for _ in range(1500)]
    PhotometryReducedDatum.objects.bulk_create(made)
    change = services.delete_data_product(product, user=people[0]["owner"])
    assert not PhotometryReducedDatum.objects.exists()
    LightCurveSummary.objects.update(is_stale=False)
    revert(ChangeSet.objects.get(pk=change), people[0]["owner"])
    assert PhotometryReducedDatum.objects.filter(data_product=product.pk).count() == 1500
    assert LightCurveSummary.objects.get(pk=target.pk).is_stale


def test_only_who_deleted_it_and_may_change_the_target_brings_it_back(client, people):
    users, _ = people
    product = DataProductFactory(target=shared_target(people, "PUBLIC"))
    change = services.delete_data_product(product, user=users["owner"])
    url = reverse("change-set-revert", args=[change])
    for name in ("anonymous", "stranger", "member", "owner"):
        as_user(client, users[name]).post(url, {"confirmed": "1"})
        assert DataProduct.objects.exists() == (name == "owner"), name


def test_after_thirty_days_file_and_way_back_are_gone(people, now):
    owner = people[0]["owner"]
    kept, gone = (DataProductFactory(target=shared_target(people, "PRIVATE")) for _ in range(2))
    with now():
        change = services.delete_data_product(gone, user=owner)
        assert tasks.purge_deleted_files() == {"deleted for good": 0}
    assert default_storage.exists(gone.data.name)
    outdate()
    with now():
        assert tasks.purge_deleted_files() == {"deleted for good": 1}
    assert (default_storage.exists(gone.data.name), default_storage.exists(kept.data.name)) == (False, True)
    with pytest.raises(RevertRefusedError, match="deleted more than 30 days ago, and is gone"):
        revert(ChangeSet.objects.get(pk=change), owner)


def test_a_file_that_two_rows_name_stays_as_long_as_one_is_there(people, now):
    target = shared_target(people, "PRIVATE")
    first = DataProductFactory(target=target)
    second = DataProduct.objects.create(target=target, data=first.data.name)
    with now():
        services.delete_data_product(first)
        services.delete_data_product(second)
    TrashedFile.objects.filter(product_pk=first.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    with now():
        assert file_trash.purge() == 1
    assert default_storage.exists(first.data.name)
    outdate()
    with now():
        assert file_trash.purge() == 1
    assert not default_storage.exists(first.data.name)


def test_without_days_nothing_is_kept(owner, settings, now):
    settings.TOM_FILE_TRASH_DAYS = 0
    client, target = owner
    product = DataProductFactory(target=target)
    assert "This cannot be undone" in client.get(page("delete", product)).content.decode()
    with now():
        told = client.post(page("delete", product), follow=True).content.decode()
    assert "is deleted." in told
    assert "Undo</a> within" not in told
    assert not default_storage.exists(product.data.name)
    assert not TrashedFile.objects.exists()


def test_points_that_came_again_meanwhile_stay_with_their_new_file(owner, people, now):
    client, target = owner
    send(client, target, GOOD)
    first = DataProduct.objects.get()
    confirm(client, first)
    at = timezone.now()
    generic = {"target": target, "data_type": "polarimetry", "timestamp": at}
    for depth in (1.5, 2.0):
        value = {"depth": depth, "who": ["a", "b"]}
        ReducedDatum.objects.create(data_product=first, value=value, **generic)
    change = services.delete_data_product(first, user=people[0]["owner"])
    send(client, target, GOOD + b"61002.5,r,18.5,0.05\n", name="longer.csv")
    second = DataProduct.objects.get()
    confirm(client, second)
    assert len(points()) == 3
    ReducedDatum.objects.create(data_product=second, value={"who": ["a", "b"], "depth": 1.5}, **generic)
    with now():
        revert(ChangeSet.objects.get(pk=change), people[0]["owner"])
    assert DataProduct.objects.count() == 2
    assert len(points()) == 3
    assert set(PhotometryReducedDatum.objects.values_list("data_product", flat=True)) == {second.pk}
    others = ReducedDatum.objects.values_list("data_product", "value__depth")
    assert set(others) == {(second.pk, 1.5), (first.pk, 2.0)}
    assert len(others) == 2
    told = client.get(ChangeSet.objects.latest("pk").get_absolute_url()).content.decode()
    assert "brought back, but for measurements (1), photometry points (2)" in told


def test_staff_looks_at_deleted_files_in_the_admin_site(client, people):
    services.delete_data_product(DataProductFactory(target=shared_target(people, "PRIVATE")))
    as_user(client, people[0]["staff"])
    trashed = TrashedFile.objects.get()
    for page_name, arguments in (("changelist", []), ("change", [trashed.pk])):
        url = reverse(f"admin:tom_dataproducts_trashedfile_{page_name}", args=arguments)
        assert "light_curve.csv" in client.get(url).content.decode()
    gone = reverse("admin:tom_dataproducts_trashedfile_delete", args=[trashed.pk])
    assert client.post(gone, {"post": "yes"}).status_code == 403


def test_an_upload_that_was_undone_can_be_put_back(owner, people, now):
    client, target = owner
    with now():
        send(client, target, GOOD)
        stored = DataUpload.objects.get()
        undone = revert(ChangeSet.objects.get(pk=stored.upload_set_pk), people[0]["owner"])
    assert not DataProduct.objects.exists()
    with now():
        revert(undone, people[0]["owner"])
    assert content_of(DataProduct.objects.get()) == GOOD


def test_the_check_of_the_storage_knows_deleted_files(people, now):
    product = DataProductFactory(target=shared_target(people, "PRIVATE"))
    with now():
        services.delete_data_product(product)
    report = check_storage(grace_hours=-1)
    assert report.is_in_order
    assert report.files == 1
    default_storage.delete(product.data.name)
    assert check_storage(grace_hours=-1).missing == 1


def test_many_files_are_deleted_and_brought_back_as_one(client, people, now):
    target = shared_target(people, "PRIVATE")
    made = [DataProductFactory(target=target) for _ in range(3)]
    as_user(client, people[0]["owner"])
    chosen = {"products": [product.pk for product in made]}
    url = reverse("dataproducts:bulk-delete")
    assert "For 30 days this can be undone" in client.post(url, chosen).content.decode()
    told = client.post(url, {**chosen, "confirmed": "1"}, follow=True).content.decode()
    undo = reverse("change-set-revert", args=[ChangeSet.objects.get(kind="bulk").pk])
    assert f'3 files deleted. <a href="{undo}">Undo</a>' in told
    client.post(undo, {"confirmed": "1"})
    assert DataProduct.objects.count() == 3


def test_a_file_that_cannot_be_read_is_not_kept(people, now):
    target = shared_target(people, "PRIVATE")
    api = APIClient()
    api.force_authenticate(people[0]["owner"])
    form = {
        "target": target.pk,
        "data": SimpleUploadedFile("bad.csv", BAD_ROW),
        "data_product_type": "photometry",
    }
    with now():
        assert api.post("/api/dataproducts/", form, format="multipart").status_code == 400
    assert not TrashedFile.objects.exists()
    assert check_storage(grace_hours=-1).files == 0


@pytest.mark.parametrize("trash", ["of files", "of targets"])
def test_the_images_of_a_file_that_came_back_are_drawn_again(client, people, now, trash):
    owner = people[0]["owner"]
    target = shared_target(people, "PRIVATE")
    product = DataProductFactory(target=target, data__filename="field.fits", data__data=several())
    assert read_fits_soon([product]) == 1
    fits.read_file(product)
    with now():
        if trash == "of files":
            change = services.delete_data_product(product, user=owner)
        else:
            trashed = move_to_trash(target, user=owner)
    with now():
        if trash == "of files":
            revert(ChangeSet.objects.get(pk=change), owner)
        else:
            restore_target(trashed)
    assert check_storage(grace_hours=-1).missing == 0
    as_user(client, owner)
    url = reverse("dataproducts:fits", args=[product.pk])
    with now():
        client.get(url)
    assert "data-view=" in client.get(url).content.decode()
    preview = client.get(reverse("dataproducts:fits-preview", args=[product.pk, 1]))
    assert preview.status_code == 200
