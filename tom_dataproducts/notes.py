"""Notes on points of light curves: written by those who may change the target, read by all who see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from tom_common.history import change_set
from tom_dataproducts.models import PointNote
from tom_targets.models import BaseTarget
from tom_targets.permissions import may


def notes_of(target: BaseTarget) -> QuerySet[PointNote]:
    """Return the notes on the light curve of a target that the user is known to see, by time of the point."""
    return PointNote.objects.filter(target=target.pk).select_related("user").order_by("timestamp", "pk")


def add_note(
    target: BaseTarget, *, user: Any, timestamp: datetime, band: str, source: str, text: str
) -> PointNote:
    """Store a note on the point of a time, band and source.

    Parameters
    ----------
    target : BaseTarget
        One that the user may change.
    user : User
    timestamp : datetime
        Time of the point, UTC.
    band, source : str
        As the light curve gives them.
    text : str

    Raises
    ------
    PermissionError
        If the user may not change the target.
    ValidationError
        If the text is empty or too long.
    """
    if not may(user, "change_target", target):
        raise PermissionError("Notes on points are for those who may change the target.")
    words = text.strip()
    if not words:
        raise ValidationError({"text": "Write what there is to say about this point."})
    note = PointNote(
        target_id=target.pk, user=user, timestamp=timestamp, band=band, source=source, text=words
    )
    note.clean_fields(exclude=["target", "user"])
    with change_set(user, title=f"Note on a point of {target.name}"):
        note.save()
    return note


def delete_note(note: PointNote, *, user: Any) -> None:
    """Delete a note; the history keeps it.

    Raises
    ------
    PermissionError
        If the user may not change its target.
    """
    if not may(user, "change_target", note.target):
        raise PermissionError("Notes on points are for those who may change the target.")
    with change_set(user, title=f"Note on a point of {note.target.name} deleted"):
        note.delete()
