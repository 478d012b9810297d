"""Columns computed from other columns of a row, kept right by every way the ORM writes rows.

``DerivedField.pre_save`` serves ``save`` and ``bulk_create``; ``DerivedQuerySet`` adds what Django does
not do for
``bulk_update`` and ``update``. Raw SQL is outside both: ``manage.py check_sky_index`` finds what it left
wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models, transaction

from tom_common.history import TrackedQuerySet

_CHUNK = 1000


class DerivedField(models.Field):
    """Mixin of a column whose value follows from others of the same row.

    Subclasses set ``sources`` (attribute names) and implement ``derive(values)``.
    """

    sources: tuple[str, ...] = ()

    def derive(self, *values: Any) -> Any:
        """Compute the column from the values of its sources."""
        raise NotImplementedError

    def derive_from(self, instance: models.Model) -> Any:
        """Compute the column from an instance."""
        return self.derive(*(getattr(instance, name) for name in self.sources))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Set and return the value just before it is written."""
        value = self.derive_from(model_instance)
        setattr(model_instance, self.attname, value)
        return value


class SkyIndexField(DerivedField, models.BigIntegerField):
    """HEALPix NESTED pixel of order 29 of ``ra`` and ``dec`` in degrees; NULL without a valid position."""

    sources = ("ra", "dec")

    def derive(self, *values: Any) -> int | None:
        """Return the pixel, or None where a coordinate is missing or out of range."""
        ra, dec = values
        if ra is None or dec is None:
            return None
        try:
            ra_deg, dec_deg = float(ra), float(dec)
        except (TypeError, ValueError):
            return None
        if not (-90.0 <= dec_deg <= 90.0 and abs(ra_deg) < 1e6):  # also refuses NaN
            return None
        from tom_common.astro.sky_index import sky_index

        return int(sky_index(ra_deg % 360.0, dec_deg))


class NameKeyField(DerivedField, models.CharField):
    """Name without case, blanks, dashes, underscores and parentheses: equal keys mean the same name."""

    sources = ("name",)

    def derive(self, *values: Any) -> str:
        """Return the simplified name."""
        return simplify_name(values[0])


# What a keyboard has, and what editors, papers and web pages put in its place.
DROPPED = (
    " -_()\t\u00a0\u2007\u2009\u202f\u3000\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d\uff08\uff09"
)
_DROPPED = str.maketrans("", "", DROPPED)


def simplify_name(name: Any) -> str:
    """Return a name in lower case without spaces, dashes, underscores and parentheses."""
    return str(name or "").lower().translate(_DROPPED)


def simplify_names(names: Sequence[str]) -> list[str]:
    """Return the simplified forms of many names, in one go."""
    found = "\n".join(names).lower().translate(_DROPPED).split("\n")
    return found if len(found) == len(names) else list(map(simplify_name, names))  # a name of two lines


def derived_fields(model: type[models.Model]) -> list[DerivedField]:
    """Return the derived columns of a model, those of its parents included."""
    return [field for field in model._meta.concrete_fields if isinstance(field, DerivedField)]


def with_derived(model: type[models.Model], names: Iterable[str]) -> set[str]:
    """Return field names together with those of the columns derived from them."""
    names = set(names)
    return names | {field.name for field in derived_fields(model) if names & set(field.sources)}


class DerivedQuerySet(TrackedQuerySet):
    """QuerySet that keeps derived columns right in ``bulk_update`` and ``update``, and notes what changes."""

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update rows and the columns derived from the updated ones."""
        objs = list(objs)
        fields = with_derived(self.model, fields)
        touched = [field for field in derived_fields(self.model) if field.name in fields]
        for obj in objs:
            for field in touched:
                setattr(obj, field.attname, field.derive_from(obj))
        return super().bulk_update(objs, sorted(fields), batch_size=batch_size)

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def update(self, **kwargs: Any) -> int:
        """Update rows and the columns derived from the updated ones, in one transaction."""
        touched = [
            field
            for field in derived_fields(self.model)
            if set(field.sources) & set(kwargs) and field.name not in kwargs
        ]
        if not touched:
            return super().update(**kwargs)
        plain = all(
            name in kwargs and not hasattr(kwargs[name], "resolve_expression")
            for field in touched
            for name in field.sources
        )
        if plain:
            derived = {
                field.name: field.derive(*(kwargs[name] for name in field.sources)) for field in touched
            }
            return super().update(**kwargs, **derived)
        with transaction.atomic(using=self.db):
            pks = list(self.values_list("pk", flat=True))
            count = super().update(**kwargs)
            rederive(self.model, pks, touched, using=self.db)
        return count

    update.alters_data = True  # type: ignore[attr-defined]


def rederive(model: type[models.Model], pks: list[Any], touched: list[DerivedField], *, using: str) -> None:
    """Compute derived columns of stored rows anew, a thousand rows at a time."""
    needed = {name for field in touched for name in field.sources} | {field.name for field in touched}
    rows_of = models.QuerySet(model, using=using)
    for start in range(0, len(pks), _CHUNK):
        rows = list(rows_of.filter(pk__in=pks[start : start + _CHUNK]).only(*needed))
        for row in rows:
            for field in touched:
                setattr(row, field.attname, field.derive_from(row))
        rows_of.bulk_update(rows, [field.name for field in touched])
