"""Rows of filters: what they let through, what is done with it, and what people decided."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from tom_common.encryption import EncryptedModelField
from tom_common.job_links import LinksJob
from tom_targets.conf import default_target_permission

WATCHLIST_GONE = "Its watchlist was deleted with the account of its owner."


class Shared(models.Model):
    """Rows of one person, shared with groups."""

    name = models.CharField(max_length=100)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", editable=False
    )
    groups = models.ManyToManyField("auth.Group", blank=True, related_name="+", verbose_name="Shared with")
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Watchlist(Shared):
    """Targets of a list, or a region of the sky, near which or in which alerts are wanted."""

    target_list = models.ForeignKey(
        "tom_targets.TargetList", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    radius_arcsec = models.FloatField(
        default=2.0, help_text="How near to a target of the list an alert has to be."
    )
    region = models.ForeignKey(
        "tom_targets.SkyRegion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("name", "pk")

    def get_absolute_url(self) -> str:
        """Return the address of its form."""
        return reverse("alerts:watchlist", args=[self.pk])


def off_without(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """Switch filters off whose watchlist goes with its user: without it they would let everything through."""
    models.SET_NULL(collector, field, sub_objs, using)
    state = field.model._meta
    collector.add_field_update(state.get_field("is_on"), False, sub_objs)
    collector.add_field_update(state.get_field("problem"), WATCHLIST_GONE, sub_objs)


class AlertFilter(Shared):
    """What is let through of streams, files or the results of a query, and what is done with it."""

    class Makes(models.TextChoices):
        NOTHING = "nothing", "Nothing: wait for triage"
        DATA = "data", "Only add data, where there is a target"
        TARGET = "target", "Make a target, if there is none"

    class Digest(models.TextChoices):
        NOW = "now", "at once"
        HOUR = "hour", "once an hour"
        DAY = "day", "once a day"

    expression = models.TextField()
    survey = models.CharField(max_length=20, blank=True, default="", help_text="Empty: all surveys.")
    query_kind = models.CharField(max_length=20, blank=True, default="", editable=False)
    query_id = models.BigIntegerField(null=True, blank=True, editable=False)
    watchlist = models.ForeignKey(
        Watchlist, null=True, blank=True, on_delete=off_without, related_name="filters"
    )
    is_on = models.BooleanField(default=False, db_index=True, editable=False)
    max_per_hour = models.PositiveIntegerField(
        default=500, help_text="More new candidates than that within an hour are left out, and counted."
    )
    left_out = models.PositiveBigIntegerField(default=0, editable=False)
    problem = models.CharField(max_length=300, blank=True, default="", editable=False)
    makes = models.CharField(max_length=10, choices=Makes, default=Makes.NOTHING)
    permissions = models.CharField(max_length=10, default=default_target_permission)
    target_groups = models.ManyToManyField("auth.Group", blank=True, related_name="+")
    target_list = models.ForeignKey(
        "tom_targets.TargetList", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note_key = models.CharField(max_length=100, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    tells = models.BooleanField(default=False)
    mails = models.BooleanField(default=False)
    tells_groups = models.BooleanField(default=False)
    digest = models.CharField(max_length=4, choices=Digest, default=Digest.HOUR)
    webhook_url = models.CharField(max_length=500, blank=True, default="")
    webhook_secret = EncryptedModelField(null=True, blank=True)

    class Meta:
        ordering = ("name", "pk")

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("alerts:filter", args=[self.pk])

    def mark(self) -> str:
        """Return what changes when the filter would let other alerts through: tests are good for one mark."""
        said = [self.expression, self.survey, self.query_kind, self.query_id, self.watchlist_id]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def actions(self) -> list[str]:
        """Return what is done with a new candidate, in this order."""
        wanted = (
            (self.makes == self.Makes.TARGET, CandidateAction.Kind.TARGET),
            (self.makes == self.Makes.DATA, CandidateAction.Kind.DATA),
            (self.target_list_id is not None, CandidateAction.Kind.LIST),
            (bool(self.note_key), CandidateAction.Kind.NOTE),
            (self.tells or self.mails, CandidateAction.Kind.TELL),
            (bool(self.webhook_url), CandidateAction.Kind.WEBHOOK),
        )
        return [str(kind) for is_wanted, kind in wanted if is_wanted]


class FilterTest(LinksJob):
    """A filter tried on past alerts."""

    alert_filter = models.ForeignKey(AlertFilter, on_delete=models.CASCADE, related_name="tests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    mark = models.CharField(max_length=64, help_text="Of the filter when it was tried.")
    sampled = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    oldest_mjd = models.FloatField(null=True)
    newest_mjd = models.FloatField(null=True)
    examples = models.JSONField(default=list, help_text="Those that passed, with the fields that were used.")
    near_misses = models.JSONField(default=list, help_text="Some that did not pass, with the same fields.")
    error = models.TextField(blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return f"{self.alert_filter}: {self.passed} of {self.sampled}"


class Candidate(models.Model):
    """An object that a filter let through, and what its team decided about it."""

    class State(models.TextChoices):
        NEW = "new", "New"
        SAVED = "saved", "Saved"
        REJECTED = "rejected", "Rejected"
        DEFERRED = "deferred", "Deferred"

    alert_filter = models.ForeignKey(
        AlertFilter, on_delete=models.CASCADE, related_name="candidates", db_index=False
    )
    survey = models.CharField(max_length=20, blank=True, default="")
    name = models.CharField(max_length=100)
    alert_id = models.CharField(max_length=64, blank=True, default="")
    ra = models.FloatField(null=True, help_text="deg, ICRS")
    dec = models.FloatField(null=True, help_text="deg, ICRS")
    mjd = models.FloatField(null=True, help_text="Of the newest alert, UTC.")
    facts = models.JSONField(default=dict, help_text="Common fields of the newest alert.")
    target = models.ForeignKey(
        "tom_targets.BaseTarget", null=True, on_delete=models.SET_NULL, related_name="candidates"
    )
    result_id = models.BigIntegerField(null=True, help_text="Key of the result of a query that it is.")
    content = models.BinaryField(null=True, help_text="The alert itself, where there is no target yet.")
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    reason = models.CharField(max_length=200, blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    deferred_until = models.DateTimeField(null=True)
    created = models.DateTimeField()
    seen = models.DateTimeField(help_text="When its newest alert came.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert_filter", "name"], name="tom_alerts_candidate_once")
        ]
        indexes = [
            models.Index(fields=["alert_filter", "state", "-id"], name="tom_alerts_candidate_queue"),
            models.Index(fields=["alert_filter", "created"], name="tom_alerts_candidate_rate"),
            models.Index(fields=["name", "id"], name="tom_alerts_candidate_name"),
            models.Index(
                fields=["seen"], name="tom_alerts_candidate_kept", condition=models.Q(content__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address where it is judged."""
        return f"{reverse('alerts:triage')}?candidate={self.pk}"

    @property
    def may_be_judged(self) -> bool:
        """Whether nobody has decided for good; a deferred one may be judged before its time."""
        return self.state in (self.State.NEW, self.State.DEFERRED)

    @classmethod
    def waiting(cls) -> models.Q:
        """Return the condition of what waits for a decision: new, or deferred until now."""
        due = models.Q(state=cls.State.DEFERRED, deferred_until__lte=timezone.now())
        return models.Q(state=cls.State.NEW) | due

    def decision(self) -> dict[str, Any]:
        """Return what was decided so far, as plain values."""
        return {
            "state": self.state,
            "reason": self.reason,
            "decided_by_id": self.decided_by_id,
            "decided_at": self.decided_at.isoformat() if self.decided_at else None,
            "deferred_until": self.deferred_until.isoformat() if self.deferred_until else None,
        }


class CandidateAction(models.Model):
    """One thing that is done with a candidate, once."""

    class Kind(models.TextChoices):
        TARGET = "target", "Make a target"
        DATA = "data", "Add data"
        LIST = "list", "Put on the list"
        NOTE = "note", "Annotate"
        TELL = "tell", "Notify"
        WEBHOOK = "webhook", "Webhook"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="actions", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    due = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")
    finished = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["candidate", "kind"], name="tom_alerts_action_once")]
        indexes = [
            models.Index(fields=["due"], name="tom_alerts_action_due", condition=models.Q(state="waiting"))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.candidate}"


class Decision(models.Model):
    """What somebody decided about a candidate, and what it takes to undo it."""

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=Candidate.State)
    reason = models.CharField(max_length=200, blank=True, default="")
    together = models.CharField(
        max_length=32, help_text="Shared by what one decision did to several filters."
    )
    before = models.JSONField(default=dict)
    content = models.BinaryField(null=True, help_text="The alert of which the decision made the target.")
    made_target = models.BigIntegerField(null=True, help_text="Key of the target that the decision made.")
    put_on_list = models.BigIntegerField(null=True, help_text="Key of the list that it was put on.")
    created = models.DateTimeField(auto_now_add=True)
    undone = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["user", "-id"], name="tom_alerts_decision_user")]

    def __str__(self) -> str:
        return f"{self.candidate} {self.state}"
