"""Uploaded files that are read by a job: large ones, those that end badly, those thrown away meanwhile."""

import pytest
from django.contrib.auth.models import User

from tom_common import jobs
from tom_common.grants import revoke_access
from tom_common.models import Job
from tom_dataproducts import readings
from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.models import DataProduct, DataUpload
from tom_dataproducts.tests.uploading import BAD_ROW, GOOD, confirm, page, points, send

pytestmark = pytest.mark.django_db


def test_a_large_file_is_read_by_a_job(owner, monkeypatch, django_capture_on_commit_callbacks):
    client, target = owner
    monkeypatch.setattr(readings, "INLINE_BYTES", 10)
    send(client, target, GOOD)
    product = DataProduct.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        answer = confirm(client, product)
    job = Job.objects.get(task__endswith="read_uploaded_file")
    assert answer.url == job.get_absolute_url()
    assert (job.state, job.title) == ("done", "Reading of curve.csv")
    assert len(points()) == 2
    assert DataUpload.objects.get().job_id == job.pk


def test_a_job_whose_file_cannot_be_read_says_why(owner, monkeypatch, django_capture_on_commit_callbacks):
    client, target = owner
    monkeypatch.setattr(readings, "INLINE_BYTES", 10)
    send(client, target, BAD_ROW)
    product = DataProduct.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        confirm(client, product)
    job = Job.objects.get(task__endswith="read_uploaded_file")
    assert job.state == "failed"
    assert "2 rows cannot be read; nothing is stored." in job.error
    assert DataUpload.objects.get().is_waiting
    assert points() == []


@pytest.mark.parametrize("lost", ["right", "user", "login"])
def test_the_right_to_change_the_file_is_asked_for_when_the_job_runs(
    owner, people, monkeypatch, settings, lost
):
    settings.TOM_BACKGROUND = "thread"
    client, target = owner
    monkeypatch.setattr(readings, "INLINE_BYTES", 10)
    send(client, target, GOOD)
    confirm(client, DataProduct.objects.get())
    job, user = Job.objects.get(task__endswith="read_uploaded_file"), people[0]["owner"]
    if lost == "right":
        revoke_access(user, target, ["change_target"])
    elif lost == "login":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        user.delete()
    assert jobs.claim(job)
    jobs.run_claimed(job, monitored=False)
    assert (job.state, points()) == (Job.State.FAILED, [])
    assert "may not change the file any more" in job.error
    assert "may not change the file any more" in DataUpload.objects.get().sentence()


def test_a_file_whose_job_was_killed_is_offered_again(owner):
    client, target = owner
    send(client, target, GOOD)
    job = Job.objects.create(title="x", task="x", state=Job.State.FAILED)
    DataUpload.objects.update(state=DataUpload.State.RUNNING, job_id=job.pk)
    upload = DataUpload.objects.get()
    assert upload.is_waiting
    assert upload.get_absolute_url() == page("process", upload.product)


def test_a_file_thrown_away_while_it_is_read_leaves_nothing(owner, monkeypatch):
    client, target = owner
    send(client, target, GOOD)
    upload = DataUpload.objects.select_related("product").get()

    def thrown_away(product, *args, **kwargs):
        DataProduct.objects.all().delete()
        raise InvalidFileFormatException("The file was deleted meanwhile.")

    monkeypatch.setattr(readings.processing, "process_upload", thrown_away)
    readings.read_upload(upload, user=None)
    assert upload.sentence() == "The file was deleted meanwhile."
    assert not DataUpload.objects.exists()
