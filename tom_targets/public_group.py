"""The group ``Public``: every new user is in it, and what it may do every user may do.

It is an ordinary group in every other respect: an administrator who takes ``add_target`` from it, or a user
out of it, is not overruled.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission

from tom_targets import conf
from tom_targets.models import Target

PUBLIC_GROUP = "Public"


def public_group() -> Group:
    """Return the group ``Public``; when it is made, its members get the right to create targets.

    ``TOM_PUBLIC_MAY_ADD_TARGETS = False`` leaves that right out.
    """
    group, is_new = Group.objects.get_or_create(name=PUBLIC_GROUP)
    if is_new and conf.public_may_add_targets():
        group.permissions.add(
            *Permission.objects.filter(codename="add_target", content_type__app_label=Target._meta.app_label)
        )
    return group


def join_public_group(sender: Any, instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Put a new user into the group ``Public`` (receiver of ``post_save`` of the user model)."""
    if created and not raw and instance.get_username() != conf.anonymous_user_name():
        instance.groups.add(public_group())
