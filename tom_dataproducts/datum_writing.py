"""Stores measurements that came from outside: one, or ten thousand at once. What is stored already stays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.db.models.signals import post_save, pre_save

from tom_common.bulk import insert_new
from tom_common.grants import grant_many
from tom_common.history import change_set
from tom_dataproducts.datum_reading import read_datum
from tom_dataproducts.models import DataProduct, LightCurveSummary, ReducedDatum
from tom_dataproducts.permissions import data_products_for_user, rows_have_own_permissions
from tom_dataproducts.signals import measurements_written
from tom_targets.models import Target
from tom_targets.permissions import changeable_targets, targets_for_user

MAX_ROWS = 10_000
ALL_OR_NOTHING, BEST_EFFORT = "all_or_nothing", "best_effort"
MODES = (ALL_OR_NOTHING, BEST_EFFORT)
_CHUNK = 500
_NO_TARGET = 'Invalid pk "{}" - object does not exist.'


class NotYours(Exception):  # noqa: N818  an answer, not an error
    """The user sees the target, but may not add data to it."""


@dataclass
class StoredData:
    """What became of measurements: how many are new, or were there; errors of others by their index."""

    created: int = 0
    already_there: int = 0
    errors: dict[int, Any] = field(default_factory=dict)
    new_pks: dict[type[models.Model], list[int]] = field(default_factory=dict)


class Access:
    """What a user may add data to: asked of the database once for many rows.

    Parameters
    ----------
    user : User
    rows : sequence of ReducedDatumCommon
        Unsaved rows, whose targets and data products are asked for.
    """

    def __init__(self, user: Any, rows: Sequence[Any]) -> None:
        self.visible: set[int] = set()
        self.changeable: set[int] = set()
        self.product_targets: dict[int, int] = {}
        for pks in _chunks({row.target_id for row in rows}):
            self.changeable |= changeable_targets(user, pks)
            if others := set(pks) - self.changeable:  # asked only to tell "not yours" from "not there"
                targets = Target._default_manager.filter(pk__in=others).order_by()
                seen = targets_for_user(user, targets, "view_target").values_list("pk", flat=True)
                self.visible.update(seen)
        for pks in _chunks({row.data_product_id for row in rows} - {None}):
            products = data_products_for_user(user, DataProduct.objects.filter(pk__in=pks))
            self.product_targets.update(products.order_by().values_list("pk", "target_id"))

    def check(self, row: Any) -> None:
        """Refuse a row of a target, or of a file, to which the user may not add.

        Raises
        ------
        ValidationError
            If the target or the file does not exist for the user, or the file is of another target.
        NotYours
            If the user may see the target, but not change it.
        """
        if row.target_id not in self.changeable:
            if row.target_id in self.visible:
                raise NotYours("You may see this target, but not add data to it.")
            raise ValidationError({"target": [_NO_TARGET.format(row.target_id)]})
        if row.data_product_id is not None and self.product_targets.get(row.data_product_id) != row.target_id:
            raise ValidationError({"data_product": ["This target has no data product with that key."]})


def store_datum(data: Any, *, user: Any) -> tuple[Any, bool]:
    """Store one measurement.

    Returns
    -------
    (ReducedDatumCommon, bool)
        The row, and whether it is new.

    Raises
    ------
    ValidationError, NotYours
    """
    row = read_datum(data)
    Access(user, [row]).check(row)
    return _saved(row, user)


def _saved(row: Any, user: Any) -> tuple[Any, bool]:
    try:
        with change_set(user, kind="upload", title="1 measurement by the API"):
            row.save(is_valid=not isinstance(row, ReducedDatum))
            _give_access([row], user)
    except (ValidationError, IntegrityError) as error:
        existing = stored_twin(row)
        if existing is not None:
            return existing, False
        if isinstance(error, IntegrityError):
            raise ValidationError({"target": [_NO_TARGET.format(row.target_id)]}) from error
        raise
    return row, True


def stored_twin(row: Any) -> Any:
    """Return the stored row that a unique constraint holds to be the same as an unsaved one, or None."""
    if isinstance(row, ReducedDatum):
        same = ReducedDatum.objects.filter(
            target=row.target_id, data_type=row.data_type, timestamp=row.timestamp
        )
        return next((found for found in same.order_by("pk") if found.value == row.value), None)
    for constraint in row._meta.constraints:
        values = {name: getattr(row, row._meta.get_field(name).attname) for name in constraint.fields}
        if None not in values.values():
            found = type(row)._default_manager.filter(**values).first()
            if found is not None:
                return found
    return None


def store_data(items: Sequence[Any], *, user: Any, mode: str) -> StoredData:
    """Store many measurements.

    Parameters
    ----------
    items : sequence
        What a JSON body holds of each, at most `MAX_ROWS`.
    user : User
        Who has to be allowed to change the targets.
    mode : str
        `ALL_OR_NOTHING`: one wrong row and none is stored. `BEST_EFFORT`: those that are right are stored.
        A row that is stored already is right.
    """
    result = StoredData()
    rows: list[tuple[int, Any]] = []
    for index, item in enumerate(items):
        try:
            rows.append((index, read_datum(item)))
        except ValidationError as error:
            result.errors[index] = error.message_dict
    access = Access(user, [row for _, row in rows])
    good = []
    for index, row in rows:
        try:
            access.check(row)
        except ValidationError as error:
            result.errors[index] = error.message_dict
        except NotYours as error:
            result.errors[index] = {"target": [str(error)]}
        else:
            good.append(row)
    if not good or (result.errors and mode == ALL_OR_NOTHING):
        return result
    try:
        title = f"{len(good):,} measurement{'' if len(good) == 1 else 's'} by the API"
        with change_set(user, kind="upload", title=title):
            _store(good, result, user)
    except IntegrityError as error:
        raise ValidationError("A target or a file was deleted meanwhile; nothing is stored.") from error
    return result


def insert_rows(rows: Sequence[Any], *, user: Any = None) -> StoredData:
    """Store unsaved, valid rows inside the transaction of the caller; what is stored already stays.

    Raises
    ------
    ValidationError
        If the database refuses a row.
    """
    result = StoredData()
    _store(rows, result, user)
    return result


def _store(rows: Sequence[Any], result: StoredData, user: Any) -> None:
    by_model: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    touched: set[int] = set()
    for model, of_model in by_model.items():
        if any(signal.has_listeners(model) for signal in (pre_save, post_save)):
            pks = [stored.pk for stored, is_new in (_saved(row, user) for row in of_model) if is_new]
        elif model is ReducedDatum:
            pks = _insert_generic(of_model, user)
        else:
            counts = insert_new(model, _columns(model, of_model), returning=["pk"])
            if counts.rejected:
                raise ValidationError(f"The database refused {counts.rejected} rows; nothing is stored.")
            pks = [pk for (pk,) in counts.returned]
        result.new_pks.setdefault(model, []).extend(pks)
        result.created += len(pks)
        result.already_there += len(of_model) - len(pks)
        if pks:
            touched |= {row.target_id for row in of_model if row.is_in_light_curve()}
            if others := {row.target_id for row in of_model if not row.is_in_light_curve()}:
                measurements_written.send(sender=model, target_ids=others, using="default")
    LightCurveSummary.objects.mark_stale(touched)


def _columns(model: type[models.Model], rows: Sequence[Any]) -> dict[str, list[Any]]:
    fields = [column for column in model._meta.concrete_fields if not column.primary_key]
    return {column.attname: [getattr(row, column.attname) for row in rows] for column in fields}


def _insert_generic(rows: Sequence[ReducedDatum], user: Any) -> list[int]:
    """Store rows of the table without unique constraint and return their keys.

    What is there is asked for first.
    """
    known = set()
    for times in _chunks({row.timestamp for row in rows}):
        stored = ReducedDatum.objects.filter(target__in={row.target_id for row in rows}, timestamp__in=times)
        known.update(_identity(row) for row in stored.only("target", "data_type", "timestamp", "value"))
    new = []
    for row in rows:
        if (identity := _identity(row)) not in known:
            known.add(identity)
            new.append(row)
    ReducedDatum.objects.bulk_create(new, batch_size=_CHUNK)
    _give_access(new, user)
    return [row.pk for row in new]


def _identity(row: ReducedDatum) -> tuple[Any, ...]:
    return row.target_id, row.data_type, row.timestamp, json.dumps(row.value, sort_keys=True)


def _give_access(rows: Sequence[Any], user: Any) -> None:
    """Let the user see what he stored, where measurements have permissions of their own."""
    own = [row.pk for row in rows if isinstance(row, ReducedDatum) and row.pk is not None]
    if own and user is not None and rows_have_own_permissions():
        verbs = ("view", "change", "delete")
        grant_many([user], ReducedDatum, own, [f"{verb}_reduceddatum" for verb in verbs])


def _chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
