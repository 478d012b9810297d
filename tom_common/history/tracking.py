"""Models and querysets that note what they write; no signal that others listen to is needed for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connections, models, router, transaction
from django.db.models.signals import m2m_changed

from tom_common.history.encoding import chunks
from tom_common.history.recorder import Recorder
from tom_common.history.registry import FOLD, PAIR, ROW, SET, Tracked, all_tracked, tracked_for
from tom_common.history.scope import is_recording, recorder_for

KEPT_ROWS = 1000  # measurements of one deletion that are kept, so that it can be undone


def followed(model: type[models.Model]) -> Tracked | None:
    """Return how a model is followed, None where nothing is to be noted now."""
    return tracked_for(model) if is_recording() else None


class TrackedModel(models.Model):
    """Base of models with a history: ``save`` and ``delete`` note what changed, in the same transaction."""

    class Meta:
        abstract = True

    def save_base(self, raw: bool = False, *args: Any, **kwargs: Any) -> None:
        """Store the row; see Django. Raw saves (fixtures) are not noted."""
        tracked = None if raw else followed(type(self))
        if tracked is None:
            super().save_base(raw, *args, **kwargs)
            return
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            watch = _Saving(self, tracked, using, kwargs.get("update_fields"))
            super().save_base(raw, *args, **kwargs)
            watch.note()

    save_base.alters_data = True  # type: ignore[attr-defined]

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the row; see Django."""
        tracked = followed(type(self))
        if tracked is None or self.pk is None:
            return super().delete(using=using, keep_parents=keep_parents)
        using = using or router.db_for_write(type(self), instance=self)
        rows = type(self)._base_manager.using(using).filter(pk=self.pk)

        def delete() -> tuple[int, dict[str, int]]:
            return super(TrackedModel, self).delete(using=using, keep_parents=keep_parents)

        return delete_noted(tracked, rows, delete, using)

    delete.alters_data = True  # type: ignore[attr-defined]


class _Saving:
    """One call of ``save``: what was stored before, and what is then.

    The row is read once more before it is changed, and locked: what somebody else wrote since it was loaded
    belongs to his change, not to this one.
    """

    def __init__(
        self, instance: models.Model, tracked: Tracked, using: str, update_fields: Iterable[str] | None
    ) -> None:
        self.instance, self.tracked, self.using = instance, tracked, using
        columns = tracked.columns(type(instance))
        if update_fields is not None:
            wanted = set(update_fields)
            columns = {
                name: column for name, column in columns.items() if name in wanted or column.name in wanted
            }
        self.columns = columns
        self.before: dict[str, Any] | None = None
        self.is_new = instance._state.adding and instance.pk is None
        if not self.is_new and columns:
            self.before = self._stored()
            self.is_new = self.before is None

    def _stored(self) -> dict[str, Any] | None:
        tracked = self.tracked
        names = dict.fromkeys([*self.columns, tracked.subject_attribute(), *tracked.fold_names()])
        rows = type(self.instance)._base_manager.using(self.using).filter(pk=self.instance.pk)
        return locked(rows).values(*names).first()

    def note(self) -> None:
        if not self.columns:
            return
        tracked, instance = self.tracked, self.instance
        recorder = recorder_for(self.using)
        if self.is_new:
            names = tracked.kept()
            recorder.created(tracked, [{name: _value(instance, name) for name in names}])
            return
        before = self.before or {}
        if any(hasattr(getattr(instance, name), "resolve_expression") for name in self.columns):
            after = self._stored() or {}
        else:
            after = {name: _value(instance, name) for name in self.columns}
        subject = after.get(tracked.subject_attribute(), before.get(tracked.subject_attribute()))
        if tracked.style == FOLD:
            _note_fold(recorder, tracked, before, {**before, **after})
        else:
            subject_id = instance.pk if tracked.is_subject else subject
            recorder.updated(tracked, instance.pk, subject_id if tracked.subject else None, before, after)


def _note_fold(recorder: Recorder, tracked: Tracked, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Note a changed row of keys and values; it may have moved to another subject or key."""
    key, value = tracked.fold
    owner = tracked.subject_attribute()
    if before[owner] == after[owner] and before[key] == after[key]:
        recorder.folded(tracked, after[owner], {before[key]: before[value]}, {after[key]: after[value]})
        return
    recorder.folded(tracked, before[owner], {before[key]: before[value]}, {before[key]: None})
    recorder.folded(tracked, after[owner], {after[key]: None}, {after[key]: after[value]})


def _value(instance: models.Model, name: str) -> Any:
    """Return an attribute as the database holds it: a text that was given for a number is a number."""
    value = getattr(instance, name)
    if isinstance(value, (str, int, float)):
        column: Any = instance._meta.get_field(name)
        return column.to_python(value)
    return value


def locked(rows: models.QuerySet) -> models.QuerySet:
    """Return a queryset that locks its rows, without keeping others from pointing at them."""
    vendor = connections[rows.db].vendor
    if vendor == "postgresql":
        return rows.order_by().select_for_update(no_key=True)
    return rows.order_by().select_for_update() if vendor == "mysql" else rows.order_by()


def delete_noted(
    tracked: Tracked,
    rows: models.QuerySet,
    delete: Callable[[], tuple[int, dict[str, int]]],
    using: str,
) -> tuple[int, dict[str, int]]:
    """Delete rows and note what was in them."""
    with transaction.atomic(using=using, savepoint=False):
        names = list(tracked.columns(rows.model)) if tracked.style != SET else []
        names = _all_columns(rows.model) if tracked.style == ROW else names
        owner = tracked.subject_attribute()
        stored = list(rows.order_by().values(*dict.fromkeys(["pk", owner, *names])))
        kept: dict[Any, dict[str, Any]] = {}
        if tracked.style == SET and 0 < len(stored) <= KEPT_ROWS:
            kept = {row["pk"]: row for row in rows.order_by().values("pk", *_all_columns(rows.model))}
        recorder = recorder_for(using)
        _note_emptied(rows.model, [row["pk"] for row in stored], using)
        deleted = delete()
        if tracked.style == SET:
            _note_set_deleted(recorder, tracked, stored, kept)
            return deleted
        for row in stored:
            if tracked.style == FOLD:
                key, value = tracked.fold
                recorder.folded(tracked, row[owner], {row[key]: row[value]}, {row[key]: None})
            else:
                values = {name: row[name] for name in names}
                note = {"for_good": True} if tracked.remove is not None else None
                subject_id = row[owner] if tracked.subject else None
                recorder.deleted(tracked, row["pk"], subject_id, values, note=note)
    return deleted


def _note_emptied(model: type[models.Model], pks: Sequence[Any], using: str) -> None:
    """Note what goes with rows that are going to be deleted: places on a list, measurements of a file."""
    for other in all_tracked():
        for column in _columns_to(other, model):
            for some in chunks(pks):
                rows = other.root._base_manager.using(using).filter(**{f"{column}__in": some})
                if other.style == PAIR:
                    note_memberships_gone(other, rows, using)
                else:
                    names = ("pk", other.subject_attribute())
                    _note_set_deleted(recorder_for(using), other, list(rows.order_by().values(*names)), {})


def _columns_to(other: Tracked, model: type[models.Model]) -> list[str]:
    """Return the columns by which rows of another model belong to rows of a model that is no subject."""
    if other.style == PAIR:
        pointing = other.root._meta.get_field(other.object_field)
        return [other.object_field] if pointing.related_model is model else []
    if other.style != SET:
        return []
    columns = other.columns().values()
    return [
        column.attname for column in columns if column.related_model is model and not _is_owner(other, column)
    ]


def _is_owner(tracked: Tracked, column: Any) -> bool:
    return column.attname == tracked.subject_attribute()


def _note_set_deleted(
    recorder: Recorder, tracked: Tracked, stored: list[dict[str, Any]], kept: dict[Any, dict[str, Any]]
) -> None:
    owner = tracked.subject_attribute()
    by_subject: dict[Any, list[Any]] = {}
    for row in stored:
        by_subject.setdefault(row[owner], []).append(row["pk"])
    for subject_id, pks in by_subject.items():
        before = {"rows": [kept[pk] for pk in pks]} if kept else {}
        recorder.deleted(tracked, None, subject_id, before, row_count=len(pks))


def _all_columns(model: type[models.Model]) -> list[str]:
    return [column.attname for column in model._meta.concrete_fields if not column.generated]


class TrackedQuerySet(models.QuerySet):
    """QuerySet whose ``update``, ``bulk_update``, ``bulk_create`` and ``delete`` note what they change."""

    def update(self, **kwargs: Any) -> int:
        """Update rows; see Django. ``bulk_update`` comes through here, batch by batch."""
        tracked = followed(self.model)
        columns = _columns_named(tracked, self.model, kwargs) if tracked is not None else {}
        if tracked is None or not columns:
            return super().update(**kwargs)
        using = self._writing_to()
        names = list(dict.fromkeys(["pk", tracked.subject_attribute(), *columns, *tracked.fold_names()]))
        with transaction.atomic(using=using, savepoint=False):
            before = {row["pk"]: row for row in self.using(using).order_by().values(*names)}
            count = super().update(**kwargs)
            after = _after_update(self.model, using, names, before, columns, kwargs)
            note_updates(recorder_for(using), tracked, before, after)
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows; see Django."""
        objs = list(objs)
        tracked = followed(self.model)
        if tracked is None or not objs:
            return super().bulk_create(objs, *args, **kwargs)
        from tom_common.history.conflicts import ConflictWatch

        using = self._writing_to()
        with transaction.atomic(using=using, savepoint=False):
            conflicts = bool(kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"))
            watch = ConflictWatch(tracked, self.model, using, objs) if conflicts else None
            made = super().bulk_create(objs, *args, **kwargs)
            if watch is not None:
                watch.note()
            else:
                names = tracked.kept()
                rows = [{name: _value(obj, name) for name in names} for obj in made]
                recorder_for(using).created(tracked, rows)
        return made

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows; see Django."""
        tracked = followed(self.model)
        if tracked is None or self.query.is_sliced or self.query.distinct:
            return super().delete()
        using = self._writing_to()
        return delete_noted(tracked, self.using(using), super().delete, using)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _writing_to(self) -> str:
        self._for_write = True
        return self.db


def _columns_named(tracked: Tracked, model: type[models.Model], names: Iterable[str]) -> dict[str, Any]:
    wanted = set(names)
    return {
        name: column
        for name, column in tracked.columns(model).items()
        if name in wanted or column.name in wanted
    }


def _after_update(
    model: type[models.Model],
    using: str,
    names: Sequence[str],
    before: dict[Any, dict[str, Any]],
    columns: dict[str, Any],
    given: dict[str, Any],
) -> dict[Any, dict[str, Any]]:
    """Return the rows after an update: put together where plain values were given, else read again."""
    values: dict[str, Any] = {}
    for name, column in columns.items():
        value = given[name] if name in given else given[column.name]
        if hasattr(value, "resolve_expression"):
            break
        values[name] = column.to_python(getattr(value, "pk", value))
    else:
        return {pk: {**row, **values} for pk, row in before.items()}
    after: dict[Any, dict[str, Any]] = {}
    for pks in chunks(list(before)):
        rows = model._base_manager.using(using).filter(pk__in=pks).order_by()
        after.update((row["pk"], row) for row in rows.values(*names))
    return after


def note_updates(
    recorder: Recorder,
    tracked: Tracked,
    before: dict[Any, dict[str, Any]],
    after: dict[Any, dict[str, Any]],
) -> None:
    """Note how rows changed, given as they were and as they are, by key."""
    owner = tracked.subject_attribute()
    for pk, new in after.items():
        old = before[pk]
        if tracked.style == FOLD:
            _note_fold(recorder, tracked, old, new)
            continue
        names = [name for name in new if name != "pk" and (name != owner or not tracked.is_subject)]
        recorder.updated(
            tracked,
            pk,
            new[owner] if tracked.subject else None,
            {name: old[name] for name in names},
            {name: new[name] for name in names},
        )


def follow_membership(through: type[models.Model]) -> None:
    """Note what ``add``, ``remove``, ``set`` and ``clear`` of a many-to-many relation do."""
    m2m_changed.connect(_membership_changed, sender=through, dispatch_uid=f"history {through._meta.label}")


def _membership_changed(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: Any, using: str, **kwargs: Any
) -> None:
    tracked = followed(sender)
    if tracked is None or action not in ("post_add", "pre_remove", "pre_clear"):
        return
    owner, container = tracked.subject_attribute(), tracked.object_field
    mine, others = (owner, container) if reverse else (container, owner)
    if action == "post_add":
        rows = [{"id": None, mine: instance.pk, others: pk} for pk in pk_set]
        with transaction.atomic(using=using, savepoint=False):
            recorder_for(using).created(tracked, rows)
        return
    found = sender._base_manager.using(using).filter(**{mine: instance.pk})
    if pk_set is not None:
        found = found.filter(**{f"{others}__in": list(pk_set)})
    note_memberships_gone(tracked, found, using)


def note_memberships_gone(tracked: Tracked, found: models.QuerySet, using: str) -> None:
    """Note rows of a many-to-many table that are about to be deleted."""
    with transaction.atomic(using=using, savepoint=False):
        recorder = recorder_for(using)
        for pair in found.order_by().values(tracked.subject_attribute(), tracked.object_field):
            recorder.deleted(tracked, pair[tracked.object_field], pair[tracked.subject_attribute()])
