"""The pages of import and export: from upload to report, for those who may."""

import gzip
import json
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tom_common.grants import grant_access
from tom_common.models import Job
from tom_targets.models import Target, TargetImport, TargetList
from tom_targets.tests.factories import SiderealTargetFactory
from tom_targets.transfer.writers import WRITERS
from tom_targets.utils import export_targets, import_targets

pytestmark = pytest.mark.django_db
CSV = b"name,ra,dec,redshift\nA,1,2,0.1\nB,north,2,\n=C,12:00:00,-5,\n"
OPTIONS = {"same_name": "skip", "near": "skip", "radius_arcsec": "1", "mode": "good_rows"}


@pytest.fixture
def user():
    made = User.objects.create_user("pi")
    made.user_permissions.add(Permission.objects.get(codename="add_target"))
    return made


@pytest.fixture
def logged_in(client, user):
    client.force_login(user)
    return client


def upload(client, content=CSV, name="stars.csv"):
    return client.post(reverse("targets:import"), {"file": SimpleUploadedFile(name, content), "format": ""})


def answers(kept, **more):
    """Return what the page of a file sends if nothing is changed on it."""
    data = dict(OPTIONS)
    for number, one in enumerate(kept.mapping):
        data |= {f"place-{number}": one["place"], f"unit-{number}": one["unit"]}
    return data | more


def body(response):
    return b"".join(response.streaming_content)


def test_from_upload_to_report_without_a_job_for_a_small_file(logged_in):
    preview = upload(logged_in)
    kept = TargetImport.objects.get()
    assert preview.url == kept.get_absolute_url()
    page = logged_in.get(preview.url).content.decode()
    assert "12:00:00.000 -05:00:00.00" in page
    assert "north is not a right ascension" in page
    assert not Target.objects.exists()
    done = logged_in.post(preview.url, answers(kept, **{"import": "1"}))
    assert done.url == kept.report_url()
    report = logged_in.get(done.url).content.decode()
    assert "3 rows: 2 created, 0 updated, 0 left as it is, 1 wrong." in report
    kept.refresh_from_db()
    assert (kept.state, Job.objects.count()) == ("done", 0)
    assert reverse("change-set", args=[kept.change_set_pk]) in report
    lines = body(logged_in.get(done.url + "?format=csv")).decode().splitlines()
    assert lines[0] == "row,line,kind,column,value,reason"
    assert lines[1].startswith("2,3,rejected,ra,north,")
    (entry,) = json.loads(logged_in.get(done.url + "?format=json").content)
    assert (entry["row"], entry["column"], entry["value"]) == ("2", "ra", "north")


def test_a_large_file_is_imported_in_the_background(
    logged_in, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("tom_targets.views.importing.INLINE_BYTES", 10)
    kept = TargetImport.objects.get(pk=upload(logged_in).url.split("/")[-2])
    with django_capture_on_commit_callbacks(execute=True):
        started = logged_in.post(
            kept.get_absolute_url(), answers(kept, list_name="new ones", **{"import": "1"})
        )
    job = Job.objects.get()
    assert started.url == job.get_absolute_url()
    assert (job.state, job.result["created"], job.result["rejected"]) == ("done", 2, 1)
    made = TargetList.objects.get(name="new ones")
    assert [link["url"] for link in job.result["links"]] == [kept.report_url(), made.get_absolute_url()]
    assert "row 2: north is not a right ascension" in "".join(job.log_lines.values_list("text", flat=True))
    assert logged_in.get(started.url).status_code == 200


def test_a_task_that_is_delivered_twice_imports_once(
    logged_in, monkeypatch, django_capture_on_commit_callbacks
):
    from tom_common.job_context import JobContext
    from tom_targets.tasks import import_targets_file

    kept = TargetImport.objects.get(pk=upload(logged_in).url.split("/")[-2])
    context = JobContext(Job.objects.create(title="one", task="x").pk, monitored=False)
    monkeypatch.setattr("tom_targets.tasks.current_job", lambda: context)
    import_targets_file(kept.pk)
    result = import_targets_file(kept.pk)
    assert Target.objects.count() == 2
    assert "2 created" in result["report"]


def test_a_check_of_all_rows_stores_nothing_and_shows_what_is_there(logged_in):
    target = SiderealTargetFactory.create(name="near", ra=1.0, dec=2.0001, permissions="PUBLIC")
    kept = TargetImport.objects.get(pk=upload(logged_in).url.split("/")[-2])
    report = logged_in.post(kept.get_absolute_url(), answers(kept, check="1"))
    assert "Nothing was stored." in logged_in.get(report.url).content.decode()
    page = logged_in.get(kept.get_absolute_url()).content.decode()
    assert "All rows were checked." in page
    assert f'<a href="{target.get_absolute_url()}">near</a>' in page
    assert "0.36" in page
    logged_in.post(kept.get_absolute_url(), answers(kept, **{"import": "1", "decision-1": "create"}))
    assert Target.objects.filter(name="A").exists()


def test_the_mapping_can_be_changed_and_a_wrong_one_is_told(logged_in):
    kept = TargetImport.objects.get(pk=upload(logged_in).url.split("/")[-2])
    wrong = logged_in.post(kept.get_absolute_url(), answers(kept, **{"import": "1", "place-3": "ra"}))
    assert "all go to ra; choose one." in wrong.content.decode()
    assert not Target.objects.exists()
    right = logged_in.post(
        kept.get_absolute_url(), answers(kept, **{"import": "1", "place-3": "parallax", "unit-3": "arcsec"})
    )
    assert right.status_code == 302
    assert Target.objects.get(name="A").parallax == pytest.approx(100.0)
    assert not Target.objects.get(name="A").targetextra_set.exists()


def test_a_unit_that_does_not_fit_is_told(logged_in):
    kept = TargetImport.objects.get(pk=upload(logged_in).url.split("/")[-2])
    logged_in.post(kept.get_absolute_url(), answers(kept, **{"preview": "1", "unit-1": "kg"}))
    assert "is no unit of ra" in logged_in.get(kept.get_absolute_url()).content.decode()


def test_a_kept_file_can_be_imported_again_and_thrown_away(logged_in):
    kept = TargetImport.objects.get(pk=upload(logged_in).url.split("/")[-2])
    for _ in range(2):
        logged_in.post(kept.get_absolute_url(), answers(kept, same_name="update", **{"import": "1"}))
    kept.refresh_from_db()
    assert kept.result["counts"]["unchanged"] == 2
    assert "stars.csv" in logged_in.get(reverse("targets:import")).content.decode()
    files = [kept.stored_file, kept.stored_report]
    assert all(default_storage.exists(name) for name in files)
    logged_in.post(reverse("targets:import-delete", args=[kept.pk]))
    assert not any(default_storage.exists(name) for name in files)
    assert Target.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty (0 bytes)."),
        (b"name,ra\nA\xff,1\n", "not UTF-8"),
        (b"PK\x03\x04", "zip archive"),
    ],
)
def test_a_file_that_is_none_is_refused_on_the_page_and_not_kept(logged_in, content, said):
    answer = upload(logged_in, content)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not TargetImport.objects.exists()


def test_a_file_that_is_too_large_is_refused_with_the_limit(logged_in, settings):
    settings.TOM_IMPORT_MAX_MB = 0.1
    answer = upload(logged_in, b"name\n" + b"A" * 200_000)
    assert "The file has more than 100 kB, the most that is taken." in answer.content.decode()
    bomb = gzip.compress(b"name\n" + b"A\n" * 100_000)
    assert "Unpacked, the file has more than 100 kB" in upload(logged_in, bomb, "a.csv.gz").content.decode()
    assert not TargetImport.objects.exists()


def test_an_upload_needs_the_token_of_a_form_of_ours(user):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert upload(client).status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(reverse("targets:import")).content.decode()
    )[1]
    data = {"file": SimpleUploadedFile("a.csv", CSV), "format": "", "csrfmiddlewaretoken": token}
    assert client.post(reverse("targets:import"), data).status_code == 302


def test_anonymous_and_strangers_do_not_reach_an_import(logged_in, client):
    kept = TargetImport.objects.get(pk=upload(logged_in).url.split("/")[-2])
    pages = [kept.get_absolute_url(), kept.report_url(), reverse("targets:import")]
    delete = reverse("targets:import-delete", args=[kept.pk])
    client.logout()
    for page in pages:
        assert reverse("login") in client.get(page).url
    assert reverse("login") in client.post(delete).url
    other = User.objects.create_user("other")
    other.user_permissions.add(Permission.objects.get(codename="add_target"))
    client.force_login(other)
    assert [client.get(page).status_code for page in pages] == [404, 404, 200]
    assert client.post(delete).status_code == 404


def test_without_the_right_to_add_targets_nothing_is_imported(client, settings):
    settings.TOM_PUBLIC_MAY_ADD_TARGETS = False
    nobody = User.objects.create_user("reader")
    nobody.groups.clear()
    client.force_login(nobody)
    assert client.get(reverse("targets:import")).status_code == 403
    assert upload(client).status_code == 403


@pytest.mark.parametrize("kind", list(WRITERS))
def test_each_format_is_handed_out_by_page_and_api(client, kind):
    SiderealTargetFactory.create(name="seen", permissions="OPEN", ra=10.0, dec=20.0)
    SiderealTargetFactory.create(name="hidden", permissions="PRIVATE")
    for address in (reverse("targets:export"), "/api/targets/"):
        if kind == "json" and "api" in address:
            continue
        answer = client.get(address, {"format": kind})
        assert answer.streaming
        assert "attachment" in answer["Content-Disposition"]
        content = body(answer)
        assert b"seen" in content
        assert b"hidden" not in content


def test_an_export_keeps_the_filter_and_a_selection_is_exported(client):
    first, second = (SiderealTargetFactory.create(name=name, permissions="OPEN") for name in ("AAA", "BBB"))
    assert b"BBB" not in body(client.get(reverse("targets:export"), {"name": "AAA", "format": "csv"}))
    assert b"BBB" not in body(client.get("/api/targets/", {"name": "AAA", "format": "csv"}))
    ticked = {"selected-target": [second.pk], "export": "json"}
    assert [one["name"] for one in json.loads(body(client.post(reverse("targets:export"), ticked)))] == [
        "BBB"
    ]
    page = client.get(reverse("targets:list"), {"name": "A"}).content.decode()
    assert f"{reverse('targets:export')}?name=A&amp;format=votable" in page


def test_a_list_is_exported_to_those_who_may_see_it(client, user):
    made = TargetList.objects.create(name="mine")
    made.targets.add(SiderealTargetFactory.create(name="AAA", permissions="OPEN"))
    address = f"{reverse('targets:export')}?targetlist__name={made.pk}&format=csv"
    client.force_login(user)
    assert b"AAA" not in body(client.get(address))
    grant_access(user, made)
    assert b"AAA" in body(client.get(address))


def test_unknown_formats_and_filters_are_told(client):
    assert client.get(reverse("targets:export"), {"format": "xls"}).status_code == 400
    assert client.get("/api/targets/", {"format": "xls"}).status_code == 404
    wrong = client.get(reverse("targets:export"), {"cone_search": "1,2", "format": "csv"})
    assert wrong.url == f"{reverse('targets:list')}?cone_search=1%2C2"
    assert client.get("/api/targets/", {"cone_search": "1,2", "format": "csv"}).status_code == 400


def test_the_functions_that_plugins_know_write_and_read_the_same_csv(user):
    SiderealTargetFactory.create(name="AAA", ra=1.5, dec=2.5)
    stream = export_targets(Target.objects.values())
    Target.objects.all().delete()
    result = import_targets(stream, user=user)
    assert [target.name for target in result["targets"]] == ["AAA"]
    assert result["errors"] == []
    stream.seek(0)
    assert import_targets(stream)["errors"] == ["Error on row 1: It is there already: AAA, 0.00 arcsec away."]
