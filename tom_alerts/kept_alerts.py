"""An alert kept whole with its candidate while there is no target: its object, points and images as bytes."""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from django.utils import timezone

from tom_alerts import conf
from tom_alerts.filter_models import Candidate, Decision
from tom_alerts.values import plain_column
from tom_common.background import current_job
from tom_dataservices.ingest.options import IngestOptions
from tom_dataservices.packets.batch import AlertBatch, AlertObject, Cutout, PointColumns

MAX_POINTS = 2000
"""The newest so many points of a packet are kept."""
_CHUNK = 500


@dataclass(frozen=True)
class KeptAccess:
    """Who was to see the target of an alert when it came: a level, and the groups that get a private one."""

    permissions: str
    group_ids: frozenset[int]


def packed(batch: AlertBatch, number: int, options: IngestOptions) -> bytes:
    """Return one alert of a batch as bytes, with who may see what comes of it."""
    alert = batch.objects[number]
    rows = np.flatnonzero(batch.points.object_index == number)
    rows = rows[np.argsort(batch.points.time_us[rows], kind="stable")][-MAX_POINTS:]
    points = batch.points.take(rows)
    told = {name: value for name, value in asdict(alert).items() if name != "cutouts"}
    content = {
        "survey": batch.survey,
        "telescope": batch.telescope,
        "instrument": batch.instrument,
        "magnitude_system": batch.magnitude_system,
        "bands": batch.bands,
        "is_simulated": batch.is_simulated,
        "access": {"permissions": options.permissions, "groups": list(options.group_ids)},
        "alert": told,
        "points": {one.name: plain_column(getattr(points, one.name)) for one in fields(points)},
        "cutouts": [
            [cutout.role, cutout.extension, base64.b64encode(cutout.content).decode()]
            for cutout in alert.cutouts
        ],
    }
    return zlib.compress(json.dumps(content).encode(), level=1)


def _told(content: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(bytes(content)))
    return found


def access_of(content: Any) -> KeptAccess | None:
    """Return who was to see the target of a kept alert; None of one that was kept before this was noted."""
    access = _told(content).get("access")
    return None if access is None else KeptAccess(access["permissions"], frozenset(access["groups"]))


def unpacked(content: Any) -> AlertBatch:
    """Return a kept alert as a batch of one."""
    told = _told(content)
    columns = {
        name: [np.nan if value is None else value for value in values]
        for name, values in told["points"].items()
    }
    columns["object_index"] = [0] * len(columns["object_index"])
    cutouts = tuple(
        Cutout(role, base64.b64decode(image), extension) for role, extension, image in told["cutouts"]
    )
    alert: dict[str, Any] = {
        name: np.nan if value is None and name in ("ra_deg", "dec_deg") else value
        for name, value in told["alert"].items()
    }
    alert["aliases"] = tuple(alert["aliases"])
    return AlertBatch(
        survey=told["survey"],
        telescope=told["telescope"],
        instrument=told["instrument"],
        magnitude_system=told["magnitude_system"],
        bands=told["bands"],
        is_simulated=told["is_simulated"],
        objects=[AlertObject(**alert, cutouts=cutouts)],
        points=PointColumns.of(len(columns["time_us"]), **columns),
        received=1,
    )


def forget_old_alerts(*, now: dt.datetime | None = None) -> int:
    """Forget the alerts of candidates of which none came for long, and return how many these were.

    The candidates stay, with their facts; the next alert of one is kept again. A decision keeps its alert for
    as long: after that, undoing it leaves a candidate without one.
    """
    before = (now or timezone.now()) - dt.timedelta(days=conf.alerts_kept_days())
    count = 0
    for rows in (
        Candidate.objects.filter(content__isnull=False, seen__lt=before).order_by("seen"),
        Decision.objects.filter(content__isnull=False, created__lt=before).order_by("pk"),
    ):
        while keys := list(rows.values_list("pk", flat=True)[:_CHUNK]):
            current_job().check_cancelled()
            count += rows.model._default_manager.filter(pk__in=keys).update(content=None)
    return count
