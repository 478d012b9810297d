"""What follows when a user is saved or logs in; connected by ``TomCommonConfig.ready``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import post_save
from django.utils import timezone

from tom_common import login_throttle
from tom_common.models import Profile
from tom_common.people import guardian_anonymous_name


def complete_user(sender: Any, instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    """Give a new user a profile and an API token; later only bring back a profile that is missing.

    Rows that ``loaddata`` brings (`raw`) are left alone: their profile and token come in the same file.
    """
    if raw or instance.get_username() == guardian_anonymous_name():
        return
    if created:
        _make_token(instance)
    profile, _made = Profile.objects.get_or_create(user=instance)
    if (created and instance.has_usable_password()) or getattr(instance, "_password", None) is not None:
        # Django clears `_password` right after this signal: set_password() was called before this save.
        profile.password_changed_at = timezone.now()
        profile.save(update_fields=["password_changed_at"])


def _make_token(user: Any) -> None:
    if apps.is_installed("rest_framework.authtoken"):
        from rest_framework.authtoken.models import Token

        Token.objects.get_or_create(user=user)


def count_failed_login(sender: Any, credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    """Count a refused password, wherever it was typed: login page, admin site or REST API."""
    username = credentials.get(get_user_model().USERNAME_FIELD) or credentials.get("username")
    if request is not None and username:
        login_throttle.note_failure(str(username), login_throttle.client_address(request))


def forget_failed_logins(sender: Any, request: Any, user: Any, **_: Any) -> None:
    """Start counting afresh once the right password was given."""
    if request is not None:
        login_throttle.forget(user.get_username(), login_throttle.client_address(request))


def connect() -> None:
    """Connect the receivers; calling it twice connects them once."""
    post_save.connect(complete_user, sender=get_user_model(), dispatch_uid="tom_common.complete_user")
    user_login_failed.connect(count_failed_login, dispatch_uid="tom_common.count_failed_login")
    user_logged_in.connect(forget_failed_logins, dispatch_uid="tom_common.forget_failed_logins")
