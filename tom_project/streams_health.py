"""Tells a container engine whether ``readstreams`` of this machine was heard of lately.

Run as ``python -m tom_project.streams_health``. The process tells every few seconds of each active stream:
its reader does, while it waits for its broker, too; where it has none of ours, has ended or cannot be used,
the main thread does. An entry that cannot be used is printed; to begin the process again mends nothing there.
"""

import os
import sys


def newest_words() -> dict[str, tuple[float, str]]:
    """Give the seconds since a process of this machine told of each active stream, and the error it told.

    Where none told of a stream the seconds are infinite.
    """
    import socket

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tom_project.settings")
    django.setup()
    from django.utils import timezone

    from tom_alertstreams import conf
    from tom_alertstreams.alertstreams.alertstream import is_active, stream_labels
    from tom_alertstreams.models import StreamState

    rows = StreamState.objects.filter(process__startswith=f"{socket.gethostname()}:")
    told = rows.order_by("heartbeat_at").values_list("stream", "heartbeat_at", "error")
    seen = {name: (heartbeat_at, error) for name, heartbeat_at, error in told}
    now = timezone.now()
    entries = conf.alert_streams()
    return {
        name: ((now - seen[name][0]).total_seconds(), seen[name][1]) if name in seen else (float("inf"), "")
        for entry, name in zip(entries, stream_labels(entries), strict=True)
        if is_active(entry)
    }


def main() -> int:
    """Give the exit status of a health check."""
    words = newest_words()
    from tom_alertstreams.selectors import HEARD_OF

    for name, (age_s, error) in words.items():
        sys.stdout.write(f"{name} was last heard of {age_s:.0f} s ago{error and ': '}{error}\n")
    if not words:
        sys.stdout.write("there is no active stream in ALERT_STREAMS\n")
    newest = [age_s for age_s, _ in words.values()]
    return 0 if newest and max(newest) < HEARD_OF.total_seconds() else 1


if __name__ == "__main__":
    sys.exit(main())
