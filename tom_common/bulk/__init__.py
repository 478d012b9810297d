"""Fast insertion of many rows of which some may be stored already; the one place with raw SQL for writing.

Duplicates are left to the constraints of the database, never to a Python set of everything stored. Each
engine is used as it is quickest: COPY into a staging table on PostgreSQL, ``ON CONFLICT DO NOTHING`` with one
prepared statement on SQLite, ``ON DUPLICATE KEY UPDATE`` on MariaDB (``INSERT IGNORE`` would swallow every
other error, too).
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DataError, IntegrityError, connections, transaction
from django.db.models import Field, Model
from django.utils import timezone

from tom_common.bulk.engines import WRITERS, Columns, Statement, Writer
from tom_common.bulk.statistics import analyze_when_doubled
from tom_common.bulk.values import Repeated
from tom_common.history.bulk import watched

__all__ = ["BATCH_SIZE", "InsertCounts", "analyze_when_doubled", "insert_new"]

logger = logging.getLogger(__name__)

BATCH_SIZE = 10_000


@dataclass
class InsertCounts:
    """What became of the rows that were offered.

    `rejected` rows broke a rule of the table other than uniqueness; `returned` holds the wanted columns of
    the inserted rows, in no particular order.
    """

    received: int = 0
    inserted: int = 0
    duplicate: int = 0
    rejected: int = 0
    returned: list[tuple[Any, ...]] = field(default_factory=list)

    def __iadd__(self, other: InsertCounts) -> InsertCounts:
        """Add the counts of another call."""
        self.received += other.received
        self.inserted += other.inserted
        self.duplicate += other.duplicate
        self.rejected += other.rejected
        self.returned += other.returned
        return self


def insert_new(
    model: type[Model],
    columns: Sequence[str] | Mapping[str, Sequence[Any]],
    rows: Iterable[Sequence[Any]] | None = None,
    *,
    unique_fields: Sequence[str] = (),
    update_fields: Sequence[str] = (),
    batch_size: int = BATCH_SIZE,
    returning: Sequence[str] = (),
    using: str = DEFAULT_DB_ALIAS,
) -> InsertCounts:
    """Insert the rows that are not stored yet, and overwrite those that are where that is asked for.

    Runs inside the transaction of the caller; without one, each batch is a transaction of its own. Signals
    and ``save`` are not called; the history notes what models that have one receive. A batch with a row that
    breaks a rule of the table is halved until the row is found, which is logged and left out; a broken
    foreign key shows at the end of the transaction only, as an error.

    Parameters
    ----------
    model : type[Model]
    columns : sequence of str, or mapping from str to sequence
        Names of fields (``target`` or ``target_id``). As a mapping: the columns themselves, all of one
        length, lists or numpy arrays; then without `rows`. Fields that are left out get
        their default, or are derived.
    rows : iterable of sequences, optional
        Values in the order of `columns`: str, int, float, bool, bytes, Decimal, UUID, datetime or None. NaN
        is stored as NULL. A ``DateTimeField`` also takes whole numbers: microseconds since 1970, UTC. A
        ``JSONField`` takes objects; a str is taken for JSON text.
    unique_fields : sequence of str
        Fields of the constraint that tells a row is stored already; without, a conflict with any unique
        constraint does, and repeated rows are left out.
    update_fields : sequence of str
        Fields to overwrite in rows that are stored already; needs `unique_fields`, and rows that differ in
        them. Written rows count as inserted, whether new or overwritten.
    batch_size : int
        Rows handed to the database at once.
    returning : sequence of str
        Fields to return of the rows that were inserted.
    using : str
        Alias of the database.

    Returns
    -------
    InsertCounts

    Raises
    ------
    ValueError
        If a field does not exist or has no default though it needs a value, or columns differ in length.
    """
    if isinstance(columns, Mapping):
        names: Sequence[str] = list(columns)
        batches = _sliced(list(columns.values()), batch_size)
    else:
        names = columns
        batches = _transposed(rows or (), len(names), batch_size)
    if update_fields and not unique_fields:
        raise ValueError("update_fields needs unique_fields")
    watch = watched(model, using, returning, update_fields)
    wanted = watch.returning if watch is not None else returning
    statement, filled = _statement(model, names, unique_fields, wanted, update_fields)
    counts = InsertCounts()
    writer = WRITERS[connections[using].vendor]
    for batch in batches:
        length = len(batch[0])
        batch += [fill(batch, length) for fill in filled]
        if watch is None:
            counts += _insert_batch(writer, using, statement, batch)
            continue
        with transaction.atomic(using=using, savepoint=False):
            watch.before(dict(zip((field.attname for field in statement.fields), batch, strict=True)))
            done = _insert_batch(writer, using, statement, batch)
            watch.after(done)
        counts += done
    if counts.inserted:
        analyze_when_doubled(model, counts.inserted, using=using)
    return counts


def _sliced(columns: Columns, batch_size: int) -> Iterator[Columns]:
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise ValueError(f"columns differ in length: {sorted(lengths)}")
    for start in range(0, lengths.pop() if lengths else 0, batch_size):
        yield [column[start : start + batch_size] for column in columns]


def _transposed(rows: Iterable[Sequence[Any]], width: int, batch_size: int) -> Iterator[Columns]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, batch_size)):
        try:
            columns: Columns = list(zip(*batch, strict=True))
        except ValueError as error:
            raise ValueError("rows differ in length") from error
        if len(columns) != width:
            raise ValueError(f"rows hold {len(columns)} values for {width} columns")
        yield columns


def _statement(
    model: type[Model],
    names: Sequence[str],
    unique_fields: Sequence[str],
    returning: Sequence[str],
    update_fields: Sequence[str],
) -> tuple[Statement, list[Fill]]:
    """Return the statement, and what makes the columns that the caller left out."""
    by_name = {}
    for concrete in model._meta.local_concrete_fields:
        by_name[concrete.name] = by_name[concrete.attname] = by_name[concrete.column] = concrete

    def field_of(name: str) -> Field:
        if name == "pk":
            return model._meta.pk
        if name not in by_name:
            raise ValueError(f"{model._meta.label} has no column {name!r}")
        return by_name[name]

    given = [field_of(name) for name in names]
    places = {concrete.attname: place for place, concrete in enumerate(given)}
    filled = []
    for concrete in model._meta.local_concrete_fields:
        if concrete not in given and (fill := _fill_of(concrete, places)):
            given.append(concrete)
            filled.append(fill)
    statement = Statement(
        table=model._meta.db_table,
        columns=tuple(concrete.column for concrete in given),
        fields=tuple(given),
        conflict=tuple(field_of(name).column for name in unique_fields),
        returning=tuple(field_of(name).column for name in returning),
        update=tuple(field_of(name).column for name in update_fields),
    )
    return statement, filled


Fill = Callable[[Columns, int], Sequence[Any]]  # (the columns that are there, rows) -> one more column


def _fill_of(concrete: Field, places: Mapping[str, int]) -> Fill | None:
    """Return what makes a column that the caller left out; None where the database does."""
    if hasattr(concrete, "derive") and hasattr(concrete, "sources"):  # follows from other columns of its row
        return _derivation(concrete, places)
    if concrete.primary_key and not concrete.has_default():
        return None  # numbered by the database
    if concrete.has_db_default() or concrete.generated:
        return None
    if getattr(concrete, "auto_now", False) or getattr(concrete, "auto_now_add", False):
        return lambda _, length: Repeated(timezone.now(), length)
    if concrete.has_default():
        if callable(concrete.default) and concrete.default not in (dict, list, timezone.now):
            return lambda _, length: [concrete.get_default() for _ in range(length)]
        return lambda _, length: Repeated(concrete.get_default(), length)
    if concrete.null:
        return None
    if concrete.empty_strings_allowed and concrete.blank:
        return lambda _, length: Repeated("", length)
    raise ValueError(f"{concrete.model._meta.label}.{concrete.name} needs a value in each row")


def _derivation(concrete: Any, places: Mapping[str, int]) -> Fill:
    def fill(columns: Columns, length: int) -> Sequence[Any]:
        sources = [
            columns[places[name]] if name in places else Repeated(None, length) for name in concrete.sources
        ]
        return [concrete.derive(*values) for values in zip(*sources, strict=True)]

    return fill


def _insert_batch(writer: Writer, using: str, statement: Statement, batch: Columns) -> InsertCounts:
    length = len(batch[0])
    try:
        with transaction.atomic(using=using):
            inserted, returned = writer(connections[using], statement, batch)
    except (DataError, IntegrityError, OverflowError, UnicodeEncodeError) as error:
        if length == 1:
            values = dict(zip(statement.columns, (column[0] for column in batch), strict=True))
            logger.warning("row rejected by %s: %s: %.500r", statement.table, str(error).strip(), values)
            return InsertCounts(received=1, rejected=1)
        middle = length // 2
        counts = _insert_batch(writer, using, statement, [column[:middle] for column in batch])
        counts += _insert_batch(writer, using, statement, [column[middle:] for column in batch])
        return counts
    return InsertCounts(length, inserted, length - inserted, 0, returned)
