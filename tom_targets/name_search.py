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
from tom_targets.designations import same_object_key, same_object_keys
from tom_targets.list_expressions import KeysIn, keys_if_few
from tom_targets.name_expressions import NamedLike
from tom_targets.name_index import holding

_SORTED = 200_000
"""So many names with a beginning are sooner found by their index and sorted than met on the way."""
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
    for other in same_object_keys(key):  # AT 2024abc is SN 2024abc, too
        found, any_hit = _search(queryset, other, Place.BEGINNING) if other != key else (found, False)
        if any_hit:
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
    names = _base_model(queryset.model)._base_manager.using(queryset.db)
    aliases = _alias_model(queryset.model)._base_manager.using(queryset.db)
    if place is Place.ANYWHERE:
        conditions = [holding(key, rows.model, queryset.db) for rows in (names, aliases)]
    else:
        conditions = [_condition(key, place, queryset.db)] * 2
    own = keys_if_few(names.filter(conditions[0]))
    others = keys_if_few(aliases.filter(conditions[1]), "target_id")
    if own is not None and others is not None:
        return queryset.filter(KeysIn([*own, *others])), bool(own or others)
    found = [names.filter(conditions[0]).values("pk"), aliases.filter(conditions[1]).values("target_id")]
    selects = [rows.order_by().query.get_compiler(names.db).as_sql() for rows in found]
    table = connections[names.db].ops.quote_name(aliases.model._meta.db_table)
    are_sorted = place is Place.BEGINNING and not any(rows[_SORTED : _SORTED + 1].exists() for rows in found)
    if are_sorted and others is not None:
        return queryset.filter(conditions[0] | Q(KeysIn(others)) if others else conditions[0]), True
    return queryset.filter(
        NamedLike(selects, _test(key, place, names.db), table, other_keys=others, are_sorted=are_sorted)
    ), True


def _test(key: str, place: Place, using: str) -> tuple[str, list[Any]]:
    """Return the condition on single rows, with ``{key}`` for the column; no index answers it."""
    vendor = connections[using].vendor
    if place is Place.ANYWHERE:
        return ("STRPOS" if vendor == "postgresql" else "INSTR") + "({key}, %s) > 0", [key]
    if vendor == "sqlite":
        return "(+{key} >= %s AND +{key} < %s)", [key, key + _LAST]
    return "LEFT({key}, %s) = %s", [len(key), key]


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
