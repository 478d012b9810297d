"""Stores what a service's answer was turned into: targets with their names and extra fields, and aliases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tom_common.astro.sky_match import separation_arcsec
from tom_common.history import change_set
from tom_dataservices.exceptions import QueryServiceError
from tom_targets.conf import duplicate_radius_arcsec
from tom_targets.known_targets import known_targets
from tom_targets.limits import why_impossible
from tom_targets.models import Target
from tom_targets.permissions import may, targets_for_user
from tom_targets.signals import target_created, target_creating
from tom_targets.target_parts import give_access

_SHORT_NUMBER = re.compile(r"\d{1,9}")
"""Numbers of asteroids, and places in lists; those by which surveys know objects are longer."""
_SAME_NAME_ARCSEC = 5.0
"""How far apart two surveys may put an object of one name, where nearness alone is asked to be less."""
_PLACE = {"ra": "right ascension", "dec": "declination"}


class NotOnSkyError(QueryServiceError):
    """A target has a place that is none; asking again changes nothing."""


class NameTakenError(Exception):
    """A target of this name is there, and the user may not see it."""


@dataclass
class KeptTarget:
    """A target, whether it is new, and what the user should know about it."""

    target: Any
    is_new: bool
    notes: list[str] = field(default_factory=list)

    def tell(self, request: Any) -> None:
        """Show the notes to the user of a request, if there is one."""
        if request is not None and hasattr(request, "_messages"):
            for note in self.notes:
                messages.warning(request, note)


@dataclass
class KeptAliases:
    """The aliases that were stored, and why others were not."""

    kept: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _StoredNow:
    keys: set[Any]
    permissions: str | None
    then: Callable[[Any], None] | None
    outer: _StoredNow | None


_stored_now: ContextVar[_StoredNow | None] = ContextVar("targets_stored_now", default=None)


@contextmanager
def noting_new_targets(
    permissions: str | None = None, then: Callable[[Any], None] | None = None
) -> Iterator[set[Any]]:
    """Give the keys of the targets that are stored anew within the block, by whatever code stores them.

    With `permissions` they are stored with these: nobody else sees them, not even for a moment, whatever
    becomes of the block. `then` is called with each, inside the transaction that stores it: a process that
    ends leaves both or neither. A block around another one is told, too.
    """
    stored = _StoredNow(set(), permissions, then, _stored_now.get())
    token = _stored_now.set(stored)
    try:
        yield stored.keys
    finally:
        _stored_now.reset(token)


def _blocks() -> Iterator[_StoredNow]:
    """Yield the blocks that new targets are noted in, the innermost first."""
    stored = _stored_now.get()
    while stored is not None:
        yield stored
        stored = stored.outer


def _note_new(instance: Any, **_: Any) -> None:
    for stored in _blocks():
        stored.keys.add(instance.pk)
        if stored.then is not None:
            stored.then(instance)


def _narrow_new(instance: Any, **_: Any) -> None:
    permissions = next((stored.permissions for stored in _blocks() if stored.permissions), None)
    if permissions:
        instance.permissions = permissions


target_creating.connect(_narrow_new, dispatch_uid="tom_dataservices.results")
target_created.connect(_note_new, dispatch_uid="tom_dataservices.results")


def may_add_data(user: Any, target: Any) -> bool:
    """Tell whether data may be added to a target for a user: who may change it, and what runs for nobody."""
    return user is None or may(user, "change_target", target)


def known_by_name(names: Iterable[Any], *, user: Any = None) -> Any:
    """Return the target that bears one of the names, or None.

    Raises
    ------
    NameTakenError
        If it is hidden from the user.
    """
    for name in names:
        found = Target.matches.match_name(str(getattr(name, "name", name))).first()
        if found is None:
            continue
        if user is not None and not targets_for_user(
            user, Target._default_manager.filter(pk=found.pk), "view_target"
        ):
            raise NameTakenError(f"A target named {name} is there already, and you may not see it.")
        return found
    return None


def _known_by_aliases(target: Any, aliases: Iterable[Any], user: Any) -> Any:
    """Return the target that bears one of the further names of a new one and may be the same, or None.

    It is of the same type and, if sidereal, lies at the same place: a plain name as Andromeda is that of a
    galaxy and of an asteroid. One that the user may not see is told when the alias is to be stored.
    """
    names = [str(getattr(alias, "name", alias)) for alias in aliases]
    names = [name for name in names if name and not _SHORT_NUMBER.fullmatch(name)]
    keys = {known.pk for known in known_targets([names], user=user) if known.pk} if names else set()
    if not keys:
        return None
    found = Target._default_manager.filter(pk__in=keys, type=target.type).order_by("pk")
    return next((one for one in found if _may_be_the_same(one, target)), None)


def _may_be_the_same(known: Any, target: Any) -> bool:
    if target.type != Target.SIDEREAL:
        return True
    places = (target.ra, target.dec, known.ra, known.dec)
    if None in places:
        return False
    radius_arcsec = max(duplicate_radius_arcsec(), _SAME_NAME_ARCSEC)
    return bool(separation_arcsec(*places) <= radius_arcsec)


def keep_target(
    target: Any,
    *,
    extras: Mapping[str, Any] | None = None,
    aliases: Sequence[Any] = (),
    user: Any = None,
    groups: Sequence[Any] = (),
    permissions: str | None = None,
    is_known_by_aliases: bool = False,
) -> KeptTarget:
    """Store a target that a service made, unless it is known by its name.

    Parameters
    ----------
    target : Target
        Not stored yet, or stored by the plugin itself.
    extras : mapping, optional
    aliases : sequence of str or TargetName
        One that belongs to another target is left out, and told.
    user : User, optional
        Gets access, as the groups do.
    groups : sequence of Group
    permissions : str, optional
        Who may see it; the default of the TOM without.
    is_known_by_aliases : bool
        A target of its type that bears one of the aliases, and that the user may see, is this one, too; a
        sidereal one only at its place. A short number alone is the name of nothing for sure.

    Raises
    ------
    NameTakenError
        If it is known, and hidden from the user.
    NotOnSkyError
        If its place is none on the sky.
    """
    if target.pk is not None:
        return KeptTarget(target, False)
    _must_be_on_the_sky(target)
    known = known_by_name([target.name], user=user)
    if known is None and is_known_by_aliases:
        known = _known_by_aliases(target, aliases, user)
    if known is not None:
        return KeptTarget(known, False, [f"{target.name} is there already as {known.name}."])
    if permissions:
        target.permissions = permissions
    with change_set(user, kind="query", title=f"{target.name} from a query"):
        try:
            with transaction.atomic():
                target.save(extras={key: value for key, value in (extras or {}).items() if value is not None})
        except IntegrityError:  # somebody was quicker
            known = known_by_name([target.name], user=user)
            if known is None:
                raise
            return KeptTarget(known, False, [f"{target.name} is there already as {known.name}."])
        give_access_to(target, user, groups)
        kept = keep_aliases(target, aliases)
    return KeptTarget(target, True, kept.notes)


def _must_be_on_the_sky(target: Any) -> None:
    for column, words in _PLACE.items():
        value = getattr(target, column, None)
        if why := why_impossible(column, value):
            raise NotOnSkyError(f"{target.name} has the {words} {value:g}. {why}")


def give_access_to(target: Any, user: Any, groups: Sequence[Any]) -> None:
    """Let the user for whom a target was stored, if any, and groups see, change and delete it."""
    give_access([int(target.pk or 0)], [*([user] if user is not None and user.pk else []), *groups])


def keep_aliases(target: Any, aliases: Iterable[Any]) -> KeptAliases:
    """Store further names of a target, one by one: a wrong one does not keep the others out."""
    result = KeptAliases()
    for alias in aliases:
        row = alias if hasattr(alias, "target_id") else target.aliases.model(name=str(alias))
        if not row.name or row.name == target.name or target.aliases.filter(name=row.name).exists():
            continue
        row.target = target
        try:
            with transaction.atomic():
                row.full_clean()
                row.save()
        except (ValidationError, IntegrityError) as error:
            words = "; ".join(error.messages) if isinstance(error, ValidationError) else "it is taken"
            result.notes.append(f"{row.name} is no alias of {target.name}: {words}")
        else:
            result.kept.append(row)
    return result
