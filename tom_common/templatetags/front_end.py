"""Tags of the frame: theme, icons, links that may not exist, times, counts in the bar.

Used by ``tom_common/base.html`` and every page. They need no context processor and work without a request
too, since the page of a server error is rendered without one.
"""

import json
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.messages import constants
from django.contrib.staticfiles import finders
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from tom_common.astro.time import datetime_to_mjd_utc

register = template.Library()

THEMES = ("light", "dark", "dome")
_ALERT_CLASSES = (
    (constants.ERROR, "danger"),
    (constants.WARNING, "warning"),
    (constants.SUCCESS, "success"),
)


@register.simple_tag(takes_context=True)
def theme_attributes(context: Context) -> SafeString:
    """Attributes of ``<html>`` that choose the theme.

    The cookie ``theme`` decides. Without one the page starts light and ``theme.js``, which runs before
    anything is painted, follows the system's preference.
    """
    request = context.get("request")
    chosen = getattr(request, "COOKIES", {}).get("theme", "")
    if chosen not in THEMES:
        chosen = ""
    return format_html('data-bs-theme="{}" data-tom-theme="{}"', chosen or "light", chosen)


_HIDDEN = mark_safe(' aria-hidden="true"')  # noqa: S308  a constant


@register.simple_tag
def icon(name: str, label: str = "", css_class: str = "") -> SafeString:
    """Draw a Bootstrap icon; its name stands in ``tools/icons.txt``.

    Parameters
    ----------
    name : str
        For example ``search``.
    label : str
        What a screen reader says. Leave it away where words stand beside the icon.
    css_class : str
        Further classes.
    """
    return _drawn(static("vendor/bootstrap-icons/sprite.svg"), name, label, css_class)


@lru_cache(maxsize=1000, typed=True)  # a safe text equals the same text that is to be escaped
def _drawn(sprite: str, name: str, label: str, css_class: str) -> SafeString:
    return format_html(
        '<svg class="tom-icon{}"{} focusable="false"><use href="{}#{}"></use></svg>',
        f" {css_class}" if css_class else "",
        format_html(' role="img" aria-label="{}"', label) if label else _HIDDEN,
        sprite,
        name,
    )


@register.simple_tag
def url_or_empty(name: str, *args: Any, **kwargs: Any) -> str:
    """Address of a page by the name of its URL, or '' where this TOM has no such page."""
    try:
        return reverse(name, args=args, kwargs=kwargs)
    except NoReverseMatch:
        return ""


@register.inclusion_tag("tom_common/partials/nav_link.html", takes_context=True)
def nav_link(
    context: Context,
    url_name: str,
    label: str,
    icon_name: str = "",
    list_item: bool = True,
    *,
    also: str = "",
    but_not: str = "",
) -> dict:
    """Entry of a navigation bar; nothing where this TOM has no such page.

    Parameters
    ----------
    context : Context
    url_name : str
        For example ``targets:list``.
    label, icon_name : str
        Words and icon of the entry.
    list_item : bool
        Whether it stands in a list (top bar) or not (bottom bar of a phone).
    also, but_not : str
        Names of pages that belong to the entry though their addresses do not begin with its own, and of pages
        that do not belong to it though theirs do, separated by spaces.
    """
    href = url_or_empty(url_name)
    request = context.get("request")
    path = getattr(request, "path", "")
    page = getattr(getattr(request, "resolver_match", None), "view_name", "")
    begins = path == href or (href.count("/") > 1 and path.startswith(href))
    is_current = bool(href) and page not in but_not.split() and (begins or page in also.split())
    return {
        "href": href,
        "label": label,
        "icon_name": icon_name,
        "list_item": list_item,
        "is_current": is_current,
    }


@register.simple_tag(takes_context=True)
def bar_counts(context: Context) -> dict[str, int]:
    """Counts that the bar tells: ``active`` and ``failed`` jobs of the user, ``unread`` news; one query."""
    user = context.get("user")
    if user is None or not user.is_authenticated:
        return {"active": 0, "failed": 0, "unread": 0}
    from tom_common import bar_counts as counts  # has models: not for projects without tom_common

    return counts.bar_counts(user)


@register.filter
def alert_class(message: Any) -> str:
    """Bootstrap's word for the level of a Django message."""
    for level, word in _ALERT_CLASSES:
        if message.level >= level:
            return word
    return "info"


@register.simple_tag
def moment(value: datetime | date | None, precision: str = "seconds") -> SafeString | str:
    """Show a time in UTC; MJD, local time and age appear on hover (``tom.js`` adds the last two).

    Parameters
    ----------
    value : datetime or None
        A naive one is taken as UTC; None gives a dash.
    precision : {"seconds", "minutes", "days"}
        How much of it is shown.
    """
    if value is None:
        return "–"
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), value.isoformat())
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    shown = {"seconds": "%Y-%m-%d %H:%M:%S UTC", "minutes": "%Y-%m-%d %H:%M UTC", "days": "%Y-%m-%d"}[
        precision
    ]
    return format_html(
        '<time datetime="{}" title="MJD {}" data-tom-time>{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{datetime_to_mjd_utc(utc):.5f}",
        utc.strftime(shown),
    )


@register.simple_tag
def front_end_libraries() -> list[dict[str, str]]:
    """Browser libraries that we serve: dicts of name, version, licence, text."""
    path = finders.find("vendor/licences.json")
    if not path:
        return []
    with open(path, encoding="utf-8") as file:
        return json.load(file)
