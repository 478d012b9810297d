"""The REST API of the cross-match: many positions in one request. Registered in ``search_urls``."""

import math
from typing import Any

import numpy as np
from django.db.models import QuerySet
from rest_framework import viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc
from tom_common.api_views import ApiMixin
from tom_targets import selectors
from tom_targets.cross_match import TooManyPairsError, pairs_within
from tom_targets.cross_match_runs import MAX_RADIUS_ARCSEC

MAX_POSITIONS = 100_000
MAX_HITS = 200_000
_CHUNK = 1000
_NUMBERS = {"type": "array", "items": {"type": "number", "nullable": True}, "maxItems": MAX_POSITIONS}
REQUEST = {
    "type": "object",
    "properties": {
        "ra": {**_NUMBERS, "description": "ICRS right ascensions, degrees; null where a row has none."},
        "dec": {**_NUMBERS, "description": "Declinations, degrees; as many."},
        "radius_arcsec": {"type": "number", "minimum": 0, "maximum": MAX_RADIUS_ARCSEC, "default": 2},
        "nearest": {"type": "boolean", "default": True},
    },
    "required": ["ra", "dec"],
}
HIT = {
    "type": "object",
    "properties": {
        "row": {"type": "integer", "description": "Place of the position, from 0."},
        "target": {"type": "integer"},
        "name": {"type": "string"},
        "separation_arcsec": {"type": "number"},
    },
}
RESULT = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "results": {"type": "array", "items": HIT}},
}


class CrossMatchViewSet(ApiMixin, viewsets.ViewSet):
    """Targets near many positions."""

    api_docs = {
        "create": ApiDoc(
            "Compare positions with the targets",
            f"The targets that you may see within a radius of each of up to {MAX_POSITIONS:,} positions, by"
            " row and distance. With `nearest` only the nearest of each.",
            request={"application/json": REQUEST},
            responses={200: RESULT},
        )
    }

    def create(self, request: Request) -> Response:
        """Compare the positions of the body."""
        self.must_be_known()
        data = request.data if isinstance(request.data, dict) else {}
        ra, dec = (column_of(data, name) for name in ("ra", "dec"))
        if len(ra) != len(dec):
            raise ValidationError(
                {"dec": [f"Expected {len(ra)} declinations, as many as ra, not {len(dec)}."]}
            )
        radius_arcsec = radius_of(data.get("radius_arcsec", 2.0))
        nearest = data.get("nearest", True)
        if not isinstance(nearest, bool):
            raise ValidationError({"nearest": ["Expected true or false."]})
        visible = selectors.visible_targets(request.user)
        try:
            found = pairs_within(
                visible,
                ra_deg=ra,
                dec_deg=dec,
                radius_arcsec=radius_arcsec,
                nearest=nearest,
                max_pairs=MAX_HITS,
            )
        except TooManyPairsError as error:
            text = str(error)
            raise ValidationError({"radius_arcsec": [f"{text[:1].upper()}{text[1:]}."]}) from error
        names = names_of(visible, np.unique(found.pk).tolist())
        hits = zip(found.row.tolist(), found.pk.tolist(), found.separation_arcsec.tolist(), strict=True)
        results = [
            {"row": row, "target": pk, "name": names[pk], "separation_arcsec": distance}
            for row, pk, distance in hits
            if pk in names
        ]
        return Response({"count": len(results), "results": results})


def column_of(data: dict[str, Any], name: str) -> np.ndarray:
    """Return a column of degrees, NaN for null."""
    values = data.get(name)
    if not isinstance(values, list) or len(values) > MAX_POSITIONS:
        raise ValidationError({name: [f"Expected a list of at most {MAX_POSITIONS:,} numbers of degrees."]})
    for place, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValidationError({name: [f"Row {place}: {str(value)[:50]!r} is not a number of degrees."]})
    try:
        found = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    except OverflowError as error:
        raise ValidationError({name: ["A number is too large."]}) from error
    if name == "dec" and (np.abs(np.nan_to_num(found)) > 90.0).any():
        place = int(np.flatnonzero(np.abs(np.nan_to_num(found)) > 90.0)[0])
        raise ValidationError({name: [f"Row {place}: {values[place]} is not between -90 and 90 degrees."]})
    return found


def radius_of(value: Any) -> float:
    """Return the radius asked for."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0.0 <= value <= MAX_RADIUS_ARCSEC:
        raise ValidationError(
            {"radius_arcsec": [f"Expected a number from 0 to {MAX_RADIUS_ARCSEC:g} arcsec."]}
        )
    return float(value)


def names_of(visible: QuerySet, pks: list[int]) -> dict[int, str]:
    """Return the names of targets by key, a thousand a query."""
    names: dict[int, str] = {}
    for start in range(0, len(pks), _CHUNK):
        names.update(visible.filter(pk__in=pks[start : start + _CHUNK]).values_list("pk", "name"))
    return names
