"""What the address and cookies of a request say about the target list: filter, order, page, columns.

Read by the list page and by actions on a selection, which repeat its filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from tom_targets import conf
from tom_targets.filters import TargetFilterSet
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user
from tom_targets.tables import COLUMNS, DEFAULT_SORT, sort_expression

COLUMNS_COOKIE = "target_columns"
NO_COLUMNS = "-"
_NOT_FILTERS = {"sort", "cursor", "per_page"}
MAX_COLUMNS = 20


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    label: str
    value: str
    remove_url: str


def list_url() -> str:
    """Return the address of the list of targets."""
    return reverse("targets:list")


def filter_pairs(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the filters of a query string as pairs, without empty ones and without page and order."""
    pairs = data.lists() if isinstance(data, QueryDict) else ((key, [value]) for key, value in data.items())
    return [
        (key, str(value)) for key, values in pairs if key not in _NOT_FILTERS for value in values if value
    ]


def filter_chips(filterset: TargetFilterSet, *, keep: Iterable[tuple[str, str]] = ()) -> list[Chip]:
    """Return what a list is filtered by, each with the address that lifts it.

    Parameters
    ----------
    filterset : TargetFilterSet
        Bound and valid, its ``qs`` already asked for.
    keep : iterable of (str, str)
        Parameters that stay in the addresses, such as the order.
    """
    pairs = filter_pairs(filterset.data)
    chips = []
    for name, bound in filterset.filters.items():
        value = filterset.form.cleaned_data.get(name)
        if value in (None, "", []):
            continue
        others = [
            (key, text) for key, text in pairs if key != name and not key.startswith(f"{name}_")
        ] + list(keep)
        if name == "targetlist__name":
            value = filterset.chosen_list or "none that you may see"
        chips.append(
            Chip(bound.label or name, _shown(filterset.form.fields[name], value), f"?{urlencode(others)}")
        )
    return chips


def _shown(form_field: Any, value: Any) -> str:
    choices = dict(getattr(form_field, "choices", ()))
    if isinstance(value, str) and value in choices:
        return str(choices[value])
    if isinstance(value, slice):
        return " to ".join("…" if end is None else str(end) for end in (value.start, value.stop))
    return str(value)


def chosen_sort(data: Mapping[str, Any]) -> str:
    """Return the order asked for; the default for one that does not exist."""
    sort = data.get("sort") or DEFAULT_SORT
    try:
        sort_expression(sort)
    except KeyError:
        return DEFAULT_SORT
    return sort


def chosen_columns(cookies: Mapping[str, str]) -> list[str]:
    """Return the names of the columns that the user chose, kept in a cookie; the settings' by default."""
    kept = cookies.get(COLUMNS_COOKIE)
    if not kept:
        return conf.list_columns()
    names = [name for name in kept.split(".") if name in COLUMNS or name in conf.list_columns()]
    return names[:MAX_COLUMNS]


def selected_targets(
    user: Any,
    action: str,
    *,
    ids: Iterable[str],
    everything: bool = False,
    query_string: str = "",
    request: Any,
) -> QuerySet:
    """Return the targets that a selection on the list page means, of those that the user may act on.

    Parameters
    ----------
    user : User
    action : str
        ``view_target``, ``change_target`` or ``delete_target``.
    ids : iterable of str
        Keys of the ticked rows; what is no number is passed over.
    everything : bool
        All rows that the filter in `query_string` finds, instead.
    query_string : str
        Of the address of the list.
    request : HttpRequest
        The filters show a person only their own lists.

    Returns
    -------
    QuerySet
        Empty for a filter that is not valid.
    """
    visible = targets_for_user(user, Target.objects.all(), "view_target")
    allowed = visible if action == "view_target" else targets_for_user(user, visible, action)
    if not everything:
        keys = {int(text) for text in ids if str(text).isdecimal() and len(str(text)) < 19}
        return allowed.filter(pk__in=keys)
    filterset = TargetFilterSet(QueryDict(query_string.lstrip("?")), visible, request=request)
    if filterset.errors:
        return allowed.none()
    # By key: a filter may add annotations that later changes of the rows do not take.
    return allowed.filter(pk__in=filterset.qs.order_by().values("pk"))
