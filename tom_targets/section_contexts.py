"""What our own sections of a target's page show; each function takes the template context of the page."""

from __future__ import annotations

from typing import Any

from tom_common import conf as common_conf
from tom_targets import selectors


def extras(context: Any) -> dict[str, Any] | None:
    """Extra fields and tags; nothing where a target has none."""
    fields, tags = context.get("extra_fields"), context.get("tags")
    if fields is None or tags is None:
        fields, tags = selectors.split_extras(context["target"])
    return {"extra_fields": fields, "tags": tags} if fields or tags else None


def lists(context: Any) -> dict[str, Any] | None:
    """Lists on which the target is, and those on which the user may put it; only for the logged-in."""
    user = context["request"].user
    if not user.is_authenticated:
        return None
    known = selectors.user_lists(user, target=context["target"])
    return {
        "lists_with_target": [found for found in known if found.has_target],
        "lists_to_choose": [found for found in known if found.may_change and not found.has_target],
    }


def access(context: Any) -> dict[str, Any] | None:
    """Who may see and edit the target; only for those who may edit it."""
    target = context["target"]
    if not getattr(target, "may_change_target", False):
        return None
    return {"holders": selectors.holders_of(target)}


def notes(context: Any) -> dict[str, Any] | None:
    """Comments, where they are switched on."""
    return {} if common_conf.comments_enabled() else None
