"""The cache in Redis, for a TOM that goes on while Redis is away: what is kept there can be made again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

TIMEOUT_S = 0.5
LEFT_ALONE_S = 15.0
"""Seconds for which Redis is not asked after it did not answer: a page asks more than once."""


class PatientRedisCache(RedisCache):
    """Django's cache in Redis; without Redis it holds nothing, and a page neither fails nor waits for it.

    `add` then says that the key was free: whoever asks goes on, perhaps beside another who was told the same.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        options = {
            "socket_timeout": TIMEOUT_S,
            "socket_connect_timeout": TIMEOUT_S,
            "retry": Retry(NoBackoff(), 0),
            **params.get("OPTIONS", {}),
        }
        super().__init__(server, {**params, "OPTIONS": options})
        self._away_until = 0.0

    def _without_redis(self, answer: Any, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < self._away_until:
            return answer
        try:
            return ask(*args, **kwargs)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + LEFT_ALONE_S
            logger.warning("the cache cannot be reached: %s", type(error).__name__)
            return answer

    def add(self, *args: Any, **kwargs: Any) -> Any:
        """Keep a value unless there is one; return whether there was none."""
        return self._without_redis(True, super().add, *args, **kwargs)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        """Return a value, or the default."""
        return self._without_redis(default, super().get, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        """Keep a value."""
        return self._without_redis(None, super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        """Keep a value for longer; return whether there is one."""
        return self._without_redis(False, super().touch, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Forget a value; return whether there was one."""
        return self._without_redis(False, super().delete, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        """Return the values of those keys that have one."""
        return self._without_redis({}, super().get_many, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        """Return whether a key has a value."""
        return self._without_redis(False, super().has_key, *args, **kwargs)

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep several values; return the keys of those that are not kept."""
        return self._without_redis(list(data), super().set_many, data, *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        """Forget several values."""
        return self._without_redis(None, super().delete_many, *args, **kwargs)

    def clear(self) -> Any:
        """Forget all values."""
        return self._without_redis(False, super().clear)
