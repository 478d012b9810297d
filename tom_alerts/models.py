"""Rows of tom_alerts: saved broker queries, messages exchanged with alert streams, and what the demo made."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from django.db import models

from tom_alerts.filter_models import (
    AlertFilter,
    Candidate,
    CandidateAction,
    Decision,
    FilterTest,
    Watchlist,
)
from tom_alerts.report_models import ReporterDefaults, SentReport, TnsValueList
from tom_dataservices.saved_query import SavedQuery

__all__ = [
    "AlertFilter",
    "AlertStreamMessage",
    "BrokerQuery",
    "Candidate",
    "CandidateAction",
    "Decision",
    "DemoRow",
    "FilterTest",
    "ReporterDefaults",
    "SentReport",
    "ServiceUpdate",
    "TnsValueList",
    "Watchlist",
]


class BrokerQuery(SavedQuery):
    """A query of an alert broker, kept to be run again."""

    broker = models.CharField(max_length=50)

    class Meta:
        verbose_name_plural = "broker queries"

    def asks(self) -> tuple[str, str]:
        """Return of which kind the provider is that the query asks, and its name."""
        return "broker", self.broker


class AlertStreamMessage(models.Model):
    """A message that was sent to or came from an alert stream."""

    EXCHANGE_STATUS_CHOICES = (("published", "Published"), ("ingested", "Ingested"))

    topic = models.CharField(max_length=500, verbose_name="Message topic")
    message_id = models.CharField(max_length=50, null=True, verbose_name="Message id")
    date_shared = models.DateTimeField(auto_now_add=True, verbose_name="Date shared")
    exchange_status = models.CharField(
        max_length=10, choices=EXCHANGE_STATUS_CHOICES, verbose_name="Exchange status"
    )

    def __str__(self) -> str:
        return f"Message {self.message_id} on {self.topic}"


class DemoRow(models.Model):
    """A row that the demo made, so that removing the demo takes exactly its own rows away."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_pk = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["content_type", "object_pk"], name="tom_alerts_demo_row_once")
        ]

    def __str__(self) -> str:
        return f"{self.content_type} {self.object_pk}"


class ServiceUpdate(models.Model):
    """When a service was last asked for the data of a target, and what came of it."""

    target = models.ForeignKey(
        "tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="service_updates"
    )
    kind = models.CharField(max_length=20)
    service = models.CharField(max_length=100)
    asked = models.DateTimeField()
    rows = models.PositiveIntegerField(default=0)
    has_given = models.BooleanField(default=False, help_text="It gave data of this target before, or then.")
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "kind", "service"], name="service_update_of_target")
        ]

    def __str__(self) -> str:
        return f"{self.service} for {self.target_id}"
