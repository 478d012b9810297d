"""Deleted files that can be brought back."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class TrashedFile(models.Model):
    """A deleted data product with all that hung on it; its file stays in the storage as long as this row.

    ``data`` and ``thumbnail`` name the files, so that the check of the storage knows them.
    """

    product_pk = models.BigIntegerField(db_index=True)
    target_pk = models.BigIntegerField(db_index=True)
    product_id = models.CharField(max_length=255, blank=True, default="")
    data = models.FileField(null=True, default=None, max_length=255)
    thumbnail = models.FileField(null=True, default=None, max_length=255)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    deleted_at = models.DateTimeField(auto_now_add=True, db_index=True)
    content = models.BinaryField(help_text="Compressed JSON of all rows; see tom_targets.trash_content.")
    row_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-deleted_at", "-pk")
        verbose_name = "deleted file"
        verbose_name_plural = "deleted files"

    def __str__(self) -> str:
        name = self.data.name or f"data product {self.product_pk}"
        return f"{name}, deleted {self.deleted_at:%Y-%m-%d %H:%M} UTC"
