import io
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from tom_dataproducts.fits_images.cards import cards_of
from tom_dataproducts.fits_images.reading import block_means, extensions_of, limits_of, opened, preview
from tom_dataproducts.fits_images.sky import sky_grid
from tom_dataproducts.images import PictureError
from tom_dataproducts.tests.fits_images.files import content, image, several, sky_header


def means(pixels, step):
    """Average blocks the slow way."""
    if step == 1:
        return pixels
    rows, columns = pixels.shape
    return np.array(
        [
            [np.nanmean(pixels[r : r + step, c : c + step]) for c in range(0, columns, step)]
            for r in range(0, rows, step)
        ]
    )


def test_units_of_a_file_with_their_headers():
    with opened(io.BytesIO(several())) as file:
        found = extensions_of(file)
    assert [(one.name, one.kind, one.shape) for one in found] == [
        ("PRIMARY", "empty", ()),
        ("SCI", "image", (100, 100)),
        ("VAR", "image", (30, 30)),
        ("CAT", "table", ()),
    ]
    assert [one.is_image for one in found] == [False, True, True, False]
    assert found[1].unit == "adu"
    cards = {card.keyword: card for card in cards_of(found[1].header)}
    assert (cards["OBJECT"].value, cards["OBJECT"].comment) == ("'M 31 / core'", "what was seen")
    assert cards["OBJECT"].has("m 31 seen")
    assert not cards["OBJECT"].has("m 33")


@pytest.mark.parametrize("step", [1, 3, 7, 100])
def test_blocks_are_means_of_a_part_bands_or_not(monkeypatch, step):
    pixels = image(60)
    pixels[10:20, 5] = np.nan
    monkeypatch.setattr("tom_dataproducts.fits_images.reading._BAND_BYTES", 8 * 50 * 8)
    with opened(io.BytesIO(content(fits.ImageHDU(pixels)))) as file:
        found = block_means(file[1], left=4, bottom=2, width=50, height=57, step=step)
    assert found == pytest.approx(means(pixels[2:59, 4:54], step), rel=1e-6, nan_ok=True)


@pytest.mark.parametrize(
    "unit",
    [
        fits.CompImageHDU(image(90, np.int16)),
        fits.ImageHDU(np.stack([image(90, np.int16), 0 * image(90, np.int16)])),
        fits.ImageHDU(image(90, np.uint16)),  # BZERO 32768
    ],
    ids=["compressed", "cube", "scaled"],
)
def test_compressed_scaled_and_stacked_images_are_read_alike(unit):
    with opened(io.BytesIO(content(unit))) as file:
        found, step = preview(file[1], most_side=30)
    assert step == 3
    assert found == pytest.approx(means(image(90).astype(float), 3), rel=1e-6)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b"no fits at all", "broken FITS file"),
        (several()[:20_000], "broken FITS file|the file ends"),
        (b"", "broken FITS file"),
        (several()[:2000], "broken FITS file"),
    ],
)
def test_broken_files_say_so(broken, words):
    with pytest.raises(PictureError, match=words), opened(io.BytesIO(broken)) as file:
        extensions_of(file)
        preview(file[1], most_side=50)


def test_an_image_of_two_hundred_megabytes_takes_some_megabytes(tmp_path):
    path = tmp_path / "large.fits"
    side = 7000
    header = fits.PrimaryHDU(np.zeros((1, side), np.float32)).header
    header["NAXIS2"] = side
    with path.open("wb") as file:
        file.write(header.tostring().encode())
        file.truncate(len(header.tostring()) + (side * side * 4 + 2879) // 2880 * 2880)
    tracemalloc.start()
    try:
        with opened(str(path)) as file:
            found, step = preview(file[0], most_side=1024)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.shape, step) == ((1000, 1000), 7)
    assert peak < 80e6


def test_limits_leave_out_what_has_no_value():
    pixels = np.full((20, 20), np.nan, np.float32)
    with pytest.raises(PictureError, match="all pixels are empty"):
        limits_of(pixels)
    pixels[:, :10] = np.arange(200).reshape(20, 10)
    found = limits_of(pixels)
    assert found.full == (0.0, 199.0)
    assert found.percentile == pytest.approx((0.995, 198.005))


@pytest.mark.parametrize(("projection", "scale_arcsec"), [("TAN", 0.4), ("TAN", 36.0), ("ZEA", 120.0)])
def test_the_grid_of_the_sky_is_interpolated_to_a_tenth_of_an_arcsecond(projection, scale_arcsec):
    header = sky_header(1000, scale_arcsec=scale_arcsec, projection=projection)
    grid = sky_grid(header.tostring(sep="\n"), columns=1000, rows=1000)
    place = WCS(header).pixel_to_world(grid.x[3], grid.y[5]).icrs
    ra, dec = place.ra.rad, place.dec.rad
    vector = [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    assert grid.vectors[5, 3] == pytest.approx(vector, abs=1e-12)
    assert grid.error_arcsec < (0.1 if scale_arcsec < 50 else 20)


def test_galactic_coordinates_are_given_as_icrs():
    header = sky_header(100)
    header["CTYPE1"], header["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
    header["CRVAL1"], header["CRVAL2"] = 0.0, 0.0
    header.remove("RADESYS", ignore_missing=True)
    grid = sky_grid(header.tostring(sep="\n"), columns=100, rows=100)
    middle = grid.vectors[9, 9] / np.linalg.norm(grid.vectors[9, 9])
    ra = np.degrees(np.arctan2(middle[1], middle[0])) % 360
    assert ra == pytest.approx(266.405, abs=0.01)  # the Galactic centre
    assert np.degrees(np.arcsin(middle[2])) == pytest.approx(-28.936, abs=0.01)


def test_an_image_without_a_sky_says_so():
    with pytest.raises(PictureError, match="no celestial coordinates"):
        sky_grid("NAXIS   =                    2", columns=10, rows=10)


def test_long_values_and_hierarch_keywords():
    header = fits.Header()
    header["LONGVAL"] = "a/b " * 40
    header["HIERARCH ESO DET ID"] = ("it's", "detector")
    header["COMMENT"] = "free words"
    cards = cards_of(header.tostring(sep="\n", endcard=False, padding=False))
    assert cards[0].value.strip("'").startswith("a/b a/b")
    assert len(cards[0].value) >= 155
    assert (cards[1].keyword, cards[1].value, cards[1].comment) == ("ESO DET ID", "'it's'", "detector")
    assert cards[2].value == "free words"
