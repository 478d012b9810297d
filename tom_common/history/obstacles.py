"""Why a change set, or a part of it, cannot be undone: asked of the rows as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from tom_common.history.encoding import chunks, dump, load, same
from tom_common.history.models import Change, ChangeSet
from tom_common.history.net import CHANGED, CREATED, DELETED, Net
from tom_common.history.registry import FOLD, PAIR, ROW, SET, Tracked, subject_of_type

SHOWN = 50


@dataclass(frozen=True)
class Obstacle:
    """One reason; ``later`` is the change set that is in the way, if one is."""

    text: str
    later: ChangeSet | None = None


class Names:
    """Names of subjects, looked up once for many."""

    def __init__(self, nets: Iterable[Net]) -> None:
        self._names: dict[tuple[str, int], str] = {}
        wanted: dict[str, set[int]] = {}
        for net in nets:
            if net.subject_id is not None:
                wanted.setdefault(net.tracked.subject, set()).add(net.subject_id)
        self.there: dict[str, set[int]] = {}
        for kind, pks in wanted.items():
            subject = subject_of_type(kind)
            if subject is None:
                continue
            for some in chunks(sorted(pks)):
                rows = subject.model()._base_manager.filter(pk__in=some)
                for row in rows:
                    self._names[kind, row.pk] = str(row)
            self.there[kind] = {pk for known, pk in self._names if known == kind}

    def of(self, net: Net) -> str:
        """Return the name of the subject of a change."""
        if net.subject_id is None:
            return ""
        subject = subject_of_type(net.tracked.subject)
        word = subject.words[0] if subject else net.tracked.subject
        return self._names.get((net.tracked.subject, net.subject_id)) or f"{word} {net.subject_id}"

    def has(self, net: Net) -> bool:
        """Tell whether the subject of a change is there."""
        return net.subject_id is None or net.subject_id in self.there.get(net.tracked.subject, set())


def obstacles_to(change_set: ChangeSet, nets: Sequence[Net], unknown: Sequence[str]) -> list[Obstacle]:
    """Return why a change set cannot be undone; nothing where it can."""
    found = [Obstacle(f"The app of {label} is not part of this TOM any more.") for label in unknown]
    names = Names(nets)
    by_style: dict[tuple[Tracked, str], list[Net]] = {}
    for net in nets:
        by_style.setdefault((net.tracked, net.style), []).append(net)
    coming_back = {
        (net.tracked.subject, net.subject_id)
        for net in nets
        if net.tracked.is_subject and net.effect == DELETED
    }
    for (tracked, style), of_kind in by_style.items():
        if not tracked.is_subject:  # what comes back is as this change set left it
            of_kind = [net for net in of_kind if (tracked.subject, net.subject_id) not in coming_back]
        check = {ROW: _of_rows, FOLD: _of_folded, PAIR: _of_pairs, SET: _of_sets}[style]
        if of_kind:
            found += check(change_set, tracked, of_kind, names, coming_back)
        if len(found) > SHOWN:
            break
    return found


def later_changes(change_set: ChangeSet, changes: QuerySet) -> QuerySet:
    """Return those of some changes that are not this set's and still count: neither undone nor undoing."""
    counted = changes.exclude(change_set=change_set.pk).exclude(change_set__state=ChangeSet.State.REVERTED)
    return counted.filter(change_set__reverts=None).select_related("change_set").order_by("-pk")


def told(later: Change) -> str:
    """Return who made a later change, and when."""
    who = later.change_set.author_name or "nobody in particular"
    return f"by {who} on {later.at:%Y-%m-%d %H:%M} UTC"


def _rows_now(tracked: Tracked, pks: Sequence[int], names: Sequence[str]) -> dict[int, dict[str, Any]]:
    model = tracked.model()
    found: dict[int, dict[str, Any]] = {}
    for some in chunks(list(pks)):
        rows = model._base_manager.filter(pk__in=some).order_by().values("pk", *names)
        found.update((row["pk"], row) for row in rows)
    return found


def _of_rows(
    change_set: ChangeSet, tracked: Tracked, nets: list[Net], names: Names, coming_back: set[Any]
) -> list[Obstacle]:
    columns = sorted({name for net in nets if net.effect != DELETED for name in net.after})
    columns = [name for name in columns if name in tracked.columns(tracked.model())]
    pks = [net.object_pk for net in nets if net.object_pk is not None]
    now = _rows_now(tracked, pks, columns)
    found: list[Obstacle] = []
    made = [net for net in nets if net.effect == CREATED and net.object_pk in now]
    if tracked.style == SET:  # edited, then deleted in the same change set: it comes back, then is set back
        nets = [net for net in nets if net.object_pk in now or _last_change(change_set, net) is not None]
    if tracked.is_subject:
        found += _dependents(change_set, tracked, made, names)
    reasons = _reasons(tracked, [net for net in nets if net.effect == DELETED and net.object_pk not in now])
    for net in nets:
        if len(found) > SHOWN:
            return found
        row = now.get(net.object_pk or 0)
        what = _what(tracked, net, names)
        if net.effect == DELETED:
            found += _why_not_back(tracked, net, reasons.get(id(net)), names, coming_back)
        elif row is None:
            if net.effect == CHANGED:
                found.append(Obstacle(f"{what} was deleted since.", _last(change_set, net)))
        elif not (net.effect == CREATED and tracked.is_subject):
            different = _different(row, net.after, columns)
            if different:
                later = _last(change_set, net)
                found.append(_changed(what, different, change_set, net, later))
    return found


def _what(tracked: Tracked, net: Net, names: Names) -> str:
    name = names.of(net)
    if tracked.is_subject:
        return name
    own = net.after.get(tracked.name_field) or net.before.get(tracked.name_field) or net.object_pk
    return f"The {tracked.words[0]} {own}" + (f" of {name}" if name else "")


def _different(row: dict[str, Any], after: dict[str, Any], columns: Sequence[str]) -> list[str]:
    """Return the fields whose value is not what the change set left there."""
    now = load(dump({name: row[name] for name in columns if name in after}))
    return [name for name, value in now.items() if not same(value, after[name])]


def _changed(
    what: str, different: list[str], change_set: ChangeSet, net: Net, later: ChangeSet | None
) -> Obstacle:
    fields = ", ".join(different)
    change = _last_change(change_set, net)
    when = f" {told(change)}" if change is not None else ""
    return Obstacle(f"{what}: {fields} was changed later{when}.", later)


def _last_change(change_set: ChangeSet, net: Net) -> Change | None:
    same_row = Change.objects.filter(
        model_label=net.tracked.label, object_pk=net.object_pk, pk__gt=net.last_id
    )
    if net.object_pk is None:
        same_row = same_row.filter(subject_type=net.tracked.subject, subject_id=net.subject_id)
    return later_changes(change_set, same_row).first()


def _last(change_set: ChangeSet, net: Net) -> ChangeSet | None:
    change = _last_change(change_set, net)
    return change.change_set if change is not None else None


def _dependents(change_set: ChangeSet, tracked: Tracked, made: list[Net], names: Names) -> list[Obstacle]:
    """Return what was done later to subjects that the change set made, and what hangs on them."""
    found = []
    by_pk = {net.object_pk: net for net in made if net.object_pk is not None}
    for some in chunks(sorted(by_pk)):
        first = min(by_pk[pk].first_id for pk in some)
        changes = Change.objects.filter(subject_type=tracked.subject, subject_id__in=list(some), pk__gt=first)
        seen = set()
        for change in later_changes(change_set, changes)[: 4 * SHOWN]:
            if change.subject_id in seen:
                continue
            seen.add(change.subject_id)
            what = names.of(by_pk[change.subject_id])
            text = f"{what} was changed later {told(change)}."
            found.append(Obstacle(text, change.change_set))
        if tracked.obstacles is not None:
            hanging = tracked.obstacles(list(some))
            found += [
                Obstacle(f"{names.of(by_pk[pk])} cannot go: {text} belong to it.")
                for pk, text in sorted(hanging.items())
            ]
        if len(found) > SHOWN:
            break
    return found


def _reasons(tracked: Tracked, nets: Sequence[Net]) -> dict[int, str]:
    """Return what a service says of rows that it should bring back, by the identity of their nets."""
    reasons = {id(net): "" for net in nets}
    if tracked.why_not_back is None:
        return reasons
    for some in chunks(nets):
        told = tracked.why_not_back([net.note for net in some])
        reasons.update((id(net), reason) for net, reason in zip(some, told, strict=True))
    return reasons


def _why_not_back(
    tracked: Tracked, net: Net, reason: str | None, names: Names, coming_back: set[Any]
) -> list[Obstacle]:
    own = net.before.get(tracked.name_field) or net.object_pk
    what = f"The {tracked.words[0]} {own}"
    if reason is None:
        return []  # it came back already
    if reason:
        return [Obstacle(f"{what} cannot come back: {reason}")]
    if net.note.get("for_good"):
        return [Obstacle(f"{what} was deleted for good; its rows were not kept.")]
    if net.note:
        return []
    if not tracked.is_subject and not names.has(net):
        if (tracked.subject, net.subject_id) not in coming_back:
            return [Obstacle(f"{what} cannot come back: what it belonged to is gone.")]
    if tracked.natural and all(name in net.before for name in tracked.natural):
        taken = tracked.model()._base_manager.filter(**{name: net.before[name] for name in tracked.natural})
        if taken.exists():
            return [Obstacle(f"{what} cannot come back: another row has its place now.")]
    return []


def _of_folded(
    change_set: ChangeSet, tracked: Tracked, nets: list[Net], names: Names, coming_back: set[Any]
) -> list[Obstacle]:
    key, value = tracked.fold
    owner = tracked.subject_attribute()
    found: list[Obstacle] = []
    now: dict[Any, dict[str, Any]] = {}
    keys = sorted({name for net in nets for name in net.after})
    for some in chunks(sorted({net.subject_id for net in nets if net.subject_id is not None})):
        rows = tracked.root._base_manager.filter(**{f"{owner}__in": list(some)}).order_by()
        rows = rows.filter(**{f"{key}__in": keys}) if len(keys) <= 500 else rows
        for subject_id, name, stored in rows.values_list(owner, key, value):
            now.setdefault(subject_id, {})[name] = stored
    for net in nets:
        if not names.has(net):
            found.append(Obstacle(f"{names.of(net)} was deleted since.", _last(change_set, net)))
            continue
        current = now.get(net.subject_id, {})
        different = [name for name, wanted in net.after.items() if not same(current.get(name), wanted)]
        if different:
            later = _last(change_set, net)
            found.append(
                _changed(
                    f"{tracked.words[1].capitalize()} of {names.of(net)}", different, change_set, net, later
                )
            )
        if len(found) > SHOWN:
            break
    return found


def _of_pairs(
    change_set: ChangeSet, tracked: Tracked, nets: list[Net], names: Names, coming_back: set[Any]
) -> list[Obstacle]:
    container: Any = tracked.root._meta.get_field(tracked.object_field).related_model
    wanted = {net.object_pk for net in nets if net.effect == DELETED}
    there = set(container._base_manager.filter(pk__in=wanted).values_list("pk", flat=True))
    returning = {pk for _, pk in coming_back}
    found = []
    for net in nets:
        if net.effect != DELETED:
            continue
        if net.object_pk not in there and net.object_pk not in returning:
            found.append(Obstacle(f"{names.of(net)} cannot return to a list that is gone."))
        elif not names.has(net) and (tracked.subject, net.subject_id) not in coming_back:
            found.append(Obstacle(f"{names.of(net)} was deleted since."))
        if len(found) > SHOWN:
            break
    return found


def _of_sets(
    change_set: ChangeSet, tracked: Tracked, nets: list[Net], names: Names, coming_back: set[Any]
) -> list[Obstacle]:
    found = []
    edited = Change.objects.filter(
        model_label=tracked.label, object_pk__isnull=False, pk__gt=min(net.first_id for net in nets)
    )
    any_edited = later_changes(change_set, edited).exists()
    for net in nets:
        if net.gone_count > len(net.gone):
            text = f"{net.gone_count:,} {tracked.words[1]} of {names.of(net)} were deleted and not kept."
            found.append(Obstacle(text))
        elif net.gone and not names.has(net):
            found.append(Obstacle(f"{names.of(net)} was deleted since."))
        elif net.came and any_edited:
            for some in chunks(net.came):
                later = later_changes(change_set, edited.filter(object_pk__in=list(some))).first()
                if later is not None:
                    text = f"{tracked.words[1].capitalize()} of {names.of(net)} were changed later"
                    found.append(Obstacle(f"{text} {told(later)}.", later.change_set))
                    break
        if len(found) > SHOWN:
            break
    return found
