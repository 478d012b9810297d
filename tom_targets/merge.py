"""Makes one target of several: fields as chosen, and everything that points at the others moved.

Called by the page that merges and by plugins (``target_merge``). What points at a target is found through
Django's relations, so that rows of other apps and of plugins move along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, models
from django.db.models import Count

from tom_common.history import Recorder, change_set, tracked_for, unrecorded
from tom_common.hooks import run_hook
from tom_targets.derived import simplify_name
from tom_targets.field_names import NON_SIDEREAL_FIELDS, SIDEREAL_FIELDS
from tom_targets.follow import forget_silence
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetName
from tom_targets.pointers import Pointer, target_pointers
from tom_targets.signals import target_rows_moved
from tom_targets.trash import archive
from tom_targets.trash_rows import chunks, words_for

MAX_MERGED = 20
_DISTANCE = ("distance", "distance_err")
_POSITION = ("type", *(name for name in SIDEREAL_FIELDS if name not in {"name", "type", *_DISTANCE}))
_ORBIT = tuple(name for name in NON_SIDEREAL_FIELDS if name not in {"name", "type", "abs_mag", "slope"})
# Columns that make sense together only are chosen together.
_TOGETHER = {
    "position": ("Position", _POSITION),
    "orbit": ("Orbit", _ORBIT),
    "distance": ("Distance", _DISTANCE),
}
_NOT_CHOSEN = {"created", "modified"}
_STRICTNESS = (BaseTarget.Permissions.OPEN, BaseTarget.Permissions.PUBLIC, BaseTarget.Permissions.PRIVATE)


class MergeError(Exception):
    """These targets cannot be merged; the text says why."""


@dataclass(frozen=True)
class Choice:
    """One thing of which the merged target has one: columns, or an extra field.

    ``values`` holds, by key of a target, what it would bring; ``chosen`` the target whose value is proposed.
    """

    name: str
    label: str
    values: dict[int, dict[str, Any]]
    chosen: int

    @property
    def differs(self) -> bool:
        """Whether there is anything to choose: two values that are there, and not the same."""
        there = {
            repr(value)
            for value in self.values.values()
            if any(part not in (None, "") for part in value.values())
        }
        return len(there) > 1


@dataclass
class Moving:
    """How many rows of one kind move to the merged target, and how many it has already."""

    words: tuple[str, str]
    moved: int = 0
    repeated: int = 0

    @property
    def text(self) -> str:
        """Both in words: ``1,200 photometry points move, 30 are there already``."""
        parts = []
        if self.moved:
            parts.append(
                f"{self.moved:,} {self.words[self.moved != 1]} {'move' if self.moved != 1 else 'moves'}"
            )
        if self.repeated:
            kind = "" if self.moved else f" {self.words[self.repeated != 1]}"
            parts.append(f"{self.repeated:,}{kind} {'are' if self.repeated != 1 else 'is'} there already")
        return ", ".join(parts)


@dataclass
class Merged:
    """What a merge did."""

    target: BaseTarget
    moved: dict[str, int] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)


# --- beforehand


def choices(targets: Sequence[BaseTarget]) -> list[Choice]:
    """Return what has to be chosen where targets become one, the first of them being the one that stays.

    A value that is there is proposed before one that is missing, the strictest visibility before others.
    """
    extras: dict[str, dict[int, dict[str, Any]]] = {}
    pks = [target.pk for target in targets]
    for extra in TargetExtra.objects.filter(target_id__in=pks).order_by("key"):
        extras.setdefault(extra.key, {})[extra.target_id] = {"value": extra.value}
    found = []
    for name, label, columns in _column_groups():
        values = {target.pk: {column: getattr(target, column) for column in columns} for target in targets}
        found.append(Choice(name, label, values, _proposed(name, values, pks)))
    for key, values in extras.items():
        values = {pk: values.get(pk, {"value": ""}) for pk in pks}
        found.append(Choice(f"extra:{key}", key, values, _proposed(key, values, pks)))
    return found


def _column_groups() -> list[tuple[str, str, tuple[str, ...]]]:
    grouped = {column for _, columns in _TOGETHER.values() for column in columns}
    own = [
        column
        for column in Target._meta.concrete_fields
        if column.editable and not column.primary_key and column.name not in grouped | _NOT_CHOSEN
    ]
    plain = [(column.name, str(column.verbose_name).capitalize(), (column.attname,)) for column in own]
    return plain + [(name, label, columns) for name, (label, columns) in _TOGETHER.items()]


def _proposed(name: str, values: Mapping[int, Mapping[str, Any]], pks: Sequence[int]) -> int:
    if name == "permissions":
        return max(pks, key=lambda pk: (_STRICTNESS.index(values[pk]["permissions"]), -pks.index(pk)))
    filled = [
        pk
        for pk in pks
        if sum(value not in (None, "") for value in values[pk].values()) > (name == "position")
    ]
    return (filled or list(pks))[0]


def what_moves(primary: BaseTarget, others: Sequence[BaseTarget]) -> list[Moving]:
    """Return what points at the other targets, by kind, and how much of it the one that stays has already."""
    found: dict[tuple[str, str], Moving] = {}
    for pointer in target_pointers():
        counted = pointer.rows_of(other.pk for other in others)
        per_target = counted.order_by().values_list(pointer.column).annotate(rows=Count("pk"))
        for key, rows in per_target:
            words = _words(pointer.model)
            moving = found.setdefault(words, Moving(words))
            repeated = pointer.clashing(int(key), primary.pk).count() if pointer.beside else 0
            if () in pointer.beside and repeated:
                continue  # of this kind each target has one, which follows from other rows
            moving.moved += rows - repeated
            moving.repeated += repeated
    return [moving for moving in found.values() if moving.moved or moving.repeated]


def _words(model: type[models.Model]) -> tuple[str, str]:
    if model is Target.targetlist_set.through:  # type: ignore[attr-defined]
        return "place on a list", "places on lists"
    return words_for(model)


# --- the merge


def target_merge(primary: BaseTarget, secondary: BaseTarget) -> BaseTarget:
    """Merge one target into another, which keeps its values, and return the latter.

    Raises
    ------
    MergeError
        If the database refuses; then nothing has changed.
    """
    return merge_targets(primary, [secondary]).target


def merge_targets(
    primary: BaseTarget,
    others: Sequence[BaseTarget],
    *,
    chosen: Mapping[str, int] | None = None,
    user: Any = None,
    reason: str = "",
) -> Merged:
    """Make one target of several, all or nothing, as one change set that can be reverted.

    Parameters
    ----------
    primary : BaseTarget
        The one that stays, with its key and address.
    others : sequence of BaseTarget
        These end: all that points at them points at `primary` afterwards, their names are its aliases.
    chosen : mapping of str to int, optional
        Key of the target whose value is taken, by name of a ``Choice``; for what is not named what
        ``choices`` proposes: the value of `primary` if it has one, the strictest visibility of all.
    user : User, optional
        The author of the change set; by default that of the request or job.
    reason : str
        Why, in the author's words.

    Raises
    ------
    MergeError
        If one of them is gone, a choice names another target, or the database refuses.
    """
    pks = [primary.pk, *(other.pk for other in others)]
    if len(set(pks)) != len(pks) or len(pks) < 2:
        raise MergeError("Choose at least two different targets.")
    try:
        title = f"{', '.join(other.name for other in others)} merged into {primary.name}"
        with change_set(user, kind="merge", title=title, reason=reason) as changes:
            merged = _merge(pks, dict(chosen or {}), user, changes)
    except IntegrityError as error:
        raise MergeError(f"Nothing was merged: the database says {error}") from error
    run_hook("target_post_save", target=merged.target, created=False)
    return merged


def _merge(pks: Sequence[int], chosen: dict[str, int], user: Any, changes: Recorder) -> Merged:
    stored = {target.pk: target for target in Target._base_manager.select_for_update().filter(pk__in=pks)}
    if len(stored) < len(pks):
        raise MergeError("One of these targets was deleted meanwhile.")
    targets = [stored[pk] for pk in pks]
    values = _chosen_values(targets, chosen)
    names = [target.name for target in targets]
    primary, others = targets[0], targets[1:]
    merged = Merged(primary)
    kept = {other.pk: archive(other, user=user, merged_into=primary)[0].pk for other in others}
    _keep_chosen_extras(primary, values)
    forget_silence(primary)  # or the words of the others would count as repeated
    with unrecorded():
        for pointer in target_pointers():
            for other in others:
                _move(pointer, other.pk, primary.pk, merged)
        Target._base_manager.filter(pk__in=list(kept)).delete()
    _note_ends(changes, primary, others, kept)
    for name, columns in values.items():
        if not name.startswith("extra:"):
            for column, value in columns.items():
                setattr(primary, column, value)
    primary.save()
    _names_as_aliases(primary, names)
    target_rows_moved.send(sender=Target, target_pks=[primary.pk])
    return merged


def _note_ends(
    changes: Recorder, primary: BaseTarget, others: Sequence[BaseTarget], kept: Mapping[int, int]
) -> None:
    """Take note of the targets that end; what was archived of them brings them back."""
    if followed := tracked_for(type(primary)):
        for other in others:
            note = {"trash": kept[other.pk], "merged_into": primary.pk}
            changes.said(followed, "delete", other.pk, other.pk, before={"name": other.name}, note=note)


def _chosen_values(targets: Sequence[BaseTarget], chosen: dict[str, int]) -> dict[str, dict[str, Any]]:
    found, known = {}, set()
    for choice in choices(targets):
        known.add(choice.name)
        pk = chosen.get(choice.name, choice.chosen)
        if pk not in choice.values:
            raise MergeError(f"{choice.label}: there is no target {pk} among those to merge.")
        found[choice.name] = choice.values[pk]
    if unknown := chosen.keys() - known:
        raise MergeError(f"Unknown fields: {', '.join(sorted(unknown))}.")
    return found


def _keep_chosen_extras(primary: BaseTarget, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Give the target that stays the chosen values first: the other rows then count as repeated."""
    for name, columns in values.items():
        if name.startswith("extra:"):
            extra, _ = TargetExtra.objects.get_or_create(
                target_id=primary.pk, key=name.removeprefix("extra:")
            )
            if extra.value != columns["value"]:
                extra.value = columns["value"]
                extra.save()


def _move(pointer: Pointer, from_pk: int, to_pk: int, merged: Merged) -> None:
    words = _words(pointer.model)[1]
    if pointer.beside:
        repeated = list(pointer.clashing(from_pk, to_pk).values_list("pk", flat=True))
        for keys in chunks(repeated):
            pointer.model._base_manager.filter(pk__in=keys).delete()
        if repeated:
            merged.repeated[words] = merged.repeated.get(words, 0) + len(repeated)
    moved = pointer.rows(from_pk).update(**{pointer.column: pointer.key(to_pk)})
    if moved:
        merged.moved[words] = merged.moved.get(words, 0) + moved


def _names_as_aliases(primary: BaseTarget, names: Sequence[str]) -> None:
    own = simplify_name(primary.name)
    TargetName.objects.filter(target_id=primary.pk, name_key=own).delete()
    known = set(TargetName.objects.filter(target_id=primary.pk).values_list("name", flat=True))
    for name in names:
        if simplify_name(name) != own and name not in known:
            TargetName(target_id=primary.pk, name=name).save()
