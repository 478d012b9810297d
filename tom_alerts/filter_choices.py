"""What a filter can look at, watch and put targets on: the first by name, the others by parts of their names.

Lists of choices are cut at `MOST`, say so, and are searched by the page (``alerts:filter-choices``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tom_alerts.filter_models import Watchlist
from tom_alerts.filter_rules import saved_query_models
from tom_alerts.permissions import shared_for_user
from tom_dataservices.permissions import saved_queries_for_user
from tom_targets.models import TargetList
from tom_targets.permissions import target_lists_for_user

MOST = 50
"""So many choices are offered at once."""
ALERTS = "alerts"
_NO_SOURCE = (ALERTS, "Alerts as they come in: streams and files")


@dataclass(frozen=True)
class Choices:
    """Some choices, and how many there are in all."""

    found: list[tuple[str, str]]
    total: int

    @property
    def are_cut(self) -> bool:
        """Whether there are more than stand here."""
        return self.total > len(self.found)


def _by_name(rows: QuerySet, words: str) -> QuerySet:
    for word in words.split():
        rows = rows.filter(name__icontains=word)
    return rows.order_by("name", "pk")


def _named(rows: QuerySet, words: str) -> Choices:
    rows = _by_name(rows, words)
    found = [(str(row.pk), str(row)) for row in rows[: MOST + 1]]
    return Choices(found[:MOST], len(found) if len(found) <= MOST else rows.count())


def query_label(query: Any) -> tuple[str, str]:
    """Return the value and the words of a kept query as a choice."""
    kind, provider = query.asks()
    return f"{kind}:{query.pk}", f"Results of the query {query} ({provider})"


def sources(user: Any, words: str = "") -> Choices:
    """Return the kept queries whose results a filter of a user can look at."""
    found, total = [], 0
    for model in saved_query_models():
        rows = _by_name(saved_queries_for_user(user, model._default_manager.all()), words)
        some = list(rows[: MOST + 1])
        found += [query_label(query) for query in some[:MOST]]
        total += len(some) if len(some) <= MOST else rows.count()
    return Choices(sorted(found, key=lambda choice: choice[1])[:MOST], total)


def chosen_source(user: Any, value: str) -> list[tuple[str, str]]:
    """Return the choice of a kept query that a user may see; empty for any other value."""
    kind, _, pk = value.partition(":")
    if not (pk.isdecimal() and len(pk) < 19):
        return []
    for model in saved_query_models():
        for query in saved_queries_for_user(user, model._default_manager.filter(pk=int(pk))):
            if query.asks()[0] == kind:
                return [query_label(query)]
    return []


def watchlists(user: Any, words: str = "") -> Choices:
    """Return the watchlists that a filter of a user can be held to."""
    return _named(shared_for_user(user, Watchlist.objects.all()), words)


def target_lists(user: Any, words: str = "") -> Choices:
    """Return the target lists that a user may change."""
    return _named(target_lists_for_user(user, TargetList.objects.all(), "change_targetlist"), words)


def seen_lists(user: Any, words: str = "") -> Choices:
    """Return the target lists that a user may see."""
    return _named(target_lists_for_user(user, TargetList.objects.all()), words)


SEARCHED: dict[str, tuple[Callable[[Any, str], Choices], list[tuple[str, str]]]] = {
    "source": (sources, [_NO_SOURCE]),
    "watchlist": (watchlists, [("", "Everywhere")]),
    "target_list": (target_lists, [("", "No list")]),
    "watched_list": (seen_lists, [("", "None")]),
}
"""By kind: what is found, and the choices that stand before them."""


class SearchedSelect(forms.Select):
    """A list of choices; with a box that searches the others where it is cut."""

    url = ""
    words = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the list, below its box where there is one."""
        select = super().render(name, value, attrs, renderer)
        if not self.url:
            return select
        target = (attrs or {}).get("id") or self.attrs.get("id") or f"id_{name}"
        return format_html(
            '<div class="tom-searched"><input type="search" form="" class="form-control form-control-sm"'
            ' name="q" autocomplete="off" placeholder="{}" aria-label="{}" aria-controls="{}" hx-get="{}"'
            ' hx-trigger="input changed delay:300ms, search" hx-target="#{}" data-tom-searches>{}</div>',
            self.words,
            self.words,
            target,
            self.url,
            target,
            select,
        )


def offer(field: Any, kind: str, owner: Any, chosen: list[tuple[str, str]], *, query: str = "") -> None:
    """Offer the first choices of a kind in a field, and what is chosen already.

    Parameters
    ----------
    field : forms.ChoiceField
        Its widget is a `SearchedSelect`.
    kind : str
        One of `SEARCHED`.
    owner : User
        Who may see what is offered.
    chosen : list of (str, str)
        Offered in any case.
    query : str
        For the address of the search, for example ``owner=3``.
    """
    find, before = SEARCHED[kind]
    choices = find(owner, "")
    missing = [choice for choice in chosen if choice not in choices.found and choice not in before]
    field.choices = [*before, *missing, *choices.found]
    if choices.are_cut:
        field.widget.url = f"{reverse('alerts:filter-choices', args=[kind])}{f'?{query}' if query else ''}"
        field.widget.words = f"{MOST} of {choices.total:,} stand here: type a part of the name"
