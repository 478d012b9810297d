"""The frame of the pages in a real browser: themes, keys, lists, plugins' old markup, weight."""

import gzip
import io
import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from PIL import Image

from tests.front_end.conftest import THEMES, WIDTHS

ROOT = Path(__file__).parents[2]
in_browser = pytest.mark.e2e


def settled(page):
    """Wait until everything that was put off has run."""
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))")


@in_browser
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(visit, axe, theme, width):
    page = visit("gallery", theme=theme, width=width)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@in_browser
def test_only_red_is_shown_in_dome_pictures_and_plugins_included(visit):
    page = visit("gallery", theme="dome")
    with Image.open(io.BytesIO(page.screenshot(full_page=True))) as picture:
        red, green, blue = (band.getextrema()[1] for band in picture.convert("RGB").split())
    assert (green, blue) == (0, 0)
    assert red <= 235
    with Image.open(io.BytesIO(page.locator(".tom-cutout img").screenshot())) as picture:
        assert picture.convert("RGB").getextrema()[0][1] <= 160


@in_browser
@pytest.mark.parametrize("preference", ["light", "dark"])
def test_without_a_choice_the_theme_follows_the_system(visit, preference):
    page = visit("gallery", theme=None, color_scheme=preference)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == preference


@in_browser
def test_a_chosen_theme_is_kept_in_the_cookie(visit):
    page = visit("gallery", theme=None)
    page.get_by_label("Theme").first.click()
    page.get_by_role("menuitemradio", name="Dome").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dome"
    assert {"theme": "dome"} == {
        c["name"]: c["value"] for c in page.context.cookies() if c["name"] == "theme"
    }
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dome"


@in_browser
def test_rows_are_walked_and_selected_by_keys(visit):
    page = visit("gallery")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("tr.is-current input").get_attribute("value") == "2"
    page.keyboard.press("k")
    page.keyboard.press("x")
    assert page.locator("input[name=selected-target]:checked").get_attribute("value") == "1"
    assert page.locator(".tom-bulk").is_visible()
    assert page.locator("[data-tom-selected-count]").inner_text() == "1"
    page.keyboard.press("Enter")
    assert page.url.endswith("#1")


@in_browser
def test_one_box_selects_all_rows_and_shift_selects_a_range(visit):
    page = visit("gallery")
    assert page.locator(".tom-bulk").is_hidden()
    boxes = page.locator(".tom-row-select")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    assert page.locator("[data-tom-selected-count]").inner_text() == "3"
    page.get_by_label("Select all rows of this page").click()
    assert page.locator(".tom-bulk").is_hidden()


@in_browser
def test_the_bulk_bar_and_the_account_menu_need_no_script(visit):
    page = visit("gallery", java_script_enabled=False)
    page.locator(".tom-row-select").first.check()
    assert page.locator(".tom-bulk").is_visible()


@in_browser
def test_a_question_mark_shows_the_keys_and_gives_the_focus_back(visit):
    page = visit("gallery")
    page.get_by_role("link", name="Export").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    assert "Next row" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert page.evaluate("document.activeElement.textContent.trim()") == "Export"


@in_browser
def test_keys_do_nothing_while_one_types(visit):
    page = visit("gallery")
    page.locator("#g-ra").fill("")
    page.locator("#g-ra").press("j")
    assert page.locator("#g-ra").input_value() == "j"
    assert page.locator("tr.is-current").count() == 0


@in_browser
def test_a_copy_button_copies_and_says_so(visit):
    page = visit("gallery", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Copy the position").click()
    page.locator(".tom-toast").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "10:23:45.123 +12:34:56.12"


@in_browser
def test_times_tell_mjd_age_and_local_time_on_hover(visit):
    page = visit("gallery")
    time = page.locator("time").first
    time.hover()
    title = time.get_attribute("title")
    assert title.startswith("MJD 61364.17538 · ")
    assert title.count("·") == 2


@in_browser
def test_bootstrap_4_markup_of_a_plugin_works(visit):
    page = visit("gallery")
    assert page.get_by_text("Folded out.").is_hidden()
    page.get_by_role("button", name="Fold").click()
    page.get_by_text("Folded out.").wait_for()


@in_browser
def test_the_menu_of_a_phone_opens_and_closes(visit):
    page = visit("gallery", width=390)
    menu = page.locator("#site-menu")
    assert not menu.is_visible()
    page.locator(".tom-bottom-bar").get_by_text("Menu").click()
    menu.get_by_role("link", name="Tonight").wait_for()
    page.get_by_label("Close the menu").click()
    menu.wait_for(state="hidden")


@in_browser
def test_the_menu_of_a_phone_opens_without_script(visit):
    page = visit("gallery", width=390, java_script_enabled=False)
    page.locator(".tom-bottom-bar").get_by_text("Menu").click()
    assert page.locator("#site-menu").get_by_role("link", name="Tonight").is_visible()


@in_browser
def test_enter_sends_a_request_where_a_plugin_asks_for_key_13(visit):
    page = visit("gallery")
    trigger = page.evaluate(
        """() => {
            const input = TOM.make('input', {'hx-get': 'small.json', 'hx-trigger': 'keyup[keyCode==13]'});
            document.querySelector('main').append(input);
            htmx.process(input);
            return input.getAttribute('hx-trigger');
        }"""
    )
    assert trigger == "tom:enter"
    with page.expect_request("**/small.json"):
        page.locator("main > input").press("Enter")


@in_browser
def test_focus_follows_what_was_swapped_in(visit, site):
    page = visit("gallery")
    page.evaluate(
        """() => {
            const place = TOM.make('div', {'id': 'place', 'hx-get': 'light_curve_one.html',
                'hx-select': '#main a', 'hx-trigger': 'click', 'data-tom-focus': ''}, 'press');
            document.querySelector('main').prepend(place);
            htmx.process(place);
        }"""
    )
    page.locator("#place").click()
    page.locator("#place[tabindex]").wait_for(state="attached")
    assert page.evaluate("document.activeElement.id") == "place"


@in_browser
@pytest.mark.parametrize(("name", "most_kb"), [("gallery", 150), ("light_curve_small", 250)])
def test_scripts_and_styles_stay_light(visit, name, most_kb):
    page = visit(name)
    settled(page)
    addresses = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    addresses = [address for address in addresses if address.endswith((".css", ".js"))]
    assert len(addresses) >= 10
    weight = sum(len(gzip.compress(page.request.get(address).body())) for address in addresses)
    assert weight < most_kb * 1000


def test_the_page_of_a_server_error_needs_no_request():
    html = render_to_string("500.html")
    assert "The server met an error of its own" in html
    assert 'data-bs-theme="light"' in html


@pytest.mark.parametrize("name", ["403.html", "404.html", "500.html"])
def test_error_pages_follow_the_cookie(name):
    request = RequestFactory().get("/nowhere/")
    request.COOKIES["theme"] = "dome"
    assert 'data-bs-theme="dome"' in render_to_string(name, request=request)


def test_a_cookie_with_another_value_is_not_believed():
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = '"><script>'
    assert 'data-bs-theme="light" data-tom-theme=""' in render_to_string("404.html", request=request)


def test_base_template_has_the_blocks_of_the_contract_in_their_order():
    text = (ROOT / "tom_common/templates/tom_common/base.html").read_text()
    blocks = re.findall(r"{% block (\w+) %}", text)
    assert blocks == [
        "additional_css",
        "title",
        "content_container",
        "content",
        "javascript",
        "extra_javascript",
    ]


def test_every_icon_of_the_templates_is_in_the_list():
    known = set((ROOT / "tools/icons.txt").read_text().split("\n"))
    used = {}
    for template in ROOT.glob("tom_*/templates/**/*.html"):
        for name in re.findall(
            r"""{% icon ['"]([\w-]+)['"]|icon_name=['"]([\w-]+)['"]""", template.read_text()
        ):
            used["".join(name)] = template.name
    assert {name: template for name, template in used.items() if name not in known} == {}


def test_pages_carry_no_inline_script():
    pattern = re.compile(
        r"<script(?![^>]*\b(?:src=|type=\"application/json\"))|\son\w+=\"|\shx-on|javascript:"
    )
    found = {
        str(template.relative_to(ROOT)): pattern.findall(template.read_text())
        for template in ROOT.glob("tom_*/templates/**/*.html")
    }
    assert {name: hits for name, hits in found.items() if hits} == {}
