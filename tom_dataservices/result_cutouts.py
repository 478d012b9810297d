"""Keeps small images of results, so that pages show them without asking anybody: ``fetch_cutouts``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.utils import timezone

from tom_common.remote import RemoteBadReply, RemoteRejected
from tom_dataproducts.images import PictureError, fits_png
from tom_dataservices import conf
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.kept_answers import AnswerLostError, unpacked
from tom_dataservices.models import QueryResult, QueryRun, ResultCutout
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported

MOST = 25
"""Results of a run that get an image, unless the service says ``most_cutouts``."""
ROLE = "science"
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_BYTES = 200_000
_LARGEST_FITS_BYTES = 10_000_000
_SIDE_PIXELS = 128
_RUNS_LOOKED_AT = 50
_AWAITED = dt.timedelta(minutes=2)
"""After that, what has no image yet gets none: the service knows of none, or is slow."""
ONE_IS_BROKEN = (RemoteRejected, RemoteBadReply, MissingDataException)
"""What is wrong with one image says nothing of the next one; a service that does not answer does."""


def gives_cutouts(plugin: Any) -> bool:
    """Tell whether a service says that it has images of its results, and the settings want them."""
    own = conf.data_service_settings(str(getattr(plugin, "name", ""))) or {}
    return bool(getattr(plugin, "gives_cutouts", False)) and own.get("cutouts") is not False


def images_awaited(run: QueryRun, rows: Iterable[Any], plugin: Any) -> bool:
    """Tell whether images of shown rows may still come: a page looks for them again.

    Parameters
    ----------
    run : QueryRun
    rows : iterable of ResultRow
    plugin : type
        Of the service.
    """
    if not gives_cutouts(plugin) or run.finished is None or timezone.now() - run.finished > _AWAITED:
        return False
    most = int(getattr(plugin, "most_cutouts", MOST))
    return any(not (row.has_cutout or row.cutout_note) for row in rows if row.result.number < most)


def fetch_cutouts(run: QueryRun, service: Any, tell: Callable[[int], None] = lambda count: None) -> int:
    """Fetch the images of the first results of a run that have none yet, and return how many were kept.

    PNG is kept as it comes, FITS is made a PNG. An image that was kept for the same user and the same
    detection before is taken again. One that cannot be had is noted; the service is not asked further once it
    does not answer.

    Raises
    ------
    PluginFailedError
        With a sentence, if the service does not answer.
    """
    kept = 0
    most = int(getattr(service, "most_cutouts", MOST))
    earlier = earlier_runs(run)
    for result in run.results.filter(number__lt=most).exclude(cutouts__role=ROLE):
        content, note = _kept_before(earlier, result), ""
        if not content:
            content, note = _fetched(service, result)
        if content or note:
            values = {"content": content, "note": note[:300]}
            ResultCutout.objects.get_or_create(result=result, role=ROLE, defaults=values)
        kept += bool(content)
        tell(kept)
    return kept


def _fetched(service: Any, result: QueryResult) -> tuple[bytes, str]:
    """Return an image as PNG, or why there is none; neither where the service knows of none."""
    try:
        raw = unpacked(result.raw)
    except AnswerLostError as error:
        raise PluginFailedError(str(error)) from error
    try:
        with plugin_reported(service.name, letting=ONE_IS_BROKEN):
            found = service.cutout(raw, ROLE)
    except ONE_IS_BROKEN as error:
        return b"", str(error)
    if not found or not found[0]:
        return b"", ""
    content = found[0]
    if not content.startswith(_PNG):
        if len(content) > _LARGEST_FITS_BYTES:
            return b"", f"The image has {len(content):,} bytes, which is too much for a small one."
        try:
            content = fits_png(content, max_side=_SIDE_PIXELS)
        except PictureError as error:
            return b"", f"The image cannot be shown: {error}."
    if len(content) > _LARGEST_BYTES:
        return b"", f"The image has {len(content):,} bytes, which is too much for a small one."
    return content, ""


def earlier_runs(run: QueryRun) -> list[int]:
    """Return the newest runs of the same user and service, whose images may be taken again."""
    rows = QueryRun.objects.filter(
        user=run.user_id, kind=run.kind, provider=run.provider, pk__lt=run.pk
    ).order_by("-pk")
    return list(rows.values_list("pk", flat=True)[:_RUNS_LOOKED_AT])


def _kept_before(earlier: list[int], result: QueryResult) -> bytes:
    """Return the image of the same detection that one of the runs keeps; empty without one."""
    mjd_utc = result.values.get("mjd_utc")
    if mjd_utc is None or not earlier:
        return b""
    same = ResultCutout.objects.filter(
        role=ROLE, note="", result__run__in=earlier, result__result_id=result.result_id
    ).select_related("result")
    found = (one for one in same.order_by("-pk")[:5] if one.result.values.get("mjd_utc") == mjd_utc)
    return next((bytes(one.content) for one in found), b"")
