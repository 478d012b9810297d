"""Rows without file and files without row."""

import os
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from tom_common.health import Fact
from tom_common.models import Job
from tom_dataproducts.storage_check import check_storage, file_columns
from tom_dataproducts.storage_health import storage_facts
from tom_dataproducts.tasks import check_stored_files
from tom_dataproducts.tests.factories import DataProductFactory
from tom_dataproducts.tests.people import shared_target
from tom_dataproducts.uploads import store_upload
from tom_targets.trash import move_to_trash, purge

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(people):
    target = shared_target(people, "OPEN")
    made = DataProductFactory(target=target, data=None)
    made.data.save("night.dat", ContentFile(b"1 2 3"))
    return made


def forgotten(name="left/behind.dat", hours=48, content=b"old"):
    name = default_storage.save(name, ContentFile(content))
    when = time.time() - hours * 3600
    os.utime(default_storage.path(name), (when, when))
    return name


def findings(**options):
    told = []
    report = check_storage(lambda kind, name, size: told.append((kind, name.partition(" ")[0])), **options)
    return report, told


def test_a_storage_in_order(product, capsys):
    report, told = findings()
    assert (report.rows, report.files, report.bytes, told) == (1, 1, 5, [])
    call_command("check_storage")
    assert "0 rows without file" in capsys.readouterr().out


def test_a_row_without_its_file_is_told(product, capsys):
    name = product.data.name
    Path(product.data.path).unlink()
    assert findings()[1] == [("missing", name)]
    with pytest.raises(SystemExit) as ended:
        call_command("check_storage")
    assert ended.value.code == 1
    assert f"no file          {name} (tom_dataproducts.DataProduct {product.pk})" in capsys.readouterr().out


def test_a_file_that_was_cut_off_is_told(people):
    target = shared_target(people, "OPEN")
    file = SimpleUploadedFile("a.dat", b"1 2 3 4 5")
    product = store_upload({"target": target, "data": file}, user=people[0]["owner"]).product
    os.truncate(product.data.path, 4)
    report, told = findings()
    assert told == [("other size", f"{product.data.name}")]
    assert not report.is_in_order


def test_a_file_without_a_row_is_told_once_it_is_old(product):
    young, old = forgotten("young.dat", hours=1), forgotten("old.dat", hours=30)
    report, told = findings()
    assert told == [("orphan", old)]
    assert (report.orphans, report.orphan_bytes, report.young) == (1, 3, 1)
    assert {name for _, name in findings(grace_hours=0.5)[1]} == {young, old}


def test_orphans_are_deleted_only_when_it_is_meant(product, capsys):
    name, young = forgotten(), forgotten("young.dat", hours=0)
    with pytest.raises(SystemExit):
        call_command("check_storage", "--delete-orphans")
    assert default_storage.exists(name)
    assert f"would be deleted {name}" in capsys.readouterr().out

    call_command("check_storage", "--delete-orphans", "--really")

    assert not default_storage.exists(name)
    assert default_storage.exists(young)
    assert default_storage.exists(product.data.name)
    with pytest.raises(CommandError, match="goes with --delete-orphans"):
        call_command("check_storage", "--really")


def test_a_row_that_comes_while_files_are_looked_at_keeps_its_file(product, monkeypatch):
    name = forgotten()
    told = []

    def tell(kind, found, size):
        told.append(found)

    from tom_dataproducts import storage_check

    look = storage_check._look_for_files

    def look_then_row(*args):
        look(*args)
        type(product).objects.filter(pk=product.pk).update(thumbnail=name)

    monkeypatch.setattr(storage_check, "_look_for_files", look_then_row)
    check_storage(tell, delete_orphans=True)
    assert told == []
    assert default_storage.exists(name)


def test_files_of_trashed_targets_are_kept_until_they_are_purged(people, product):
    name = product.data.name
    when = time.time() - 3e5
    os.utime(product.data.path, (when, when))
    trashed = move_to_trash(product.target, user=people[0]["staff"])
    assert findings(delete_orphans=True)[1] == []
    assert default_storage.exists(name)
    purge([trashed])
    assert not default_storage.exists(name)


def test_files_that_wait_to_be_read_are_nobodys_orphans(product):
    forgotten("alert_uploads/abc/0000/alerts.tar")
    assert findings()[1] == []


def test_files_of_every_model_are_known():
    names = {(model._meta.label, column) for model, column in file_columns()}
    assert {("tom_dataproducts.DataProduct", "data"), ("tom_dataproducts.DataProduct", "thumbnail")} <= names


def test_the_daily_check_is_told_on_the_health_page(client, people, product):
    assert storage_facts()[0]["text"] == "not checked yet"
    forgotten()
    result = check_stored_files()
    Job.objects.create(
        task="tom_dataproducts.tasks.check_stored_files", state=Job.State.DONE, result=result, title="Check"
    )
    assert Fact(**storage_facts()[0]).state == "warn"
    client.force_login(people[0]["staff"])
    assert "1 files without row" in client.get(reverse("health")).content.decode()
