"""Fixtures shared by the tests that belong to no single app."""

import pytest

from tests.services import needed
from tests.shared_data import shared_data_dir


@pytest.fixture
def shared_data():
    """Give the folder of real packets and replies that lies beside the project."""
    return shared_data_dir()


@pytest.fixture(scope="session")
def chromium():
    """Give the path of a Chromium; skip where there is none."""
    return needed("Chromium")


@pytest.fixture
def redis_url():
    """Give the URL of a Redis database that is empty before and after the test."""
    import redis

    url = needed("Redis")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()
