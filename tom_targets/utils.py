"""Names that plugins import from here; what they do stands in other modules."""

from __future__ import annotations

from django.db.models import QuerySet

from tom_targets.sky_search import cone


def cone_search_filter(queryset: QuerySet, ra: float, dec: float, radius: float) -> QuerySet:
    """Return the targets within a circle, annotated with ``separation`` in degrees.

    Parameters
    ----------
    queryset : QuerySet of targets
    ra, dec, radius : float
        ICRS position and radius, all in degrees.
    """
    return cone(queryset, ra_deg=float(ra), dec_deg=float(dec), radius_arcsec=float(radius) * 3600.0)
