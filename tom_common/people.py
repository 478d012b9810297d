"""Who may manage whom: the rules behind the pages of users and groups, and what those pages list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, Group, Permission
from django.db.models import Q, QuerySet

from tom_common import contributions
from tom_common.models import Profile

User = get_user_model()

_OWN_NOTES = {
    "auth.view_user": "See the list of users.",
    "auth.add_user": "Create accounts.",
    "auth.change_user": "Edit and approve accounts, and set their passwords.",
    "auth.delete_user": "Delete accounts.",
    "auth.add_group": "Create groups.",
    "auth.change_group": "Say who is in a group and what it may do.",
    "auth.delete_group": "Delete groups.",
    "django_comments.can_moderate": "Delete the comments of others.",
}


def profile_of(user: AbstractBaseUser) -> Profile:
    """Return the profile of a user, made now if the user came in without one (by a bulk insert, say)."""
    try:
        return user.profile  # type: ignore[attr-defined, no-any-return]
    except Profile.DoesNotExist:
        profile, _ = Profile.objects.get_or_create(user=user)
        user.profile = profile  # type: ignore[attr-defined]
        return profile


def guardian_anonymous_name() -> str | None:
    """Return the name of the account that django-guardian keeps for anonymous visitors, if it keeps one."""
    from guardian.conf import settings as guardian_settings

    return guardian_settings.ANONYMOUS_USER_NAME


def real_users() -> QuerySet:
    """Return the accounts of people: all but the one that django-guardian keeps for anonymous visitors."""
    return User._default_manager.exclude(**{User.USERNAME_FIELD: guardian_anonymous_name() or ""})


def pending_users() -> QuerySet:
    """Return the accounts that wait for somebody to approve them: never active, never logged in."""
    return real_users().filter(is_active=False, last_login=None).order_by("date_joined", "pk")


def find_users(text: str = "", group: Group | None = None) -> QuerySet:
    """Return the users that a search finds, each with profile and groups fetched.

    Parameters
    ----------
    text : str
        Words of which each has to occur in the username, a name, the mail address or the affiliation.
    group : Group, optional
        Only its members.
    """
    users = real_users().select_related("profile").prefetch_related("groups")
    for word in text.replace("\0", " ").split():  # PostgreSQL takes no NUL
        users = users.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
            | Q(profile__affiliation__icontains=word)
        )
    return users.filter(groups=group) if group is not None else users


def may_see_users(user: Any) -> bool:
    """Tell whether somebody may open the list of users: staff, and whoever may manage accounts or groups."""
    if not user.is_authenticated:
        return False
    return user.is_staff or any(
        user.has_perm(f"auth.{action}_{kind}")
        for kind in ("user", "group")
        for action in ("view", "add", "change", "delete")
    )


def manageable_pks(manager: Any, action: str, users: Iterable[Any]) -> set[Any]:
    """Return the keys of those of some users whom somebody may manage, with a fixed number of queries.

    Parameters
    ----------
    manager, action
        As in `may_manage`.
    users : iterable of User
    """
    users = list(users)
    if not manager.has_perm(f"auth.{action}_user"):
        return set()
    if manager.is_superuser:
        return {user.pk for user in users}
    lacking = Permission.objects.exclude(pk__in=_held_permission_pks(manager))
    outranks = Q(is_superuser=True) | Q(user_permissions__in=lacking) | Q(groups__permissions__in=lacking)
    if not manager.is_staff:
        outranks |= Q(is_staff=True)
    above = User._default_manager.filter(outranks, pk__in=[user.pk for user in users])
    return {user.pk for user in users} - set(above.values_list("pk", flat=True))


def may_manage(manager: Any, action: str, user: Any) -> bool:
    """Tell whether somebody may do something to an account that is not their own.

    Parameters
    ----------
    manager, user : User
        Who acts, and on whom.
    action : str
        ``change`` or ``delete``.

    Notes
    -----
    Besides the permission ``auth.<action>_user`` the manager needs every right that the other account has: by
    setting a superuser's password one would become superuser.
    """
    return user.pk in manageable_pks(manager, action, [user])


def may_manage_group(manager: Any, action: str, group: Group) -> bool:
    """Tell whether somebody may change or delete a group: by permission, and every right that it gives."""
    return (
        manager.has_perm(f"auth.{action}_group") and assignable_groups(manager).filter(pk=group.pk).exists()
    )


def assignable_groups(manager: Any) -> QuerySet[Group]:
    """Return the groups to which somebody may add members: those that give no right the manager lacks."""
    groups = Group.objects.order_by("name")
    if manager.is_superuser:
        return groups
    beyond = Permission.objects.exclude(pk__in=_held_permission_pks(manager))
    return groups.exclude(permissions__in=beyond)


def _held_permission_pks(user: Any) -> list[int]:
    names = user.get_all_permissions()
    rows = Permission.objects.values_list("pk", "content_type__app_label", "codename")
    return [pk for pk, app, codename in rows if f"{app}.{codename}" in names]


def permission_notes() -> dict[str, str]:
    """Return what the permissions that a group may be given allow, in words, by ``app_label.codename``.

    Apps add theirs by a method ``permission_notes()`` of the AppConfig: ``[(permission, text), ...]``.
    """
    return dict(_OWN_NOTES) | dict(item for _, item in contributions.collect("permission_notes"))


def explained_permissions() -> list[tuple[Permission, str]]:
    """Return the permissions that have a note, each with it, in the order of the notes."""
    notes = permission_notes()
    wanted = Q()
    for name in notes:
        app_label, _, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app_label, codename=codename)
    found = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.filter(wanted).select_related("content_type")
    }
    return [(found[name], text) for name, text in notes.items() if name in found]


def is_last_superuser(user: Any) -> bool:
    """Tell whether nobody could administer this TOM without this account."""
    if not (user.is_superuser and user.is_active):
        return False
    return not User._default_manager.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists()


def what_goes_with(user: Any) -> list[str]:
    """Return what is deleted together with an account, for example ``["2 notifications"]``."""
    from django.db.models.deletion import Collector

    collector = Collector(using=user._state.db or "default", origin=user)
    collector.collect([user])
    counted: dict[Any, int] = {model: len(rows) for model, rows in collector.data.items()}
    for rows in collector.fast_deletes:
        counted[rows.model] = counted.get(rows.model, 0) + rows.count()
    return [
        _counted(model, count) for model, count in counted.items() if count and not _is_bookkeeping(model)
    ]


def _is_bookkeeping(model: Any) -> bool:
    return model is User or model is Profile or model._meta.auto_created


def _counted(model: Any, count: int) -> str:
    name = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
    return f"{count} {str(name).lower()}"
