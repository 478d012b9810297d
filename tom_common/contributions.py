"""What apps offer to pages that are not theirs: the only place that walks the AppConfigs.

An app defines methods such as ``nav_items()`` on its AppConfig (see ``docs/reference``); templates reach them
through tags. One app that raises never takes a page down: its item is logged and left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import BooleanField, Case, Exists, Model, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast

from tom_common.hooks import import_method

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contribution:
    """One part of a page: a template, and the function that makes its context."""

    app_label: str
    partial: str
    context_path: str | None = None
    label: str = ""
    position: str = "left"
    order: int = 0
    options: dict[str, Any] = field(default_factory=dict)


def collect(method_name: str) -> list[tuple[str, Any]]:
    """Return (app label, item) for each item that any AppConfig offers through a method.

    Parameters
    ----------
    method_name : str
        Name of the method; an AppConfig without it offers nothing.

    Returns
    -------
    list of (str, object)
        In the order of ``INSTALLED_APPS``. An app whose method raises is logged and left out.
    """
    items: list[tuple[str, Any]] = []
    for config in apps.get_app_configs():
        method = getattr(config, method_name, None)
        if method is None:
            continue
        try:
            items.extend((config.label, item) for item in (method() or []))
        except Exception:
            logger.exception("%s.%s() failed; nothing of this app is shown", config.name, method_name)
    return items


def _parts(method_name: str, *, context_required: bool = False) -> list[Contribution]:
    parts = []
    for app_label, item in collect(method_name):
        if not isinstance(item, Mapping) or not item.get("partial"):
            logger.warning("%s.%s() offers %r, which names no partial", app_label, method_name, item)
            continue
        if context_required and not item.get("context"):
            logger.warning("%s.%s() offers %s without a context", app_label, method_name, item["partial"])
            continue
        parts.append(
            Contribution(
                app_label=app_label,
                partial=item["partial"],
                context_path=item.get("context"),
                label=str(item.get("label", "")),
                position=item.get("position", "left"),
                order=item.get("order", 0),
                options=dict(item),
            )
        )
    return parts


def nav_items(position: str | None = None) -> list[Contribution]:
    """Return the entries of the navigation bar, all or those at ``left`` or ``right``."""
    return [part for part in _parts("nav_items") if position is None or part.position == position]


def target_detail_tabs() -> list[Contribution]:
    """Return the tabs of a target's page; `label` is the text on the tab."""
    return _parts("target_detail_tabs")


def target_detail_sections() -> list[Contribution]:
    """Return the sections that our own apps add to a target's page, by `order`.

    ``options`` holds the section's ``id`` besides; plugins use ``target_detail_tabs()``.
    """
    return sorted(_parts("target_detail_sections"), key=lambda part: part.order)


def observation_record_sections() -> list[Contribution]:
    """Return the sections of the page of an observation record by `order`.

    Their context functions take the template context of the page, which holds ``record`` and ``target``.
    """
    return sorted(_parts("observation_record_sections"), key=lambda part: part.order)


def target_detail_buttons() -> list[Contribution]:
    """Return the buttons of a target's page."""
    return _parts("target_detail_buttons")


def profile_details() -> list[Contribution]:
    """Return the cards of a user's profile page; their context function takes the user."""
    return _parts("profile_details", context_required=True)


def user_lists() -> list[Contribution]:
    """Return the further lists of the users page."""
    return _parts("user_lists", context_required=True)


def home_sections() -> list[Contribution]:
    """Return the sections of the home page by `order`; their context function takes the request."""
    return sorted(_parts("home_sections", context_required=True), key=lambda part: part.order)


def include_url_paths() -> list[Any]:
    """Return the URL patterns that apps put before ours."""
    return [pattern for _, pattern in collect("include_url_paths")]


def part_context(part: Contribution, argument: Any) -> dict[str, Any] | None:
    """Call the context function of a part.

    Parameters
    ----------
    part : Contribution
    argument : object
        What the function is called with: the template context, a user, a request or ``{}``, by the kind of
        part.

    Returns
    -------
    dict or None
        What to add to the template context; None if the part is not to be shown: the function said so, cannot
        be imported, or raised (which is logged).
    """
    if not part.context_path:
        return {}
    try:
        found = import_method(part.context_path)(argument)
    except Exception:
        logger.exception(
            "%s of app %s failed; %s is not shown", part.context_path, part.app_label, part.partial
        )
        return None
    if found is None:
        return None
    if hasattr(found, "flatten"):  # a template Context instead of a dict
        return found.flatten()
    if not isinstance(found, Mapping):
        logger.error(
            "%s returned %s, not a dict; %s is not shown",
            part.context_path,
            type(found).__name__,
            part.partial,
        )
        return None
    return dict(found)


VisibleRows = Callable[[Any], QuerySet]
_comment_access: dict[str, VisibleRows] = {}


def register_comment_access(model_label: str, visible_rows: VisibleRows) -> None:
    """Say who may see comments on the rows of a model; called in ``AppConfig.ready``.

    Parameters
    ----------
    model_label : str
        For example ``tom_targets.BaseTarget``.
    visible_rows : callable
        Takes a user, returns the queryset of the rows that this user may see.
    """
    _comment_access[model_label.lower()] = visible_rows


def commentable_rows(user: Any, model_label: str) -> QuerySet | None:
    """Return the rows of a model that a user may comment on, those seen; None if nobody registered it."""
    visible_rows = _comment_access.get(model_label.lower())
    return None if visible_rows is None else visible_rows(user)


def comments_for_user(user: Any, comments: QuerySet) -> QuerySet:
    """Return those of the comments whose object a user may see.

    Comments on models that nobody registered are left out. One probe of the primary key for each comment.
    """
    from django.contrib.contenttypes.models import ContentType

    branches = []
    for label, visible_rows in _comment_access.items():
        model: type[Model] = apps.get_model(label)
        rows = visible_rows(user).filter(pk=Cast(OuterRef("object_pk"), model._meta.pk))
        # CASE keeps the cast away from comments on other models, whose keys may not be numbers.
        content_type = ContentType.objects.get_for_model(model)
        branches.append(When(Q(content_type=content_type), then=Exists(rows)))
    visible = Case(*branches, default=Value(False), output_field=BooleanField())
    return comments.annotate(is_visible_to_user=visible).filter(is_visible_to_user=True)
