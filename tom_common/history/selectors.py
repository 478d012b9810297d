"""What pages and the API show of the history: rows that a user may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Exists, OuterRef, QuerySet

from tom_common.history.models import Change, ChangeSet
from tom_common.history.permissions import change_sets_for_user, changes_for_user

_FIRST_MIGRATION = ("tom_common", "0003_history")


def changes_of(user: Any, subject_type: str, subject_id: int) -> QuerySet:
    """Return the changes of one subject that a user may see, with their change sets.

    Leans on the index of subject type and key. The caller has asked whether the user may see the subject.
    """
    rows = Change.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return changes_for_user(user, rows).select_related("change_set__author")


def changes_in(user: Any, change_set: ChangeSet) -> QuerySet:
    """Return the changes of a change set that a user may see."""
    return changes_for_user(user, change_set.changes.all())


def visible_change_sets(user: Any, wanted: Mapping[str, Any] | None = None) -> QuerySet:
    """Return the change sets that a user may see.

    Parameters
    ----------
    user : User or AnonymousUser
    wanted : mapping, optional
        What to keep: ``kind``, ``author`` (part of a user name), ``since`` and ``until`` (dates, both
        included), ``target`` (key), ``state``. Empty values keep all.
    """
    wanted = {name: value for name, value in (wanted or {}).items() if value not in (None, "")}
    rows = ChangeSet.objects.all()
    if kind := wanted.get("kind"):
        rows = rows.filter(kind=kind)
    if state := wanted.get("state"):
        rows = rows.filter(state=state)
    if author := wanted.get("author"):
        rows = rows.filter(author_name__icontains=author)
    if since := wanted.get("since"):
        rows = rows.filter(created_at__gte=_midnight(since))
    if until := wanted.get("until"):
        rows = rows.filter(created_at__lt=_midnight(until) + dt.timedelta(days=1))
    if target := wanted.get("target"):
        touched = Change.objects.filter(subject_type="target", subject_id=target, change_set=OuterRef("pk"))
        rows = rows.filter(Exists(changes_for_user(user, touched)))
    return change_sets_for_user(user, rows).select_related("author", "reverted_by", "reverts")


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def history_begins(using: str = DEFAULT_DB_ALIAS) -> dt.datetime | None:
    """Return since when changes are noted: when the tables of the history were made; None if not known."""
    rows = MigrationRecorder(connections[using]).migration_qs
    app, name = _FIRST_MIGRATION
    found = rows.filter(app=app, name=name).values_list("applied", flat=True).first()
    return found if found is None or found.tzinfo else found.replace(tzinfo=dt.UTC)
