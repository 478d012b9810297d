"""A browser, and the pages of the harness for it to look at."""

import pytest

from tests.front_end.harness import build, served

THEMES = ("light", "dark", "dome")
WIDTHS = (1440, 390)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Give the address of the harness's pages."""
    with served(build(tmp_path_factory.mktemp("front_end"))) as address:
        yield address


@pytest.fixture
def visit(browser, site):
    """Give a function that opens a page of the harness; the test fails on any complaint of the browser."""
    contexts, complaints = [], []

    def open_page(name, *, width=1440, theme="light", expect_complaints=False, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        if theme:
            context.add_cookies([{"name": "theme", "value": theme, "url": site}])
        page = context.new_page()
        if not expect_complaints:
            page.on(
                "console",
                lambda message: complaints.append(message.text) if message.type == "error" else None,
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{site}/{name}.html")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def curve_page(visit):
    """Give a function that opens a light curve and waits until it is drawn."""

    def open_curve(name, **options):
        page = visit(f"light_curve_{name}", **options)
        page.locator(".light-curve.is-drawn").wait_for()
        page.evaluate("window.plot = TOM.lightCurve(document.querySelector('.light-curve'))")
        return page

    return open_curve
