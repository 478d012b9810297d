"""What is known of an uploaded file besides its product: who sent it, how it was read, what became of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from tom_common.job_links import LinksJob


class DataUpload(LinksJob):
    """The upload of one data product: its digest, the columns as they are understood, the last report.

    The row goes with its product. A product that came in another way (an alert, a facility) gets one when it
    is first read again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "being read"
        DONE = "done", "read"
        FAILED = "failed", "could not be read"
        KEPT = "kept", "kept as a file"

    product = models.OneToOneField(
        "tom_dataproducts.DataProduct", on_delete=models.CASCADE, related_name="upload"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    digest = models.CharField(max_length=64, blank=True, default="", help_text="SHA-256 of the file.")
    size = models.BigIntegerField(default=0, help_text="In bytes.")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    mapping = models.JSONField(default=dict, blank=True, help_text="How the columns are understood.")
    on_bad_rows = models.CharField(max_length=20, default="all_or_nothing")
    report = models.JSONField(default=dict, blank=True, help_text="Counts of the last reading.")
    problems = models.JSONField(default=list, blank=True, help_text="The first rows that were wrong.")
    upload_set_pk = models.BigIntegerField(null=True, blank=True)
    reading_set_pk = models.BigIntegerField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created", "-pk")
        indexes = [
            models.Index(fields=["digest"], name="tom_dp_upload_digest"),
            models.Index(fields=["user", "state", "-created"], name="tom_dp_upload_of_user"),
        ]

    def __str__(self) -> str:
        return f"Upload of {self.product}"

    def get_absolute_url(self) -> str:
        """Return the address where the file is looked at, and confirmed if it waits."""
        page = "process" if self.is_waiting else "detail"
        return reverse(f"dataproducts:{page}", args=[self.product_id])

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has to look at it before anything is stored."""
        return self.state in (self.State.WAITING, self.State.FAILED) or self.is_stuck

    @property
    def is_stuck(self) -> bool:
        """Whether it is said to be read, and the job that read it has ended without a word."""
        return self.state == self.State.RUNNING and (self.job is None or self.job.is_finished)

    def sentence(self) -> str:
        """Return what became of it, in one line."""
        said: Any = self.report.get("error") or self.report.get("sentence")
        return str(said or "")
