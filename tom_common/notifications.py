"""The list of news that every user has: finished jobs, mentions, whatever an app wants to tell one person."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tom_common.models import Notification


def notify(user: Any, kind: str, text: str, url: str = "") -> Notification:
    """Add a line to the news of a user.

    Parameters
    ----------
    user : User
    kind : str
        Word for the kind of news, for example ``job_done``, ``job_failed``, ``mention``.
    text : str
        One sentence, plain text; cut at 500 characters.
    url : str
        Path on this site where the user can act on it.

    Returns
    -------
    Notification
    """
    text = text if len(text) <= 500 else f"{text[:499]}…"
    return Notification.objects.create(user=user, kind=kind, text=text, url=url)


def notifications_for_user(user: Any) -> QuerySet[Notification]:
    """Return the news of a user, newest first; none for an anonymous visitor."""
    if not user.is_authenticated:
        return Notification.objects.none()
    return Notification.objects.filter(user=user)


def unread_count(user: Any) -> int:
    """Return how many news a user has not read."""
    return notifications_for_user(user).filter(read_at=None).count()


def mark_read(user: Any, pk: int | None = None) -> int:
    """Mark one line, or all of a user's news, as read; return how many were unread."""
    unread = notifications_for_user(user).filter(read_at=None)
    if pk is not None:
        unread = unread.filter(pk=pk)
    return unread.update(read_at=timezone.now())
