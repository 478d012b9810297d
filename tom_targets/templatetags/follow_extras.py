"""Tags of stars and status words."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from tom_targets import conf, follow

register = template.Library()


@register.inclusion_tag("tom_targets/partials/following.html", takes_context=True)
def following(context: Context, target: Any) -> dict[str, Any]:
    """Star and status words of a target, and the forms that change them; nothing for an anonymous visitor."""
    user = context["request"].user
    return {
        "target": target,
        "following": follow.following_of(user, target),
        "words": conf.target_statuses(),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("tom_targets/partials/bulk_following.html", takes_context=True)
def bulk_following(context: Context) -> dict[str, Any]:
    """Controls of the bulk bar that set status words and stars."""
    return {"teams": follow.teams_of(context["request"].user), "words": conf.target_statuses()}
