"""Comments on targets and whatever else apps register: who may read, write, delete them; whom they name.

The rows are those of django-contrib-comments; who sees them is asked of ``tom_common.contributions``.
"""

from __future__ import annotations

import re
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.shortcuts import get_current_site
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import Truncator

from tom_common import conf, contributions

MAX_LENGTH = 3000
MAX_MENTIONS = 20
_DRAFT = "comment_draft"
# What Django allows in a username; a full stop or the like at the end belongs to the sentence.
_MENTION = re.compile(r"(?<![\w@/.+-])@([\w+-](?:[\w.@+-]*[\w+-])?)")


class CommentRefused(Exception):
    """A receiver of django-contrib-comments' signal would not have the comment."""


def _comment_model() -> Any:
    from django_comments.models import Comment

    return Comment


def readable_comments(user: Any) -> QuerySet:
    """Return the comments on objects that a user may see, newest first, with author and model fetched."""
    comments = _comment_model().objects.filter(is_public=True, is_removed=False)
    return (
        contributions.comments_for_user(user, comments)
        .select_related("user", "content_type")
        .order_by("-submit_date", "-pk")
    )


def comments_on(instance: models.Model) -> QuerySet:
    """Return the comments on one object, oldest first; the caller has made sure that it may be seen."""
    comments = _comment_model().objects.for_model(instance).filter(is_public=True, is_removed=False)
    return comments.select_related("user").order_by("submit_date", "pk")


def commented_object(user: Any, model_label: str, object_pk: str) -> models.Model | None:
    """Return the object that a comment is about if comments on its model are welcome and the user may see it.

    Parameters
    ----------
    user : User
    model_label : str
        For example ``tom_targets.basetarget``; it may come from anybody.
    object_pk : str
        Primary key as text; it may come from anybody too.
    """
    rows = contributions.commentable_rows(user, model_label)
    if rows is None:
        return None
    try:
        return rows.filter(pk=object_pk).first()
    except (ValueError, TypeError, OverflowError):
        return None


def post_comment(request: HttpRequest, instance: models.Model, text: str) -> Any:
    """Store a comment of the logged-in user on an object and tell those whom it names.

    Raises
    ------
    CommentRefused
        If a receiver of ``comment_will_be_posted`` says no.
    """
    from django_comments.signals import comment_was_posted, comment_will_be_posted

    from tom_common.login_throttle import client_address  # has models, see below

    user: Any = request.user
    comment = _comment_model()(
        content_type=ContentType.objects.get_for_model(instance),
        object_pk=str(instance.pk),
        site=get_current_site(request),
        user=user,
        user_name=user.get_username()[:50],
        user_email=user.email,
        comment=text,
        submit_date=timezone.now(),
        ip_address=client_address(request) or None,
    )
    for receiver, answer in comment_will_be_posted.send(
        sender=type(comment), comment=comment, request=request
    ):
        if answer is False:
            raise CommentRefused(getattr(receiver, "__name__", str(receiver)))
    with transaction.atomic():
        comment.save()
        _tell_the_named(comment, instance)
    comment_was_posted.send(sender=type(comment), comment=comment, request=request)
    return comment


def mentioned_names(text: str) -> list[str]:
    """Return the usernames that a text mentions as ``@name``, each once, at most `MAX_MENTIONS`."""
    return list(dict.fromkeys(_MENTION.findall(text)))[:MAX_MENTIONS]


def _tell_the_named(comment: Any, instance: models.Model) -> None:
    """Notify the mentioned users who may see the object; the author learns nothing about anybody else."""
    names = mentioned_names(comment.comment)
    if not names:
        return
    from tom_common import notifications  # has models; tag libraries of apps without tom_common come here

    User = get_user_model()
    people = User._default_manager.filter(**{f"{User.USERNAME_FIELD}__in": names}, is_active=True)
    label = instance._meta.label
    for person in people.exclude(pk=comment.user_id):
        if commented_object(person, label, str(instance.pk)) is None:
            continue
        notifications.notify(
            person,
            "mention",
            f"{comment.user.get_username()} named you in a comment on {Truncator(str(instance)).chars(100)}",
            url=comment_url(comment, instance),
        )


def comment_url(comment: Any, instance: models.Model | None = None) -> str:
    """Return the path of the page and the place of a comment on it; '' if the object has no page."""
    instance = instance if instance is not None else comment.content_object
    page = getattr(instance, "get_absolute_url", None)
    return f"{page()}#c{comment.pk}" if page else ""


def may_delete(user: Any, comment: Any) -> bool:
    """Tell whether a user may delete a comment that they can see: the author, staff, and moderators."""
    if not user.is_authenticated:
        return False
    return comment.user_id == user.pk or user.is_staff or user.has_perm("django_comments.can_moderate")


def keep_draft(request: HttpRequest, model_label: str, object_pk: str, text: str) -> None:
    """Keep what somebody typed while their session had ended; it stands in the form after they logged in."""
    request.session[_DRAFT] = [model_label.lower(), object_pk, text[:MAX_LENGTH]]


def take_draft(request: Any, instance: models.Model) -> str:
    """Return the text kept for an object, if any, and forget it."""
    session = getattr(request, "session", None)
    draft = session.get(_DRAFT) if session is not None else None
    if not draft or draft[:2] != [instance._meta.label_lower, str(instance.pk)]:
        return ""
    del session[_DRAFT]  # type: ignore[union-attr]
    return draft[2]


def are_enabled() -> bool:
    """Tell whether comments are switched on and their app is installed."""
    return conf.comments_enabled() and apps.is_installed("django_comments")
