"""Tags that pages and plugins of any app use: parts contributed by apps, comments, words about fields."""

import logging
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.template import Context
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from tom_common import comments, conf, contributions
from tom_common.markdown import render_markdown

register = template.Library()
logger = logging.getLogger(__name__)


@register.simple_tag
def tom_name() -> str:
    """Name of this TOM."""
    return conf.tom_name()


@register.simple_tag
def comments_enabled() -> bool:
    """Whether comments are shown and may be written."""
    return conf.comments_enabled()


@register.simple_tag
def get_theme() -> str | None:
    """Address of the style sheet that ``CSS_THEME`` names, or None where it is not set or not there."""
    name = conf.setting("CSS_THEME")
    path = f"tom_common/css/{str(name).lower()}.css"
    return static(path) if name and finders.find(path) else None


# --- parts that apps contribute


def shown_parts(parts: list[contributions.Contribution], argument: Any) -> list[dict[str, Any]]:
    """Return partial and context of each part that has something to show."""
    found = ((part, contributions.part_context(part, argument)) for part in parts)
    return [{"partial": part.partial, "context": context} for part, context in found if context is not None]


@register.inclusion_tag("tom_common/partials/navbar_app_addons.html", takes_context=True)
def navbar_app_addons(context: Context, position: str = "left") -> Context:
    """Entries of the navigation bar that apps contribute, at the left or at the right."""
    context["nav_items_to_display"] = shown_parts(contributions.nav_items(position), {})
    return context


@register.simple_tag(takes_context=True)
def show_individual_app_partial(context: Context, app_partial_data: dict[str, Any]) -> SafeString:
    """Show one contributed part; one that cannot be rendered is logged and left out.

    Parameters
    ----------
    context : Context
    app_partial_data : dict
        ``partial`` (template name) and ``context`` (dict that is added to the template context).
    """
    partial = app_partial_data.get("partial")
    try:
        found = get_template("tom_common/partials/include_app_partial.html").template
        with context.push(**{**(app_partial_data.get("context") or {}), "app_partial": partial}):
            return mark_safe(found.render(context))  # noqa: S308  a template escapes by itself
    except Exception:
        logger.exception("the contributed part %s cannot be shown", partial)
        return SafeString("")


# --- comments


@register.inclusion_tag("comments/list.html", takes_context=True)
def recent_comments(context: Context, limit: int = 10) -> dict[str, Any]:
    """Newest comments on what the user may see."""
    user = context.get("user")
    if user is None or not comments.are_enabled():
        return {"comment_list": []}
    found = list(comments.readable_comments(user).prefetch_related("content_object")[:limit])
    return {
        "comment_list": _with_rights(found, user),
        "with_objects": True,
        "user": user,
        "request": context.get("request"),
    }


@register.inclusion_tag("comments/section.html", takes_context=True)
def comment_section(context: Context, instance: models.Model) -> dict[str, Any]:
    """Comments on an object that the user may see, and the form for one more."""
    user, request = context.get("user"), context.get("request")
    if user is None or not comments.are_enabled():
        return {"enabled": False}
    return {
        "enabled": True,
        "object": instance,
        "comment_content_type": instance._meta.label_lower,
        "comment_object_pk": instance.pk,
        "comment_list": _with_rights(comments.comments_on(instance), user),
        "draft": comments.take_draft(request, instance),
        "max_length": comments.MAX_LENGTH,
        "user": user,
        "request": request,
        "csrf_token": context.get("csrf_token"),
    }


def _with_rights(found: Any, user: Any) -> list[Any]:
    found = list(found)
    moderates = user.is_authenticated and (user.is_staff or user.has_perm("django_comments.can_moderate"))
    for comment in found:
        comment.may_be_deleted = moderates or (user.is_authenticated and comment.user_id == user.pk)
    return found


@register.filter
def comment_address(comment: Any) -> str:
    """Path of the page that a comment stands on."""
    return comments.comment_url(comment)


@register.filter
def markdown(text: str) -> SafeString:
    """Show text written in Markdown; harmful markup is taken out."""
    return render_markdown(text or "")


# --- words and numbers


@register.simple_tag
def verbose_name(instance: Any, field_name: str) -> str:
    """Name of a field for people, in title case."""
    try:
        return str(instance._meta.get_field(field_name).verbose_name).title()
    except (FieldDoesNotExist, AttributeError):
        return field_name.replace("_", " ").title()


@register.simple_tag
def help_text(instance: Any, field_name: str) -> str:
    """Help text of a field; '' for what is no field."""
    try:
        return str(instance._meta.get_field(field_name).help_text)
    except (FieldDoesNotExist, AttributeError):
        return ""


@register.filter
def truncate_value_for_display(value: Any, width: int = 12) -> str:
    """Shorten a number or a text to a width in characters."""
    if value is None:
        return ""
    if isinstance(value, float):
        for digits in range(int(width), 0, -1):
            text = f"{value:.{digits}g}"
            if len(text) <= int(width):
                return text
        return text
    return Truncator(str(value)).chars(int(width))


@register.filter
def truncate_number(value: Any) -> str:
    """Show a number with four decimal places; anything else as it is."""
    try:
        return f"{float(value):.4f}"
    except (TypeError, ValueError):
        return "" if value is None else str(value)


@register.filter
def multiplyby(value: Any, arg: Any) -> Any:
    """Product of two numbers; '' if one of them is none."""
    try:
        return value * arg if isinstance(arg, int | float) else value * float(arg)
    except (TypeError, ValueError):
        return ""


@register.filter
def addstr(value: Any, arg: Any) -> str:
    """Two texts joined."""
    return f"{value}{arg}"


@register.inclusion_tag("tom_common/partials/copy_button.html")
def copy_button(text_to_copy: str = "", help_text: str = "Copy") -> dict[str, str]:
    """Button that puts a text on the clipboard."""
    return {"copy_text": text_to_copy, "copy_help": help_text}
