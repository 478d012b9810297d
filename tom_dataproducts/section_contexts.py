"""What our sections of a target's page show; each function takes the template context of the page."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse

from tom_dataproducts.file_selectors import cutouts_of, files_of, is_picture
from tom_dataproducts.images import STRETCHES
from tom_dataproducts.points import point_rows
from tom_dataproducts.selectors import newest_points
from tom_targets.models import BaseTarget

_NEWEST = 20
_FILES = 25


def light_curve_context(target: BaseTarget, user: Any) -> dict[str, Any]:
    """Return addresses of the light curve's data, and the newest points for those without script."""
    return {
        "data_url": reverse("dataproducts:photometry", args=[target.pk]),
        "csv_url": reverse("dataproducts:photometry-csv", args=[target.pk]),
        "table_url": reverse("dataproducts:photometry-table", args=[target.pk]),
        "empty_url": _upload_url(user),
        "newest_rows": point_rows(newest_points(target, user=user, limit=_NEWEST)),
    }


def photometry(context: Any) -> dict[str, Any]:
    """Return what the light curve of the page's target needs."""
    return light_curve_context(context["target"], context["request"].user)


def cutouts(context: Any) -> dict[str, Any] | None:
    """Return the cutouts of the newest alert in the stretch that the address asks for; None without any."""
    request = context["request"]
    found = cutouts_of(context["target"], user=request.user)
    if not found:
        return None
    chosen = request.GET.get("stretch")
    stretch = chosen if chosen in STRETCHES else STRETCHES[0]
    return {
        "cutouts": [
            {
                "role": cutout.role,
                "url": f"{reverse('dataproducts:image', args=[cutout.product.pk])}?stretch={stretch}",
                "download_url": reverse("dataproducts:download", args=[cutout.product.pk]),
            }
            for cutout in found
        ],
        "alert": found[0].alert,
        "mjd_utc": None if found[0].mjd_utc is None else f"{found[0].mjd_utc:.5f}",
        "stretch": stretch,
        "stretches": STRETCHES,
        "section_url": reverse("targets:section", args=[context["target"].pk, "cutouts"]),
    }


def files(context: Any) -> dict[str, Any]:
    """Return the newest files of the page's target."""
    target = context["target"]
    found = list(files_of(target, user=context["request"].user)[: _FILES + 1])
    for product in found:
        product.has_picture = is_picture(product)
    return {
        "products": found[:_FILES],
        "has_more": len(found) > _FILES,
        "back_url": f"{target.get_absolute_url()}?tab=manage-data#manage-data",
    }


def _upload_url(user: Any) -> str:
    """Return where photometry comes from: the page for alert files, where the user may use it."""
    if not getattr(user, "is_authenticated", False):
        return ""
    try:
        return reverse("alerts:upload")
    except NoReverseMatch:
        return ""
