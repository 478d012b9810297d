"""The cache in Redis: it keeps what it is given, and pages go on without it."""

import socket
import time

import pytest
from django.core.cache import caches

from tom_common import cache as patient


@pytest.fixture
def made(settings):
    """Give a function that makes the cache at an address."""

    def make(url):
        settings.CACHES = {"default": {"BACKEND": "tom_common.cache.PatientRedisCache", "LOCATION": url}}
        return caches["default"]

    return make


@pytest.fixture
def silent():
    """Give the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as door:
        yield f"redis://127.0.0.1:{door.getsockname()[1]}/0"


def test_what_is_kept_is_found(made, redis_url):
    cache = made(redis_url)
    cache.set("a", {"b": [1, 2]}, 60)
    assert cache.get("a") == {"b": [1, 2]}
    assert not cache.add("a", 1)
    assert cache.add("c", 1)
    cache.set_many({"d": 1, "e": 2})
    assert cache.get_many(["d", "e", "f"]) == {"d": 1, "e": 2}
    cache.delete_many(["d", "e"])
    assert "d" not in cache
    assert cache.touch("a", 10)
    assert cache.delete("a")
    assert cache.get("a", "none") == "none"


def assert_it_holds_nothing(cache):
    cache.set("a", 1)
    assert cache.get("a", "default") == "default"
    assert cache.add("a", 1)
    assert cache.get_or_set("a", lambda: 5) == 5
    assert cache.get_many(["a"]) == {}
    assert cache.set_many({"a": 1}) == ["a"]
    assert not cache.has_key("a")
    assert not cache.delete("a")
    assert not cache.touch("a")
    cache.delete_many(["a"])
    cache.clear()


def test_without_redis_nothing_is_kept_and_nothing_fails(made, caplog):
    assert_it_holds_nothing(made("redis://127.0.0.1:1/0"))
    assert "the cache cannot be reached" in caplog.text


def test_a_redis_that_hangs_costs_a_page_a_moment(made, silent):
    begun = time.monotonic()
    assert_it_holds_nothing(made(silent))
    assert time.monotonic() - begun < 4 * patient.TIMEOUT_S


def test_redis_is_asked_again_when_it_is_back(made, redis_url, monkeypatch):
    cache = made(redis_url)
    cache._away_until = time.monotonic() + 100
    cache.set("a", 1)
    assert cache.get("a") is None
    cache._away_until = 0.0
    cache.set("a", 1)
    assert cache.get("a") == 1
