"""FITS to PNG: what each stretch does to known pixels, what is not shown, and the view around it."""

import gzip
import io
import logging

import numpy as np
import pytest
from astropy.io import fits
from django.urls import reverse
from PIL import Image

from tom_dataproducts.images import MAX_SIDE, STRETCHES, PictureError, error_png, fits_png, stretched
from tom_dataproducts.models import DataProduct
from tom_dataproducts.tests.factories import DataProductFactory
from tom_targets.tests.factories import SiderealTargetFactory


def fits_bytes(pixels, *, extension=False, compressed=False):
    if compressed:
        units = [fits.PrimaryHDU(), fits.CompImageHDU(pixels)]
    elif extension:
        units = [fits.PrimaryHDU(), fits.ImageHDU(pixels)]
    else:
        units = [fits.PrimaryHDU(pixels)]
    buffer = io.BytesIO()
    fits.HDUList(units).writeto(buffer)
    return buffer.getvalue()


def decoded(png):
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def ramp(side=63):
    return np.arange(side * side, dtype=np.float32).reshape(side, side)


@pytest.mark.parametrize("stretch", STRETCHES)
def test_every_stretch_decodes_and_keeps_the_order_of_pixels(stretch):
    image = decoded(fits_png(fits_bytes(ramp()), stretch=stretch))
    assert (image.format, image.mode, image.size) == ("PNG", "L", (63, 63))
    grey = np.asarray(image)[::-1].astype(int)  # the first row of a FITS image is the lowest
    assert (np.diff(grey.ravel()) >= 0).all()
    assert (grey.min(), grey.max()) == (0, 255)


def test_stretches_by_hand():
    pixels = np.linspace(0.0, 1.0, 2001).reshape(1, -1)  # percentiles 0.5 and 99.5 lie at 0.005 and 0.995
    middle = np.array([[0.5]])
    assert stretched(pixels, "linear")[0, 1000] == pytest.approx(0.5)
    # asinh(0.5 / 0.1) / asinh(1 / 0.1) = 2.3124 / 2.9982
    assert stretched(pixels, "asinh")[0, 1000] == pytest.approx(0.77126, abs=1e-4)
    # ln(1 + 1000 * 0.5) / ln(1001) = 6.2166 / 6.9088
    assert stretched(pixels, "log")[0, 1000] == pytest.approx(0.89982, abs=1e-4)
    assert stretched(middle, "linear")[0, 0] == 0.5  # one value has no contrast


@pytest.mark.parametrize("how", ["plain", "extension", "compressed", "gzip", "cube"])
def test_every_packing(how):
    pixels = ramp(20)
    content = fits_bytes(
        np.stack([pixels, pixels * 2]) if how == "cube" else pixels,
        extension=how == "extension",
        compressed=how == "compressed",
    )
    content = gzip.compress(content) if how == "gzip" else content
    assert decoded(fits_png(content)).size == (20, 20)


def test_pixels_without_a_value_are_hatched():
    pixels = ramp(10)
    pixels[0, :4], pixels[1, 0] = np.nan, np.inf
    shown = np.asarray(decoded(fits_png(fits_bytes(pixels))))
    assert shown[9, :4].tolist() == [150, 70, 70, 70]
    assert shown[8, 0] == 70
    assert (shown[0, 9], shown[9, 4]) == (255, 0)


def test_large_images_are_averaged():
    image = decoded(fits_png(fits_bytes(np.tile([0.0, 2.0], (1500, 1000)).astype(np.float32))))
    assert max(image.size) <= MAX_SIDE
    assert image.size == (500, 375)
    assert len(set(np.asarray(image).ravel().tolist())) == 1  # 0 and 2 in equal parts everywhere


def header_of_a_huge_image():
    header = fits.PrimaryHDU(np.zeros((2, 2), np.float32)).header
    header["NAXIS1"] = header["NAXIS2"] = 1_000_000
    return header.tostring().encode() + b"\0" * 2880


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "broken"),
        (b"GIF89a", "broken"),
        (fits_bytes(ramp())[:4000], "broken"),
        (gzip.compress(fits_bytes(ramp()))[:-500], "gzip"),
        (b"\x1f\x8b\x08\x00" + b"x" * 50, "gzip"),
        (fits_bytes(np.arange(5)), "no image"),
        (fits_bytes(np.full((4, 4), np.nan)), "empty"),
        (header_of_a_huge_image(), "too many pixels"),
        (gzip.compress(b"\0" * (65 * 1024 * 1024), 1), "too large"),
    ],
)
def test_what_cannot_be_shown_says_why(content, reason):
    with pytest.raises(PictureError, match=reason):
        fits_png(content)


def test_error_picture_decodes():
    assert decoded(error_png("broken FITS file")).size == (180, 180)


@pytest.mark.django_db
class TestView:
    def product(self, content=None, name="cutout.fits.gz", **fields):
        content = gzip.compress(fits_bytes(ramp())) if content is None else content
        target = fields.pop("target", None) or SiderealTargetFactory(permissions="OPEN")
        return DataProductFactory(
            target=target, data__filename=name, data__data=content, data_product_type="", **fields
        )

    def url(self, product):
        return reverse("dataproducts:image", args=[product.pk])

    def test_picture_is_kept_for_good(self, client):
        product = self.product()
        response = client.get(self.url(product), {"stretch": "zscale"})
        assert response["Content-Type"] == "image/png"
        assert decoded(response.content).size == (63, 63)
        assert {"private", "immutable", "max-age=31536000"} <= set(response["Cache-Control"].split(", "))
        again = client.get(
            self.url(product), {"stretch": "zscale"}, headers={"If-None-Match": response["ETag"]}
        )
        assert again.status_code == 304
        other = client.get(self.url(product), {"stretch": "log"}, headers={"If-None-Match": response["ETag"]})
        assert other.status_code == 200

    @pytest.mark.parametrize("content", [b"no FITS", None])
    def test_broken_or_missing_file_gives_a_picture_and_a_log_line(self, client, content, caplog):
        product = self.product(content)
        if content is None:
            product.data.storage.delete(product.data.name)
        with caplog.at_level(logging.WARNING, "tom_dataproducts"):
            response = client.get(self.url(product))
        assert response.status_code == 200
        assert decoded(response.content).size == (180, 180)
        assert "no-store" in response["Cache-Control"]
        assert f"data product {product.pk}" in caplog.text

    def test_what_is_not_there(self, client):
        assert client.get(self.url(self.product(name="table.csv"))).status_code == 404
        assert client.get(self.url(self.product()), {"stretch": "<b>"}).status_code == 404
        bare = DataProduct.objects.create(target=SiderealTargetFactory(permissions="OPEN"))
        assert client.get(self.url(bare)).status_code == 404
        assert (
            client.get(self.url(self.product(target=SiderealTargetFactory(permissions="PUBLIC")))).status_code
            == 404
        )

    def test_preview_leads_here(self):
        product = self.product()
        assert product.get_preview() == reverse("dataproducts:thumbnail", args=[product.pk])
        assert self.product(name="table.csv").get_preview() is None
