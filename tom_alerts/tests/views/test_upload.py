"""People without a shell upload alert files; a job ingests them with their rights."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.storage import FileSystemStorage, InMemoryStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.shared_data import shared_data_dir
from tom_common.models import Job
from tom_dataservices.models import RejectedPacket
from tom_dataservices.uploads import discard_uploads, keep_uploads, local_copies
from tom_targets.models import Target, TargetList

pytestmark = pytest.mark.django_db
URL = "/alerts/upload/"


def alert_file(name="ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro"):
    content = (shared_data_dir() / "data" / "alerts" / "ztf" / name).read_bytes()
    return SimpleUploadedFile(name, content)


@pytest.fixture
def user(client):
    made = User.objects.create_user("observer")
    client.force_login(made)
    return made


def upload(client, *files, **fields):
    return client.post(URL, {"files": files, "permissions": "PUBLIC", **fields})


def test_an_uploaded_file_becomes_targets_of_the_user(client, user, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = upload(client, alert_file(), list_name="My alerts", permissions="PRIVATE")
    job = Job.objects.get()
    assert response.status_code == 302
    assert response["Location"] == job.get_absolute_url()
    assert (job.state, job.user) == (Job.State.DONE, user)
    target = Target.objects.get(name="ZTF18abfkwnk")
    assert target.permissions == "PRIVATE"
    assert client.get(reverse("targets:detail", kwargs={"pk": target.pk})).status_code == 200
    assert list(TargetList.objects.get(name="My alerts").targets.all()) == [target]
    assert job.result["new_targets"] == 1
    assert job.result["links"][0]["url"] == TargetList.objects.get(name="My alerts").get_absolute_url()
    assert not default_storage.exists(job.arguments["kwargs"]["folder"])


def test_a_broken_file_is_reported_in_the_job_and_kept_for_its_uploader(
    client, user, django_capture_on_commit_callbacks
):
    jpeg = SimpleUploadedFile("photo.avro", b"\xff\xd8\xff\xe0" + b"jpeg" * 40)
    with django_capture_on_commit_callbacks(execute=True):
        upload(client, jpeg, alert_file())
    job = Job.objects.get()
    assert job.state == Job.State.DONE
    assert (job.result["rejected"], job.result["new_targets"]) == (1, 1)
    assert any(line.text.startswith("rejected: photo.avro packet 1") for line in job.log_lines.all())
    packet = RejectedPacket.objects.get()
    assert packet.file == "photo.avro"
    assert packet.user == user
    page = client.get("/alerts/rejected/")
    assert "photo.avro" in page.content.decode()
    assert client.get(f"/alerts/rejected/{packet.pk}/content/").content == bytes(packet.content)
    client.force_login(User.objects.create_user("stranger"))
    assert "photo.avro" not in client.get("/alerts/rejected/").content.decode()
    assert client.get(f"/alerts/rejected/{packet.pk}/content/").status_code == 404


def test_a_job_that_could_take_nothing_has_failed_and_says_why(
    client, user, django_capture_on_commit_callbacks
):
    jpeg = SimpleUploadedFile("photo.avro", b"\xff\xd8\xff\xe0" + b"jpeg" * 40)
    with django_capture_on_commit_callbacks(execute=True):
        upload(client, jpeg)
    job = Job.objects.get()
    assert job.state == Job.State.FAILED
    expected = "No packet could be taken: photo.avro packet 1: not an alert packet, but a JPEG image"
    assert job.error == expected
    assert not default_storage.exists(job.arguments["kwargs"]["folder"])


def test_a_broken_file_that_comes_again_is_kept_once(client, user, django_capture_on_commit_callbacks):
    for _ in range(2):
        jpeg = SimpleUploadedFile("photo.avro", b"\xff\xd8\xff\xe0" + b"jpeg" * 40)
        with django_capture_on_commit_callbacks(execute=True):
            upload(client, jpeg)
    assert RejectedPacket.objects.count() == 1


def test_a_dry_run_changes_nothing(client, user, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        upload(client, alert_file(), dry_run="on")
    job = Job.objects.get()
    assert job.result["new_targets"] == 1
    assert not default_storage.exists(job.arguments["kwargs"]["folder"])
    assert not Target.objects.exists()


def test_a_form_without_file_says_so(client, user):
    response = client.post(URL, {"permissions": "PUBLIC"})
    assert response.status_code == 200
    assert "This field is required" in response.content.decode()
    assert not Job.objects.exists()


def test_a_file_beyond_the_limit_is_refused_by_name(client, user, settings):
    settings.ALERT_UPLOAD_MAX_BYTES = 1000
    response = upload(client, alert_file())
    assert "ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro has" in response.content.decode()
    assert not Job.objects.exists()


def test_groups_are_those_of_the_user(client, user):
    Group.objects.create(name="not mine")
    user.groups.add(Group.objects.create(name="mine"))
    page = client.get(URL).content.decode()
    assert "mine" in page
    assert "not mine" not in page


def test_the_anonymous_log_in_first(client):
    response = client.get(URL)
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/alerts/upload/"


def test_those_who_may_not_create_targets_may_not_upload(client, user):
    user.groups.clear()
    assert client.get(URL).status_code == 403
    assert upload(client, alert_file()).status_code == 403
    assert not Job.objects.exists()


def test_two_files_of_one_name_are_both_kept_in_order():
    folder = keep_uploads([SimpleUploadedFile("a.avro", b"one"), SimpleUploadedFile("a.avro", b"two")])
    with local_copies(folder) as paths:
        assert [path.read_bytes() for path in paths] == [b"one", b"two"]
        assert [path.name for path in paths] == ["a.avro", "a.avro"]
    discard_uploads(folder)
    with pytest.raises(FileNotFoundError, match="upload them again"), local_copies(folder):
        pytest.fail("there are no files left")


def test_uploads_on_this_machine_are_read_where_they_are(tmp_path, monkeypatch):
    storage = FileSystemStorage(location=tmp_path)
    monkeypatch.setattr("tom_dataservices.uploads.default_storage", storage)
    folder = keep_uploads([SimpleUploadedFile("a.avro", b"one")])
    with local_copies(folder) as [path]:
        assert path == tmp_path / folder / "0000" / "a.avro"
    assert path.exists()
    discard_uploads(folder)
    assert not (tmp_path / folder).exists()


def test_uploads_in_a_bucket_are_copied_for_a_while(monkeypatch):
    monkeypatch.setattr("tom_dataservices.uploads.default_storage", InMemoryStorage())
    folder = keep_uploads([SimpleUploadedFile("a.avro", b"one")])
    with local_copies(folder) as [path]:
        assert path.read_bytes() == b"one"
    assert not path.exists()
