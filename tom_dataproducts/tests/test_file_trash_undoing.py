"""What is in the way of bringing deleted files back, what the purge leaves, and what is done in a job."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tom_common.history import RevertRefusedError
from tom_common.history import services as history
from tom_common.history.models import ChangeSet
from tom_common.history.revert import plan_revert, revert
from tom_dataproducts import file_trash, services
from tom_dataproducts.bulk_files import delete_products
from tom_dataproducts.models import (
    DataProduct,
    TrashedFile,
)
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_dataproducts.tests.people import as_user, shared_target
from tom_dataproducts.tests.uploading import content_of
from tom_targets.history import delete_targets
from tom_targets.merge import merge_targets
from tom_targets.models import TrashedTarget
from tom_targets.trash import move_to_trash
from tom_targets.trash import purge as purge_targets
from tom_targets.trash import restore as restore_target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]


def outdate():
    TrashedFile.objects.update(deleted_at=timezone.now() - timedelta(days=31))


@pytest.mark.parametrize("kept", ["deleted file", "merged target"])
def test_what_leaves_the_trash_leaves_the_files_that_something_else_brings_back(people, now, kept):
    owner = people[0]["owner"]
    first, second = (shared_target(people, "PRIVATE") for _ in range(2))
    product = DataProductFactory(target=second)
    before = content_of(product)
    merge_targets(first, [second], user=owner)
    product.refresh_from_db()
    with now():
        change = services.delete_data_product(product, user=owner)
    with now():
        if kept == "deleted file":
            TrashedTarget.objects.update(deleted_at=timezone.now() - timedelta(days=31))
            assert purge_targets(TrashedTarget.objects.all()) == (1, 0)
        else:
            outdate()
            assert file_trash.purge() == 1
    with now():
        merge = ChangeSet.objects.get(kind="merge")
        revert(merge if kept == "merged target" else ChangeSet.objects.get(pk=change), owner)
    assert content_of(DataProduct.objects.get()) == before


def test_a_target_merged_and_deleted_keeps_its_files_for_both_ways_back(people, now):
    first, second = (shared_target(people, "PRIVATE") for _ in range(2))
    product = DataProductFactory(target=second)
    before = content_of(product)
    merge_targets(first, [second], user=people[0]["owner"])
    trashed = move_to_trash(first)
    with now():
        assert purge_targets(TrashedTarget.objects.exclude(pk=trashed.pk)) == (1, 0)
        restore_target(trashed)
    assert content_of(DataProduct.objects.get()) == before


def test_deleting_targets_for_good_leaves_the_files_that_can_come_back(people, now):
    target = shared_target(people, "PRIVATE")
    first = DataProductFactory(target=target)
    other = shared_target(people, "PRIVATE")
    shared = DataProduct.objects.create(target=other, data=first.data.name)
    with now():
        change = services.delete_data_product(shared, user=people[0]["owner"])
        delete_targets([target.pk])
    assert default_storage.exists(first.data.name)
    revert(ChangeSet.objects.get(pk=change), people[0]["owner"])
    assert content_of(DataProduct.objects.get())


@pytest.mark.parametrize("what", ["product_id", "target"])
def test_what_is_in_the_way_is_said(people, what):
    owner = people[0]["owner"]
    product = DataProductFactory(target=shared_target(people, "PRIVATE"), product_id="frame 7")
    change = ChangeSet.objects.get(pk=services.delete_data_product(product, user=owner))
    if what == "product_id":
        DataProductFactory(target=product.target, product_id="frame 7")
        words = "another file has its product_id frame 7 now"
    else:
        trashed = move_to_trash(product.target, user=owner)
        words = "its target was deleted; bring that back first"
    with pytest.raises(RevertRefusedError, match=words):
        revert(change, owner)
    assert TrashedFile.objects.count() == 1
    if what == "target":
        restore_target(trashed)
        revert(change, owner)
        assert DataProduct.objects.get().product_id == "frame 7"


def test_a_file_of_a_merged_target_comes_back_once_that_is_undone(people):
    owner = people[0]["owner"]
    first, second = (shared_target(people, "PRIVATE") for _ in range(2))
    product = DataProductFactory(target=second)
    change = ChangeSet.objects.get(pk=services.delete_data_product(product, user=owner))
    merge_targets(first, [second], user=owner)
    with pytest.raises(RevertRefusedError, match="its target was merged into another; undo that first"):
        revert(change, owner)
    revert(ChangeSet.objects.get(kind="merge"), owner)
    revert(change, owner)
    assert DataProduct.objects.get().target_id == second.pk


def test_a_file_whose_target_was_deleted_for_good_says_so(people):
    product = DataProductFactory(target=shared_target(people, "PRIVATE"))
    services.delete_data_product(product)
    delete_targets([product.target_id])
    note = {"trash": TrashedFile.objects.get().pk}
    assert file_trash.why_not_back([note, {}]) == ["its target was deleted for good.", ""]


def test_a_file_that_the_purge_took_meanwhile_is_refused(people, monkeypatch):
    """Until it is locked, the purge may take what was looked at."""
    product = DataProductFactory(target=shared_target(people, "PRIVATE"))
    services.delete_data_product(product)
    trashed = TrashedFile.objects.get()
    with CaptureQueriesContext(connection) as asked:
        file_trash.restore({"trash": trashed.pk}, people[0]["owner"])
    reading = next(query["sql"] for query in asked if "content" in query["sql"])
    assert ("FOR UPDATE" in reading) == connection.features.has_select_for_update
    monkeypatch.setattr(file_trash, "why_not_back", lambda notes: [""])
    with pytest.raises(RevertRefusedError, match="The file cannot come back"):
        file_trash.restore({"trash": trashed.pk}, people[0]["owner"])


def test_whether_many_files_can_come_back_is_asked_at_once(people, django_assert_num_queries):
    target, owner = shared_target(people, "PRIVATE"), people[0]["owner"]

    def queries(count):
        made = [DataProductFactory(target=target, product_id=f"of {count}: {n}") for n in range(count)]
        done = delete_products([product.pk for product in made], user=owner)
        with CaptureQueriesContext(connection) as asked:
            assert plan_revert(ChangeSet.objects.get(pk=done.change_set_pk), owner).is_possible
        return len(asked)

    few = queries(2)
    assert queries(9) == few
    notes = [{"trash": pk} for pk in TrashedFile.objects.values_list("pk", flat=True)]
    with django_assert_num_queries(3):
        assert file_trash.why_not_back(notes) == [""] * 11


@pytest.mark.parametrize("much", ["files", "rows"])
def test_much_is_brought_back_in_a_job(client, people, now, monkeypatch, much):
    monkeypatch.setattr(history, "MAX_RESTORED" if much == "files" else "MAX_PREVIEWED", 2)
    target, owner = shared_target(people, "PRIVATE"), people[0]["owner"]

    def undone(count, points):
        made = [DataProductFactory(target=target) for _ in range(count)]
        PhotometryFactory.create_batch(points, target=target, data_product=made[0])
        done = delete_products([product.pk for product in made], user=owner)
        undo = reverse("change-set-revert", args=[done.change_set_pk])
        shown = client.get(undo).content.decode()
        with now():
            answer = client.post(undo)
        assert DataProduct.objects.filter(pk__in=[product.pk for product in made]).count() == count
        return "is done in a job" in shown, "/jobs/" in answer.url

    as_user(client, owner)
    assert undone(1, 1) == (False, False)
    assert undone(3 if much == "files" else 1, 0 if much == "files" else 2) == (True, True)
