"""Tells a container engine whether each stream that this machine reads was heard of lately.

Run as ``python -m tom_project.streams_health``. A reader says every few seconds how it does, while it waits
for its broker, too.
"""

import os
import sys


def newest_words() -> dict[str, float]:
    """Give the seconds since a process of this machine told of each active stream; infinite if none did."""
    import socket

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tom_project.settings")
    django.setup()
    from django.db.models import Max
    from django.utils import timezone

    from tom_alertstreams import conf
    from tom_alertstreams.alertstreams.alertstream import is_active, stream_labels
    from tom_alertstreams.models import StreamState

    rows = StreamState.objects.filter(process__startswith=f"{socket.gethostname()}:")
    seen = dict(rows.order_by().values_list("stream").annotate(Max("heartbeat_at")))
    now = timezone.now()
    entries = conf.alert_streams()
    return {
        name: (now - seen[name]).total_seconds() if name in seen else float("inf")
        for entry, name in zip(entries, stream_labels(entries), strict=True)
        if is_active(entry)
    }


def main() -> int:
    """Give the exit status of a health check."""
    ages_s = newest_words()
    from tom_alertstreams.selectors import HEARD_OF

    for name, age_s in ages_s.items():
        sys.stdout.write(f"{name} was last heard of {age_s:.0f} s ago\n")
    if not ages_s:
        sys.stdout.write("there is no active stream in ALERT_STREAMS\n")
    return 0 if ages_s and max(ages_s.values()) < HEARD_OF.total_seconds() else 1


if __name__ == "__main__":
    sys.exit(main())
