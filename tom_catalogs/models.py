"""Rows of tom_catalogs: what was looked up in all catalogues at once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse


class CatalogueLookup(models.Model):
    """A term that was looked up, and the runs that asked the catalogues for it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    term = models.CharField(max_length=200)
    run_ids = models.JSONField(default=list, help_text="Keys of the runs, in the order of the catalogues.")
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return self.term

    def get_absolute_url(self) -> str:
        """Return the address of what the catalogues said."""
        return reverse("tom_catalogs:lookup", kwargs={"pk": self.pk})
