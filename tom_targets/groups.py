"""Fills target lists from a selection, and tells the user how it went. The names are public."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from tom_common.history import change_set
from tom_targets import services
from tom_targets.formats import count_text
from tom_targets.list_state import selected_targets
from tom_targets.models import TargetList
from tom_targets.permissions import target_lists_for_user


def _found_by(filter_data: str | Mapping[str, Any], request: HttpRequest) -> QuerySet:
    """Return the targets that a filter of the list page finds, given as query string or as a mapping."""
    if not isinstance(filter_data, str):
        encoded = getattr(filter_data, "urlencode", None)
        filter_data = encoded() if encoded else urlencode(list(filter_data.items()), doseq=True)
    return selected_targets(
        request.user, "view_target", ids=(), everything=True, query_string=filter_data, request=request
    )


def _ticked(ids: Iterable[Any], request: HttpRequest) -> QuerySet:
    return selected_targets(request.user, "view_target", ids=map(str, ids), request=request)


def _may_change(grouping: TargetList, request: HttpRequest) -> bool:
    allowed = target_lists_for_user(
        request.user, TargetList.objects.filter(pk=grouping.pk), "change_targetlist"
    ).exists()
    if not allowed:
        messages.error(request, f"You may not change the list {grouping.name}.")
    return allowed


def _add(targets: QuerySet, grouping: TargetList, request: HttpRequest) -> None:
    if not _may_change(grouping, request):
        return
    count = targets.count()
    if not count:
        messages.warning(request, "No target was selected.")
        return
    added = services.add_to_list(grouping, targets)
    if added:
        messages.success(request, f"{count_text(added, False)} put on the list {grouping.name}.")
    if added < count:
        there = count - added
        messages.info(request, f"{count_text(there, False)} already on the list {grouping.name}.")


def _remove(targets: QuerySet, grouping: TargetList, request: HttpRequest) -> None:
    if not _may_change(grouping, request):
        return
    removed = services.remove_from_list(grouping, targets)
    if removed:
        messages.success(request, f"{count_text(removed, False)} taken off the list {grouping.name}.")
    else:
        messages.warning(request, f"None of them was on the list {grouping.name}.")


def _move(targets: QuerySet, grouping: TargetList, request: HttpRequest) -> None:
    """Put targets on a list and take them off all others that the user may change."""
    if not _may_change(grouping, request):
        return
    keys = list(targets.values_list("pk", flat=True))
    targets = targets.model.objects.filter(pk__in=keys)
    with change_set(request.user, kind="bulk", title=f"Moved to the list {grouping.name}"):
        _add(targets, grouping, request)
        others = target_lists_for_user(request.user, TargetList.objects.all(), "change_targetlist")
        for other in others.exclude(pk=grouping.pk).filter(targets__in=keys).distinct():
            services.remove_from_list(other, targets)


def add_all_to_grouping(
    filter_data: str | Mapping[str, Any], grouping: TargetList, request: HttpRequest
) -> None:
    """Put all targets that a filter finds on a list."""
    _add(_found_by(filter_data, request), grouping, request)


def add_selected_to_grouping(targets_ids: Iterable[Any], grouping: TargetList, request: HttpRequest) -> None:
    """Put the targets with some keys on a list."""
    _add(_ticked(targets_ids, request), grouping, request)


def remove_all_from_grouping(
    filter_data: str | Mapping[str, Any], grouping: TargetList, request: HttpRequest
) -> None:
    """Take all targets that a filter finds off a list."""
    _remove(_found_by(filter_data, request), grouping, request)


def remove_selected_from_grouping(
    targets_ids: Iterable[Any], grouping: TargetList, request: HttpRequest
) -> None:
    """Take the targets with some keys off a list."""
    _remove(_ticked(targets_ids, request), grouping, request)


def move_all_to_grouping(
    filter_data: str | Mapping[str, Any], grouping: TargetList, request: HttpRequest
) -> None:
    """Put all targets that a filter finds on a list and take them off all others that one may change."""
    _move(_found_by(filter_data, request), grouping, request)


def move_selected_to_grouping(targets_ids: Iterable[Any], grouping: TargetList, request: HttpRequest) -> None:
    """Put the targets with some keys on a list and take them off all others that one may change."""
    _move(_ticked(targets_ids, request), grouping, request)
