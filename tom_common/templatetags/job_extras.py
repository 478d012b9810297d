"""Counts for the bar: what runs, what failed, what is unread."""

from django import template

from tom_common.jobs import job_counts
from tom_common.notifications import unread_count

register = template.Library()


@register.simple_tag(takes_context=True)
def bar_counts(context):
    """Give the user's ``active`` and ``failed`` jobs and ``unread`` notifications."""
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {**job_counts(user), "unread": unread_count(user)}
