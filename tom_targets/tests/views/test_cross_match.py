"""Lists of positions compared with the targets; regions from files."""

import io
import json

import astropy.units as u
import numpy as np
import pytest
from astropy.io.votable import from_table
from astropy.table import Table
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from mocpy import MOC

from tom_common.models import Job
from tom_targets.models import CrossMatch, SkyRegion
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def sky():
    near = SiderealTargetFactory(name="near", ra=10.0, dec=20.0 + 0.5 / 3600, permissions="PUBLIC")
    SiderealTargetFactory(name="farther", ra=10.0, dec=20.0 - 1.5 / 3600, permissions="PUBLIC")
    SiderealTargetFactory(name="secret", ra=10.0, dec=20.0, permissions="PRIVATE")
    return near


def compare(client, **data):
    form = {"radius": "2", "radius_unit": "1", "which": "nearest", "text": "", **data}
    return client.post(reverse("targets:cross-matches"), form)


def hits(client, answer):
    assert answer.status_code == 302, answer.context["form"].errors
    page = client.get(answer.url)
    return [(row["hit"].row, row["hit"].name, row["hit"].target) for row in page.context["rows"]]


TEXT = "mine 10.0 20.0\n\nnonsense\n00:40:00 +20:00:00\n200 -5\n"
TABLE = "id,ra,dec\na,10.0,20.0\nb,,\nc,00:40:00,+20:00:00\n"


def test_pasted_positions_find_the_nearest_target_that_one_may_see(client, cast, sky):
    client.force_login(cast.stranger)
    answer = compare(client, text=TEXT)
    assert hits(client, answer) == [(1, "mine", "near"), (3, "", "near")]
    page = client.get(answer.url).content.decode()
    assert "<strong>2</strong> of 4 positions have a target within 2″; 1 row without a position" in page
    assert "Row 2: <code>nonsense</code>" in page and "secret" not in page


def test_all_within_the_radius_are_found_by_whoever_sees_them(client, cast, sky):
    client.force_login(cast.superuser)
    answer = compare(client, text="10 20", which="all", radius="0.05", radius_unit="60")
    assert [name for _, _, name in hits(client, answer)] == ["secret", "near", "farther"]


def votable():
    file = io.BytesIO()
    from_table(Table({"id": ["a", "b"], "RAJ2000": [10.0, np.nan], "DEJ2000": [20.0, 1.0]})).to_xml(file)
    return file.getvalue()


def ecsv():
    file = io.StringIO()
    Table({"id": ["a", "b"], "ra": [10.0, 300.0], "dec": [20.0, 1.0]}).write(file, format="ascii.ecsv")
    return file.getvalue().encode()


@pytest.mark.parametrize(
    ("name", "content"), [("list.csv", TABLE.encode()), ("list.vot", votable()), ("list.ecsv", ecsv())]
)
def test_files_of_each_format_are_compared(client, cast, sky, name, content):
    client.force_login(cast.stranger)
    found = hits(client, compare(client, file=SimpleUploadedFile(name, content)))
    assert found[0] == (1, "a", "near")


def test_the_file_holds_every_row_and_no_formula(client, cast, sky):
    client.force_login(cast.stranger)
    answer = compare(client, text="name,ra,dec\n=cmd(),10.0,20.0\nb,30.0,40.0\n")
    lines = b"".join(client.get(f"{answer.url}csv/").streaming_content).decode().splitlines()
    assert lines[0].startswith("row,name,ra,dec,target_id,target,")
    assert lines[1].startswith("1,'=cmd(),10.0,20.0,") and lines[1].endswith(",0.5"), lines[1]
    assert lines[2] == "2,b,30.0,40.0,,,,,"


def test_a_target_that_was_hidden_since_is_no_hit_any_more(client, cast, sky):
    client.force_login(cast.stranger)
    answer = compare(client, text="10 20")
    sky.permissions = "PRIVATE"
    sky.save()
    assert hits(client, answer) == []
    assert b"near" not in b"".join(client.get(f"{answer.url}csv/").streaming_content)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, "Paste positions or choose a file"),
        ({"text": "10 20", "radius": "11", "radius_unit": "3600"}, "At most 10 degrees"),
        ({"text": "10 20", "radius": "nan"}, "Enter a number"),
        ({"text": "id,rra,ddec\na,1,2\n"}, "name it below"),
        ({"text": "id,ra,dec\na,1,2\n", "ra_column": "x"}, "no column &#x27;x&#x27;"),
    ],
)
def test_what_cannot_be_compared_is_an_error_at_its_field(client, cast, data, reason):
    client.force_login(cast.stranger)
    answer = compare(client, **data)
    assert answer.status_code == 200
    assert reason in answer.content.decode()
    assert not CrossMatch.objects.exists()


def test_a_large_list_is_compared_in_the_background(
    client, cast, sky, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("tom_targets.views.cross_match.INLINE_BYTES", 10)
    client.force_login(cast.stranger)
    with django_capture_on_commit_callbacks(execute=True):
        answer = compare(client, text="10.0 20.0\n30.0 40.0\n")
    job = Job.objects.get()
    assert answer.url == job.get_absolute_url()
    assert (job.state, job.result["matched"], job.result["rows"]) == ("done", 1, 2)
    assert "near" in client.get(job.result["links"][0]["url"]).content.decode()


def test_a_comparison_is_for_its_owner_and_can_be_deleted(client, cast, sky):
    client.force_login(cast.owner)
    url = compare(client, text="10 20").url
    client.force_login(cast.stranger)
    assert [client.get(url).status_code, client.get(f"{url}csv/").status_code] == [404, 404]
    assert client.post(f"{url}delete/").status_code == 404
    client.force_login(cast.owner)
    assert client.post(f"{url}delete/").status_code == 302
    assert not CrossMatch.objects.exists()


@pytest.mark.parametrize("page", ["", "csv/"])
def test_a_result_that_the_storage_lost_is_told(client, cast, sky, page):
    client.force_login(cast.owner)
    url = compare(client, text="10 20").url
    default_storage.delete(CrossMatch.objects.get().stored_result)
    answer = client.get(url + page, follow=True)
    assert answer.redirect_chain == [(reverse("targets:cross-matches"), 302)]
    assert b"is no longer stored" in answer.content


@pytest.mark.parametrize("name", ["cross-matches", "regions"])
def test_an_anonymous_visitor_is_asked_to_log_in(client, name):
    assert "login" in client.get(reverse(f"targets:{name}")).url


def region_file(kind, tmp_path):
    moc = MOC.from_string("2/0-60 5/9000-9500")
    if kind == "fits":
        moc.save(tmp_path / "moc.fits", format="fits")
        return (tmp_path / "moc.fits").read_bytes()
    return json.dumps(moc.serialize("json")).encode() if kind == "json" else moc.to_string().encode()


@pytest.mark.parametrize("kind", ["fits", "json", "txt"])
def test_a_coverage_map_becomes_a_filter_of_the_list(client, cast, tmp_path, kind):
    for number in range(40):
        SiderealTargetFactory(
            name=f"star {number}", ra=number * 9.0, dec=number * 4.0 - 78.0, permissions="PUBLIC"
        )
    client.force_login(cast.stranger)
    file = SimpleUploadedFile(f"moc.{kind}", region_file(kind, tmp_path))
    answer = client.post(reverse("targets:regions"), {"file": file, "name": "", "percent": "90"})
    assert answer.status_code == 302, answer.context["form"].errors
    moc = MOC.from_string("2/0-60 5/9000-9500")
    inside = moc.contains_lonlat(np.arange(40) * 9.0 * u.deg, (np.arange(40) * 4.0 - 78.0) * u.deg)
    shown = {row.name for row in client.get(f"{answer.url}&per_page=100").context["table"].rows}
    assert inside.any() and shown == {f"star {number}" for number in np.flatnonzero(inside)}
    region = SkyRegion.objects.get()
    assert region.area_deg2 == pytest.approx(moc.sky_fraction * 41252.96, rel=1e-4)
    assert f"moc.{kind}" in client.get(reverse("targets:regions")).content.decode()


def test_the_credible_region_of_a_sky_map_holds_its_probability(client, cast, tmp_path):
    order = 4
    pixels = np.arange(12 * 4**order)
    density = np.exp(-((pixels - 1000.0) ** 2) / 200.0)
    table = Table({"UNIQ": pixels + 4 * 4**order, "PROBDENSITY": density * len(pixels) / density.sum()})
    table["PROBDENSITY"] /= 4 * np.pi
    table.meta.update(PIXTYPE="HEALPIX", ORDERING="NUNIQ", COORDSYS="C", MOCORDER=order, INDXSCHM="EXPLICIT")
    table.write(tmp_path / "map.fits")
    client.force_login(cast.stranger)
    file = SimpleUploadedFile("map.fits", (tmp_path / "map.fits").read_bytes())
    answer = client.post(reverse("targets:regions"), {"file": file, "percent": "50"})
    assert answer.status_code == 302, answer.context["form"].errors
    region = SkyRegion.objects.get()
    assert region.name == "map.fits 50%"
    held = (
        sum(density[(first >> 50) : (last >> 50) + 1].sum() for first, last in region.ranges) / density.sum()
    )
    assert 0.4 < held < 0.6


def test_a_file_that_is_no_region_is_refused_with_the_reason(client, cast):
    client.force_login(cast.stranger)
    for content, reason in (
        (b"hello", "no part of a coverage map"),
        (b"SIMPLE  = x", "neither a coverage map"),
    ):
        answer = client.post(reverse("targets:regions"), {"file": SimpleUploadedFile("x", content)})
        assert reason in answer.content.decode()
    assert not SkyRegion.objects.exists()


def test_a_region_is_deleted_by_whoever_brought_it(client, cast):
    region = SkyRegion.objects.create(user=cast.owner, name="mine", ranges=[[0, 10]], area_deg2=1.0)
    client.force_login(cast.stranger)
    assert client.post(reverse("targets:region-delete", args=[region.pk])).status_code == 404
    client.force_login(cast.owner)
    assert client.post(reverse("targets:region-delete", args=[region.pk])).status_code == 302


def test_an_unknown_region_is_an_error_at_its_field(client):
    assert "There is no region 99" in client.get(reverse("targets:list"), {"region": 99}).content.decode()
