"""What kept queries of data services and of brokers share; importable where this app is not installed."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SavedQuery(models.Model):
    """A query of an outside service, kept to be run again: what queries of data services and brokers share.

    One without a user was kept by a program, and is everybody's.
    """

    name = models.CharField(max_length=500)
    parameters = models.JSONField()
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)
    last_run = models.DateTimeField(blank=True, null=True, default=None)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    groups = models.ManyToManyField("auth.Group", blank=True, related_name="+", verbose_name="Shared with")
    every_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Minutes from one run by itself to the next; empty for none."
    )
    next_run = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def rhythm(self) -> str:
        """How often it runs by itself, in words; empty where it does not."""
        minutes = self.every_minutes or 0
        if not minutes:
            return ""
        for unit, length in (("day", 1440), ("hour", 60)):
            if minutes % length == 0:
                count = minutes // length
                return f"every {unit}" if count == 1 else f"every {count} {unit}s"
        return f"every {minutes} min"

    def asks(self) -> tuple[str, str]:
        """Return of which kind the provider is that the query asks, and its name."""
        raise NotImplementedError
