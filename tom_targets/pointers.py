"""What points at a target: found through Django's relations, with no app named.

Read by ``merge``, which moves such rows to another target, and by the packing behind ``trash``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from tom_targets.models import BaseTarget, Target


@dataclass(frozen=True)
class Pointer:
    """One column of one table that holds keys of targets.

    ``beside`` names, for each rule of uniqueness that the column is part of, the other columns of that rule.
    """

    model: type[models.Model]
    column: str
    beside: tuple[tuple[str, ...], ...] = ()
    type_column: str = ""
    type_pk: int | None = None

    def rows(self, target_pk: int) -> QuerySet:
        """Return the rows that point at a target."""
        return self.rows_of([target_pk])

    def rows_of(self, target_pks: Iterable[int]) -> QuerySet:
        """Return the rows that point at any of some targets."""
        condition: dict[str, Any] = {f"{self.column}__in": [self.key(pk) for pk in target_pks]}
        if self.type_column:
            condition[self.type_column] = self.type_pk
        return self.model._base_manager.filter(**condition)

    def key(self, target_pk: int) -> Any:
        """Return the key of a target as this column holds it."""
        return self.model._meta.get_field(self.column).to_python(target_pk)

    def clashing(self, from_pk: int, to_pk: int) -> QuerySet:
        """Return the rows of one target that another has already, by the rules of uniqueness."""
        twice = Q(pk__in=[])
        for others in self.beside:
            there = self.rows(to_pk).filter(**{name: OuterRef(name) for name in others})
            twice |= Q(Exists(there))
        return self.rows(from_pk).filter(twice)


def target_pointers() -> list[Pointer]:
    """Return the columns that point at targets: foreign keys, tables between, and generic foreign keys.

    The link from a project's own target class to its parent row is none.
    """
    found = []
    for relation in Target._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete and relation.related_model):
            continue
        if relation.many_to_many or getattr(relation, "parent_link", False):
            continue
        column: Any = relation.field  # type: ignore[union-attr]
        model = column.model
        if getattr(column, "column", None) and not model._meta.proxy and model._meta.managed:
            found.append(Pointer(model, column.attname, _beside(model, column)))
    for model, pointer in generic_pointers():
        key: Any = model._meta.get_field(pointer.fk_field)
        type_column = model._meta.get_field(pointer.ct_field).attname
        classes: set[type[models.Model]] = {BaseTarget, Target}
        for target_class in classes:
            type_pk = ContentType.objects.get_for_model(target_class).pk
            found.append(Pointer(model, key.attname, _beside(model, key), type_column, type_pk))
    return sorted(set(found), key=lambda pointer: (pointer.model._meta.label, pointer.column))


def generic_pointers() -> Iterator[tuple[type[models.Model], GenericForeignKey]]:
    """Yield the generic foreign keys of all models."""
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            for pointer in model._meta.private_fields:
                if isinstance(pointer, GenericForeignKey):
                    yield model, pointer


def _beside(model: type[models.Model], column: models.Field) -> tuple[tuple[str, ...], ...]:
    rules = [tuple(rule) for rule in model._meta.unique_together]
    rules += [
        tuple(rule.fields)
        for rule in model._meta.constraints
        if isinstance(rule, models.UniqueConstraint) and rule.fields
    ]
    if column.unique:
        rules.append((column.name,))
    return tuple(
        tuple(model._meta.get_field(name).attname for name in rule if name != column.name)
        for rule in rules
        if column.name in rule
    )
