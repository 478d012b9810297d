"""The background of a finder chart: one file of a target, turned north up."""

from __future__ import annotations

import hashlib
import logging
import math

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from tom_dataproducts.file_selectors import product_or_404
from tom_dataproducts.finder import content_of
from tom_dataproducts.images import PictureError, error_png
from tom_dataproducts.sky_images import north_up_png

logger = logging.getLogger(__name__)
_FORM = 1
_A_YEAR_S = 31_536_000
_MOST_FIELD_ARCMIN = 120.0


@require_safe
def finder_image(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Draw the part of a FITS image that lies in a field: `ra`, `dec` (degrees) and `fov` (arcmin)."""
    ra_deg, dec_deg, field_arcmin = (_number(request, name) for name in ("ra", "dec", "fov"))
    if abs(dec_deg) > 90.0 or not 0.0 < field_arcmin <= _MOST_FIELD_ARCMIN:
        raise Http404(
            "There is no such field: dec is from -90 to 90 degrees, fov above 0 and at most 120 arcmin."
        )
    product = product_or_404(request.user, pk)
    if not product.has_picture:
        raise Http404("This data product is no FITS file.")
    file = f"{product.pk} {product.data.name} {product.modified.isoformat()}"
    facts = f"{_FORM} {file} {ra_deg} {dec_deg} {field_arcmin}"
    tag = f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=tag)
    if response is None:
        try:
            content = north_up_png(
                content_of(product), ra_deg=ra_deg, dec_deg=dec_deg, field_arcmin=field_arcmin
            )
        except (PictureError, OSError) as error:
            logger.warning("data product %s is no background of a chart: %s", product.pk, error)
            text = str(error) if isinstance(error, PictureError) else "file missing"
            response = HttpResponse(error_png(text), content_type="image/png")
            patch_cache_control(response, no_store=True)
            return response
        response = HttpResponse(content, content_type="image/png")
    patch_cache_control(response, private=True, max_age=_A_YEAR_S, immutable=True)
    response["ETag"] = tag
    return response


def _number(request: HttpRequest, name: str) -> float:
    text = request.GET.get(name, "")
    try:
        value = float(text)
    except ValueError as error:
        raise Http404(f"The parameter {name} is a number, not {text!r}.") from error
    if not math.isfinite(value):
        raise Http404(f"The parameter {name} is a finite number.")
    return value
