"""Tells a container engine whether background workers fetch their messages.

Run as ``python -m tom_project.worker_health``. Every process that talks to the queue leaves the time in
``dramatiq:__heartbeats__``; workers do so every few seconds.
"""

import os
import sys
import time

STALE_S = 60.0
HEARTBEATS = "dramatiq:__heartbeats__"


def newest_heartbeat_age_s(url: str) -> float:
    """Give the seconds since a process last asked the queue for work; infinite if none ever did."""
    import redis

    with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
        newest = client.zrange(HEARTBEATS, 0, 0, desc=True, withscores=True)
    return time.time() - newest[0][1] / 1000 if newest else float("inf")


def main() -> int:
    """Give the exit status of a health check."""
    url = os.environ.get("REDIS_URL", "")
    if not url:
        sys.stderr.write("REDIS_URL is not set: there is no queue\n")
        return 1
    age_s = newest_heartbeat_age_s(url)
    sys.stdout.write(f"the queue was last asked for work {age_s:.0f} s ago\n")
    return 0 if age_s < STALE_S else 1


if __name__ == "__main__":
    sys.exit(main())
