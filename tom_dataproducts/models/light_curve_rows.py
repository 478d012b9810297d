"""Rows that are part of a light curve: each way to write them marks the summaries of their targets stale.

Raw SQL (bulk ingest) calls ``LightCurveSummary.objects.mark_stale`` itself, in its own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from tom_common.history import TrackedModel
from tom_dataproducts.models.summary import LightCurveSummary
from tom_targets.derived import DerivedQuerySet


class LightCurveQuerySet(DerivedQuerySet):
    """QuerySet that marks the summaries of the targets whose photometry it writes as stale."""

    def _light_curve_targets(self) -> set[int]:
        condition = self.model.light_curve_condition()
        if condition is None:
            return set()
        return set(self.filter(condition).order_by().values_list("target_id", flat=True).distinct())

    def _mark_stale(self, target_ids: Iterable[int | None]) -> None:
        LightCurveSummary.objects.using(self.db).mark_stale({pk for pk in target_ids if pk is not None})

    def _targets_of(self, objs: Iterable[Any]) -> set[int]:
        return {obj.target_id for obj in objs if obj.is_in_light_curve()}

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows; see Django."""
        objs = list(objs)
        with transaction.atomic(using=self.db):
            created = super().bulk_create(objs, *args, **kwargs)
            self._mark_stale(self._targets_of(objs))
        return created

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update rows; see Django."""
        objs, fields = list(objs), list(fields)
        # Django's own bulk_update calls update(), which would look the targets up once more per batch.
        plain = DerivedQuerySet(model=self.model, using=self.db)
        with transaction.atomic(using=self.db):
            touched = self._targets_of(objs)
            if {"target", "target_id", "data_type"} & set(fields):
                stored = type(self)(model=self.model, using=self.db).filter(pk__in=[obj.pk for obj in objs])
                touched |= stored._light_curve_targets()
            count = plain.bulk_update(objs, fields, batch_size=batch_size)
            self._mark_stale(touched)
        return count

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def update(self, **kwargs: Any) -> int:
        """Update rows; see Django."""
        if self.model.light_curve_condition() is None:
            return super().update(**kwargs)
        with transaction.atomic(using=self.db):
            touched = self._light_curve_targets()
            moved_to = kwargs.get("target", kwargs.get("target_id"))
            becomes_photometry = str(kwargs.get("data_type", "")).lower() == "photometry"
            if becomes_photometry:
                touched |= set(self.order_by().values_list("target_id", flat=True).distinct())
            if moved_to is not None and (touched or becomes_photometry):
                touched.add(getattr(moved_to, "pk", moved_to))
            count = super().update(**kwargs)
            self._mark_stale(touched)
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows; see Django."""
        if self.model.light_curve_condition() is None:
            return super().delete()
        with transaction.atomic(using=self.db):
            touched = self._light_curve_targets()
            deleted = super().delete()
            self._mark_stale(touched)
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class LightCurveRow(TrackedModel):
    """Base of measurements, some of which are points of a light curve."""

    class Meta:
        abstract = True

    @classmethod
    def light_curve_condition(cls) -> models.Q | None:
        """Return which rows are part of a light curve; None for none."""
        return None

    def is_in_light_curve(self) -> bool:
        """Tell whether this row is part of a light curve."""
        return False

    def save(self, *args: Any, savepoint: bool = True, **kwargs: Any) -> None:
        """Store the row; the summary of its target becomes stale.

        Without `savepoint` a transaction around it has to end if the database refuses the row.
        """
        if type(self).light_curve_condition() is None:
            super().save(*args, **kwargs)
            return
        using = kwargs.get("using") or self._state.db or "default"
        with transaction.atomic(using=using, savepoint=savepoint):
            touched = self._stored_target(using)
            super().save(*args, **kwargs)
            if self.is_in_light_curve():
                touched.add(self.target_id)
            LightCurveSummary.objects.using(using).mark_stale(touched)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row; the summary of its target becomes stale."""
        using = kwargs.get("using") or self._state.db or "default"
        with transaction.atomic(using=using):
            touched = [self.target_id] if self.is_in_light_curve() else []
            deleted = super().delete(*args, **kwargs)
            LightCurveSummary.objects.using(using).mark_stale(touched)
        return deleted

    def _stored_target(self, using: str) -> set[int]:
        """Return the target that a stored row belonged to before it is written anew."""
        if self._state.adding or self.pk is None:
            return set()
        return LightCurveQuerySet(model=type(self), using=using).filter(pk=self.pk)._light_curve_targets()
