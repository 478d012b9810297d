"""The map of the sky, images of the sky and the finder chart, in a browser that can reach no other host."""

import io
import math
import re

import pytest
from PIL import Image

from tests.e2e.conftest import _text
from tom_common.tests.people_testing import PASSWORD, make_user
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.e2e
WEBGL = "--no-sandbox --no-first-run --use-angle=swiftshader --enable-unsafe-swiftshader".split()
STILL = {"pm_ra": None, "pm_dec": None, "parallax": None}
SURVEY = """creator_did = ivo://CDS/P/DSS2/color
obs_title = A survey of stripes
hips_version = 1.4
hips_frame = equatorial
hips_order = 3
hips_tile_width = 512
hips_tile_format = jpeg
dataproduct_type = image
hips_service_url = https://alasky.cds.unistra.fr/DSS/DSSColor
"""


def place_of(page, ra_deg, dec_deg):
    """Give where a position is on the screen, by the formula of the projection."""
    half, lat = math.radians((ra_deg + 180) % 360 - 180) / 2, math.radians(dec_deg)
    angle = math.acos(math.cos(lat) * math.cos(half))
    stretch = angle / math.sin(angle) if angle else 1.0
    x = -math.degrees(2 * math.cos(lat) * math.sin(half) * stretch) * 1000 / 180
    y = -math.degrees(math.sin(lat) * stretch) * 1000 / 180
    box = page.locator(".sky-map").bounding_box()
    unit = box["width"] / 2040
    return box["x"] + (x + 1020) * unit, box["y"] + (y + 520) * unit


def ready(page, path="/targets/sky/"):
    page.goto(path)
    page.locator(".sky-figure.is-ready").wait_for()
    return page


@pytest.fixture
def two(transactional_db):
    return [
        SiderealTargetFactory(name="left", ra=90.0, dec=30.0, permissions="OPEN"),
        SiderealTargetFactory(name="right", ra=270.0, dec=-30.0, permissions="OPEN"),
    ]


@pytest.fixture
def belt(transactional_db):
    return Target.objects.bulk_create(
        Target(name=f"B{i:04d}", type="SIDEREAL", ra=(i * 0.1) % 360, dec=0.2, permissions="OPEN")
        for i in range(2400)
    )


def test_pointing_at_a_target_names_it_and_a_click_opens_it(browse, two):
    page = ready(browse())
    page.mouse.move(*place_of(page, 90, 30))
    assert "left at 06h00m +30°00′" in page.locator(".sky-said").inner_text()
    page.mouse.click(*place_of(page, 90, 30))
    page.wait_for_url(f"**/targets/{two[0].pk}/")


def test_the_arrow_keys_go_from_target_to_target_and_enter_opens(browse, two):
    page = ready(browse())
    page.locator(".sky-map").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".sky-said strong").inner_text()
    page.keyboard.press("ArrowRight" if first == "left" else "ArrowLeft")
    second = page.locator(".sky-said strong").inner_text()
    assert {first, second} == {"left", "right"}
    page.keyboard.press("Enter")
    chosen = next(target for target in two if target.name == second)
    page.wait_for_url(f"**/targets/{chosen.pk}/")


def test_a_circle_drawn_with_the_mouse_lists_what_lies_in_it(browse, two):
    page = ready(browse())
    page.mouse.move(*place_of(page, 85, 25))
    page.mouse.down()
    page.mouse.move(*place_of(page, 105, 25), steps=5)
    assert "1 target." in page.locator(".sky-said").inner_text()
    page.mouse.up()
    page.wait_for_url("**/targets/?cone_search=*")
    assert page.locator("td.tom-name").all_inner_texts() == ["left"]


def test_a_tile_of_the_density_map_lists_as_many_as_it_says(browse, belt):
    page = browse()
    ready(page)
    assert page.locator(".sky-tiles path").count() > 0
    page.mouse.move(*place_of(page, 30, 0.5))
    count = int(page.locator(".sky-said strong").inner_text().split()[0])
    page.mouse.click(*place_of(page, 30, 0.5))
    page.wait_for_url("**/targets/?sky_tile=*")
    assert f"{count} targets" in page.locator(".tom-list-tools").inner_text()


def test_without_script_the_regions_lead_to_lists(browse, belt):
    page = browse(script=False)
    page.goto("/targets/sky/")
    page.get_by_role("link", name="Count the targets and draw the map").click()
    page.get_by_text("Regions as a table").click()
    count = int(page.locator(".sky-regions td.num").first.inner_text())
    page.locator(".sky-regions td a").first.click()
    assert page.locator("td.tom-name").count() == min(count, 25)


@pytest.mark.parametrize("theme", ["light", "dark", "dome"])
@pytest.mark.parametrize("path", ["/targets/sky/", "/targets/{pk}/finder/", "/targets/{pk}/"])
def test_no_serious_finding_of_axe(browse, axe, live_server, two, path, theme):
    page = browse()
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
    page.goto(path.format(pk=two[0].pk))
    assert axe(page) == []


@pytest.fixture
def star(transactional_db):
    return SiderealTargetFactory(name="SN 2026abc", ra=150.0, dec=45.0, permissions="OPEN", **STILL)


@pytest.fixture
def isolated(browser, chromium, live_server, star):
    """Give a page with WebGL, what it asked of other hosts, and what it complained of.

    The other hosts answer once ``page.survey_answers`` is true.
    """
    started = browser.browser_type.launch(executable_path=chromium, args=WEBGL)
    page = started.new_page(base_url=live_server.url)
    page.survey_answers = False
    page.has_tiles = True
    asked, complaints = [], []

    def answer(route):
        asked.append(route.request.url)
        if not page.survey_answers:
            return route.abort("addressunreachable")
        headers = {"Access-Control-Allow-Origin": "*"}
        if route.request.url.endswith("/properties"):
            return route.fulfill(body=SURVEY, headers=headers, content_type="text/plain")
        if page.has_tiles and route.request.url.split("?")[0].endswith(".jpg"):
            return route.fulfill(body=tile(), headers=headers, content_type="image/jpeg")
        return route.fulfill(status=404, headers=headers)

    page.route(lambda url: not url.startswith(live_server.url), answer)
    page.on("console", lambda said: complaints.append(_text(said)) if said.type == "error" else None)
    yield page, asked, complaints
    started.close()


def tile():
    buffer = io.BytesIO()
    Image.new("RGB", (512, 512), (40, 90, 200)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_images_are_asked_for_only_after_the_click_and_their_absence_is_told(isolated, star):
    page, asked, _ = isolated
    page.goto(f"/targets/{star.pk}/")
    page.wait_for_timeout(500)
    assert asked == []
    page.get_by_role("link", name="Show images of the sky").click()
    said = page.frame_locator("iframe.sky-frame").locator(".sky-view-said.is-bad")
    said.wait_for()
    assert "(alasky.cds.unistra.fr and alaskybis.cds.unistra.fr) cannot be reached" in said.inner_text()
    assert {url.rpartition("/")[2] for url in asked} == {"properties"}
    names = page.frames[1].evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in names if "aladin.js" in name]


COLOUR = """async (url) => {
    const picture = new Image(); picture.src = url; await picture.decode();
    const canvas = document.createElement("canvas"); canvas.width = canvas.height = 900;
    const context = canvas.getContext("2d"); context.drawImage(picture, 0, 0);
    return [...context.getImageData(300, 300, 1, 1).data];
}"""


def test_a_survey_is_shown_taken_into_the_chart_and_its_context_given_back(isolated, star):
    page, asked, complaints = isolated
    page.survey_answers = True
    page.goto(f"/targets/{star.pk}/finder/")
    page.get_by_role("link", name="Show images of the sky").click()
    page.frame_locator("iframe.sky-frame").locator(".sky-view.is-shown").wait_for(timeout=60_000)
    image = page.locator(".finder-image[href^='data:image/jpeg']")
    for _ in range(4):  # a busy machine may not have drawn the tiles when the patience ends
        page.get_by_role("button", name="Use this image in the chart").click()
        page.locator("[data-finder-said]", has_text=re.compile("could not|has DSS2")).wait_for(timeout=90_000)
        if image.count():
            break
    colour = page.evaluate(COLOUR, image.get_attribute("href"))[:3]
    assert "Background: DSS2 colour" in page.locator("[data-finder-notice]").inner_text()
    assert colour == pytest.approx([40, 90, 200], abs=12)
    assert {url.split("/")[2] for url in asked} == {"alasky.cds.unistra.fr", "alaskybis.cds.unistra.fr"}
    assert not [text for text in complaints if "Content Security Policy" in text]
    page.get_by_role("link", name="Close the images").click()
    assert page.locator("iframe").count() == 0


def test_an_image_that_did_not_come_is_not_taken_into_the_chart(isolated, star):
    page, _, _ = isolated
    page.survey_answers, page.has_tiles = True, False
    page.goto(f"/targets/{star.pk}/finder/")
    page.get_by_role("link", name="Show images of the sky").click()
    page.frame_locator("iframe.sky-frame").locator(".sky-view.is-shown").wait_for(timeout=60_000)
    page.get_by_role("button", name="Use this image in the chart").click()
    said = page.locator("[data-finder-said]", has_text="could not be taken")
    said.wait_for(timeout=60_000)
    assert "DSS2 colour has no image of this field, or it has not come" in said.inner_text()
    assert page.locator(".finder-image").count() == 0


def test_the_chart_prints_on_one_page_black_on_white_even_in_the_dome(browse, live_server, star):
    for number in range(30):
        SiderealTargetFactory(
            name=f"guide {number}", ra=150 + 0.001 * number, dec=45.01, permissions="OPEN", **STILL
        )
    page = browse()
    page.context.add_cookies([{"name": "theme", "value": "dome", "url": live_server.url}])
    page.goto(f"/targets/{star.pk}/finder/")
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1
    page.emulate_media(media="print")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    colours = picture.getcolors(maxcolors=1 << 24)
    assert max(colours)[1] == (255, 255, 255)
    assert all(max(rgb) - min(rgb) < 40 for count, rgb in colours if count > 50)


def test_a_person_sees_the_own_private_target_on_the_map(browse, two):
    from tom_common.grants import grant_access

    user = make_user("vera")
    assert user.check_password(PASSWORD)
    grant_access(user, SiderealTargetFactory(name="mine", ra=0.0, dec=0.0, permissions="PRIVATE"))
    page = ready(browse(user))
    page.mouse.move(*place_of(page, 0, 0))
    assert "mine" in page.locator(".sky-said").inner_text()
