"""What the bar of every page counts for a user: jobs and news, in one query. Called by a tag."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from tom_common.models import Job, Notification


def bar_counts(user: Any) -> dict[str, int]:
    """Return how many jobs of a user are not finished or failed within the last week, and the unread news.

    One query, by the indices on user and time of creation, and on user and time of reading.
    """
    names = ("active", "failed", "unread")
    if not user.is_authenticated:
        return dict.fromkeys(names, 0)
    own = Job.objects.filter(user=OuterRef("pk"))
    week_ago = timezone.now() - dt.timedelta(days=7)
    counted = (
        get_user_model()
        ._default_manager.filter(pk=user.pk)
        .values_list(
            _count(own.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))),
            _count(own.filter(state=Job.State.FAILED, finished_at__gt=week_ago)),
            _count(Notification.objects.filter(user=OuterRef("pk"), read_at=None)),
        )
    )
    return dict(zip(names, counted.first() or (0, 0, 0), strict=True))


def _count(rows: QuerySet) -> Coalesce:
    counted = rows.order_by().values("user").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
