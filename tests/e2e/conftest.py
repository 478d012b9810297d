"""The whole TOM in a real browser: a server on the tests' database, and people who log in."""

import os

import pytest

from tom_common.tests.people_testing import PASSWORD

# Playwright runs an event loop in the thread of the test, where Django would refuse to ask the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def _text(said):
    return f"{said.text} ({said.location.get('url', '')})"


@pytest.fixture
def browse(browser, live_server, transactional_db):
    """Give a function that opens the start page, as somebody or nobody; the browser may not complain."""
    contexts, complaints = [], []

    def start(user=None, *, script=True, **options):
        context = browser.new_context(base_url=live_server.url, java_script_enabled=script, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(_text(said)) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/accounts/login/?next=/" if user else "/")
        if user:
            page.get_by_label("Username").fill(user.get_username())
            page.get_by_label("Password").fill(PASSWORD)
            page.locator("main").get_by_role("button", name="Log in").click()
            page.wait_for_url("**/")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not complaints
