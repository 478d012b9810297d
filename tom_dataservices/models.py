"""Rows of tom_dataservices: kept queries, what they found, and alert packets that could not be read."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from tom_common.job_links import LinksJob
from tom_dataservices.saved_query import SavedQuery
from tom_dataservices.tns_models import TnsListRead, TnsName, TnsObject  # noqa: F401  models of this app

ROW = "row-"


class DataServiceQuery(SavedQuery):
    """A query of a data service."""

    data_service = models.CharField(max_length=50)

    class Meta:
        verbose_name_plural = "data service queries"

    def asks(self) -> tuple[str, str]:
        """Return of which kind the provider is that the query asks, and its name."""
        return "data_service", self.data_service


class QueryRun(LinksJob):
    """One question to an outside service, asked in the background for a user, and how it went.

    ``kind`` tells which registry `provider` is a name of (``data_service``, ``broker``).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    provider = models.CharField(max_length=100)
    parameters = models.JSONField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of kind, provider and parameters.")
    query_id = models.BigIntegerField(null=True, help_text="Key of the kept query that was run.")
    title = models.CharField(max_length=500, blank=True, default="")
    wanted = models.PositiveIntegerField(help_text="How many results are fetched before it stops.")
    found = models.PositiveIntegerField(default=0)
    has_more = models.BooleanField(default=False)
    feedback = models.TextField(
        blank=True, default="", help_text="What the service said besides (HTML, cleaned)."
    )
    error = models.TextField(blank=True, default="", help_text="Why there are no (more) results.")
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    finished = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created", "-pk")
        indexes = [models.Index(fields=["user", "digest", "-created"], name="query_run_same")]

    def __str__(self) -> str:
        return self.title or f"{self.provider} query"

    @property
    def is_asking(self) -> bool:
        """Whether its job still asks, or waits to."""
        return self.finished is None and self.job is not None and not self.job.is_finished

    def get_absolute_url(self) -> str:
        """Return the address of its results."""
        return reverse("dataservices:results", kwargs={"pk": self.pk})


class QueryResult(models.Model):
    """One object or alert that a query found, as the service told it."""

    run = models.ForeignKey(QueryRun, on_delete=models.CASCADE, related_name="results")
    number = models.PositiveIntegerField(help_text="Place in the answer, from 0.")
    result_id = models.CharField(max_length=255, help_text="What the service knows it by.")
    name = models.CharField(max_length=255, blank=True, default="")
    ra = models.FloatField(null=True, help_text="deg, ICRS")
    dec = models.FloatField(null=True, help_text="deg, ICRS")
    values = models.JSONField(default=dict, help_text="What the table shows.")
    raw = models.TextField(blank=True, default="", help_text="The answer itself, packed by kept_answers.")
    is_new = models.BooleanField(default=False, help_text="The run of this query before had it not.")
    target = models.ForeignKey(
        "tom_targets.BaseTarget", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    kept_by = models.BigIntegerField(null=True, help_text="Number of the job that noted its target last.")
    is_made = models.BooleanField(default=False, help_text="That job made the target.")
    data_rows = models.PositiveIntegerField(
        null=True, help_text="Rows of data that this job brought; empty where it did not yet."
    )

    class Meta:
        ordering = ("run", "number")
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="query_result_place")]

    def __str__(self) -> str:
        return self.name or self.result_id

    @property
    def row_id(self) -> str:
        """By what a page chooses the result; never the same as what a service knows another one by."""
        return f"{ROW}{self.pk}"


class ResultCutout(models.Model):
    """A small image that a service gave of a result, fetched in the background; it goes with the run.

    Where the service had none that can be shown, the row says why, so that it is not asked again.
    """

    result = models.ForeignKey(QueryResult, on_delete=models.CASCADE, related_name="cutouts")
    role = models.CharField(max_length=20, help_text="science, template or difference")
    content = models.BinaryField(help_text="PNG; empty where there is none.")
    note = models.CharField(max_length=300, blank=True, default="", help_text="Why there is none.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["result", "role"], name="unique_result_cutout")]

    def __str__(self) -> str:
        return f"{self.role} image of {self.result}"


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


class ObjectClassification(models.Model):
    """What a broker took a target for at a time; kept where it differs from what the broker said before.

    Who may see it is who may see the target. It is no part of the change history: it is one itself.
    """

    target = models.ForeignKey(
        "tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="classifications"
    )
    service = models.CharField(max_length=50, help_text="The broker.")
    classifier = models.CharField(max_length=100, blank=True, default="")
    version = models.CharField(max_length=100, blank=True, default="", help_text="Of the classifier.")
    class_name = models.CharField(max_length=100, verbose_name="Class")
    probability = models.FloatField(null=True, blank=True, help_text="0 to 1; empty where none is given.")
    seen_at = models.DateTimeField(
        help_text="Time of the detection that it rests on; when it was told, where the broker names none."
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-seen_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["target", "service", "classifier", "version", "class_name", "seen_at"],
                name="unique_object_classification",
            )
        ]

    def __str__(self) -> str:
        sure = "" if self.probability is None else f" ({self.probability:.2f})"
        return f"{self.service} {self.classifier}: {self.class_name}{sure}".replace(" :", ":")


class ServiceChoices(models.Model):
    """A list that a service keeps itself, such as its classes, as it was read last: forms are made of it."""

    service = models.CharField(max_length=100)
    kind = models.CharField(max_length=50)
    choices = models.JSONField(default=list, help_text="Pairs of value and words, or of heading and pairs.")
    read_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "service choices"
        constraints = [models.UniqueConstraint(fields=["service", "kind"], name="unique_service_choices")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.service}"
