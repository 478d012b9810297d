"""What goes with a deleted target, as rows that can be kept: the packing behind ``trash``.

Asks Django's deletion collector and the models' generic foreign keys, and names no app.
"""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.deletion import Collector

from tom_targets.models import TargetExtra, TargetGroupGrant, TargetName, TargetUserGrant, TrashedTarget
from tom_targets.pointers import generic_pointers, target_pointers

_CHUNK = 500

Rows = dict[type[models.Model], dict[Any, list[Any]]]


def collect_generic(collector: Collector, using: str) -> None:
    """Collect what points at the collected rows by content type and key: comments, generic grants."""
    looked_at: set[tuple[type[models.Model], Any]] = set()
    pointers = list(generic_pointers())
    while new := [pair for pair in collected_keys(collector) if pair not in looked_at]:
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
    for chunk in chunks([key_field.to_python(pk) for pk in pks]):
        found = model._base_manager.using(collector.using).filter(
            **{pointer.ct_field: content_type, f"{pointer.fk_field}__in": chunk}
        )
        if found:
            collector.collect(list(found))


def collected_keys(collector: Collector) -> Iterator[tuple[Any, Any]]:
    """Yield model and key of each row that the collector would delete."""
    for model, instances in collector.data.items():
        yield from ((model, instance.pk) for instance in instances)
    for queryset in collector.fast_deletes:
        yield from ((queryset.model, pk) for pk in queryset.values_list("pk", flat=True))


def stored_rows(collector: Collector, using: str) -> Rows:
    """Return the rows that the collector would delete, as the database holds them now.

    Rows of models that say ``is_derived`` are made anew at need, and left out.
    """
    rows: Rows = {}
    for model, pk in collected_keys(collector):
        if not getattr(model, "is_derived", False):
            rows.setdefault(model._meta.concrete_model, {})[pk] = []
    for model, found in rows.items():
        names = [column.attname for column in columns_of(model)]
        for chunk in chunks(list(found)):
            stored = model._base_manager.using(using).filter(pk__in=chunk).values_list("pk", *names)
            found.update((values[0], list(values[1:])) for values in stored)
    return rows


def columns_of(model: type[models.Model]) -> list[models.Field]:
    """Return the columns of a model's own table that are written."""
    return [column for column in model._meta.local_concrete_fields if not getattr(column, "generated", False)]


def packed(model: type[models.Model], found: dict[Any, list[Any]]) -> dict[str, Any]:
    """Return the rows of a model as they are archived."""
    return {
        "model": model._meta.label,
        "columns": [column.attname for column in columns_of(model)],
        "rows": list(found.values()),
    }


def plain_value(value: Any) -> Any:
    """Return what JSON can hold for a value that it cannot; ``Field.to_python`` reads it back."""
    if isinstance(value, (bytes, memoryview, bytearray)):
        return b64encode(bytes(value)).decode()
    if isinstance(value, (Decimal, timedelta)):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be kept in the trash")


def in_order(rows: Rows) -> list[tuple[type[models.Model], dict[Any, list[Any]]]]:
    """Return the models so that each comes after those that it points at."""
    waiting, done = dict(rows), []
    while waiting:
        ready = [model for model in waiting if not (_pointed_at(model) & set(waiting)) - {model}]
        for model in ready or list(waiting)[:1]:  # a circle is left to deferred constraints
            done.append((model, waiting.pop(model)))
    return done


def _pointed_at(model: type[models.Model]) -> set[type[models.Model]]:
    return {
        column.remote_field.model._meta.concrete_model for column in columns_of(model) if column.remote_field
    }


def nulled_pointers(collector: Collector, using: str) -> list[list[Any]]:
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


def chunks(values: list[Any]) -> Iterator[list[Any]]:
    """Yield a list in parts that fit one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


_PLAIN_WORDS = {
    TargetName: ("alias", "aliases"),
    TargetExtra: ("tag or extra field", "tags and extra fields"),
    TargetUserGrant: ("right of a user", "rights of users"),
    TargetGroupGrant: ("right of a group", "rights of groups"),
}


def words_for(model: type[models.Model]) -> tuple[str, str]:
    """Return what rows of a model are called, one and many."""
    return _PLAIN_WORDS.get(model) or (str(model._meta.verbose_name), str(model._meta.verbose_name_plural))


def moved_back(
    model: type[models.Model], part: dict[str, Any], trashed: TrashedTarget, using: str
) -> dict[str, Any]:
    """Let rows that a merge moved point at their old target again; return those that have to be made anew.

    What was changed in these rows since stays. For a target that was deleted these are all rows.
    """
    if trashed.merged_into_pk is None:
        return part
    pointers = [pointer for pointer in target_pointers() if pointer.model is model]
    at = part["columns"].index(model._meta.pk.attname)
    there: set[Any] = set()
    for chunk in chunks([row[at] for row in part["rows"]]):
        for pointer in pointers:
            moved = pointer.rows(trashed.merged_into_pk).using(using).filter(pk__in=chunk)
            moved.update(**{pointer.column: pointer.key(trashed.target_pk)})
        # What hangs on a moved row, as an upload on its file or a comment on an observation, went with it.
        there.update(model._base_manager.using(using).filter(pk__in=chunk).values_list("pk", flat=True))
    to_key = model._meta.pk.to_python
    return {**part, "rows": [row for row in part["rows"] if to_key(row[at]) not in there]}
