"""What the tags of the sky show, on our pages and those of plugins: buttons of a target, a map of many."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from tom_targets import conf
from tom_targets.bodies import has_orbit
from tom_targets.sky_counts import SkyContent, sky_content, sky_content_of_rows
from tom_targets.sky_map import map_markup, points_markup, tiles_markup


def sky_context(target: Any) -> dict[str, Any]:
    """Return what the buttons to survey images and to the finder chart need."""
    return {
        "target": target,
        "has_position": (target.ra is not None and target.dec is not None) or has_orbit(target),
        "surveys": bool(conf.sky_surveys()),
        "hosts": [host.partition("//")[2] for host in conf.sky_survey_hosts()],
    }


def distribution_context(targets: Any) -> dict[str, Any]:
    """Return a map of some targets, drawn.

    Parameters
    ----------
    targets : QuerySet of targets, or iterable of objects with ``pk``, ``name``, ``ra`` and ``dec``
    """
    if isinstance(targets, QuerySet) and not targets.query.is_sliced:
        content = sky_content(targets)
    else:
        content = sky_content_of_rows(targets)
    return {"map_svg": drawn(content)}


def drawn(content: SkyContent | None) -> SafeString:
    """Return the map of a content, without Sun and Moon."""
    if content is None:
        return SafeString("")
    marks = tiles_markup(content.tiles) if content.tiles is not None else points_markup(*content.positions)
    return map_markup(marks, label=f"Map of the whole sky with {content.count:,} targets")
