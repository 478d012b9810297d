"""Which images of a target can lie behind its finder chart; offered to tom_targets by the AppConfig."""

from __future__ import annotations

import logging
import math
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.urls import reverse

from tom_dataproducts.file_selectors import CUTOUT_PREFIX, cutouts_of, files_of
from tom_dataproducts.images import MAX_FILE_BYTES, PictureError
from tom_dataproducts.models import DataProduct
from tom_dataproducts.sky_images import Footprint, footprint
from tom_targets.finder import separation

logger = logging.getLogger(__name__)
_NEWEST = 4
_KEPT_S = 30 * 86400
_NO_SKY = "none"


def backgrounds(
    target: Any, user: Any, *, ra_deg: float, dec_deg: float, field_arcmin: float
) -> list[dict[str, str]]:
    """Return the newest images of a target that reach into a field, in two queries.

    Parameters
    ----------
    target : BaseTarget
        One that the user sees.
    user : User or AnonymousUser
    ra_deg, dec_deg : float
        Centre of the field, ICRS, in degrees.
    field_arcmin : float

    Returns
    -------
    list of dict
        ``key``, ``label`` and ``url`` of each: uploaded files first, the newest first, then the cutouts of
        the newest alert.
    """
    query = urlencode({"ra": f"{ra_deg:.6f}", "dec": f"{dec_deg:.6f}", "fov": f"{field_arcmin:g}"})
    found = []
    for product, label in _candidates(target, user):
        place = known_footprint(product)
        if place is None or not _reaches(place, ra_deg, dec_deg, field_arcmin):
            continue
        url = f"{reverse('dataproducts:finder-image', args=[product.pk])}?{query}"
        found.append({"key": f"file-{product.pk}", "label": label, "url": url})
    return found


def _candidates(target: Any, user: Any) -> list[tuple[DataProduct, str]]:
    files = files_of(target, user=user).exclude(product_id__startswith=CUTOUT_PREFIX)
    pictures = [product for product in files[: 5 * _NEWEST] if product.has_picture][:_NEWEST]
    cutouts = [(cutout.product, f"{cutout.role} cutout") for cutout in cutouts_of(target, user=user)]
    return [(product, product.get_file_name()) for product in pictures] + cutouts


def known_footprint(product: DataProduct) -> Footprint | None:
    """Return where the image of a file lies, None where that is not known; read once, then kept."""
    key = f"tom_dataproducts.footprint.{product.pk}.{product.modified.timestamp()}"
    kept = cache.get(key)
    if kept is None:
        try:
            kept = footprint(content_of(product))
        except (PictureError, OSError) as error:
            logger.info("data product %s lies nowhere on the sky: %s", product.pk, error)
            kept = _NO_SKY
        cache.set(key, kept, _KEPT_S)
    return None if kept == _NO_SKY else kept


def content_of(product: DataProduct) -> bytes:
    """Return the content of a file.

    Raises
    ------
    PictureError
        If it is larger than pictures may be.
    OSError
        If it cannot be read.
    """
    with product.data.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise PictureError("file too large")
    return content


def _reaches(place: Footprint, ra_deg: float, dec_deg: float, field_arcmin: float) -> bool:
    separation_deg = separation(place.ra_deg, place.dec_deg, ra_deg, dec_deg)
    return separation_deg < place.radius_deg + field_arcmin / 60.0 / math.sqrt(2)
