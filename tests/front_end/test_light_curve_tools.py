"""Corrections, origins of time, sources, notes, periods and the address of the light curve, in a browser."""

import csv
import io
import json

import pytest

from tests.front_end.conftest import THEMES, WIDTHS
from tests.front_end.harness import about, light_curve

pytestmark = pytest.mark.e2e
POINTS = light_curve(60, bands=("g", "r"), seed=2)["points"]


def view(page, what):
    return page.evaluate(f"[...plot.view.{what}]")


def open_menu(page, name):
    page.locator(".light-curve-actions").get_by_text(name, exact=True).click()


def correct(page, label, value):
    page.get_by_label(label).fill(value)
    page.get_by_label(label).press("Tab")
    page.wait_for_function("() => plot.applied.extinction !== null")


def test_extinction_makes_each_band_brighter_by_its_own_amount_and_says_so(curve_page):
    page = curve_page("small")
    before = dict(zip(view(page, "point"), view(page, "y"), strict=True))
    open_menu(page, "Correct")
    correct(page, "E(B−V) (mag)", "0.05")
    after = dict(zip(view(page, "point"), view(page, "y"), strict=True))
    for point, mag in before.items():
        amount = {0: 0.2, 1: 0.1}[POINTS["band"][point]]  # the harness answers so for g and r
        assert after[point] == pytest.approx(mag - amount)
    words = page.locator(".light-curve-summary").inner_text()
    assert "E(B−V) = 0.05 mag, law of Fitzpatrick (1999), R_V = 3.1 (A_g 0.20, A_r 0.10 mag)" in words


def test_extinction_multiplies_fluxes(curve_page):
    page = curve_page("small")
    page.get_by_label("Brightness axis").select_option("flux")
    before = dict(zip(view(page, "point"), view(page, "y"), strict=True))
    open_menu(page, "Correct")
    correct(page, "E(B−V) (mag)", "0.05")
    after = dict(zip(view(page, "point"), view(page, "y"), strict=True))
    for point, flux in before.items():
        factor = 10 ** (0.4 * {0: 0.2, 1: 0.1}[POINTS["band"][point]])
        assert after[point] == pytest.approx(flux * factor)


def test_a_known_distance_gives_absolute_magnitudes_without_k_correction(curve_page):
    page = curve_page("small")
    before = max(view(page, "y"))
    open_menu(page, "Correct")
    page.get_by_role("button", name="Redshift z 0.02").click()
    page.wait_for_function("() => plot.settings.y === 'abs'")
    assert max(view(page, "y")) == pytest.approx(before - 34.7 - 0.1, abs=0.11)
    assert "Absolute magnitude" in page.evaluate("plot.yLabel()")
    words = page.locator(".light-curve-summary").inner_text()
    assert "m − M = 34.70" in words
    assert "no K-correction" in words


@pytest.mark.parametrize("axis", ["days", "detection", "peak"])
def test_days_count_from_the_first_point_the_first_detection_or_the_peak(curve_page, axis):
    page = curve_page("small")
    page.get_by_label("Time axis").select_option(axis)
    rows = range(60)
    seen = [i for i in rows if POINTS["kind"][i] == 0 and not POINTS["negative"][i]]
    first = {
        "days": POINTS["mjd"][0],
        "detection": POINTS["mjd"][seen[0]],
        "peak": POINTS["mjd"][min(seen, key=lambda i: POINTS["mag"][i])],
    }[axis]
    assert page.evaluate("plot.view.first") == first
    assert f"MJD {first:.5f}" in page.evaluate("plot.xLabel()")
    ticks = page.evaluate("plot.ticks('x', ...plot.ranges().x, 800)")
    assert float(ticks["text"][0]) == pytest.approx(ticks["at"][0] - first, abs=1e-6)


def test_a_version_of_the_reduction_can_be_switched_off(curve_page):
    page = curve_page("small")
    count = page.evaluate("plot.view.count")
    open_menu(page, "Sources")
    page.get_by_role("checkbox", name="forced").uncheck()
    assert page.evaluate("plot.view.count") == count - sum(POINTS["version"])
    assert "lc-hide-version=forced" in page.evaluate("TOM.lightCurveState.write('', plot)")


def test_superseded_points_are_asked_for_and_kept_in_the_address(curve_page):
    page = curve_page("small")
    page.wait_for_function("() => plot.notes.size === 1")
    open_menu(page, "Sources")
    with page.expect_request("**/small.json?superseded=1"):
        page.get_by_role("checkbox", name="Points that a newer reduction supersedes").check()
    page.wait_for_function("() => location.search.includes('lc-superseded=1')")
    assert page.get_by_role("checkbox", name="Points that a newer reduction supersedes").is_checked()


def test_the_address_holds_the_state_and_a_link_shows_the_same_plot(curve_page, visit):
    page = curve_page("small")
    page.get_by_label("Brightness axis").select_option("flux")
    page.get_by_label("Time axis").select_option("peak")
    page.get_by_role("group", name="Bands").get_by_role("button").first.click()
    page.evaluate("plot.zoomTo([58300, 58400], [1, 900])")
    open_menu(page, "Correct")
    correct(page, "E(B−V) (mag)", "0.05")
    page.evaluate("plot.zoomTo([58300, 58400], [1, 900])")
    page.wait_for_function("() => location.search.includes('lc-ebv') && location.search.includes('lc-zoom')")
    address = page.evaluate("location.pathname.slice(1) + location.search")
    assert "lc-y=flux" in address
    assert "lc-x=peak" in address
    assert "lc-hide=g" in address
    other = visit("light_curve_one")
    other.goto(f"{other.url.rpartition('/')[0]}/{address}")
    other.locator(".light-curve.is-drawn").wait_for()
    other.evaluate("window.plot = TOM.lightCurve(document.querySelector('.light-curve'))")
    for what in ("x", "y", "point"):
        assert view(other, what) == view(page, what)
    scales = "['x', 'y'].flatMap((k) => [plot.uplot.scales[k].min, plot.uplot.scales[k].max])"
    assert other.evaluate(scales) == page.evaluate(scales)


@pytest.mark.parametrize(
    "query",
    ["?lc-fold=-1&lc-x=nonsense&lc-zoom=1,2&lc-ebv=much&lc-by=x", "?lc-zoom=5,1,2,3&lc-fold=NaN&lc-epoch="],
)
def test_a_broken_address_is_as_none(curve_page, query):
    page = curve_page("small")
    read = page.evaluate("(query) => TOM.lightCurveState.read(query)", query)
    assert read == {"settings": {}, "corrections": {}, "zoom": None}
    assert page.evaluate("TOM.lightCurveState.write('?tab=x&lc-y=flux', plot)") == "?tab=x"


def test_a_note_is_marked_told_and_can_be_written_by_keyboard(curve_page):
    page = curve_page("small")
    page.wait_for_function("() => plot.notes.size === 1")
    page.locator(".light-curve-plot").focus()
    page.keyboard.press("Home")
    said = page.locator(".light-curve > [aria-live]").inner_text()
    assert "ada: First light <of> this one" in said
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert about()["notes"][0]["text"] in dialog.inner_text()
    sent = []

    def answer(route):
        sent.append(route.request.post_data)
        note = {**about()["notes"][0], "id": 2, "text": "Seeing 3 arcsec", "who": "me"}
        route.fulfill(status=201, content_type="application/json", body=json.dumps(note))

    page.route("**/notes.json", answer)
    dialog.get_by_label("Note on this point").fill("Seeing 3 arcsec")
    dialog.get_by_role("button", name="Keep the note").click()
    dialog.wait_for(state="detached")
    assert "text=Seeing+3+arcsec" in sent[0]
    assert f"time={POINTS['mjd'][0]:.7f}" in sent[0]
    assert page.evaluate("plot.notes.get(0).length") == 2
    assert page.evaluate("document.activeElement.className") == "light-curve-plot"


def test_a_note_that_is_refused_keeps_what_was_typed(curve_page):
    page = curve_page("small", expect_complaints=True)
    page.wait_for_function("() => plot.notes.size === 1")
    page.route(
        "**/notes.json",
        lambda route: route.fulfill(
            status=400, content_type="application/json", body='{"error": "Not this."}'
        ),
    )
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.locator(".light-curve-plot").focus()
    page.keyboard.press("End")
    page.keyboard.press("n")
    page.get_by_label("Note on this point").fill("hello")
    page.evaluate("document.querySelector('dialog form').requestSubmit()")
    page.get_by_text("Not this.").wait_for()
    assert page.get_by_label("Note on this point").input_value() == "hello"
    assert complaints == []


def test_a_kept_period_folds_the_curve(curve_page):
    page = curve_page("small")
    open_menu(page, "Periods")
    page.get_by_role("button", name="3.1 d g r, no. 1").click()
    assert page.evaluate("plot.view.isFolded && plot.settings.period") == 3.1
    assert page.get_by_label("Fold by a period in days").input_value() == "3.1"


def test_shown_points_are_saved_as_shown_and_hold_no_formula(curve_page):
    page = curve_page("small")
    page.evaluate("plot.curve.sources[0] = '=HYPERLINK(1)'")
    page.get_by_role("group", name="Bands").get_by_role("button").first.click()
    open_menu(page, "Correct")
    correct(page, "E(B−V) (mag)", "0.05")
    text = page.evaluate("TOM.lightCurveSave.csvText(plot)")
    header, *rows = csv.reader(io.StringIO(text))
    assert len(rows) == page.evaluate("plot.view.count")
    first = dict(zip(header, rows[0], strict=True))
    assert first["band"] == "r"
    assert first["source"] == "'=HYPERLINK(1)"
    point = view(page, "point")[0]
    brightness = first["mag [mag]"] or first["limit [mag]"]
    original = POINTS["mag"][point] if POINTS["mag"][point] is not None else POINTS["limit"][point]
    assert float(brightness) == pytest.approx(original - 0.1, abs=1e-6)
    assert first["extinction [mag]"] == "0.1"


def test_a_correction_that_is_refused_says_why_and_leaves_the_points(curve_page):
    page = curve_page("small", expect_complaints=True)
    before = view(page, "y")
    page.route(
        "**/corrections.json?*",
        lambda route: route.fulfill(
            status=400, content_type="application/json", body='{"error": "R_V is 9; expected 2 to 6."}'
        ),
    )
    open_menu(page, "Correct")
    page.get_by_label("E(B−V) (mag)").fill("0.1")
    page.get_by_label("E(B−V) (mag)").press("Tab")
    page.get_by_text("R_V is 9; expected 2 to 6.").wait_for()
    assert view(page, "y") == before


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious_in_menus_and_dialog(curve_page, axe, theme, width):
    page = curve_page("small", theme=theme, width=width)
    page.wait_for_function("() => plot.notes.size === 1")
    for menu in ("Correct", "Sources", "Periods"):
        open_menu(page, menu)
        assert axe(page) == [], menu
        box = page.locator("details[open] > .tom-menu-panel").bounding_box()
        assert box["x"] >= 0, menu
        assert box["x"] + box["width"] <= width, menu
        page.keyboard.press("Escape")
    page.locator(".light-curve-plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_click_on_a_point_opens_its_note_and_a_drag_does_not(curve_page):
    page = curve_page("small")
    box = page.locator(".light-curve .u-over").bounding_box()
    place = page.evaluate("['x', 'y'].map((key) => plot.uplot.valToPos(plot.view[key][0], key))")
    x, y = box["x"] + place[0], box["y"] + place[1]
    page.mouse.click(x, y)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note on this point").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 60, steps=4)
    page.mouse.up()
    page.wait_for_function("() => plot.zoom !== null")
    assert page.get_by_role("dialog").count() == 0
