"""What a filter may be, and when it may be on: said once, for pages and the REST API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db import transaction

from tom_alerts.expressions import ExpressionError, compiled
from tom_alerts.filter_models import AlertFilter, FilterTest
from tom_alerts.permissions import with_watchlist_shown
from tom_alerts.webhooks import why_refused
from tom_dataservices.permissions import saved_queries_for_user
from tom_dataservices.saved_query import SavedQuery
from tom_targets.permissions import may_create_targets

NOT_TRIED = "Try the filter on past alerts first: it was changed since."
WATCHLIST_HIDDEN = "The owner of this filter may not see its watchlist any more."
QUERY_HIDDEN = "The query is gone, or the owner of this filter may not see it any more."
SURVEYS = ("ZTF", "LSST", "ELAsTiCC", "DECam", "WINTER")


def surveys_of(one: AlertFilter | None) -> list[str]:
    """Return the surveys that a filter may look at alone; one that it looks at already is among them."""
    own = [one.survey] if one is not None and one.survey else []
    return list(dict.fromkeys([*SURVEYS, *own]))


def why_unusable(values: Mapping[str, Any], *, owner: Any, user: Any) -> dict[str, str]:
    """Return what is wrong with values of a filter, by the field at which it is told.

    Parameters
    ----------
    values : mapping
        By field; one that is not there is not looked at.
    owner : User
        Whose filter it is or is to be: with these rights things are done.
    user : User
        Who is told.
    """
    found = {}
    if "expression" in values:
        try:
            compiled(values["expression"])
        except ExpressionError as error:
            found["expression"] = str(error)
    url = values.get("webhook_url")
    if url and (refused := why_refused(url)):
        found["webhook_url"] = f"{refused[:1].upper()}{refused[1:]}."
    if bool(values.get("note_key")) != bool(values.get("note")):
        found["note"] = "A field and its value belong together."
    if values.get("makes") == AlertFilter.Makes.TARGET and not may_create_targets(owner):
        found["makes"] = (
            "You may not make targets." if owner == user else f"Its owner {owner} may not make targets."
        )
    return found


class NoSourceError(Exception):
    """What a filter looks at is gone, or hidden from its owner."""


def saved_query_models() -> list[type[SavedQuery]]:
    """Return the models of kept queries that this TOM has."""
    return [model for model in apps.get_models() if issubclass(model, SavedQuery)]


def check_source(one: AlertFilter) -> None:
    """See to it that the owner of a filter may still see its watchlist and its query.

    Raises
    ------
    NoSourceError
    """
    shown = getattr(one, "sees_watchlist", None)
    if shown is None:
        rows = with_watchlist_shown(AlertFilter.objects.filter(pk=one.pk))
        shown = rows.values_list("sees_watchlist", flat=True).first() is not False
    if not shown:
        raise NoSourceError(WATCHLIST_HIDDEN)
    if one.query_id is None:
        return
    for model in saved_query_models():
        rows = saved_queries_for_user(one.user, model._default_manager.filter(pk=one.query_id))
        if any(query.asks()[0] == one.query_kind for query in rows):
            return
    raise NoSourceError(QUERY_HIDDEN)


def good_test(one: AlertFilter) -> FilterTest | None:
    """Return the newest trial of a filter as it is now; None if it failed, or there is none."""
    newest = one.tests.filter(mark=one.mark(), finished__isnull=False).order_by("-pk").first()
    return newest if newest is not None and not newest.error else None


def standing(one: AlertFilter) -> tuple[FilterTest | None, bool]:
    """Return the trial that tells most of a filter, and whether it may be switched on: it was tried as it is.

    That is the trial under way, the good one of the filter as it is now, or else the newest.
    """
    good, newest = good_test(one), one.tests.order_by("-pk").first()
    is_running = newest is not None and newest.finished is None
    return (newest if is_running or good is None else good), good is not None


def keep_state(one: AlertFilter) -> None:
    """Have a changed filter stored with the switch and the counts as they are now, in the same transaction.

    It is off where it lets other alerts through than the stored one, from the first moment on.
    """
    stored = AlertFilter.objects.select_for_update().filter(pk=one.pk).first() if one.pk else None
    one.is_on = stored is not None and stored.is_on and stored.mark() == one.mark()
    if stored is not None:
        one.left_out, one.problem = stored.left_out, stored.problem


def switch_on(one: AlertFilter) -> bool:
    """Switch a filter on if it was tried as it is stored now; return whether that is so."""
    with transaction.atomic():
        stored = AlertFilter.objects.select_for_update().filter(pk=one.pk).first()
        if stored is None or good_test(stored) is None:
            return False
        AlertFilter.objects.filter(pk=one.pk).update(is_on=True, problem="", left_out=0)
    one.is_on = True
    return True


def switch_off(one: AlertFilter) -> None:
    """Switch a filter off; its candidates stay."""
    AlertFilter.objects.filter(pk=one.pk).update(is_on=False)
    one.is_on = False
