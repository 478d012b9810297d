"""Rows of tom_targets: the target class in use, names, extra fields, lists, grants, and what was deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dateutil.parser import parse as parse_date
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from tom_common.history import TrackedModel, TrackedQuerySet
from tom_targets import conf
from tom_targets.base_models import (  # noqa: F401  public names
    GLOBAL_TARGET_FIELDS,
    IGNORE_FIELDS,
    NON_SIDEREAL_FIELDS,
    REQUIRED_NON_SIDEREAL_FIELDS,
    REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME,
    REQUIRED_SIDEREAL_FIELDS,
    SIDEREAL_FIELDS,
    BaseTarget,
    TargetMatchManager,
    get_target_model_app_label,
)
from tom_targets.derived import DerivedQuerySet, NameKeyField, simplify_name, with_derived
from tom_targets.follow_models import TargetFavourite, TargetStatus  # noqa: F401  rows of this app
from tom_targets.import_models import TargetImport  # noqa: F401  a row of this app
from tom_targets.sky_models import CrossMatch, SkyRegion  # noqa: F401  rows of this app


def get_target_model_class() -> type[BaseTarget]:
    """Return the target class in use: the one ``TARGET_MODEL_CLASS`` names, or ``BaseTarget``.

    Raises
    ------
    ImportError
        If the dotted path cannot be imported; the text names the path.
    """
    path = conf.target_model_path()
    if not path:
        return BaseTarget
    try:
        return import_string(path)
    except ImportError as error:
        raise ImportError(f"TARGET_MODEL_CLASS names {path!r}, which cannot be imported: {error}") from error


Target = get_target_model_class()


class TargetName(TrackedModel):
    """A further name of a target."""

    target = models.ForeignKey(BaseTarget, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=100, unique=True, verbose_name="Alias")
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)
    name_key = NameKeyField(max_length=100, default="", blank=True, editable=False, db_index=True)

    objects = DerivedQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the alias."""
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = with_derived(type(self), kwargs["update_fields"])
        super().save(*args, **kwargs)

    def validate_unique(self, *args: Any, **kwargs: Any) -> None:
        """Refuse a name that the target has already or that matches another target.

        Raises
        ------
        ValidationError
            With the target that bears the name.
        """
        super().validate_unique(*args, **kwargs)
        if self.target_id is None:
            return
        if simplify_name(self.name) == simplify_name(self.target.name):
            raise ValidationError(f"Alias {self.name} has a conflict with the primary name of the target.")
        others = type(self.target).matches.match_name(self.name).exclude(pk=self.target_id)
        if other := others.first():
            raise ValidationError(f"Alias {self.name} matches the name or alias of target {other.name}.")


class TargetExtra(TrackedModel):
    """An extra field of a target: a key and a value, as text and as number, truth or time if it is one."""

    target = models.ForeignKey(BaseTarget, on_delete=models.CASCADE, db_index=False)  # the unique index leads
    key = models.CharField(max_length=200)
    value = models.TextField(blank=True, default="")
    float_value = models.FloatField(null=True, blank=True)
    bool_value = models.BooleanField(null=True, blank=True)
    time_value = models.DateTimeField(null=True, blank=True)

    objects = TrackedQuerySet.as_manager()

    class Meta:
        unique_together = ["target", "key"]
        indexes = [models.Index(fields=["key", "float_value"], name="tom_targets_extra_number")]

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the field with its typed values."""
        self.set_typed_values()
        super().save(*args, **kwargs)

    def set_typed_values(self) -> None:
        """Derive number, truth and time from the value, and turn the value into text."""
        raw = self.value
        self.value = raw.isoformat() if isinstance(raw, datetime) else str(raw)
        self.float_value = as_number(self.value)
        self.bool_value = as_truth(self.value)
        self.time_value = as_utc(raw) if isinstance(raw, datetime) else as_time(self.value)

    def typed_value(self, type_val: str) -> Any:
        """Return the value as ``number``, ``boolean``, ``datetime`` or ``string``."""
        if type_val == "number":
            return self.float_value
        if type_val == "boolean":
            return self.bool_value
        if type_val == "datetime":
            return self.time_value
        return self.value


def as_number(text: str) -> float | None:
    """Return a text as a finite number, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    if number != number or abs(number) == float("inf"):
        return None
    return number


def as_truth(text: str) -> bool | None:
    """Return a text as true or false; a number is false if it is zero."""
    lowered = text.strip().lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    number = as_number(text)
    return None if number is None else bool(number)


def as_time(text: str) -> datetime | None:
    """Return a text as a UTC time, or None; a bare number is not a time."""
    if not text or len(text) < 8 or as_number(text) is not None or not any(sign in text for sign in "-/:"):
        return None
    try:
        return as_utc(parse_date(text))
    except (ValueError, OverflowError):
        return None


def as_utc(value: datetime) -> datetime:
    """Return a time in UTC; one without zone is taken as UTC."""
    return value.replace(tzinfo=UTC) if timezone.is_naive(value) else value.astimezone(UTC)


class TargetList(TrackedModel):
    """A named list of targets."""

    name = models.CharField(max_length=200, help_text="The name of the target list.")
    targets = models.ManyToManyField(BaseTarget)
    created = models.DateTimeField(
        auto_now_add=True, help_text="The time at which this target list was created."
    )
    modified = models.DateTimeField(auto_now=True, verbose_name="Last modified")

    objects = TrackedQuerySet.as_manager()

    class Meta:
        ordering = ("-created", "name")
        permissions = (
            ("view_targetlist", "View Target List"),
            ("change_targetlist", "Change Target List"),
            ("delete_targetlist", "Delete Target List"),
        )
        default_permissions = ("add",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the target list filtered by this list."""
        return reverse("targets:list") + f"?targetlist__name={self.pk}"

    @property
    def total_targets(self) -> int:
        """How many targets are on the list."""
        return self.targets.count()


class PersistentShare(models.Model):
    """A standing order to share a target's new data with a destination."""

    target = models.ForeignKey(BaseTarget, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    destination = models.CharField(max_length=200)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created",)
        unique_together = ["target", "destination"]

    def __str__(self) -> str:
        return f"{self.target} to {self.destination}"


class TargetUserGrant(UserObjectPermissionBase):
    """What a user was given on one target.

    Three rows come with each new target: docs/decisions/0210 tells which indices and checks they go
    without.
    """

    content_object = models.ForeignKey(
        BaseTarget, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["content_object", "permission", "user"], name="tom_targets_user_grant")
        ]


class TargetGroupGrant(GroupObjectPermissionBase):
    """What a group was given on one target: one row serves all its members."""

    content_object = models.ForeignKey(
        BaseTarget, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, db_index=False, db_constraint=False)

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["content_object", "permission", "group"], name="tom_targets_group_grant")
        ]


class TrashedTarget(models.Model):
    """A deleted target with all that hung on it, kept so that the deletion can be undone."""

    target_pk = models.BigIntegerField()
    name = models.CharField(max_length=100)
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    deleted_at = models.DateTimeField(auto_now_add=True, db_index=True)
    content = models.BinaryField(help_text="Compressed JSON of all rows, as Django's serialisers write them.")
    row_count = models.PositiveIntegerField(default=0)
    merged_into_pk = models.BigIntegerField(
        null=True, blank=True, db_index=True, help_text="Key of the target to which the rows were moved."
    )

    class Meta:
        ordering = ("-deleted_at", "-pk")

    def __str__(self) -> str:
        return f"{self.name}, deleted {self.deleted_at:%Y-%m-%d %H:%M} UTC"
