"""Statements that the ORM cannot write. Called by the models and by ``tom_dataproducts.summaries``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connections

BATCH = 1000
_SUMMARY = "tom_dataproducts_lightcurvesummary"
_TARGET = "tom_targets_basetarget"
_SHARE = "tom_targets_persistentshare"
_ON_CONFLICT = {
    "mysql": "ON DUPLICATE KEY UPDATE is_stale = VALUES(is_stale), changed = VALUES(changed)",
    "default": "ON CONFLICT (target_id) DO UPDATE"
    " SET is_stale = excluded.is_stale, changed = excluded.changed",
}


def upsert_stale_summaries(target_ids: Iterable[int], *, now: datetime, using: str) -> None:
    """Mark the light-curve summaries of targets as stale, making those that are missing.

    One statement per thousand targets, in the order of their keys so that two writers cannot lock each other
    out. Targets that are gone are passed over. Leans on the primary keys of both tables.

    Parameters
    ----------
    target_ids : iterable of int
    now : datetime
        When the photometry was written (UTC); kept as ``changed``.
    using : str
        Database alias.
    """
    connection = connections[using]
    conflict = _ON_CONFLICT.get(connection.vendor, _ON_CONFLICT["default"])
    when = connection.ops.adapt_datetimefield_value(now)
    ids = sorted({int(pk) for pk in target_ids})
    with connection.cursor() as cursor:
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            cursor.execute(
                f"INSERT INTO {_SUMMARY} (target_id, point_count, detection_count, last_band, peak_band,"
                f" points, is_stale, computed, changed)"
                f" SELECT id, 0, 0, '', '', '[]', %s, %s, %s FROM {_TARGET}"
                f" WHERE id IN ({', '.join(['%s'] * len(batch))}) ORDER BY id {conflict}",
                [True, when, when, *batch],
            )


def shares_of_targets(target_ids: Iterable[int], *, using: str) -> list[int]:
    """Return the keys of the persistent shares of targets; each write of measurements asks this.

    One statement per thousand targets. Leans on the unique index that begins with the target.

    Parameters
    ----------
    target_ids : iterable of int
    using : str
        Database alias.
    """
    ids = sorted({int(pk) for pk in target_ids})
    found: list[int] = []
    with connections[using].cursor() as cursor:
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            places = ", ".join(["%s"] * len(batch))
            cursor.execute(f"SELECT id FROM {_SHARE} WHERE target_id IN ({places}) ORDER BY id", batch)
            found += [pk for (pk,) in cursor.fetchall()]
    return found
