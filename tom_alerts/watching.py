"""Watchlists: which positions lie near the targets of a list, or in a region; many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_alerts.filter_models import Watchlist
from tom_common.astro.sky_index import ORDER, sky_index
from tom_common.astro.sky_region import read_polygon
from tom_targets.cross_match import pairs_within
from tom_targets.models import Target
from tom_targets.permissions import target_lists_for_user, targets_for_user
from tom_targets.region_files import coarsened
from tom_targets.sky_models import SkyRegion
from tom_targets.sky_search import merged_ranges

_WHOLE_SKY_DEG2 = 41_252.96
_RANGES = 2000
_FINEST = 23


def watched(watchlist: Watchlist, ra_deg: Any, dec_deg: Any) -> NDArray[np.bool_]:
    """Tell which positions a watchlist holds.

    Parameters
    ----------
    watchlist : Watchlist
        Of a list only targets count that its owner may see; of a list or region that is gone, none does.
    ra_deg, dec_deg : array_like, shape (n,)
        ICRS, deg; NaN where there is no position.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    ra, dec = np.asarray(ra_deg, dtype=np.float64), np.asarray(dec_deg, dtype=np.float64)
    found = np.zeros(len(ra), dtype=bool)
    if watchlist.region is not None:
        found |= within_ranges(watchlist.region.ranges, ra, dec)
    if watchlist.target_list is not None and len(ra):
        lists = type(watchlist.target_list)._default_manager.filter(pk=watchlist.target_list_id)
        among = Target._default_manager.filter(targetlist__in=target_lists_for_user(watchlist.user, lists))
        near = pairs_within(
            targets_for_user(watchlist.user, among, "view_target"),
            ra_deg=ra,
            dec_deg=dec,
            radius_arcsec=watchlist.radius_arcsec,
            nearest=True,
        )
        found[near.row] = True
    return found


def within_ranges(ranges: list[Any], ra_deg: Any, dec_deg: Any) -> NDArray[np.bool_]:
    """Tell which positions lie in ascending ranges (first, last) of the sky index, shape (n,)."""
    if not ranges:
        return np.zeros(len(ra_deg), dtype=bool)
    index = np.asarray(sky_index(ra_deg, dec_deg))
    first, last = np.array(ranges, dtype=np.int64).T
    place = np.searchsorted(first, index, side="right") - 1
    return (place >= 0) & (index <= last[np.maximum(place, 0)]) & (index >= 0)


def region_of(text: str, *, user: Any, name: str) -> SkyRegion:
    """Return the region of a circle or a polygon that somebody typed, not stored yet.

    Parameters
    ----------
    text : str
        ``CIRCLE ICRS ra dec radius`` or ``POLYGON ICRS ra1 dec1 ra2 dec2 ra3 dec3 …``, all in degrees.
    user : User
    name : str

    Raises
    ------
    ValueError
        With what was expected.
    """
    words = text.replace(",", " ").split()
    shape = words[0].lower() if words else ""
    if shape == "circle":
        pixels, order = _circle([word for word in words[1:] if word.lower() not in ("icrs", "j2000", "fk5")])
    elif shape == "polygon":
        polygon = read_polygon(text)
        order = _order(_size_deg(polygon.corners))
        pixels = polygon.pixels(order)
    else:
        raise ValueError(f"expected CIRCLE or POLYGON, found “{words[0] if words else ''}”")
    ranges = coarsened(merged_ranges(pixels, order, most=_RANGES))
    area = sum(last - first + 1 for first, last in ranges) / (12 * 4**ORDER) * _WHOLE_SKY_DEG2
    return SkyRegion(user=user, name=name[:100], ranges=ranges, area_deg2=area)


def _order(size_deg: float) -> int:
    """Return an order of which about a hundred pixels lie across a region of this size."""
    return int(np.clip(np.ceil(np.log2(58.6 * 100 / max(size_deg, 1e-3))), 5, _FINEST))


def _size_deg(corners: Any) -> float:
    """Return the side of a square that is about as large as what lies around some corners.

    So long thin polygons are not cut into more pixels than round ones: some ten thousand.
    """
    ra, dec = np.radians(np.array(corners, dtype=np.float64)).T
    places = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    _, spread, _ = np.linalg.svd(places - places.mean(axis=1, keepdims=True), full_matrices=False)
    long, wide = 2 * np.degrees(spread[:2]) / np.sqrt(len(corners))
    return float(np.sqrt(long * max(wide, long / 1000)))


def _circle(words: list[str]) -> tuple[Any, int]:
    import hpgeom

    try:
        ra, dec, radius = (float(word) for word in words)
    except ValueError:
        raise ValueError("expected CIRCLE ICRS ra dec radius, three numbers in degrees") from None
    if not (-90 <= dec <= 90 and 0 < radius <= 90 and np.isfinite(ra)):
        raise ValueError("expected a declination from -90 to 90 and a radius up to 90 degrees")
    order = _order(2 * radius)
    return hpgeom.query_circle(2**order, ra % 360.0, dec, radius, inclusive=True, fact=4, nest=True), order
