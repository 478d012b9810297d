"""Rows of reports to TNS and messages to Hermes: what was sent, by whom, and what became of it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from tom_common.job_links import LinksJob


class SentReport(LinksJob):
    """A report to an outside service about a target, from its preview to the answer.

    ``body`` is the JSON as it is sent, letter by letter. A row in the state `SENDING` was handed to the
    service, or was about to be: it is never sent again by itself.
    """

    class Kind(models.TextChoices):
        DISCOVERY = "tns-discovery", "TNS discovery report"
        CLASSIFICATION = "tns-classification", "TNS classification report"
        HERMES = "hermes", "Hermes message"

    class State(models.TextChoices):
        PREVIEW = "preview", "not sent yet"
        QUEUED = "queued", "about to be sent"
        SENDING = "sending", "being sent"
        SUBMITTED = "submitted", "sent, waiting for the answer"
        ACCEPTED = "accepted", "accepted"
        REJECTED = "rejected", "rejected"
        FAILED = "failed", "not sent"
        UNKNOWN = "unknown", "perhaps sent"

    MOVING = (State.QUEUED, State.SENDING, State.SUBMITTED)
    SENT = (*MOVING, State.ACCEPTED, State.UNKNOWN)
    EDITABLE = (State.PREVIEW, State.REJECTED, State.FAILED)

    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEW, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    target = models.ForeignKey(
        "tom_targets.BaseTarget", null=True, on_delete=models.SET_NULL, related_name="sent_reports"
    )
    target_name = models.CharField(max_length=100, blank=True, default="")
    destination = models.URLField(help_text="Address of the service.")
    is_live = models.BooleanField(default=False, help_text="Whether others see it, other than in a sandbox.")
    form_values = models.JSONField(default=dict, help_text="What was filled in, to be edited again.")
    summary = models.JSONField(default=list, help_text="The same, readable: pairs of label and text.")
    body = models.TextField(help_text="The JSON that is sent.")
    spectra = models.JSONField(default=list, help_text="Keys of the spectra whose files go along.")
    remote_id = models.CharField(max_length=100, blank=True, default="")
    polls = models.PositiveIntegerField(default=0, help_text="How often the answer was asked for.")
    answer = models.JSONField(null=True, help_text="What the service said last.")
    reasons = models.JSONField(default=list, help_text="Why it was rejected: pairs of field and text.")
    note = models.TextField(blank=True, default="", help_text="What a person has to know about its state.")
    given_name = models.CharField(max_length=100, blank=True, default="", help_text="Name that TNS gave.")
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    sent = models.DateTimeField(null=True)
    answered = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.target_name}"

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("alerts:report", kwargs={"pk": self.pk})

    @property
    def is_moving(self) -> bool:
        """Whether it is being worked on."""
        return self.state in self.MOVING

    @property
    def is_looked_over(self) -> bool:
        """Whether a preview is being looked over by the service."""
        return self.state == self.State.PREVIEW and self.job is not None and not self.job.is_finished

    @property
    def is_editable(self) -> bool:
        """Whether it can be changed and sent: the service has not got it, or has refused it."""
        return self.state in self.EDITABLE

    @property
    def content(self) -> Any:
        """The body as Python values."""
        return json.loads(self.body)


class ReporterDefaults(models.Model):
    """What a user fills in on every report: names with affiliations, groups, authors."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    values = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Reports of {self.user}"


class TnsValueList(models.Model):
    """The numbers by which one TNS calls groups, filters, instruments and classes, as it told them last."""

    url = models.URLField(unique=True)
    lists = models.JSONField(default=dict)
    fetched = models.DateTimeField()

    def __str__(self) -> str:
        return self.url
