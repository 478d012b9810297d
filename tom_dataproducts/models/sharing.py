"""How persistent shares are doing."""

from __future__ import annotations

from django.db import models


class PersistentShareState(models.Model):
    """When a persistent share was last tried, and what came out."""

    share = models.OneToOneField(
        "tom_targets.PersistentShare", on_delete=models.CASCADE, primary_key=True, related_name="state"
    )
    tried_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    summary = models.CharField(max_length=300, blank=True, default="")
    error = models.TextField(blank=True, default="", help_text="What went wrong; empty if nothing did.")
    next_try_at = models.DateTimeField(null=True, blank=True)

    @property
    def is_partly_refused(self) -> bool:
        """Whether the last try came through, but the other TOM refused something."""
        return bool(self.error and self.succeeded_at and self.succeeded_at == self.tried_at)

    def __str__(self) -> str:
        return f"state of persistent share {self.share_id}"
