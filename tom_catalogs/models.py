"""Rows of tom_catalogs: what was looked up in all catalogues at once, and whose values targets have."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse


class CatalogueLookup(models.Model):
    """A term that was looked up, and the runs that asked the catalogues for it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    term = models.CharField(max_length=200)
    run_ids = models.JSONField(default=list, help_text="Keys of the runs, in the order of the catalogues.")
    target = models.ForeignKey(
        "tom_targets.BaseTarget",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The target that is to be completed.",
    )
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return self.term

    def get_absolute_url(self) -> str:
        """Return the address of what the catalogues said."""
        return reverse("tom_catalogs:lookup", kwargs={"pk": self.pk})


class ValueSource(models.Model):
    """From which catalogue a value of a target was taken, when, and who chose it.

    It speaks of the value that it holds: once the target has another one, it says nothing.
    """

    target = models.ForeignKey(
        "tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="value_sources"
    )
    field = models.CharField(
        max_length=200, help_text="A column; with 'extra-' an extra field, with 'alias-' a name."
    )
    value = models.CharField(max_length=500)
    source = models.CharField(max_length=100)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    taken = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "field"], name="value_source_of_field")]

    def __str__(self) -> str:
        return f"{self.label} from {self.source}"

    @property
    def label(self) -> str:
        """What the field is called."""
        return self.field.removeprefix("extra-").replace("_", " ") if self.field[:6] != "alias-" else "alias"
