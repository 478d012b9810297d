"""Rows of the history: one change set for each piece of work, and what it changed.

Written by ``recorder`` only; read by pages, by reverting and by the view of a target on a date.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from tom_common.history.encoding import load

KINDS = {
    "edit": "Edit",
    "create": "New target",
    "bulk": "Bulk edit",
    "access": "Access",
    "status": "Status",
    "import": "Import",
    "upload": "Upload",
    "ingest": "Alerts",
    "merge": "Merge",
    "delete": "Deletion",
    "restore": "Restored",
    "query": "Query",
    "catalogue": "Catalogues",
    "report": "Report",
    "revert": "Revert",
}


class ChangeSet(models.Model):
    """What one person, job or command changed in one go: the unit that is shown, explained and reverted."""

    class State(models.TextChoices):
        APPLIED = "applied", "Applied"
        REVERTED = "reverted", "Reverted"

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="change_sets",
    )
    author_name = models.CharField(
        max_length=150, blank=True, default="", help_text="User name at that time; empty where nobody was."
    )
    kind = models.CharField(max_length=20, default="edit")
    title = models.CharField(max_length=200, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    origin = models.CharField(
        max_length=10, blank=True, default="", help_text="Where it came from: page, api, job or command."
    )
    state = models.CharField(max_length=10, choices=State, default=State.APPLIED)
    # A number: the check of a foreign key would ask for tom_common, which not every project has installed.
    job_id = models.BigIntegerField(null=True, blank=True)
    reverted_by = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reverts"
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    change_count = models.PositiveIntegerField(default=0, help_text="Rows of history in it.")
    subject_count = models.PositiveIntegerField(
        default=0, help_text="Targets touched, each counted once a flush."
    )
    note = models.TextField(blank=True, default="", help_text="JSON: what the writer wants kept.")

    class Meta:
        app_label = "tom_common"  # said, since projects without tom_common import what has a history
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=["author", "-id"], name="tom_history_author"),
            models.Index(fields=["kind", "-id"], name="tom_history_kind"),
        )

    def __str__(self) -> str:
        return self.title or self.kind_text

    def get_absolute_url(self) -> str:
        """Return the address of the page of this change set."""
        return reverse("change-set", kwargs={"pk": self.pk})

    @property
    def kind_text(self) -> str:
        """What kind of change it is, in words."""
        return KINDS.get(self.kind, self.kind.replace("_", " ").capitalize())

    @property
    def is_reverted(self) -> bool:
        """Whether it was undone."""
        return self.state == self.State.REVERTED

    @property
    def notes(self) -> dict[str, Any]:
        """The note as a dictionary."""
        return load(self.note)


class Change(models.Model):
    """What a change set did to one row, or to the rows of one kind that hang on one subject (a target).

    ``before`` and ``after`` are JSON texts of the fields that changed, by attribute name. Text, not a JSON
    column: PostgreSQL would normalise the numbers, and -0.0 or NaN would not come back as they were.
    """

    class Action(models.TextChoices):
        CREATE = "create", "created"
        UPDATE = "update", "changed"
        DELETE = "delete", "deleted"

    change_set = models.ForeignKey(ChangeSet, on_delete=models.CASCADE, related_name="changes")
    model_label = models.CharField(max_length=100, help_text="For example tom_targets.targetname.")
    object_pk = models.BigIntegerField(
        null=True, help_text="Key of the row; of the list for a membership; empty for many rows at once."
    )
    subject_type = models.CharField(max_length=20, blank=True, default="", help_text="For example target.")
    subject_id = models.BigIntegerField(null=True, help_text="Key of the row's target.")
    action = models.CharField(max_length=10, choices=Action)
    at = models.DateTimeField(default=timezone.now)
    row_count = models.PositiveIntegerField(default=1)
    before = models.TextField(blank=True, default="")
    after = models.TextField(blank=True, default="")
    note = models.TextField(blank=True, default="", help_text="JSON: ids of many rows, where it was kept.")

    class Meta:
        app_label = "tom_common"
        ordering = ("pk",)
        indexes = (
            models.Index(fields=["subject_type", "subject_id", "id"], name="tom_history_subject"),
            models.Index(fields=["model_label", "object_pk", "id"], name="tom_history_object"),
        )

    def __str__(self) -> str:
        return f"{self.model_label} {self.object_pk or ''} {self.action}"

    @property
    def values_before(self) -> dict[str, Any]:
        """Fields before the change, as plain values."""
        return load(self.before)

    @property
    def values_after(self) -> dict[str, Any]:
        """Fields after the change, as plain values."""
        return load(self.after)

    @property
    def notes(self) -> dict[str, Any]:
        """The note as a dictionary."""
        return load(self.note)
