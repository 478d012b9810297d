"""The picture of a FITS file as a data product, and spectra as JSON; what plugins call."""

import io

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from PIL import Image

from tom_common.grants import grant_access
from tom_dataproducts import utils
from tom_dataproducts.data_serializers import QuantitySpectrum, SpectrumSerializer
from tom_dataproducts.models import DataProduct, DataProductGroup
from tom_dataproducts.permissions import data_products_for_user
from tom_dataproducts.utils import create_image_dataproduct
from tom_targets.tests.factories import SiderealTargetFactory


@pytest.fixture
def product_of(settings, tmp_path, db):
    settings.MEDIA_ROOT = tmp_path

    def make(content, name):
        product = DataProduct(
            target=SiderealTargetFactory(), product_id="frame 1", data_product_type="fits_file"
        )
        product.data.save(name, ContentFile(content), save=True)
        return product

    return make


def test_first_image_becomes_a_jpeg_once(product_of):
    file = io.BytesIO()
    pixels = np.arange(64 * 48, dtype=np.float32).reshape(64, 48)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels)]).writeto(file)
    product = product_of(file.getvalue(), "frame.fits")
    group = DataProductGroup.objects.create(name="night")
    product.group.add(group)
    assert create_image_dataproduct(product)
    picture = DataProduct.objects.get(product_id="frame 1_jpeg")
    assert (picture.target, picture.data_product_type) == (product.target, "image_file")
    assert list(picture.group.all()) == [group]
    with picture.data.open("rb") as file, Image.open(file) as image:
        assert (image.format, image.size) == ("JPEG", (48, 64))
        assert image.getpixel((24, 60)) < image.getpixel((24, 3))  # the first row is at the bottom
    assert create_image_dataproduct(product)
    assert DataProduct.objects.count() == 2


def frame():
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(np.arange(12, dtype=np.float32).reshape(4, 3))]).writeto(file)
    return file.getvalue()


def test_who_sees_the_file_sees_its_picture(product_of, settings):
    settings.TARGET_PERMISSIONS_ONLY = False
    product = product_of(frame(), "frame.fits")
    people = {name: User.objects.create_user(name) for name in ("owner", "member", "stranger")}
    night = Group.objects.create(name="night")
    night.user_set.add(people["member"])
    grant_access(people["owner"], product)
    grant_access(night, product, ["view_dataproduct"])
    product.target.permissions = "OPEN"
    product.target.save()
    assert create_image_dataproduct(product)
    picture = DataProduct.objects.filter(product_id="frame 1_jpeg")
    for action, expected in (("view", {"owner", "member"}), ("delete", {"owner"})):
        codename = f"{action}_dataproduct"
        may = {name for name, user in people.items() if data_products_for_user(user, picture, codename)}
        assert may == expected, action


def test_two_that_make_the_same_picture_make_one(product_of, monkeypatch, tmp_path):
    product = product_of(frame(), "frame.fits")
    draw = utils._jpeg

    def draw_slowly(one):
        content = draw(one)
        monkeypatch.setattr(utils, "_jpeg", draw)
        assert create_image_dataproduct(one)
        return content

    monkeypatch.setattr(utils, "_jpeg", draw_slowly)
    assert create_image_dataproduct(product)
    assert DataProduct.objects.filter(product_id="frame 1_jpeg").count() == 1
    assert len(list(tmp_path.rglob("*.jpg"))) == 1


@pytest.mark.parametrize("content", [b"mjd,mag\n60000,18\n", b""])
def test_file_without_an_image_has_no_picture(product_of, content):
    assert create_image_dataproduct(product_of(content, "table.fits")) is False
    assert DataProduct.objects.count() == 1


def test_spectrum_survives_json():
    spectrum = QuantitySpectrum(
        np.array([1.0, 2.5]) * units.Unit("erg / (s cm2 Angstrom)"), np.array([400.0, 401.0]) * units.nm
    )
    told = SpectrumSerializer().serialize(spectrum)
    assert told == {
        "flux": [1.0, 2.5],
        "flux_units": "erg / (Angstrom s cm2)",
        "wavelength": [400.0, 401.0],
        "wavelength_units": "nm",
    }
    back = SpectrumSerializer().deserialize(told)
    assert (back.flux == spectrum.flux).all()
    assert (back.spectral_axis == spectrum.wavelength).all()
    with pytest.raises(TypeError):
        SpectrumSerializer().serialize([1, 2])
    with pytest.raises(ValueError, match="flux"):
        SpectrumSerializer().deserialize({})
