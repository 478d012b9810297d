"""The viewer of FITS images in a real browser: stretches and positions against Python, zoom, keys, themes."""

import io

import numpy as np
import pytest
from astropy.wcs import WCS
from PIL import Image

from tests.front_end.conftest import THEMES, WIDTHS
from tom_dataproducts.images import between
from tom_dataproducts.tests.fits_images.files import sky_header

pytestmark = pytest.mark.e2e


@pytest.fixture
def viewer_page(visit):
    """Give a function that opens the viewer and waits until the image is drawn."""

    def open_viewer(**options):
        page = visit("fits", **options)
        page.locator(".fits-viewer.is-drawn").wait_for()
        page.evaluate("window.viewer = TOM.fitsViewer(document.querySelector('.fits-viewer'))")
        return page

    return open_viewer


@pytest.mark.parametrize("stretch", ["linear", "log", "asinh"])
def test_stretches_are_those_of_the_server_upside_down(viewer_page, stretch):
    page = viewer_page()
    values = np.linspace(-5, 25, 12)
    look = f"{{ low: 0, high: 20, stretch: '{stretch}', isInverted: false }}"
    call = f"(values) => [...TOM.fitsPixels.painted(Float32Array.from(values), 4, 3, {look})]"
    bytes_ = np.array(page.evaluate(call, values.tolist())).reshape(3, 4, 4)
    expected = 255 * between(values.reshape(3, 4), 0.0, 20.0, stretch)[::-1]
    assert np.abs(bytes_[:, :, 0] - expected).max() <= 2
    assert (bytes_[:, :, 3] == 255).all()


def test_positions_are_those_of_astropy_everywhere_in_the_image(viewer_page):
    page = viewer_page()
    wcs = WCS(sky_header(100, scale_arcsec=1.0))
    for x, y in ((0, 0), (199, 99), (12.3, 87.6), (100, 50), (-0.5, 99.5)):
        found = page.evaluate(f"TOM.fitsPixels.skyAt(viewer.view.sky, {x}, {y})")
        place = wcs.pixel_to_world(x, y).icrs
        assert found["ra"] == pytest.approx(place.ra.deg, abs=1e-8)
        assert found["dec"] == pytest.approx(place.dec.deg, abs=1e-8)


@pytest.mark.parametrize(
    ("ra", "dec", "sexagesimal", "degrees"),
    [
        (0.0, 0.0, "00:00:00.000 +00:00:00.00", "0.000000 +0.000000"),
        (359.9999999, -0.5, "00:00:00.000 −00:30:00.00", "0.000000 −0.500000"),
        (150.1, 2.2, "10:00:24.000 +02:12:00.00", "150.100000 +2.200000"),
        (14.9999999, -89.9999999, "01:00:00.000 −90:00:00.00", "15.000000 −90.000000"),
    ],
)
def test_positions_are_written_without_sixties(viewer_page, ra, dec, sexagesimal, degrees):
    page = viewer_page()
    assert page.evaluate(f"TOM.fitsPixels.skyText({{ ra: {ra}, dec: {dec} }})") == {
        "sexagesimal": sexagesimal,
        "degrees": degrees,
    }


def test_the_pointer_reads_pixel_value_and_position(viewer_page):
    page = viewer_page()
    page.evaluate("viewer.fit()")
    page.wait_for_function("[...viewer.tiles.values()].some((tile) => tile.data)")
    assert page.evaluate("viewer.say({ x: 30.2, y: 20.1 })").startswith(
        "x 31, y 21 · 230 adu · RA, Dec (ICRS) 10:00:"
    )
    assert "no value" in page.evaluate("viewer.say({ x: 61, y: 41 })")
    box = page.locator(".fits-canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.locator(".fits-readout").inner_text().startswith("x 101, y 51")


def test_before_its_part_is_there_the_mean_of_the_preview_is_read(viewer_page):
    page = viewer_page()
    assert "230 adu" not in page.evaluate(
        "viewer.tiles.clear(), viewer.isFull = false, viewer.say({ x: 30, y: 20 })"
    )
    assert "235.5 adu (mean of 2 × 2)" in page.evaluate("viewer.say({ x: 30, y: 20 })")


def test_wheel_and_keys_zoom_and_move(viewer_page):
    page = viewer_page()
    before = page.evaluate("viewer.zoom")
    page.locator(".fits-canvas").focus()
    page.keyboard.press("+")
    assert page.evaluate("viewer.zoom") == pytest.approx(2 * before)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("viewer.x") > 99.5
    assert page.locator(".fits-viewer [aria-live]").inner_text().startswith("x 1")
    page.keyboard.press("0")
    assert page.evaluate("viewer.zoom") == pytest.approx(before)
    page.locator(".fits-canvas").hover()
    page.mouse.wheel(0, -100)
    assert page.evaluate("viewer.zoom") > before


def test_limits_can_be_typed_and_chosen(viewer_page):
    page = viewer_page()
    page.get_by_label("Limits").select_option("zscale")
    assert page.evaluate("viewer.look.low") == page.evaluate("viewer.view.limits.zscale[0]")
    page.get_by_label("to", exact=True).fill("500")
    page.get_by_label("to", exact=True).press("Enter")
    assert page.evaluate("[viewer.look.range, viewer.look.high]") == ["own", 500]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_and_dome_is_red(viewer_page, axe, theme, width):
    page = viewer_page(theme=theme, width=width)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if theme == "dome":
        with Image.open(io.BytesIO(page.locator(".fits-canvas").screenshot())) as picture:
            red, green, blue = (band.getextrema()[1] for band in picture.convert("RGB").split())
        assert (green, blue) == (0, 0)
        assert red <= 235
