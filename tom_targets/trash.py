"""Deleting a target so that it can be undone: all that would go with it is kept, compressed, in one row.

What goes is asked of Django's own deletion collector: an app that hangs rows on a target needs no code here.
Files stay where they are until the row is purged. No receiver of ``post_delete`` may therefore delete a file
of a target; whoever deletes a single file on purpose does it by a service.
"""

from __future__ import annotations

import logging
import zlib
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.db.models.deletion import Collector
from django.utils import timezone

from tom_targets import conf
from tom_targets.models import BaseTarget, Target, TrashedTarget

logger = logging.getLogger(__name__)

_CHUNK = 500
_FORMAT = 1

Rows = dict[Any, dict[Any, list[Any]]]


class RestoreClashError(Exception):
    """A deleted target cannot come back as things are; the text says what is in the way."""


@dataclass
class Restored:
    """What came back: the target, and how many rows could not, by the plural of their kind."""

    target: BaseTarget
    row_count: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


# --- into the trash


def move_to_trash(target: BaseTarget, *, user: Any = None) -> TrashedTarget:
    """Delete a target and keep it with all that hangs on it, in one transaction.

    Parameters
    ----------
    target : BaseTarget
    user : User, optional
        Who deletes; this user may restore it.

    Raises
    ------
    BaseTarget.DoesNotExist
        If somebody else deleted it meanwhile.
    ProtectedError
        If a plugin's rows forbid the deletion.
    """
    using = target._state.db or "default"
    with transaction.atomic(using=using):
        # The lock keeps others from hanging rows on the target between reading and deleting them.
        BaseTarget._base_manager.using(using).select_for_update().get(pk=target.pk)
        collector = Collector(using=using, origin=target)
        collector.collect([target])
        _collect_generic(collector, using)
        rows = _stored_rows(collector, using)
        content = {
            "format": _FORMAT,
            "models": [_packed(model, found) for model, found in _in_order(rows)],
            "nulled": _nulled(collector, using),
        }
        trashed = TrashedTarget.objects.using(using).create(
            target_pk=target.pk,
            name=target.name,
            deleted_by=user if user is not None and user.is_authenticated else None,
            content=zlib.compress(orjson.dumps(content, default=_plain, option=orjson.OPT_NON_STR_KEYS)),
            row_count=sum(len(found) for found in rows.values()),
        )
        collector.delete()
    return trashed


def _collect_generic(collector: Collector, using: str) -> None:
    """Collect what points at the collected rows by content type and key: comments, generic grants."""
    looked_at: set[tuple[type[models.Model], Any]] = set()
    pointers = list(_generic_pointers())
    while new := [pair for pair in _collected_keys(collector) if pair not in looked_at]:
        looked_at.update(new)
        by_type: dict[ContentType, list[Any]] = defaultdict(list)
        for model, pk in new:
            by_type[ContentType.objects.db_manager(using).get_for_model(model)].append(pk)
        for model, pointer in pointers:
            used = model._base_manager.using(using).filter(**{f"{pointer.ct_field}__in": list(by_type)})
            types = set(used.values_list(pointer.ct_field, flat=True).distinct())
            for content_type, pks in by_type.items():
                if content_type.pk in types:
                    _collect_pointing(collector, model, pointer, content_type, pks)


def _collect_pointing(
    collector: Collector,
    model: type[models.Model],
    pointer: GenericForeignKey,
    content_type: ContentType,
    pks: list[Any],
) -> None:
    key_field = model._meta.get_field(pointer.fk_field)
    for chunk in _chunks([key_field.to_python(pk) for pk in pks]):
        found = model._base_manager.using(collector.using).filter(
            **{pointer.ct_field: content_type, f"{pointer.fk_field}__in": chunk}
        )
        if found:
            collector.collect(list(found))


def _generic_pointers() -> Iterator[tuple[type[models.Model], GenericForeignKey]]:
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            for pointer in model._meta.private_fields:
                if isinstance(pointer, GenericForeignKey):
                    yield model, pointer


def _collected_keys(collector: Collector) -> Iterator[tuple[Any, Any]]:
    for model, instances in collector.data.items():
        yield from ((model, instance.pk) for instance in instances)
    for queryset in collector.fast_deletes:
        yield from ((queryset.model, pk) for pk in queryset.values_list("pk", flat=True))


def _stored_rows(collector: Collector, using: str) -> Rows:
    """Return the rows that the collector would delete, as the database holds them now."""
    rows: Rows = {}
    for model, pk in _collected_keys(collector):
        rows.setdefault(model._meta.concrete_model, {})[pk] = []
    for model, found in rows.items():
        names = [column.attname for column in _columns(model)]
        for chunk in _chunks(list(found)):
            stored = model._base_manager.using(using).filter(pk__in=chunk).values_list("pk", *names)
            found.update((values[0], list(values[1:])) for values in stored)
    return rows


def _columns(model: type[models.Model]) -> list[models.Field]:
    return [column for column in model._meta.local_concrete_fields if not getattr(column, "generated", False)]


def _packed(model: type[models.Model], found: dict[Any, list[Any]]) -> dict[str, Any]:
    return {
        "model": model._meta.label,
        "columns": [column.attname for column in _columns(model)],
        "rows": list(found.values()),
    }


def _plain(value: Any) -> Any:
    """Return what JSON can hold for a value that it cannot; ``Field.to_python`` reads it back."""
    if isinstance(value, (bytes, memoryview, bytearray)):
        return b64encode(bytes(value)).decode()
    if isinstance(value, (Decimal, timedelta)):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be kept in the trash")


def _in_order(rows: Rows) -> list[tuple[type[models.Model], dict[Any, list[Any]]]]:
    """Return the models so that each comes after those that it points at."""
    waiting, done = dict(rows), []
    while waiting:
        ready = [model for model in waiting if not (_pointed_at(model) & set(waiting)) - {model}]
        for model in ready or list(waiting)[:1]:  # a circle is left to deferred constraints
            done.append((model, waiting.pop(model)))
    return done


def _pointed_at(model: type[models.Model]) -> set[type[models.Model]]:
    return {
        column.remote_field.model._meta.concrete_model for column in _columns(model) if column.remote_field
    }


def _nulled(collector: Collector, using: str) -> list[list[Any]]:
    """Return what the deletion sets to NULL in rows that stay: model, column, key, value."""
    nulled = []
    updates: Any = collector.field_updates
    for (column, _), instances_list in updates.items():
        model = column.model
        for instances in instances_list:
            pks = [instance.pk for instance in instances]
            stored = model._base_manager.using(using).filter(pk__in=pks).values_list("pk", column.attname)
            nulled += [[model._meta.label, column.attname, pk, value] for pk, value in stored]
    return nulled


def _chunks(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def what_goes_with(target: BaseTarget) -> list[str]:
    """Return what is deleted together with a target, for example ``["10,000 photometry points"]``."""
    using = target._state.db or "default"
    collector = Collector(using=using, origin=target)
    collector.collect([target])
    _collect_generic(collector, using)
    counted: dict[Any, int] = defaultdict(int)
    for model, _ in _collected_keys(collector):
        counted[model._meta.concrete_model] += 1
    return [
        f"{count:,} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"
        for model, count in counted.items()
        if not (issubclass(model, BaseTarget) or model._meta.auto_created)
    ]


# --- out of the trash


def restore(trashed: TrashedTarget) -> Restored:
    """Bring a deleted target back with all its rows under their old keys, all or nothing.

    A row that points at something deleted since loses that pointer, or is left out where it needs it (the
    grant of a user who is gone); the result counts these.

    Raises
    ------
    RestoreClashError
        If the key, the name or an alias belongs to another target now.
    """
    content = orjson.loads(zlib.decompress(bytes(trashed.content)))
    using = trashed._state.db or "default"
    left_out: dict[str, int] = defaultdict(int)
    archived = []
    for part in content["models"]:
        if model := _model(part["model"]):
            archived.append((model, part))
        else:
            left_out[part["model"]] += len(part["rows"])
    try:
        with transaction.atomic(using=using):
            _refuse_clash(trashed, archived)
            restored: dict[type[models.Model], set[Any]] = {}
            for model, part in archived:
                _insert_part(model, part, restored, left_out, using)
            for label, column, pk, value in content["nulled"]:
                if model := _model(label):
                    waiting = model._base_manager.using(using).filter(pk=pk, **{f"{column}__isnull": True})
                    waiting.update(**{column: value})
            target = Target._base_manager.using(using).get(pk=trashed.target_pk)
            trashed.delete()
    except IntegrityError as error:
        logger.exception("target %s cannot be restored", trashed.name)
        raise RestoreClashError(f"{trashed.name} cannot come back: the database says {error}") from error
    return Restored(target, sum(len(pks) for pks in restored.values()), dict(left_out))


def _model(label: str) -> type[models.Model] | None:
    """Return a model by its label, None if its app was taken out of the TOM since."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def _refuse_clash(trashed: TrashedTarget, archived: list[tuple[type[models.Model], dict[str, Any]]]) -> None:
    if BaseTarget._base_manager.filter(pk=trashed.target_pk).exists():
        raise RestoreClashError(f"{trashed.name} cannot come back: another target has its key now.")
    for model, part in archived:
        if model is not BaseTarget and "name_key" not in part["columns"]:
            continue
        at = part["columns"].index("name")
        for name in (row[at] for row in part["rows"]):
            other = Target.matches.match_name(name).first()
            if other is not None:
                raise RestoreClashError(
                    f"{trashed.name} cannot come back: {name} is now a name of the target {other.name}."
                    " Rename that one first."
                )


def _insert_part(
    model: type[models.Model],
    part: dict[str, Any],
    restored: dict[type[models.Model], set[Any]],
    left_out: dict[str, int],
    using: str,
) -> None:
    columns = {column.attname: column for column in _columns(model)}
    names = [name if name in columns else None for name in part["columns"]]
    kept = []
    for chunk in _chunks(part["rows"]):
        rows = [
            {name: columns[name].to_python(value) for name, value in zip(names, row, strict=True) if name}
            for row in chunk
        ]
        kept += _without_lost_pointers(rows, columns, restored, using)
    missing = len(part["rows"]) - len(kept)
    if missing:
        left_out[str(model._meta.verbose_name_plural)] += missing
    instances = [model(**row) for row in kept]
    for chunk in _chunks(instances):
        # raw: as loaddata does, without setting times to now or deriving columns anew.
        stored: Any = model._base_manager.using(using)
        stored._insert(chunk, fields=list(columns.values()), using=using, raw=True)
    key = model._meta.pk.attname
    restored.setdefault(model, set()).update(row[key] for row in kept)


def _without_lost_pointers(
    rows: list[dict[str, Any]],
    columns: dict[str, models.Field],
    restored: dict[type[models.Model], set[Any]],
    using: str,
) -> list[dict[str, Any]]:
    """Return the rows whose foreign keys lead somewhere; those that may be NULL are emptied instead."""
    for name, column in columns.items():
        if not column.remote_field or not getattr(column.remote_field, "field_name", None):
            continue
        aim: Any = column.remote_field.model._meta.concrete_model
        wanted = {row[name] for row in rows if row.get(name) is not None} - restored.get(aim, set())
        if aim is column.model._meta.concrete_model:
            wanted -= {row[column.model._meta.pk.attname] for row in rows}
        lookup: Any = column.remote_field.field_name
        there = aim._base_manager.using(using).filter(**{f"{lookup}__in": wanted}) if wanted else ()
        lost = wanted - set(there.values_list(lookup, flat=True)) if wanted else set()
        if not lost:
            continue
        if column.null:
            rows = [{**row, name: None} if row.get(name) in lost else row for row in rows]
        else:
            rows = [row for row in rows if row.get(name) not in lost]
    return rows


# --- for good


def expired() -> models.QuerySet[TrashedTarget]:
    """Return the deleted targets that have been kept long enough (``TOM_TRASH_DAYS``)."""
    limit = timezone.now() - timedelta(days=conf.trash_days())
    return TrashedTarget.objects.filter(deleted_at__lt=limit)


def purge_expired(limit: int = 20) -> tuple[int, int]:
    """Delete for good some targets that were kept long enough; called whenever something is deleted."""
    return purge(expired()[:limit])


def purge(trashed: Iterable[TrashedTarget]) -> tuple[int, int]:
    """Delete trashed targets for good, with the files that no stored row names.

    Returns
    -------
    (int, int)
        Targets and files deleted.
    """
    targets = files = 0
    for row in trashed:
        names = list(_file_names(orjson.loads(zlib.decompress(bytes(row.content)))))
        row.delete()
        targets += 1
        for column, name in names:
            if not column.model._base_manager.filter(**{column.name: name}).exists():
                column.storage.delete(name)
                files += 1
    return targets, files


def _file_names(content: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for part in content["models"]:
        model = _model(part["model"])
        for column in _columns(model) if model else ():
            if isinstance(column, models.FileField) and column.attname in part["columns"]:
                at = part["columns"].index(column.attname)
                yield from ((column, row[at]) for row in part["rows"] if row[at])
