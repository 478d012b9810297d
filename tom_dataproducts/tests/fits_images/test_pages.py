"""The page of a FITS file: read once in the background, shown in parts, to those who may see the target."""

import io

import numpy as np
import pytest
from astropy.io import fits
from django.urls import reverse
from PIL import Image

from tom_common.models import Job
from tom_dataproducts.fits_images import services
from tom_dataproducts.images import PictureError
from tom_dataproducts.models import DataProduct, FitsExtension, FitsReading
from tom_dataproducts.services import delete_data_product
from tom_dataproducts.storage_check import check_storage
from tom_dataproducts.tests.factories import DataProductFactory
from tom_dataproducts.tests.fits_images.files import content, image, several
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_asked_for_yet():
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def run_jobs(django_capture_on_commit_callbacks):
    """Give a block after which the jobs that were sent in it have run."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def product(data=None, name="field.fits", **options):
    options.setdefault("target__permissions", "OPEN")
    if "target" in options:
        options.pop("target__permissions")
    return DataProductFactory(data__filename=name, data__data=data or several(), **options)


def url(one, name="fits", *more):
    return reverse(f"dataproducts:{name}", args=[one.pk, *more])


def test_a_page_has_the_file_read_in_the_background_and_shows_it_then(client, settings):
    settings.TOM_BACKGROUND = "thread"
    one = product()
    first = client.get(url(one))
    assert "The file is being read" in first.content.decode()
    job = Job.objects.get()
    assert job.state == Job.State.QUEUED
    client.get(url(one))
    assert Job.objects.count() == 1  # asked for once
    services.read_file(one)
    text = client.get(url(one)).content.decode()
    assert "Extension 1 SCI, image of 100 × 100" in text
    assert "data-view=" in text


def test_waiting_asks_again_until_there_is_something(client, settings):
    settings.TOM_BACKGROUND = "thread"
    one = product()
    assert client.get(url(one), headers={"hx-request": "true"}).status_code == 204
    services.read_file(one)
    response = client.get(url(one), headers={"hx-request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")


def test_the_header_of_each_extension_can_be_searched(client):
    one = product()
    services.read_file(one)
    response = client.get(url(one), {"ext": "1", "q": "m 31"})
    assert [card.keyword for card in response.context["cards"]] == ["OBJECT"]
    assert "EXTNAME" in client.get(url(one), {"ext": "3"}).content.decode()
    assert client.get(url(one), {"ext": "99<"}).status_code == 200


def test_a_further_image_is_asked_for_once(client, settings):
    settings.TOM_BACKGROUND = "thread"
    one = product()
    services.read_file(one)
    for headers in ({}, {"hx-request": "true"}, {}):
        client.get(url(one), {"ext": 2}, headers=headers)
    assert Job.objects.get().task.endswith("draw_fits_extension")
    services.draw_extension(FitsExtension.objects.get(number=2))
    assert "data-view=" in client.get(url(one), {"ext": 2}).content.decode()


def test_words_of_a_header_are_no_markup(client):
    header = fits.Header()
    header["OBJECT"] = "<script>alert(1)</script>"
    one = product(content(fits.ImageHDU(image(), header)))
    services.read_file(one)
    text = client.get(url(one)).content.decode()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text


def test_facts_preview_and_parts_of_an_image(client, monkeypatch):
    monkeypatch.setattr(services, "PREVIEW_SIDE", 50)
    one = product()
    services.read_file(one)
    view = client.get(url(one, "fits-view", 1)).json()
    assert (view["width"], view["height"], view["step"], view["preview"]) == (100, 100, 2, [50, 50])
    assert view["unit"] == "adu"
    assert view["sky"]["error_arcsec"] < 0.01
    preview = np.frombuffer(client.get(url(one, "fits-preview", 1)).content, "<f4").reshape(50, 50)
    assert preview[0, 0] == pytest.approx((0 + 1 + 100 + 101) / 4)
    part = client.get(url(one, "fits-tile", 1), {"x": 90, "y": 70, "step": 1}).content
    assert np.frombuffer(part, "<f4").reshape(30, 10).tolist() == image()[70:, 90:].tolist()
    picture = client.get(url(one, "fits-picture", 1), {"stretch": "zscale"})
    assert Image.open(io.BytesIO(picture.content)).size == (50, 50)
    assert (
        client.get(
            url(one, "fits-picture", 1), {"stretch": "zscale"}, headers={"if-none-match": picture["ETag"]}
        ).status_code
        == 304
    )


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"x": -1, "y": 0, "step": 1},
        {"x": 100, "y": 0, "step": 1},
        {"x": 0, "y": 0, "step": 0},
        {"x": "²", "y": 0, "step": 1},
    ],
)
def test_places_outside_of_the_image_are_not_found(client, query):
    one = product()
    services.read_file(one)
    assert client.get(url(one, "fits-tile", 1), query).status_code == 404


def test_further_images_are_drawn_when_they_are_wanted(client, run_jobs):
    one = product()
    services.read_file(one)
    assert client.get(url(one, "fits-view", 2)).status_code == 404
    with run_jobs():
        client.get(url(one), {"ext": 2})
    assert "data-view=" in client.get(url(one), {"ext": 2}).content.decode()
    assert client.get(url(one, "fits-view", 2)).json()["sky"] == {
        "problem": "no celestial coordinates in this image"
    }
    assert client.get(url(one, "fits-view", 3)).status_code == 404


@pytest.mark.parametrize(("data", "name"), [(b"nothing", "broken.fits"), (several()[:20_000], "cut.fits")])
def test_a_broken_file_says_so(client, run_jobs, data, name):
    one = product(data, name)
    with run_jobs():
        client.get(url(one))
    text = client.get(url(one)).content.decode()
    assert "cannot be shown" in text or "cannot be drawn" in text
    assert "It can be downloaded" in text or "the file ends" in text or "broken FITS" in text
    assert client.get(url(one, "thumbnail"))["Content-Type"] == "image/svg+xml"


def test_a_missing_file_says_so(client, run_jobs):
    one = product()
    one.data.storage.delete(one.data.name)
    with run_jobs():
        client.get(url(one))
    assert "the file is missing" in client.get(url(one)).content.decode()


def test_other_files_have_no_such_page(client):
    assert client.get(url(product(b"a,b", "table.csv"))).status_code == 404


@pytest.mark.parametrize("permissions", ADMITTED)
def test_who_sees_the_target_sees_image_and_thumbnail(client, people, permissions):
    one = product(target=shared_target(people, permissions))
    services.read_file(one)
    parts = [url(one, name, 1) for name in ("fits-view", "fits-preview", "fits-picture")]
    tile = f"{url(one, 'fits-tile', 1)}?x=0&y=0&step=1"
    for address in (url(one), url(one, "thumbnail"), tile, *parts):
        answers = {name: as_user(client, user).get(address).status_code for name, user in people[0].items()}
        assert {name for name, status in answers.items() if status == 200} == ADMITTED[permissions], address
        assert {status for name, status in answers.items() if name not in ADMITTED[permissions]} <= {404}


def test_only_who_may_change_the_file_has_it_read_again(client, people, run_jobs):
    one = product(target=shared_target(people, "OPEN"))
    services.read_file(one)
    before = FitsReading.objects.get().pk
    for name in ("anonymous", "stranger", "member"):
        as_user(client, people[0][name]).post(url(one, "fits-again"))
        assert FitsReading.objects.get().pk == before
    with run_jobs():
        as_user(client, people[0]["owner"]).post(url(one, "fits-again"))
    assert FitsReading.objects.get().pk != before


class TestThumbnail:
    def test_it_is_made_with_the_first_image_in_the_default_size(self, client, settings, run_jobs):
        settings.THUMBNAIL_DEFAULT_SIZE = (40, 30)
        one = product()
        before = one.modified
        with run_jobs():
            assert one.get_preview() == url(one, "thumbnail")
        one.refresh_from_db()
        assert one.modified == before
        response = client.get(url(one, "thumbnail"))
        assert Image.open(io.BytesIO(response.content)).size == (30, 30)

    def test_no_page_waits_for_it(self, client, settings):
        settings.TOM_BACKGROUND = "thread"
        one = product()
        assert one.get_preview() == url(one, "thumbnail")
        assert client.get(url(one, "thumbnail"))["Cache-Control"] == "no-store"
        assert not FitsReading.objects.exists()
        assert Job.objects.get().state == Job.State.QUEUED

    def test_it_can_be_made_now_in_another_size(self):
        one = product()
        made = one.create_thumbnail(width=20, height=20)
        assert Image.open(io.BytesIO(made)).size == (20, 20)
        with DataProduct.objects.get(pk=one.pk).thumbnail.open("rb") as file:
            assert file.read() == made

    def test_files_without_an_image_have_none(self):
        assert product(b"a,b\n", "table.csv").get_preview() is None
        assert product(b"a,b\n", "table.csv").create_thumbnail() is None


def test_previews_and_thumbnail_go_with_the_product(settings, django_capture_on_commit_callbacks):
    settings.TOM_FILE_TRASH_DAYS = 0
    one = product()
    services.read_file(one)
    one.refresh_from_db()
    extension = FitsExtension.objects.get(number=1)
    names = [one.data.name, one.thumbnail.name, extension.preview.name]
    storage = one.data.storage
    assert all(storage.exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):
        delete_data_product(one)
    assert [name for name in names if storage.exists(name)] == []


def test_of_two_jobs_that_draw_the_same_preview_one_file_stays():
    one = product()
    services.read_file(one)
    FitsExtension.objects.filter(number=2).update(view=None, preview=None, problem="")
    first, second = (FitsExtension.objects.get(number=2) for _ in range(2))
    services.draw_extension(first)
    services.draw_extension(second)
    stored = FitsExtension.objects.get(number=2)
    assert first.preview.name == second.preview.name == stored.preview.name
    assert services.preview_pixels(second).shape == (30, 30)
    report = check_storage(grace_hours=0)
    assert (report.orphans, report.missing) == (0, 0)


def test_of_two_jobs_that_make_the_same_thumbnail_one_file_stays():
    one = product()
    services.read_file(one)
    DataProduct.objects.filter(pk=one.pk).update(thumbnail=None)
    one.thumbnail.storage.delete(one.thumbnail.name)
    first, second = (DataProduct.objects.get(pk=one.pk) for _ in range(2))
    assert services.make_thumbnail(first) == services.make_thumbnail(second)
    report = check_storage(grace_hours=0)
    assert (report.orphans, report.missing) == (0, 0)


def test_a_file_in_a_bucket_is_fetched_in_pieces_and_only_small_ones_for_a_part():
    one = product()

    class Bucket:
        def path(self, name):
            raise NotImplementedError

        def size(self, name):
            return 10

        def open(self, name, mode="rb"):
            return io.BytesIO(several())

    one.data.storage = Bucket()
    with services.local_copy(one, most_bytes=100) as path, open(path, "rb") as file:
        assert file.read() == several()
    with pytest.raises(PictureError, match="too large to be fetched"), services.local_copy(one, most_bytes=5):
        pass
