"""A file of targets that somebody uploaded, with all that is needed to import it again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from tom_common.job_links import LinksJob


class TargetImport(LinksJob):
    """An uploaded file of targets: where it lies, how its columns are understood, what became of it.

    The file and its report are kept until the import is deleted, by its owner or with ``user``.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Not imported yet"
        CHECKED = "checked", "Checked, not imported yet"
        DONE = "done", "Imported"
        FAILED = "failed", "Failed"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=255, help_text="Name of the file as it was uploaded.")
    stored_file = models.CharField(max_length=300, help_text="Where the file lies in the storage.")
    stored_report = models.CharField(max_length=300, blank=True, default="")
    size = models.BigIntegerField(help_text="In bytes.")
    format = models.CharField(max_length=20)
    mapping = models.JSONField(default=list, help_text="Where the columns go.")
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    result = models.JSONField(default=dict, help_text="Counts, the first problems and duplicates.")
    change_set_pk = models.BigIntegerField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created", "-pk")
        indexes = [models.Index(fields=["user", "-created"], name="tom_targets_imports")]

    def __str__(self) -> str:
        return f"Import of {self.name}"

    def get_absolute_url(self) -> str:
        """Return the address of the page that shows the file as it is understood."""
        return reverse("targets:import-preview", kwargs={"pk": self.pk})

    def report_url(self) -> str:
        """Return the address of what became of the file."""
        return reverse("targets:import-report", kwargs={"pk": self.pk})
