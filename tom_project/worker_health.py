"""Tells a container engine whether background workers fetch their messages.

Run as ``python -m tom_project.worker_health``. The workers of this machine are looked up in the database,
where each says twice a minute that it lives. With Redis, every process that talks to the queue, a web process
too, leaves the time in ``dramatiq:__heartbeats__``, workers every few seconds: a time that is old says that
theirs do not come through.
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


def newest_row_age_s() -> tuple[float, float]:
    """Give the seconds since a worker of this machine last said that it lives, and how many may pass.

    The first is infinite if none ever did.
    """
    import socket

    import django
    from django.utils import timezone

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tom_project.settings")
    django.setup()
    from tom_common.caretaker import GONE_AFTER_S
    from tom_common.models import Worker

    rows = Worker.objects.filter(name__startswith=f"{socket.gethostname()}:", threads__gt=0)
    newest = rows.order_by("-seen_at").values_list("seen_at", flat=True).first()
    return (timezone.now() - newest).total_seconds() if newest else float("inf"), GONE_AFTER_S


def main() -> int:
    """Give the exit status of a health check."""
    if (url := os.environ.get("REDIS_URL", "")) and not os.environ.get("RABBITMQ_URL"):
        age_s, limit_s, did = newest_heartbeat_age_s(url), STALE_S, "the queue was last asked for work"
    else:
        age_s, limit_s, did = 0.0, STALE_S, ""
    if age_s < limit_s:
        (age_s, limit_s), did = newest_row_age_s(), "a worker was last heard of"
    sys.stdout.write(f"{did} {age_s:.0f} s ago\n")
    return 0 if age_s < limit_s else 1


if __name__ == "__main__":
    sys.exit(main())
