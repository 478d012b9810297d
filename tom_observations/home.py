"""What tom_observations adds to the home page: which of the targets that one follows are up tonight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from tom_common.astro.night import evening_of
from tom_common.astro.observer import Site
from tom_common.astro.time import datetime_to_mjd_utc
from tom_common.astro.visibility import Limits
from tom_observations.forms import MAX_SITES
from tom_observations.night_table import NightRow, NightTable
from tom_observations.selectors import usual_sites
from tom_observations.sites import OWN_SITE
from tom_targets import follow
from tom_targets.bodies import BODY_FIELDS
from tom_targets.selectors import visible_targets

MAX_FOLLOWED = 200
_SHOWN = 8
_KEPT_S = 6 * 3600


@dataclass(frozen=True)
class UpTonight:
    """What the section shows: the best of the followed targets, best first."""

    rows: list[dict[str, str]]
    observable_count: int
    followed_count: int
    axis: SafeString
    span_text: str
    site_text: str
    has_many_sites: bool


def up_tonight(request: Any) -> dict[str, Any] | None:
    """Return the section Up tonight for the home page: what was computed before, else a place for it.

    None for an anonymous visitor. The page itself computes nothing: where the night is not in the cache,
    the section is asked for once the page is there (``UpTonightView``).
    """
    if not request.user.is_authenticated:
        return None
    targets = list(_followed(request.user))
    if not targets:
        return {"found": None, "is_empty": True}
    found = cache.get(_key(targets, _nights(request.user, timezone.now())))
    return {"found": _shown(found), "is_empty": False}


def compute_up_tonight(user: Any) -> UpTonight | None:
    """Return which of the targets that a user follows are up tonight, and keep it; None if there are none."""
    followed = _followed(user)
    targets = list(followed)
    if not targets:
        return None
    nights = _nights(user, timezone.now())
    key = _key(targets, nights)
    if (kept := cache.get(key)) is not None:
        return _shown(kept)
    table = NightTable(followed, nights, Limits())
    rows = [
        _as_dict(row, len(nights))
        for row in table.sorted_rows("-hours", count=_SHOWN)
        if row.best.is_observable
    ]
    found = {
        "rows": rows,
        "observable_count": table.observable_count,
        "followed_count": len(targets),
        "axis": str(table.axis),
        "span_text": table.span_text,
        "site_text": nights[0][0].label if len(nights) == 1 else f"{len(nights)} sites",
        "has_many_sites": len(nights) > 1,
    }
    cache.set(key, found, _KEPT_S)
    return _shown(found)


def _shown(kept: dict[str, Any] | None) -> UpTonight | None:
    if kept is None:
        return None
    rows = [{**row, "strip": _ours(row["strip"])} for row in kept["rows"]]
    return UpTonight(**{**kept, "rows": rows, "axis": _ours(kept["axis"])})


def _ours(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308  drawn by us, kept in our cache


def _as_dict(row: NightRow, site_count: int) -> dict[str, str]:
    return {
        "name": row.name,
        "url": f"{row.url}?tab=tonight&chart={row.best.site.code}#tonight",
        "strip": str(row.strip),
        "hours": row.best.hours_text,
        "site": row.best.site.label if site_count > 1 else "",
        "window": row.best.window_text,
        "height": row.best.height_text,
        "moon": row.best.moon_text,
    }


def _followed(user: Any) -> QuerySet:
    keys = follow.followed_keys(user, MAX_FOLLOWED)
    rows = visible_targets(user).filter(pk__in=keys).order_by("pk")
    return rows.only("pk", "name", *BODY_FIELDS)


def _nights(user: Any, now: datetime) -> list[tuple[Site, Any]]:
    """Return the user's own site, or else the usual ones, each with the evening of its night."""
    sites = usual_sites(user)
    sites = [site for site in sites if site.code == OWN_SITE] or sites[:MAX_SITES]
    mjd = datetime_to_mjd_utc(now)
    return [
        (site, evening_of(mjd, latitude_deg=site.latitude_deg, longitude_deg=site.longitude_deg))
        for site in sites
    ]


def _key(targets: list[Any], nights: list[tuple[Site, Any]]) -> str:
    places = [[getattr(target, name) for name in ("pk", "name", *BODY_FIELDS)] for target in targets]
    digest = sha256(repr((places, nights)).encode(errors="replace")).hexdigest()
    return f"tom_observations.up_tonight.{digest}"
