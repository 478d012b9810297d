"""Rows of tom_dataservices: saved queries, and alert packets that could not be read."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class DataServiceQuery(models.Model):
    """A query of a data service, kept to be run again."""

    name = models.CharField(max_length=500)
    data_service = models.CharField(max_length=50)
    parameters = models.JSONField()
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)
    last_run = models.DateTimeField(blank=True, null=True, default=None)

    def __str__(self) -> str:
        return self.name


class RejectedPacket(models.Model):
    """An alert packet that could not be read, kept aside with the reason.

    The same packet of the same file is kept once, however often the file comes.
    """

    file = models.CharField(
        max_length=255, help_text="Name of the file, with that of the archive it came in."
    )
    number = models.PositiveIntegerField(help_text="Which packet of the file, from 1.")
    reason = models.TextField()
    content = models.BinaryField(blank=True, default=b"", help_text="The packet's bytes, cut off at 4 MB.")
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of file name, number and content."
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return f"{self.file}{f' packet {self.number}' if self.number else ''}: {self.reason}"
