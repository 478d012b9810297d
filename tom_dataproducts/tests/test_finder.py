"""The finder chart of a target with files: which image lies behind it, and who gets it."""

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.urls import reverse

from tom_dataproducts import finder
from tom_dataproducts.models import DataProduct
from tom_dataproducts.tests.test_sky_images import CENTRE, image_file
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
FIELD = {"ra": "150", "dec": "45", "fov": "2"}


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


@pytest.fixture
def target():
    still = {"pm_ra": None, "pm_dec": None, "parallax": None}
    return SiderealTargetFactory(name="SN 2026abc", ra=CENTRE[0], dec=CENTRE[1], permissions="OPEN", **still)


def add(target, name, content):
    product = DataProduct(target=target, product_id=f"{name}-{target.pk}", data_product_type="fits_file")
    product.data.save(name, ContentFile(content), save=False)
    product.save()
    return product


def chart_of(client, target, **query):
    return client.get(reverse("targets:finder", args=[target.pk]), query)


def test_the_newest_image_with_coordinates_lies_behind_the_chart(client, target):
    add(target, "older.fits", image_file())
    newest = add(target, "newest.fits", image_file())
    add(target, "blind.fits", image_file(with_wcs=False))
    page = chart_of(client, target, fov="2").content.decode()
    assert (
        f'href="/dataproducts/data/{newest.pk}/finder.png?ra=150.000000&amp;dec=45.000000&amp;fov=2"' in page
    )
    assert "older.fits" in page
    assert "blind.fits" not in page


def test_another_image_or_a_plain_field_can_be_chosen(client, target):
    older = add(target, "older.fits", image_file())
    add(target, "newest.fits", image_file())
    assert (
        chart_of(client, target, background=f"file-{older.pk}").context["background"]["label"] == "older.fits"
    )
    plain = chart_of(client, target, background="none")
    assert plain.context["background"] is None
    assert "finder-image" not in plain.content.decode()
    assert "no image was chosen" in plain.content.decode()


def test_an_image_of_another_field_is_not_offered(client, target):
    add(target, "elsewhere.fits", image_file(centre=(10.0, -10.0)))
    page = chart_of(client, target).content.decode()
    assert "elsewhere.fits" not in page
    assert "A plain field: no FITS image" in page


def test_a_file_is_read_once(client, target, monkeypatch):
    add(target, "one.fits", image_file())
    chart_of(client, target)
    monkeypatch.setattr(finder, "content_of", lambda product: pytest.fail("read again"))
    assert chart_of(client, target).context["background"]["label"] == "one.fits"


def test_a_missing_file_is_no_background_and_no_error(client, target):
    product = add(target, "gone.fits", image_file())
    product.data.storage.delete(product.data.name)
    assert chart_of(client, target).status_code == 200


def test_the_image_is_a_png_that_the_browser_keeps(client, target):
    product = add(target, "one.fits", image_file())
    url = reverse("dataproducts:finder-image", args=[product.pk])
    response = client.get(url, FIELD)
    assert response.content.startswith(b"\x89PNG")
    assert "immutable" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    assert client.get(url, FIELD, headers={"If-None-Match": response["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "changed", [{"ra": "x"}, {"ra": ""}, {"dec": "91"}, {"fov": "0"}, {"fov": "121"}, {"dec": "nan"}]
)
def test_a_field_that_does_not_exist_is_not_found(client, target, changed):
    product = add(target, "one.fits", image_file())
    assert (
        client.get(reverse("dataproducts:finder-image", args=[product.pk]), FIELD | changed).status_code
        == 404
    )


def test_an_image_that_cannot_be_drawn_says_why_in_a_picture(client, target):
    product = add(target, "blind.fits", image_file(with_wcs=False))
    response = client.get(reverse("dataproducts:finder-image", args=[product.pk]), FIELD)
    assert response["Content-Type"] == "image/png"
    assert "no-store" in response["Cache-Control"]


def test_a_stranger_gets_neither_chart_nor_image(client):
    target = SiderealTargetFactory(ra=CENTRE[0], dec=CENTRE[1], permissions="PRIVATE")
    product = add(target, "secret.fits", image_file())
    assert chart_of(client, target).status_code == 404
    assert client.get(reverse("dataproducts:finder-image", args=[product.pk]), FIELD).status_code == 404


def test_queries_do_not_grow_with_files_and_neighbours(client, target, django_assert_max_num_queries):
    for number in range(4):
        add(target, f"image{number}.fits", image_file())
        SiderealTargetFactory(ra=CENTRE[0] + 0.001 * number, dec=CENTRE[1], permissions="OPEN")
    with django_assert_max_num_queries(5):
        chart_of(client, target)
