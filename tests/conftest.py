"""Fixtures shared by the tests that belong to no single app."""

from pathlib import Path

import pytest

from tests.services import needed
from tests.shared_data import shared_data_dir

AXE = Path(__file__).parent / "front_end" / "vendor" / "axe.min.js"
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
def axe():
    """Give a function that lists the serious and critical findings of axe on a page."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: python tools/front_end_assets.py --dev")

    def findings(page):
        page.evaluate(AXE.read_text())
        violations = page.evaluate("axe.run().then((result) => result.violations)")
        return [
            f"{found['id']}: {found['nodes'][0]['html'][:160]}"
            for found in violations
            if found["impact"] in ("serious", "critical")
        ]

    return findings


@pytest.fixture
def redis_url():
    """Give the URL of a Redis database that is empty before and after the test."""
    import redis

    url = needed("Redis")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()
