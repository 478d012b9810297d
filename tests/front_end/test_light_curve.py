"""The light curve in a real browser: what is drawn, what stays when something changes, what one can do."""

import io
import json
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.front_end.conftest import THEMES, WIDTHS
from tests.front_end.harness import light_curve
from tom_common.astro.bands import BANDS, band_style, sorted_bands

pytestmark = pytest.mark.e2e
SVG = "{http://www.w3.org/2000/svg}"


def ranges(page):
    """Give the ranges of the axes as drawn: [x min, x max, y min, y max]."""
    return page.evaluate("['x', 'y'].flatMap((k) => [plot.uplot.scales[k].min, plot.uplot.scales[k].max])")


def drag(page, start, end):
    """Draw a zoom frame, between two places given as parts of the plot's area."""
    box = page.locator(".light-curve .u-over").bounding_box()
    place = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, end)]
    page.mouse.move(*place[0])
    page.mouse.down()
    page.mouse.move(*place[1], steps=4)
    page.mouse.up()


def test_every_point_of_the_endpoint_is_shown(curve_page):
    page = curve_page("large")
    assert page.evaluate("plot.view.count") == 10_000
    assert page.locator(".light-curve-summary").inner_text().startswith("4")


def test_the_points_are_read_once(curve_page):
    page = curve_page("small")
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name.rpartition("/")[2] for name in names].count("small.json") == 1


def test_ten_thousand_points_cost_less_than_half_a_second(visit, browser):
    page = visit("light_curve_small")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # CPU time: the machine may be busy
    page.goto(page.url.replace("small", "large"))
    page.locator(".light-curve.is-drawn").wait_for()
    metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    assert metrics["TaskDuration"] < 0.5


def test_a_detection_is_painted_in_its_band_where_it_belongs(curve_page):
    page = curve_page("one")
    colour = page.evaluate(
        """() => {
            const u = plot.uplot;
            const [x, y] = ['x', 'y'].map((k) => Math.round(u.valToPos(plot.view[k][0], k, true)));
            return [...u.ctx.getImageData(x + 1, y + 1, 1, 1).data].slice(0, 3);
        }"""
    )
    expected = [int(band_style("r").colour[k : k + 2], 16) for k in (1, 3, 5)]
    assert colour == pytest.approx(expected, abs=12)


def test_brighter_is_up_in_magnitudes_and_in_flux(curve_page):
    page = curve_page("small")
    assert page.evaluate("plot.uplot.valToPos(18, 'y') < plot.uplot.valToPos(20, 'y')")
    page.get_by_label("Brightness axis").select_option("flux")
    assert page.evaluate("plot.uplot.valToPos(1, 'y') > plot.uplot.valToPos(50, 'y')")


def test_switching_a_band_off_takes_its_points_away_and_keeps_the_zoom(curve_page):
    page = curve_page("small")
    drag(page, (0.3, 0.1), (0.7, 0.9))
    assert page.evaluate("plot.zoom !== null")
    zoomed, count = ranges(page), page.evaluate("plot.view.count")
    button = page.get_by_role("group", name="Bands").get_by_role("button").first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate("plot.view.count") < count
    assert page.evaluate("[...plot.view.point].every((i) => plot.curve.bands[plot.curve.band[i]] !== 'g')")
    assert ranges(page) == zoomed
    button.click()
    assert page.evaluate("plot.view.count") == count


@pytest.mark.parametrize("name", ["Limits", "Forced"])
def test_limits_and_forced_points_can_be_switched_off(curve_page, name):
    page = curve_page("small")
    setting = name.lower()
    page.get_by_role("group", name="Kinds of points").get_by_role("button", name=name).click()
    assert page.evaluate(f"plot.settings.{setting}") is False
    test = "plot.view.isLimit[row]" if name == "Limits" else "plot.curve.kind[i] === 2"
    assert not page.evaluate(f"[...plot.view.point].some((i, row) => {test})")


def test_the_zoom_outlives_a_change_of_the_time_axis_and_new_data(curve_page):
    page = curve_page("small")
    drag(page, (0.2, 0.2), (0.6, 0.8))
    assert page.evaluate("plot.zoom !== null")
    zoomed = ranges(page)
    page.get_by_label("Time axis").select_option("utc")
    assert ranges(page) == zoomed
    page.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener('tom:light-curve-drawn', resolve, { once: true });
            document.dispatchEvent(new CustomEvent('tom:data-changed'));
        })"""
    )
    assert ranges(page) == zoomed


def test_a_double_click_shows_all_again(curve_page):
    page = curve_page("small")
    everything = ranges(page)
    drag(page, (0.2, 0.2), (0.6, 0.8))
    assert page.evaluate("plot.zoom !== null")
    assert ranges(page) != everything
    page.locator(".light-curve .u-over").dblclick(position={"x": 300, "y": 100})
    assert ranges(page) == everything
    assert page.get_by_role("button", name="Show all").is_disabled()


def test_the_zoom_is_carried_over_from_magnitudes_to_flux(curve_page):
    page = curve_page("small")
    page.evaluate("plot.zoomTo([58300, 58400], [18, 20])")
    page.get_by_label("Brightness axis").select_option("flux")
    low, high = ranges(page)[2:]
    size = page.evaluate("plot.view.unit.size")
    assert low * size == pytest.approx(10 ** ((31.4 - 20) / 2.5))
    assert high * size == pytest.approx(10 ** ((31.4 - 18) / 2.5))


def test_a_period_folds_the_curve_over_two_cycles(curve_page):
    page = curve_page("small")
    count = page.evaluate("plot.view.count")
    page.get_by_label("Fold by a period in days").fill("3.1")
    page.keyboard.press("Enter")
    assert page.evaluate("plot.view.count") == 2 * count
    assert ranges(page)[:2] == [0, 2]
    assert "Phase" in page.evaluate("plot.xLabel()")
    x = page.evaluate("[...plot.view.x]")
    assert x == sorted(x)
    page.get_by_label("Fold by a period in days").fill("")
    page.keyboard.press("Enter")
    assert page.evaluate("plot.view.count") == count


def test_arrow_keys_step_through_the_points_and_say_them(curve_page):
    page = curve_page("small")
    points = light_curve(60, bands=("g", "r"), seed=2)["points"]
    page.locator(".light-curve-plot").focus()
    page.keyboard.press("Home")
    said = page.locator(".light-curve > [aria-live]")
    assert f"MJD {points['mjd'][0]:.5f}" in said.inner_text()
    assert "UTC" in said.inner_text()
    page.keyboard.press("ArrowRight")
    assert f"MJD {points['mjd'][1]:.5f}" in said.inner_text()
    page.keyboard.press("End")
    assert f"MJD {points['mjd'][-1]:.5f}" in said.inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".light-curve-tip").is_hidden()


def test_pointing_at_a_point_shows_value_error_band_source_and_times(curve_page):
    page = curve_page("one")
    where = page.evaluate(
        "[plot.uplot.valToPos(plot.view.x[0], 'x'), plot.uplot.valToPos(plot.view.y[0], 'y')]"
    )
    page.locator(".light-curve .u-over").hover(position={"x": where[0] + 3, "y": where[1] + 3})
    text = page.locator(".light-curve-tip").inner_text()
    points = light_curve(1, bands=("r",), seed=6)["points"]
    assert text.startswith(f"r {points['mag'][0]:.3f} ± {points['mag_err'][0]:.3f} mag")
    assert "ZTF" in text
    assert "2018-10-24 06:22:39 UTC" in text
    assert f"MJD {points['mjd'][0]:.5f}" in text


def test_saved_svg_holds_every_point_and_escapes_the_name(curve_page):
    page = curve_page("small")
    page.locator(".light-curve-actions").get_by_text("Save", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Plot as SVG").click()
    with open(download.value.path()) as file:
        root = ElementTree.fromstring(file.read())
    assert len(root.findall(f".//{SVG}use")) == page.evaluate("plot.view.count")
    assert root.findtext(f"{SVG}title") == "Light curve of ZTF18abcdefg <simulated>"
    assert download.value.suggested_filename == "ZTF18abcdefg_simulated__light_curve.svg"


def test_saved_png_is_a_picture_on_white_even_in_dome(curve_page):
    page = curve_page("small", theme="dome")
    page.locator(".light-curve-actions").get_by_text("Save", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Plot as PNG").click()
    with Image.open(download.value.path()) as picture:
        assert picture.size == (2400, 1120)
        assert picture.convert("RGB").getpixel((4, 4)) == (255, 255, 255)


def test_data_links_lead_to_csv_and_json(curve_page):
    page = curve_page("small")
    page.locator(".light-curve-actions").get_by_text("Save", exact=True).click()
    assert page.get_by_role("link", name="Data as CSV").get_attribute("href") == "points.csv"
    assert page.get_by_role("link", name="Data as JSON").get_attribute("href") == "small.json"


def test_a_target_without_photometry_says_so_and_offers_the_first_step(visit):
    page = visit("light_curve_empty")
    page.get_by_text("No photometry yet").wait_for()
    assert page.get_by_role("link", name="Upload a file").get_attribute("href") == "#add"


def test_a_failing_endpoint_is_told_with_its_reason(visit, axe):
    page = visit("light_curve_missing", expect_complaints=True)
    page.get_by_text("the server answered 404").wait_for()
    assert page.get_by_role("button", name="Try again").is_visible()
    assert axe(page) == []


def test_nothing_jumps_while_the_curve_loads(curve_page):
    page = curve_page("large")
    shift = page.evaluate(
        """() => new Promise((resolve) => {
            let sum = 0;
            const add = (list) => list.getEntries().forEach((entry) => { sum += entry.value; });
            new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
            setTimeout(() => resolve(sum), 300);
        })"""
    )
    assert shift < 0.01


def test_only_red_is_shown_in_dome(curve_page):
    page = curve_page("bands", theme="dome")
    page.locator(".light-curve-plot").focus()
    page.keyboard.press("Home")
    with Image.open(io.BytesIO(page.screenshot(full_page=True))) as picture:
        red, green, blue = (band.getextrema()[1] for band in picture.convert("RGB").split())
    assert (green, blue) == (0, 0)
    assert 230 <= red <= 235


def test_a_change_of_theme_recolours_the_plot(curve_page):
    page = curve_page("small", theme="light")
    page.evaluate("TOM.applyTheme('dark')")
    assert page.evaluate("plot.palette.theme") == "dark"
    assert page.evaluate("plot.palette.background") == "#0f1419"


def test_bands_look_as_the_server_draws_them(curve_page):
    page = curve_page("one")
    names = [*BANDS, "F606W", "H-alpha", "clear"]
    styles = page.evaluate("(names) => names.map((name) => TOM.lightCurveData.bandStyle(name))", names)
    for name, style in zip(names, styles, strict=True):
        known = band_style(name)
        assert (style["light"], style["dark"], style["shape"]) == (
            known.colour,
            known.dark_colour,
            known.marker,
        ), name
    assert page.evaluate("(names) => TOM.lightCurveData.sortedBands(names)", names[::-1]) == sorted_bands(
        names
    )


def test_ticks_are_round_and_dates_are_utc(curve_page):
    page = curve_page("one")
    ticks = page.evaluate(
        """() => {
            const { linearTicks, dateTicks } = TOM.lightCurveDraw;
            return [linearTicks(17.1, 19.3, 5), dateTicks(58200, 58600, 8), dateTicks(58200.1, 58200.4, 6),
                    linearTicks(58200, 58300, 4, 58203)];
        }"""
    )
    assert ticks[0]["text"] == ["17.5", "18.0", "18.5", "19.0"]
    assert ticks[1]["text"][0] == "2018-05"  # MJD 58200 is 2018-03-23
    assert ticks[2]["text"][0] == "03-23 04:00"
    assert ticks[3]["text"] == ["0", "50"]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious(curve_page, axe, theme, width):
    page = curve_page("small", theme=theme, width=width)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_harness_sends_what_the_endpoint_sends():
    """Guard the test data: the keys and columns are those of the endpoint's contract."""
    sent = json.loads(json.dumps(light_curve(5)))
    assert set(sent) == {"target", "count", "bands", "sources", "versions", "points"}
    columns = {
        "mjd",
        "band",
        "source",
        "version",
        "kind",
        "mag",
        "mag_err",
        "limit",
        "flux",
        "flux_err",
        "negative",
    }
    assert set(sent["points"]) == columns
    assert {len(column) for column in sent["points"].values()} == {5}


def test_the_words_call_no_point_brightest_that_is_fainter_than_the_reference(curve_page):
    page = curve_page("small")
    words = page.locator(".light-curve-summary")
    assert "Brightest" in words.inner_text()
    page.evaluate("() => { plot.curve.negative.fill(1); plot.parts.showState(); }")
    assert "Brightest" not in words.inner_text()
    assert "fainter than the reference)" in words.inner_text()
