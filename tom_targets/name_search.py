"""Searches by name: case, blanks, dashes and the like apart, over names and aliases, in bounded time.

Called by filters. The columns ``name_key`` hold simplified names; a beginning is found by their index.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db import connections
from django.db.models import Model, Q, QuerySet

from tom_targets.derived import simplify_name
from tom_targets.designations import same_object_key
from tom_targets.name_index import holding

# Up to so many hits are fetched first and asked for by key; beyond, hits are so dense that a page is found by
# walking.
_FEW = 1000
_LAST = "\U0010ffff"


class Place(Enum):
    """Where in a name the text has to stand."""

    BEGINNING = "beginning"
    ANYWHERE = "anywhere"


def named_like(queryset: QuerySet, text: str, place: Place) -> QuerySet:
    """Return the targets of a queryset whose name or an alias begins with, or contains, a text.

    Parameters
    ----------
    queryset : QuerySet of targets
    text : str
        Case and separators do not matter. Without a letter or digit nothing matches.
    place : Place
        Both use an index; of a text of one or two characters `Place.ANYWHERE` reads all names.
    """
    return _search(queryset, simplify_name(text), place)[0]


def named(queryset: QuerySet, text: str) -> QuerySet:
    """Return the targets with a name that begins with a text; where none does, those that contain it."""
    key = simplify_name(text)
    found, any_hit = _search(queryset, key, Place.BEGINNING)
    if any_hit or len(key) < 2:
        return found
    return _search(queryset, key, Place.ANYWHERE)[0]


@dataclass(frozen=True)
class Hit:
    """A target that was found: by which alias or tag, or at which distance, and whether by its exact name."""

    target: Any
    why: str = ""
    separation_arcsec: float | None = None
    is_exact: bool = False


def first_named(queryset: QuerySet, text: str, *, limit: int) -> list[Hit]:
    """Return the first targets that a name means: those that bear it, begin with it, or else contain it.

    Parameters
    ----------
    queryset : QuerySet of targets
    text : str
        Case and separators do not matter.
    limit : int

    Returns
    -------
    list of Hit
        By name within each kind; `Hit.why` is the alias where the name is not the one that was found.
    """
    key = simplify_name(text)
    if not key:
        return []
    exact = list(queryset.model.matches.match_fuzzy_name(text, queryset)[:limit])
    beginning = _condition(key, Place.BEGINNING, queryset.db)
    others = {target.pk: target for target in queryset.filter(beginning).order_by("name_key")[:limit]}
    if len(others) < limit:
        aliases = _alias_model(queryset.model)._base_manager.using(queryset.db).filter(beginning)
        pks = aliases.order_by("name_key").values_list("target_id", flat=True)[: 4 * limit]
        for target in queryset.filter(pk__in=set(pks)):
            others.setdefault(target.pk, target)
    if not exact and not others and len(key) > 2:
        others = {target.pk: target for target in named_like(queryset, text, Place.ANYWHERE)[:limit]}
    for target in exact:
        others.pop(target.pk, None)
    found = [(target, True) for target in exact] + [(target, False) for target in others.values()]
    why = _aliases_with(key, [target for target, _ in found[:limit]], queryset)
    return [Hit(target, why.get(target.pk, ""), None, is_exact) for target, is_exact in found[:limit]]


def _aliases_with(key: str, targets: list[Any], queryset: QuerySet) -> dict[int, str]:
    """Return an alias that holds a text, for each target whose name does not."""
    others = [target.pk for target in targets if key not in simplify_name(target.name)]
    if not others:
        return {}
    aliases = _alias_model(queryset.model)._base_manager.using(queryset.db).filter(target_id__in=others)
    found: dict[int, str] = {}
    for pk, name in aliases.order_by("pk").values_list("target_id", "name"):
        if key in simplify_name(name) or same_object_key(simplify_name(name)) == same_object_key(key):
            found.setdefault(pk, name)
    return found


def _search(queryset: QuerySet, key: str, place: Place) -> tuple[QuerySet, bool]:
    if not key:
        return queryset.none(), False
    condition = _condition(key, place, queryset.db)
    names = _base_model(queryset.model)._base_manager.using(queryset.db)
    aliases = _alias_model(queryset.model)._base_manager.using(queryset.db)
    is_part = place is Place.ANYWHERE
    by_name = names.filter(holding(key, names.model, queryset.db) if is_part else condition).order_by()
    by_alias = aliases.filter(condition).order_by()
    few = list(by_name.values_list("pk", flat=True)[: _FEW + 1])
    if len(few) <= _FEW:
        first = aliases.filter(holding(key, aliases.model, queryset.db)).order_by() if is_part else by_alias
        few += first.values_list("target_id", flat=True)[: _FEW + 1]
    if len(few) <= _FEW:
        return queryset.filter(pk__in=set(few)), bool(few)
    return queryset.filter(condition | Q(pk__in=by_alias.values("target_id"))), True


def _condition(key: str, place: Place, using: str) -> Q:
    if place is Place.ANYWHERE:
        return Q(name_key__contains=key)
    if connections[using].vendor == "sqlite":
        # LIKE leaves the index alone there; a range of its binary order does not.
        return Q(name_key__gte=key, name_key__lt=key + _LAST)
    return Q(name_key__startswith=key)


def _base_model(model: type[Model]) -> Any:
    return model._meta.get_field("name_key").model


def _alias_model(model: type[Model]) -> Any:
    return model._meta.get_field("aliases").related_model
