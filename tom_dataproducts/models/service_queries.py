"""What was asked of a data service, and the keys with which users ask."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from tom_common.encryption import EncryptedModelField
from tom_common.job_links import LinksJob


def new_mark() -> str:
    """Return a word by which a request is known again among those that a service lists."""
    return f"tom-{uuid.uuid4().hex[:20]}"


class ServiceQuery(LinksJob):
    """One question to a data service about one target, and what became of it.

    The row is written before anything is sent. `sent_at` without `remote_id` says that a request may or may
    not have arrived: it is looked for at the service before it is ever sent again.
    """

    class State(models.TextChoices):
        SUBMITTED = "submitted", "Submitted"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        EMPTY = "empty", "No data there"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN_STATES = (State.SUBMITTED, State.RUNNING)

    target = models.ForeignKey(
        "tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="service_queries"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="service_queries",
    )
    service = models.CharField(max_length=50)
    product_type = models.CharField(max_length=50, help_text="Key of DATA_PRODUCT_TYPES.")
    parameters = models.JSONField(default=dict, help_text="What is asked, in plain values; no credentials.")
    words = models.CharField(max_length=300, blank=True, default="", help_text="What is asked, in words.")
    open_key = models.CharField(
        max_length=255, null=True, blank=True, unique=True, help_text="User, service and position while open."
    )
    state = models.CharField(max_length=10, choices=State, default=State.SUBMITTED)
    mark = models.CharField(max_length=40, default=new_mark)
    sent_at = models.DateTimeField(null=True, blank=True)
    known_before = models.JSONField(
        default=list, help_text="Requests like this one that the service listed before it was sent."
    )
    remote_id = models.CharField(max_length=300, blank=True, default="")
    result_address = models.CharField(max_length=500, blank=True, default="")
    needs_answer = models.BooleanField(
        default=False, help_text="Nobody can tell whether the service got the request: the user decides."
    )
    queue_position = models.PositiveIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True, default="")
    error = models.TextField(blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    product = models.ForeignKey(
        "tom_dataproducts.DataProduct",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="service_queries",
    )
    report = models.JSONField(null=True, blank=True, help_text="How many points were stored.")
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True, help_text="When the service began to work on it.")
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name = "query of a data service"
        verbose_name_plural = "queries of data services"
        indexes = (models.Index(fields=["target", "-created"], name="service_query_of_target"),)

    def __str__(self) -> str:
        return f"{self.service}: {self.words}"

    def get_absolute_url(self) -> str:
        """Return the address of the page that shows this query."""
        return reverse("dataproducts:service-query", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether something is still expected to happen."""
        return self.state in self.OPEN_STATES

    @property
    def may_have_arrived(self) -> bool:
        """Whether the request was sent and nobody knows yet whether the service has it."""
        return self.sent_at is not None and not self.remote_id


class ServiceCredential(models.Model):
    """The key of a user for a data service, encrypted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="service_credentials"
    )
    service = models.CharField(max_length=50)
    secrets = EncryptedModelField(null=True, blank=True, help_text="JSON: the values by their names.")
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "service"], name="service_credential_unique"),)
        verbose_name = "key for a data service"
        verbose_name_plural = "keys for data services"

    def __str__(self) -> str:
        return f"{self.service} key of {self.user}"
