"""A row of each model that a user may own, made from the models' description, all with one key and a mark.

New models are met without a word here: what a row needs is read off its fields.
"""

import uuid
from datetime import timedelta

from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone

KEY = 4711
MARK = "hushhush"  # in every text of these rows
KEYS_OF_JSON = {"list": [MARK], "text": MARK}
# what every logged-in user, or every member of the staff, may see by design, or what belongs to no user
SHARED = {
    "tom_alertstreams.StreamOffset",
    "tom_alertstreams.StreamState",
    "tom_common.FailedLogin",
    "tom_common.PeriodicTask",
    "tom_common.RemoteServiceState",
    "tom_common.UserSession",  # made and read by the login only
    "tom_common.Worker",
    "tom_observations.Facility",
    "tom_targets.SkyRegion",
}
PRIVATE_WORDS = ("PRIVATE", "private", "owner", "me")


def private_models():
    """Return the models whose rows belong to somebody, in the order of their needs."""
    ours = [
        model
        for model in apps.get_models()
        if model._meta.app_label.startswith("tom_")
        and model._meta.label not in SHARED
        and model._meta.managed
        and not model._meta.proxy
    ] + [apps.get_model("django_comments", "Comment")]
    waiting, ordered = list(ours), []
    while waiting:
        free = [model for model in waiting if not (_needed(model) - {model}) & set(waiting)]
        if not free:
            raise AssertionError(f"models that need one another: {waiting}")
        ordered += free
        waiting = [model for model in waiting if model not in free]
    return ordered


def _needed(model):
    return {
        field.related_model
        for field in model._meta.concrete_fields
        if field.is_relation and not field.null and field.related_model is not model
    }


def make_private_rows(owner):
    """Make a row of each model that belongs to `owner`; return them by the label of the model."""
    made = {}
    for model in private_models():
        values = {field.name: _value(field, owner, made) for field in model._meta.concrete_fields}
        for field in model._meta.concrete_fields:
            if field.is_relation and field.null and field.related_model._meta.label not in made:
                values[field.name] = _value(field, owner, made) if field.related_model is User else None
        row = model(**{name: value for name, value in values.items() if value is not models.NOT_PROVIDED})
        for field in model._meta.concrete_fields:
            if isinstance(field, models.OneToOneField):  # made already by a signal
                model._base_manager.filter(**{field.name: getattr(row, field.attname)}).delete()
        model._base_manager.bulk_create([row])
        made[model._meta.label] = model._base_manager.get(pk=row.pk)
    return made


def _value(field, owner, made):
    if field.primary_key and not field.is_relation:
        return uuid.UUID(int=KEY) if isinstance(field, models.UUIDField) else KEY
    if field.is_relation:
        return _related(field, owner, made)
    if isinstance(field, models.FileField):
        name = f"{MARK}/{field.model._meta.model_name}-{field.name}.txt"
        return default_storage.save(name, ContentFile(f"{MARK} of {field.name}"))
    if field.choices:
        private = [word for word, _ in field.flatchoices if word in PRIVATE_WORDS]
        return (
            private[0] if private else models.NOT_PROVIDED if field.has_default() else field.flatchoices[0][0]
        )
    return _plain(field)


def _related(field, owner, made):
    if field.related_model is User:
        return owner
    if field.related_model is Group:
        return Group.objects.get_or_create(name=f"{MARK} group")[0]
    if field.related_model is ContentType:
        return ContentType.objects.get_for_model(apps.get_model("tom_targets", "BaseTarget"))
    if field.related_model is Site:
        return Site.objects.get_current()
    if field.related_model is Permission:
        return Permission.objects.get(content_type__app_label="tom_targets", codename="view_target")
    return made.get(field.related_model._meta.label)


_KINDS = (
    (models.GeneratedField, lambda field: models.NOT_PROVIDED),
    (models.BooleanField, lambda field: str(field) == "django_comments.Comment.is_public"),
    (models.JSONField, lambda field: models.NOT_PROVIDED if field.has_default() else KEYS_OF_JSON),
    (models.DateTimeField, lambda field: timezone.now() - timedelta(hours=1)),
    (models.DateField, lambda field: timezone.now().date()),
    (models.GenericIPAddressField, lambda field: "192.0.2.7"),
    (models.UUIDField, lambda field: uuid.UUID(int=KEY)),
    (models.CharField, lambda field: f"{MARK} {field.name}"[: field.max_length]),
    (models.TextField, lambda field: f"{MARK} {field.name}"),
    (models.BinaryField, lambda field: MARK.encode()),
    (models.IntegerField, lambda field: KEY if field.name.endswith(("_id", "_pk")) else 1),
    (models.FloatField, lambda field: 1.0),
)


def _plain(field):
    if field.name in ("object_pk", "object_id", "subject_id"):
        return KEY if isinstance(field, models.IntegerField) else str(KEY)
    kinds = (value for kind, value in _KINDS if isinstance(field, kind))
    return next(kinds, lambda field: models.NOT_PROVIDED)(field)
