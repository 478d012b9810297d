"""The section "Near it" of a target's page: other targets around its position."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from tom_targets import selectors
from tom_targets.one_box import angle, place
from tom_targets.sky_search import cone
from tom_targets.sparklines import sparklines_for

RADII_ARCSEC = (10.0, 60.0, 600.0, 3600.0)
SHOWN = 20


def near(context: Any) -> dict[str, Any] | None:
    """Return the targets within a radius of this one, the nearest first; nothing without a position."""
    target, request = context["target"], context["request"]
    if target.ra is None or target.dec is None or not -90.0 <= target.dec <= 90.0:
        return None
    radius = _radius(request.GET.get("near", ""))
    found = cone(
        selectors.visible_targets(request.user),
        ra_deg=target.ra,
        dec_deg=target.dec,
        radius_arcsec=radius,
    )
    others = list(found.exclude(pk=target.pk).order_by("separation", "pk")[: SHOWN + 1])
    curves = sparklines_for(other.pk for other in others[:SHOWN])
    here = reverse("targets:detail", args=[target.pk])
    part = reverse("targets:section", args=[target.pk, "near"])
    query = urlencode({"cone_search": f"{target.ra!r},{target.dec!r},{radius / 3600.0!r}"})
    return {
        "neighbours": [
            {
                "name": other.name,
                "curve": curves.get(other.pk, ""),
                "url": reverse("targets:detail", args=[other.pk]),
                "distance": angle(other.separation * 3600.0),
                "position": place(other),
            }
            for other in others[:SHOWN]
        ],
        "radius": angle(radius),
        "radii": [
            (angle(one), f"{here}?near={one:g}&tab=near#near", f"{part}?near={one:g}", one == radius)
            for one in RADII_ARCSEC
        ],
        "list_url": f"{reverse('targets:list')}?{query}" if others else "",
        "has_more": len(others) > SHOWN,
    }


def _radius(text: str) -> float:
    try:
        radius = float(text)
    except ValueError:
        return RADII_ARCSEC[1]
    return radius if 0.0 <= radius <= RADII_ARCSEC[-1] else RADII_ARCSEC[1]
