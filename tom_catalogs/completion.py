"""Completes a target with values of catalogues, or makes one of them, and keeps whose each value is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from tom_catalogs import fields
from tom_catalogs.comparison import EXTRA, FIXED, USE, CatalogueAnswer, comparison
from tom_catalogs.differences import same_value
from tom_catalogs.lookups import form_url, lookups_for_user
from tom_catalogs.models import CatalogueLookup, ValueSource
from tom_common.astro.typed_position import read_position
from tom_common.history import change_set
from tom_common.upserts import upsert
from tom_dataservices.results import NameTakenError, keep_aliases, keep_target
from tom_targets import conf as targets_conf
from tom_targets.known_targets import KnownTarget, known_targets
from tom_targets.limits import why_impossible
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

ALIAS = "alias"


@dataclass
class ChosenValues:
    """What was chosen in the table, and the catalogue that each value comes from."""

    columns: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    is_mixed: bool = False


@dataclass
class Outcome:
    """The target, or the other targets that it may be: nothing is stored while there are `hits`."""

    target: Any = None
    hits: list[KnownTarget] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def chosen_values(lookup: CatalogueLookup, user: Any, chosen: Any) -> ChosenValues:
    """Return what a form chose: ``use-<group>`` and ``extra-<key>`` hold the key of a run.

    The type of a target follows from what was chosen: with an orbit it moves.
    """
    answers = {str(answer.run.pk): answer for answer in comparison(lookup, user).answers if answer.row}
    found = ChosenValues()
    for key, run_pk in chosen.items():
        answer = answers.get(run_pk)
        if answer is None:
            continue
        if key.startswith(USE):
            columns = answer.group(key.removeprefix(USE)) if _is_choice(key) else {}
            found.columns |= columns
            found.sources |= dict.fromkeys(columns, answer.title)
        name = key.removeprefix(EXTRA)
        if key.startswith(EXTRA) and answer.extras.get(name) not in (None, ""):
            found.extras[name] = answer.extras[name]
            found.sources[key] = answer.title
    for name in chosen.getlist("names"):
        teller = _teller(answers, name)
        if teller:
            found.names.append(name)
            found.sources[f"{ALIAS}-{name}"] = teller
    kinds = {fields.type_of(fields.GROUP_OF.get(column, "")) for column in found.columns} - {""}
    if len(kinds) == 1:
        found.columns["type"] = kinds.pop()
    found.is_mixed = len(kinds) > 1
    return found


def _is_choice(key: str) -> bool:
    name = key.removeprefix(USE)
    return name == "name" or name in fields.GROUPS


def chosen_url(lookup: CatalogueLookup, user: Any, chosen: Any) -> str:
    """Return the address of the form of a new target, filled with what was chosen; empty if nothing was."""
    values = chosen_values(lookup, user, chosen)
    names = [name for name in values.names if name != values.columns.get("name")]
    if not (values.columns or values.extras or names):
        return ""
    runs = [f"{key}:{run}" for key, run in chosen.items() if run and key.startswith((USE, EXTRA))]
    taken = ",".join([str(lookup.pk), *runs])
    return form_url(values.columns, names, extras=values.extras, taken=taken)


def whole_url(lookup: CatalogueLookup, answer: CatalogueAnswer) -> str:
    """Return the address of the form of a new target, filled with all that one catalogue said."""
    inputs = [f"{USE}{group}" for group in ("name", *fields.GROUPS) if answer.group(group)]
    inputs += [f"{EXTRA}{key}" for key in answer.extras]
    taken = ",".join([str(lookup.pk), *(f"{name}:{answer.run.pk}" for name in inputs)])
    return form_url(answer.values, answer.names, extras=answer.extras, taken=taken)


def targets_of_term(term: str, user: Any) -> list[KnownTarget]:
    """Return the stored targets that a term means already: by their names, or by the typed place."""
    place = read_position(term)
    radius_arcsec = place.radius_arcsec if place else None
    return known_targets(
        [term],
        [place.ra_deg if place else None],
        [place.dec_deg if place else None],
        radius_arcsec=radius_arcsec or targets_conf.duplicate_radius_arcsec(),
        user=user,
    )


def keep_sources_of_form(target: Any, request: Any, **_: Any) -> None:
    """Note whose values a target has that somebody made by a form filled from a lookup.

    The values themselves are those of the lookup: what was typed otherwise has no source.
    """
    lookup_pk, *runs = request.GET.get("taken", "").split(",")
    lookup = None
    if lookup_pk.isdecimal() and len(lookup_pk) < 19:
        lookup = lookups_for_user(request.user).filter(pk=lookup_pk).first()
    if lookup is None:
        return
    chosen = QueryDict(mutable=True)
    for one in runs:
        key, _colon, run = one.rpartition(":")
        chosen[key] = run
    for name in target.names:
        if name != target.name:
            chosen.appendlist("names", name)
    values = chosen_values(lookup, request.user, chosen)
    held = {**target.tags, **target.extra_fields}
    values.columns = {
        key: value for key, value in values.columns.items() if same_value(getattr(target, key), value)
    }
    values.extras = {key: value for key, value in values.extras.items() if same_value(held.get(key), value)}
    _keep_sources(target, values, request.user, values.names)


def _teller(answers: Mapping[str, CatalogueAnswer], name: str) -> str:
    """Return the catalogue that knows a name; none is believed that no catalogue gave."""
    return next(
        (answer.title for answer in answers.values() if name in (*answer.names, answer.values.get("name"))),
        "",
    )


def other_targets(values: ChosenValues, user: Any, target: Any = None) -> list[KnownTarget]:
    """Return other stored targets that bear one of the names chosen or lie at the position."""
    names = [*values.names, *([values.columns["name"]] if values.columns.get("name") and not target else [])]
    position = {
        name: values.columns.get(name, getattr(target, name, None)) if target else values.columns.get(name)
        for name in ("ra", "dec")
    }
    moved = target is None or {"ra", "dec"} & set(values.columns)
    found = known_targets(
        [tuple(names)],
        [position["ra"] if moved else None],
        [position["dec"] if moved else None],
        radius_arcsec=targets_conf.duplicate_radius_arcsec(),
        user=user,
    )
    return [one for one in found if target is None or one.pk != target.pk]


def complete(lookup: CatalogueLookup, user: Any, chosen: Any, *, anyway: bool = False) -> Outcome:
    """Give the target of a lookup what was chosen, as one change that can be undone.

    What it holds of the same measurements, and the catalogue chosen does not give, is removed.

    Parameters
    ----------
    lookup : CatalogueLookup
    user : User
        Who may change the target; else the outcome has no target.
    chosen : QueryDict
    anyway : bool
        Whether other targets of these names or at this position are no hindrance.
    """
    rows = Target.objects.filter(pk=lookup.target_id)
    target = targets_for_user(user, rows, "change_target").first()
    if target is None:
        return Outcome()
    values = chosen_values(lookup, user, chosen)
    for column in list(values.columns):  # its type stays as it is
        if fields.type_of(fields.GROUP_OF.get(column, "")) not in ("", target.type):
            del values.columns[column]
    columns = {
        name: value
        for name, value in values.columns.items()
        if name not in FIXED and not same_value(getattr(target, name, None), value)
    }
    removed = fields.left_over(target, values.columns)
    held = {**target.tags, **target.extra_fields}
    extras = {key: value for key, value in values.extras.items() if not same_value(held.get(key), value)}
    if notes := _wrong(target, columns | removed):
        return Outcome(target, notes=notes)
    hits = [] if anyway else other_targets(values, user, target)
    if hits:
        return Outcome(target, hits)
    with change_set(user, kind="catalogue", title=f"{target.name} completed from catalogues"):
        target.save(extras=extras)
        kept = keep_aliases(target, values.names)
        _keep_sources(target, values, user, [alias.name for alias in kept.kept])
    changed = [fields.name_of(key) for key in (*columns, *extras)]
    changed += [f"{fields.name_of(key)} (removed)" for key in removed]
    changed += [f"the name {alias.name}" for alias in kept.kept]
    return Outcome(target, notes=kept.notes, changed=changed)


def create(lookup: CatalogueLookup, user: Any, chosen: Any, *, anyway: bool = False) -> Outcome:
    """Make a target of what was chosen, unless one of these names or at this position is there."""
    values = chosen_values(lookup, user, chosen)
    if not values.columns.get("name"):
        return Outcome(notes=["Choose a name: without one there is no target."])
    if values.is_mixed:
        return Outcome(
            notes=["A target is fixed on the sky or moves: choose a position or an orbit, not both."]
        )
    if not values.columns.get("type"):
        return Outcome(notes=["Choose a position or an orbit: without one there is nothing to point at."])
    made = Target()
    if notes := _wrong(made, values.columns):
        return Outcome(notes=notes)
    hits = [] if anyway else other_targets(values, user)
    if hits:
        return Outcome(hits=hits)
    try:
        kept = keep_target(made, extras=values.extras, aliases=values.names, user=user)
    except NameTakenError as error:
        return Outcome(notes=[str(error)])
    if not kept.is_new:
        return Outcome(notes=kept.notes)
    _keep_sources(kept.target, values, user, kept.target.names)
    return Outcome(kept.target, notes=kept.notes)


def _wrong(target: Any, columns: Mapping[str, Any]) -> list[str]:
    """Give a target values of columns, and return what is wrong with them: field, value, and why."""
    for name, value in columns.items():
        setattr(target, name, value)
    others = [column.name for column in target._meta.fields if column.name not in columns]
    try:
        target.full_clean(exclude=others, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        return [
            f"{fields.label_of(name)} {columns.get(name, '')}: {' '.join(words)}"
            for name, words in error.message_dict.items()
        ]
    told = ((name, why_impossible(name, getattr(target, name))) for name in columns)
    return [f"{fields.label_of(name)} {columns[name]}: {words}" for name, words in told if words]


def _keep_sources(target: Any, values: ChosenValues, user: Any, aliases: Any) -> None:
    """Note whose each value is, which somebody chose even where it was there already."""
    now = timezone.now()
    told = {
        **{name: value for name, value in values.columns.items() if name not in FIXED},
        **{f"{EXTRA}{key}": value for key, value in values.extras.items()},
        **{f"{ALIAS}-{name}": name for name in values.names if name in aliases and name != target.name},
    }
    if target.name == values.columns.get("name"):
        told["name"] = target.name
    rows = [
        ValueSource(
            target_id=target.pk,
            field=name[:200],
            value=str(value)[:500],
            source=values.sources[name][:100],
            user=user if user.pk else None,
            taken=now,
        )
        for name, value in told.items()
        if name in values.sources
    ]
    upsert(
        ValueSource,
        rows,
        unique_fields=("target", "field"),
        update_fields=("value", "source", "user", "taken"),
    )


def current_sources(target: Any) -> list[ValueSource]:
    """Return whose the values of a target are; a value that was changed since, or taken back, is left out."""
    rows = list(ValueSource.objects.filter(target=target.pk).select_related("user").order_by("field"))
    held = {**target.tags, **target.extra_fields}
    names = set(target.names)

    def still(row: ValueSource) -> bool:
        if row.field.startswith(EXTRA):
            return same_value(held.get(row.field.removeprefix(EXTRA)), row.value)
        if row.field.startswith(f"{ALIAS}-"):
            return row.value in names
        return same_value(getattr(target, row.field, None), row.value)

    return [row for row in rows if still(row)]
