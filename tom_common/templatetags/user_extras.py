"""Tags of the pages of users: lists of groups and users, what is known of one user, and what apps add."""

from typing import Any

from django import template
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import Count
from django.template import Context

from tom_common import conf, contributions, people
from tom_common.templatetags.tom_common_extras import shown_parts

register = template.Library()


@register.inclusion_tag("auth/partials/group_list.html", takes_context=True)
def group_list(context: Context) -> dict[str, Any]:
    """All groups with the number of their members, and links for those who may manage them."""
    viewer = context["user"]
    groups = list(Group.objects.annotate(member_count=Count("user")).order_by("name"))
    mine = set(people.assignable_groups(viewer).values_list("pk", flat=True))
    may_change, may_delete = viewer.has_perm("auth.change_group"), viewer.has_perm("auth.delete_group")
    for group in groups:
        group.may_be_changed = may_change and group.pk in mine
        group.may_be_deleted = may_delete and group.pk in mine
    return {"groups": groups, "user": viewer, "request": context.get("request")}


@register.inclusion_tag("auth/partials/user_list.html", takes_context=True)
def user_list(context: Context) -> dict[str, Any]:
    """Users of the page (``users`` of the context; without it, all), with links to what one may do."""
    viewer = context["user"]
    found = context.get("users")
    users = list(people.find_users().order_by("username") if found is None else found)
    changeable = people.manageable_pks(viewer, "change", users)
    deletable = people.manageable_pks(viewer, "delete", users)
    for user in users:
        user.may_be_changed = user.pk in changeable or user.pk == viewer.pk
        user.password_may_be_set = user.pk in changeable
        user.may_be_deleted = user.pk in deletable
        user.group_names = ", ".join(group.name for group in user.groups.all())
    return {"users": users, "user": viewer, "request": context.get("request")}


@register.inclusion_tag("auth/partials/pending_users.html", takes_context=True)
def pending_users_list(context: Context) -> dict[str, Any]:
    """Accounts that wait for approval, for those who may approve."""
    viewer = context["user"]
    users = list(people.pending_users()[:100]) if viewer.has_perm("auth.change_user") else []
    return {"pending_users": users, "user": viewer, "request": context.get("request")}


@register.inclusion_tag("auth/partials/app_user_lists.html", takes_context=True)
def include_app_user_lists(context: Context) -> Context:
    """Further lists that apps contribute to the page of users."""
    context["user_lists_to_display"] = shown_parts(contributions.user_lists(), context)
    return context


@register.inclusion_tag("tom_common/partials/user_data.html")
def user_data(user: Any) -> dict[str, Any]:
    """Names, mail address, affiliation and groups of a user."""
    return {"user": user, "profile": people.profile_of(user), "groups": user.groups.order_by("name")}


@register.inclusion_tag("tom_common/partials/app_profiles.html", takes_context=True)
def show_app_profiles(context: Context, user: Any) -> Context:
    """Cards that apps contribute to the profile of a user."""
    context["profiles_to_display"] = shown_parts(contributions.profile_details(), user)
    return context


@register.inclusion_tag("auth/partials/security_card.html")
def security_card(user: Any) -> dict[str, Any]:
    """When the password was set, and the link to change it."""
    return {"user": user, "profile": people.profile_of(user)}


@register.inclusion_tag("tom_common/partials/api_token.html")
def api_token(user: Any) -> dict[str, Any]:
    """The token with which programs of a user log in, hidden until asked for."""
    token = ""
    if apps.is_installed("rest_framework.authtoken"):
        from rest_framework.authtoken.models import Token

        token = Token.objects.filter(user=user).values_list("key", flat=True).first() or ""
    return {"user": user, "token": token, "has_tokens": apps.is_installed("rest_framework.authtoken")}


@register.simple_tag
def registration_is_open() -> bool:
    """Whether visitors may make their own accounts."""
    return conf.registration_strategy() is not None


@register.simple_tag
def mfa_can_be_disabled(user: Any = None) -> bool:
    """Whether a second factor is set up that could be switched off; this TOM has none."""
    return False


@register.filter
def latitude(degrees: float | None) -> str:
    """Latitude as ``30.24460° S``; a dash where it is not known."""
    return _hemisphere(degrees, "N", "S")


@register.filter
def longitude(degrees: float | None) -> str:
    """Longitude as ``70.74940° W``; a dash where it is not known."""
    return _hemisphere(degrees, "E", "W")


def _hemisphere(degrees: float | None, positive: str, negative: str) -> str:
    if degrees is None:
        return "–"
    return f"{abs(degrees):.5f}° {positive if degrees >= 0 else negative}"


@register.filter
def may_see_users(user: Any) -> bool:
    """Whether a user may open the list of users."""
    return bool(user) and people.may_see_users(user)
