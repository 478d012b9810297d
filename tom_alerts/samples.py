"""Past alerts to try a filter on: the newest alert of each stored target, made whole from what is stored.

Of each object there is the newest alert alone, with all points that were stored up to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db.models import F

from tom_common.astro.time import datetime_to_unix_us
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.ingest.points import FORCED
from tom_dataservices.ingest.targets import NEWEST_ALERT
from tom_dataservices.packets.batch import AlertBatch, AlertObject, PointColumns, PointKind
from tom_targets.models import BaseTarget, Target, TargetExtra
from tom_targets.permissions import targets_for_user

SAMPLE = 2000
_CHUNK = 250
_SIMULATED = " (simulated)"
_TEXTS = frozenset(("ssnamenr", "classification", "fink_class"))


def stored_alerts(user: Any, *, survey: str = "", size: int = SAMPLE) -> Iterator[AlertBatch]:
    """Yield batches of the newest stored alerts that a user may see, each with the keys of its targets.

    Parameters
    ----------
    user : User
    survey : str
        Only of this survey; empty for all.
    size : int
        How many targets are looked at.
    """
    extras = TargetExtra.objects.filter(key=NEWEST_ALERT, float_value__isnull=False)
    newest = extras.order_by(F("float_value").desc()).values_list("target_id", flat=True)
    keys = list(newest[: 2 * size])
    left = size
    for start in range(0, len(keys), _CHUNK):
        if left <= 0:
            return
        some = keys[start : start + _CHUNK]
        visible = targets_for_user(user, Target._default_manager.filter(pk__in=some), "view_target")
        for batch in _batches(list(visible.order_by()[:left])):
            if not survey or batch.survey == survey:
                left -= len(batch.objects)
                yield batch


def _batches(targets: list[BaseTarget]) -> Iterator[AlertBatch]:
    keys = [target.pk for target in targets]
    extras: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in TargetExtra.objects.filter(target_id__in=keys):
        extras[row.target_id][row.key] = _typed(row)
    points: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    columns = (
        "target_id", "timestamp", "bandpass", "brightness", "brightness_error", "limit", "unit",
        "reduction_version", "value", "source_name",
    )  # fmt: skip
    rows = PhotometryReducedDatum.objects.filter(target_id__in=keys).order_by("timestamp")
    for row in rows.values_list(*columns):
        points[row[-1]].append(row)
    by_key = {target.pk: target for target in targets}
    for source, found in points.items():
        yield _batch(source, found, by_key, extras)


def _typed(row: TargetExtra) -> Any:
    if row.key in _TEXTS:
        return row.value  # asteroids are called by numbers, too
    if row.float_value is not None:
        return row.float_value  # a number counts as true or false, too
    return row.value if row.bool_value is None else row.bool_value


def _batch(
    source: str,
    rows: list[tuple[Any, ...]],
    targets: dict[int, BaseTarget],
    extras: dict[int, dict[str, Any]],
) -> AlertBatch:
    numbers: dict[int, int] = {}
    bands: dict[str, int] = {}
    for row in rows:
        numbers.setdefault(row[0], len(numbers))
        bands.setdefault(row[2], len(bands))
    forced = [row[7] == FORCED for row in rows]
    is_limit = [row[3] is None for row in rows]
    columns: dict[str, Any] = {
        "object_index": [numbers[row[0]] for row in rows],
        "time_us": [datetime_to_unix_us(row[1]) for row in rows],
        "kind": np.select([forced, is_limit], [PointKind.FORCED, PointKind.LIMIT], PointKind.DETECTION),
        "band": [bands[row[2]] for row in rows],
        "brightness": _floats(row[3] for row in rows),
        "brightness_error": _floats(row[4] for row in rows),
        "limit": _floats(row[5] for row in rows),
        "is_flux": [row[6] == "nJy" for row in rows],
        "is_negative": [bool((row[8] or {}).get("negative")) for row in rows],
    }
    objects = [_alert(targets[pk], extras[pk]) for pk in numbers]
    return AlertBatch(
        survey=source.removesuffix(_SIMULATED),
        bands=list(bands),
        objects=objects,
        points=PointColumns.of(len(rows), **columns),
        received=len(objects),
        is_simulated=source.endswith(_SIMULATED),
    )


def _floats(values: Any) -> list[float]:
    return [np.nan if value is None else value for value in values]


def _alert(target: BaseTarget, extras: dict[str, Any]) -> AlertObject:
    return AlertObject(
        name=target.name,
        aliases=(),
        is_sidereal=target.type == BaseTarget.SIDEREAL,
        ra_deg=np.nan if target.ra is None else target.ra,
        dec_deg=np.nan if target.dec is None else target.dec,
        mjd_utc=float(extras.get(NEWEST_ALERT, np.nan)),
        alert_id=str(extras.get("ztf_candid") or extras.get("lsst_diaSourceId") or ""),
        extras=extras,
        cutouts=(),
        orbit=None,
        file="",
        number=target.pk,
    )
