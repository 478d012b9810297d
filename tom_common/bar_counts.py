"""What the bar of every page counts for a user: jobs and news, in one query. Called by a tag.

The statement is written out: the ORM takes longer to put it together than a database to run it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connections, router
from django.utils import timezone

from tom_common.models import Job

_NAMES = ("active", "failed", "unread")
_STATEMENT = (
    "SELECT (SELECT COUNT(*) FROM tom_common_job WHERE user_id = %s AND state IN (%s, %s)),"
    " (SELECT COUNT(*) FROM tom_common_job WHERE user_id = %s AND state = %s AND finished_at > %s),"
    " (SELECT COUNT(*) FROM tom_common_notification WHERE user_id = %s AND read_at IS NULL)"
)


def bar_counts(user: Any) -> dict[str, int]:
    """Return how many jobs of a user are not finished or failed within the last week, and the unread news.

    One query, by the indices on user and time of creation, and on user and time of reading.
    """
    if not user.is_authenticated:
        return dict.fromkeys(_NAMES, 0)
    connection = connections[router.db_for_read(Job)]
    week_ago = connection.ops.adapt_datetimefield_value(timezone.now() - dt.timedelta(days=7))
    state = Job.State
    values = [
        user.pk,
        state.QUEUED.value,
        state.RUNNING.value,
        user.pk,
        state.FAILED.value,
        week_ago,
        user.pk,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, values)
        return dict(zip(_NAMES, cursor.fetchone(), strict=True))
