"""Fixtures shared by the tests that belong to no single app."""

import pytest

from tests.services import needed
from tests.shared_data import shared_data_dir

BROWSER_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()


@pytest.fixture
def shared_data():
    """Give the folder of real packets and replies that lies beside the project."""
    return shared_data_dir()


@pytest.fixture(scope="session")
def chromium():
    """Give the path of a Chromium; skip where there is none."""
    return needed("Chromium")


@pytest.fixture(scope="session")
def browser(chromium):
    """Give a headless Chromium: one for all tests of a process, since Playwright starts once in a thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def redis_url():
    """Give the URL of a Redis database that is empty before and after the test."""
    import redis

    url = needed("Redis")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()
