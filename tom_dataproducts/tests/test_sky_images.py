import io
import math

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from tom_dataproducts.images import PictureError
from tom_dataproducts.sky_images import footprint, north_up_png

CENTRE = (150.0, 45.0)


def image_file(*, turn_deg=0.0, flipped=False, centre=CENTRE, side=200, star=None, with_wcs=True):
    """Give a FITS image of 1 arcsec pixels, turned, with a square of 13 pixels where a star is."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], centre
    wcs.wcs.crpix = [side / 2 + 0.5] * 2
    angle, scale = math.radians(turn_deg), 1 / 3600
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    wcs.wcs.cd = turn @ np.diag([scale if flipped else -scale, scale])
    pixels = np.random.default_rng(2).normal(100, 1, (side, side)).astype(np.float32)
    if star is not None:
        x, y = (int(round(float(value))) for value in wcs.all_world2pix(*star, 0))
        pixels[y - 6 : y + 7, x - 6 : x + 7] = 5000
    buffer = io.BytesIO()
    fits.PrimaryHDU(pixels, header=wcs.to_header() if with_wcs else None).writeto(buffer)
    return buffer.getvalue()


def opened(png):
    grey, alpha = Image.open(io.BytesIO(png)).split()
    return np.asarray(grey).astype(float), np.asarray(alpha)


@pytest.mark.parametrize("turn_deg", [0, 30, 90, 180, 263])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_star_is_where_its_position_says_whatever_the_camera_was_turned(turn_deg, flipped):
    star = (CENTRE[0] + 40 / 3600 / math.cos(math.radians(CENTRE[1])), CENTRE[1] + 20 / 3600)
    content = image_file(turn_deg=turn_deg, flipped=flipped, star=star)
    grey, _ = opened(north_up_png(content, ra_deg=CENTRE[0], dec_deg=CENTRE[1], field_arcmin=2, side=240))
    rows, columns = np.nonzero(grey > 250)
    # 240 pixels for 120 arcsec: the star is 40 arcsec to the left and 20 above the middle
    assert columns.mean() == pytest.approx(120 - 80, abs=2)
    assert rows.mean() == pytest.approx(120 - 40, abs=2)


def test_beyond_the_image_the_picture_is_transparent():
    content = image_file(side=60)
    _, alpha = opened(north_up_png(content, ra_deg=CENTRE[0], dec_deg=CENTRE[1], field_arcmin=4, side=240))
    assert alpha[120, 120] == 255
    assert alpha[5, 5] == 0
    assert (alpha > 0).mean() == pytest.approx((60 / 240) ** 2, rel=0.05)


def test_an_image_of_another_field_is_refused():
    with pytest.raises(PictureError, match="does not show the field"):
        north_up_png(image_file(), ra_deg=20.0, dec_deg=-45.0, field_arcmin=2)


def test_an_image_without_celestial_coordinates_is_refused():
    with pytest.raises(PictureError, match="no celestial coordinates"):
        footprint(image_file(with_wcs=False))


def test_a_file_that_is_no_fits_file_is_refused():
    with pytest.raises(PictureError):
        footprint(b"not FITS")


def test_the_footprint_is_the_circle_around_the_image():
    place = footprint(image_file(turn_deg=20))
    assert (place.ra_deg, place.dec_deg) == pytest.approx(CENTRE, abs=1e-6)
    assert place.radius_deg * 3600 == pytest.approx(100 * math.sqrt(2), abs=0.1)
