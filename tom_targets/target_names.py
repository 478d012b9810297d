"""Refuses names that belong to another target, as the match manager of the TOM sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from tom_targets.derived import simplify_name
from tom_targets.models import BaseTarget, Target
from tom_targets.name_characters import wrong_characters
from tom_targets.name_clashes import names_are_compared_as_usual, owner_key, owners_of
from tom_targets.permissions import targets_for_user


def check_names(target: BaseTarget, aliases: Sequence[str], *, user: Any = None) -> None:
    """Refuse a name or new aliases of a target that another target bears, or that it bears already.

    One query where names are compared as usual and nobody else bears one.

    Parameters
    ----------
    target : BaseTarget
        Stored or not, with the name that it is to have.
    aliases : sequence of str
        Further names that it is to have.
    user : User, optional
        Who asks; other targets are named to this user only as far as the user may see them.

    Raises
    ------
    ValidationError
        By field: ``name``, ``aliases``.
    """
    problems: dict[str, list[str]] = {}
    for field, names in (("name", [target.name]), ("aliases", aliases)):
        if problem := next(filter(None, map(wrong_characters, names)), ""):
            problems[field] = [problem]
    if problems:
        raise ValidationError(problems)
    if names_are_compared_as_usual():
        owners = owners_of([target.name, *aliases])
    else:
        owners = None
    if clash := _clash(target, target.name, owners, is_alias=False, user=user):
        problems["name"] = [clash]
    wrong = [text for alias in aliases if (text := _clash(target, alias, owners, is_alias=True, user=user))]
    if wrong:
        problems["aliases"] = wrong
    if problems:
        raise ValidationError(problems)


def _clash(
    target: BaseTarget, name: str, owners: dict[str, list[Any]] | None, *, is_alias: bool, user: Any
) -> str | None:
    if is_alias and simplify_name(name) == simplify_name(target.name):
        return f"Alias {name} has a conflict with the primary name of the target."
    if owners is not None:
        same = owners.get(owner_key(name), [])
        key = simplify_name(name)
        own = [
            owner.name
            for owner in same
            if owner.pk == target.pk and owner.is_alias and simplify_name(owner.name) == key
        ]
        if own and not is_alias:
            return f"Target name {name} is already an alias of this target: {own[0]}"
        others = {owner.pk for owner in same if owner.pk != target.pk}
    else:
        others = _matching(target, name, is_alias=is_alias)
    return f"{name} is already known as: {named(others, user)}." if others else None


def _matching(target: BaseTarget, name: str, *, is_alias: bool) -> set[int]:
    manager = Target.matches
    if not is_alias and manager.is_unique(target):
        return set()
    rows = manager.match_name(name) if is_alias else manager.match_target(target)
    others = set(rows.exclude(pk=target.pk).values_list("pk", flat=True)[:5])
    return others or (set() if is_alias else {-1})


def named(pks: Iterable[int], user: Any) -> str:
    """Return the names of targets as far as a user may see them."""
    rows: QuerySet = Target._default_manager.filter(pk__in=set(pks))
    if user is not None:
        rows = targets_for_user(user, rows, "view_target")
    return ", ".join(rows.order_by("pk").values_list("name", flat=True)[:5]) or "another target"
