"""What our sections of a target's page show; each function takes the template context of the page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tom_common.job_links import attach_jobs
from tom_dataproducts.file_selectors import cutouts_of, files_of, files_url, with_rights
from tom_dataproducts.images import STRETCHES
from tom_dataproducts.permissions import data_products_for_user
from tom_dataproducts.points import point_rows
from tom_dataproducts.selectors import newest_points
from tom_dataproducts.spectra_selectors import spectra_facts
from tom_dataproducts.upload_forms import DataProductUploadForm
from tom_dataproducts.upload_selectors import waiting_uploads
from tom_targets.models import BaseTarget
from tom_targets.permissions import may

_NEWEST = 20
_FILES = 25
_RECORD_FILES = 200


def light_curve_context(target: BaseTarget, user: Any) -> dict[str, Any]:
    """Return addresses of the light curve's data, and the newest points for those without script."""
    return {
        "data_url": reverse("dataproducts:photometry", args=[target.pk]),
        "csv_url": reverse("dataproducts:photometry-csv", args=[target.pk]),
        "table_url": reverse("dataproducts:photometry-table", args=[target.pk]),
        "about_url": reverse("dataproducts:photometry-about", args=[target.pk]),
        "corrections_url": reverse("dataproducts:corrections"),
        "notes_url": reverse("dataproducts:point-notes", args=[target.pk]),
        "periods_url": reverse("dataproducts:periods", args=[target.pk]),
        "export_url": reverse("dataproducts:target-export", args=[target.pk]),
        "dust_url": reverse("dataproducts:dust", args=[target.pk]),
        "empty_url": _upload_url(target, user),
        "newest_rows": point_rows(newest_points(target, user=user, limit=_NEWEST)),
    }


def photometry(context: Any) -> dict[str, Any]:
    """Return what the light curve of the page's target needs."""
    return light_curve_context(context["target"], context["request"].user)


def spectra_context(target: BaseTarget, user: Any, *, product_pk: int | None = None) -> dict[str, Any]:
    """Return the address of the spectra's data, and what is known of the newest for those without script."""
    url = reverse("dataproducts:spectra", args=[target.pk])
    facts = spectra_facts(target, user=user, product_pk=product_pk)
    return {
        "spectra_url": url if product_pk is None else f"{url}?product={product_pk}",
        "spectra_facts": facts[:_NEWEST],
        "spectra_count": len(facts),
    }


def spectra(context: Any) -> dict[str, Any]:
    """Return what the spectra of the page's target need."""
    return spectra_context(context["target"], context["request"].user)


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
    """Return the newest files of the page's target, the uploads that wait, and the form for more."""
    target, user = context["target"], context["request"].user
    found = list(files_of(target, user=user)[: _FILES + 1])
    return {
        "products": found[:_FILES],
        "has_more": len(found) > _FILES,
        "back_url": files_url(target),
        "waiting": list(attach_jobs(waiting_uploads(target, user=user)[:_FILES])),
        "form": upload_form(target, user),
    }


def record_files(context: Any) -> dict[str, Any]:
    """Return the files of the page's observation record that the user may see, newest first."""
    user = context["request"].user
    rows = data_products_for_user(user, context["record"].dataproduct_set.all())
    products = list(with_rights(rows, user).order_by("-pk")[:_RECORD_FILES])
    return {"products": products, "form": upload_form(context["record"], user)}


def upload_form(obj: Any, user: Any) -> DataProductUploadForm | None:
    """Return the form for files of a target or an observation record; None if the user may add none."""
    is_target = isinstance(obj, BaseTarget)
    target = obj if is_target else obj.target
    if not getattr(user, "is_authenticated", False) or not may(user, "change_target", target):
        return None
    back_url = files_url(target) if is_target else obj.get_absolute_url()
    place = {"target": target.pk} if is_target else {"observation_record": obj.pk}
    return DataProductUploadForm(initial={**place, "referrer": back_url}, user=user, auto_id="upload_%s")


def _upload_url(target: BaseTarget, user: Any) -> str:
    """Return where a file of photometry is uploaded, if the user may add data to the target."""
    known = getattr(target, "may_change_target", None)
    if not getattr(user, "is_authenticated", False):
        return ""
    may_add = may(user, "change_target", target) if known is None else known
    return f"{reverse('dataproducts:upload')}?target={target.pk}" if may_add else ""
