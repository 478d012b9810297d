"""The background task that reads an uploaded file."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from tom_common.background import InputRefused, JobCancelled, background_task, current_job
from tom_dataproducts.models import DataProduct, DataUpload
from tom_dataproducts.permissions import data_products_for_user
from tom_dataproducts.readings import fail, read_upload


@background_task(time_limit_ms=2 * 3_600_000, title="Reading of a file", queue="bulk")
def read_uploaded_file(upload_id: int, user_id: int) -> dict[str, Any]:
    """Read a kept file by its mapping; safe to run twice: what was read before is replaced."""
    job = current_job()
    upload = DataUpload.objects.select_related("product__target").filter(pk=upload_id).first()
    if upload is None:
        raise InputRefused("The file was thrown away meanwhile.")
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    mine = DataProduct.objects.filter(pk=upload.product_id)
    if not data_products_for_user(user, mine, "change_dataproduct").exists():
        text = "Who asked for the reading may not change the file any more; nothing was read."
        fail(upload, text)
        raise InputRefused(text)

    def tell(text: str, fraction: float | None) -> None:
        job.check_cancelled()
        job.progress(int(100 * (fraction or 0.0)), 100, text)

    try:
        read_upload(upload, user=user, progress=tell)
    except JobCancelled:
        fail(upload, "The reading was cancelled.")
        raise
    except Exception:
        fail(upload, f"The reading broke off; job {job.pk} says why.")
        raise
    for problem in upload.problems[:100]:
        job.log(f"line {problem['line']}, {problem['column']}: {problem['reason']}")
    if upload.state == DataUpload.State.FAILED:
        raise InputRefused(upload.sentence())
    links = [{"label": "Show the file", "url": reverse("dataproducts:detail", args=[upload.product_id])}]
    return {"report": upload.sentence(), "links": links}
