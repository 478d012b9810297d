"""Rows of tom_common: what we know of a user beyond Django, jobs and their health, notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from tom_common.encryption import EncryptedProperty
from tom_common.history.models import Change, ChangeSet  # noqa: F401  found by Django here
from tom_common.session_utils import with_cipher

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class Profile(models.Model):
    """What a user tells about themselves: affiliation, their observing site, how they like the pages."""

    class Theme(models.TextChoices):
        SYSTEM = "", "As the system says"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"
        DOME = "dome", "Dome (red, for the telescope)"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    affiliation = models.CharField(max_length=100, null=True, blank=True)
    phone_number = models.CharField(max_length=32, null=True, blank=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        help_text="IANA name, for example America/Santiago.",
    )
    site_name = models.CharField("observing site", max_length=100, blank=True, default="")
    site_latitude = models.FloatField(
        "site latitude", null=True, blank=True, help_text="Degrees, north positive."
    )
    site_longitude = models.FloatField(
        "site longitude", null=True, blank=True, help_text="Degrees, east positive."
    )
    site_elevation_m = models.FloatField(
        "site elevation", null=True, blank=True, help_text="Metres above sea level."
    )
    theme = models.CharField(max_length=8, choices=Theme, blank=True, default=Theme.SYSTEM)
    last_seen_home = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the user last looked at the home page: newer things are new.",
    )

    def __str__(self) -> str:
        return f"{self.user.get_username()} profile"


class UserSession(models.Model):
    """Which session belongs to which user."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    session = models.ForeignKey("sessions.Session", on_delete=models.CASCADE)

    def __str__(self) -> str:
        return f"session of {self.user.get_username()}"


class Job(models.Model):
    """One piece of background work: who asked, what runs, how far it is, what came out.

    Rows are made by ``tom_common.background`` and changed by ``tom_common.jobs`` only.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Queue(models.TextChoices):
        INTERACTIVE = "interactive", "Interactive"
        BULK = "bulk", "Bulk"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="jobs",
    )
    title = models.CharField(max_length=200)
    task = models.CharField(max_length=200, help_text="Dotted path of the task function.")
    arguments = models.JSONField(default=dict, help_text='{"args": [...], "kwargs": {...}}')
    queue = models.CharField(
        max_length=12,
        choices=Queue,
        default=Queue.INTERACTIVE,
        help_text="Bulk work never keeps interactive work waiting.",
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0, help_text="Times it was started.")
    attempts_allowed = models.PositiveIntegerField(default=1)
    run_after = models.DateTimeField(default=timezone.now, help_text="Not before this time (UTC).")
    worker = models.CharField(
        max_length=200, blank=True, default="", help_text="Who runs it: host:pid:token."
    )
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    done_count = models.BigIntegerField(default=0)
    total_count = models.BigIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (
            models.Index(fields=["state", "run_after"], name="job_state_run_after"),
            models.Index(fields=["user", "-created_at"], name="job_user_created"),
        )

    def __str__(self) -> str:
        return f"{self.title} ({self.get_state_display().lower()})"

    def get_absolute_url(self) -> str:
        """Return the address of the page that shows this job."""
        return reverse("job-detail", kwargs={"pk": self.pk})

    @property
    def is_finished(self) -> bool:
        """Whether the job has ended, well or not."""
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)

    @property
    def percent(self) -> int | None:
        """Progress from 0 to 100, or None while the total is not known."""
        if not self.total_count:
            return None
        return max(0, min(100, round(100 * self.done_count / self.total_count)))


class JobLogLine(models.Model):
    """One line that a job wrote while it ran."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log_lines")
    created_at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.text


class Worker(models.Model):
    """A process that runs jobs or looks after them; it tells every half minute that it is there."""

    class Kind(models.TextChoices):
        WEB = "web", "Web process"
        RUN_JOBS = "run_jobs", "run_jobs"
        DRAMATIQ = "dramatiq", "dramatiq"
        SCHEDULER = "scheduler", "Scheduler"

    name = models.CharField(max_length=200, unique=True, help_text="host:pid:token")
    kind = models.CharField(max_length=10, choices=Kind)
    queues = models.CharField(max_length=100, blank=True, default="", help_text="What it runs.")
    threads = models.PositiveIntegerField(default=0, help_text="Jobs that it can run at the same time.")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("kind", "name")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"


class PeriodicTask(models.Model):
    """When a periodic task ran and runs next; what it does and how often stands in code and settings."""

    name = models.CharField(max_length=100, unique=True)
    next_run_at = models.DateTimeField(db_index=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=300, blank=True, default="", help_text="Why it did nothing.")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class RemoteServiceState(models.Model):
    """How an outside service answers; written by ``tom_common.remote.record`` only."""

    service = models.CharField(max_length=100)
    host = models.CharField(max_length=200, blank=True, default="")
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    failures_in_a_row = models.PositiveIntegerField(default=0, help_text="Times that nobody answered.")
    trips = models.PositiveIntegerField(default=0, help_text="Times in a row that the breaker opened.")
    open_until = models.DateTimeField(null=True, blank=True, help_text="Not asked before this time.")

    class Meta:
        ordering = ("service", "host")
        constraints = (models.UniqueConstraint(fields=["service", "host"], name="remote_service_once"),)

    def __str__(self) -> str:
        return f"{self.service} at {self.host}" if self.host else self.service


class Notification(models.Model):
    """One line in a user's list of news: a finished job, a mention."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40, help_text="For example job_done, job_failed, mention.")
    text = models.CharField(max_length=500)
    url = models.CharField(
        max_length=500,
        blank=True,
        default="",
        help_text="Path on this site to act on it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (models.Index(fields=["user", "read_at", "-created_at"], name="notification_user_unread"),)

    def __str__(self) -> str:
        return self.text


class FailedLogin(models.Model):
    """Wrong passwords for one account from one address; read and written by ``tom_common.login_throttle``."""

    key = models.CharField(max_length=64, unique=True, help_text="Keyed hash of account and address.")
    failures = models.PositiveIntegerField(default=0)
    last_failure_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.failures} wrong passwords"


class EncryptableModelMixin(models.Model):
    """Base of models with encrypted attributes, as plugins made for TOM Toolkit 2 declare them."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    class Meta:
        abstract = True

    @classmethod
    def encrypted_properties(cls) -> list[str]:
        """Return the names of the encrypted attributes."""
        named = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        return [name for name, value in named.items() if isinstance(value, EncryptedProperty)]

    def reencrypt_model_fields(self, old_cipher: Fernet, new_cipher: Fernet) -> None:
        """Decrypt the attributes with one cipher, encrypt them with another, and save."""
        for name in self.encrypted_properties():
            with with_cipher(self, old_cipher):
                text = getattr(self, name)
            with with_cipher(self, new_cipher):
                setattr(self, name, text)
        self.save()

    def clear_encrypted_fields(self) -> None:
        """Forget the encrypted attributes, and save."""
        for name in self.encrypted_properties():
            with with_cipher(self):
                setattr(self, name, None)
        self.save()
