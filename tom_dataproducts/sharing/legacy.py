"""The functions of sharing that plugins know, on top of ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.utils.text import slugify

from tom_common.remote import RemoteService, plain_words
from tom_common.spreadsheets import no_formula
from tom_dataproducts import conf
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_dataproducts.sharing import destinations
from tom_dataproducts.sharing.client import RemoteTom
from tom_dataproducts.sharing.gateway import feedback
from tom_dataproducts.sharing.request import DATA_PARTS, ShareRequest
from tom_dataproducts.sharing.run import Sharing
from tom_dataproducts.sharing.wire import bears_a_name
from tom_targets.models import Target

_COLUMNS = (
    "timestamp",
    "telescope",
    "instrument",
    "bandpass",
    "brightness",
    "brightness_error",
    "limit",
    "unit",
    "source_name",
)


def share_data_with_tom(
    share_destination: str,
    form_data: Mapping[str, Any] | None,
    product_id: int | None = None,
    target_id: int | None = None,
    selected_data: Iterable[Any] | None = None,
) -> dict[str, Any]:
    """Share a file, all data of a target, or chosen photometry with another TOM that has the target.

    Parameters
    ----------
    share_destination : str
        Key of ``DATA_SHARING``.
    form_data : mapping or None
        Taken for the sake of callers.
    product_id, target_id : int, optional
        Key of a file, or of a target.
    selected_data : iterable of int, optional
        Keys of rows of photometry.

    Returns
    -------
    dict
        ``message``, which starts with ``ERROR`` if something was refused.

    Raises
    ------
    ImproperlyConfigured
        If the settings have no such destination.
    """
    requests_by_target: dict[int, ShareRequest] = {}
    if product_id:
        product = DataProduct.objects.get(pk=product_id)
        requests_by_target[product.target_id] = ShareRequest(
            share_destination, parts=["files"], product_ids=[product.pk]
        )
    elif selected_data:
        chosen = [int(pk) for pk in selected_data]
        rows = PhotometryReducedDatum.objects.filter(pk__in=chosen).order_by()
        for pk in rows.values_list("target_id", flat=True).distinct():
            requests_by_target[pk] = ShareRequest(share_destination, parts=["photometry"], datum_ids=chosen)
    elif target_id:
        requests_by_target[int(target_id)] = ShareRequest(share_destination, parts=list(DATA_PARTS))
    if not requests_by_target:
        return {"message": "ERROR: there are no data to share."}
    tom = RemoteTom(destinations.destination(share_destination))
    said = []
    for pk, request in requests_by_target.items():
        target = Target._default_manager.get(pk=pk)
        said.append(feedback(Sharing(tom, request, user=None, dry_run=False).share_all([target], 1)))
    return {"message": " ".join(sorted((found["message"] for found in said), key=_errors_first))}


def _errors_first(message: str) -> bool:
    return not message.startswith("ERROR")


def get_destination_target(
    target: Any, targets_url: str, headers: Mapping[str, str], auth: Any
) -> tuple[Any, Any]:
    """Look a target up in another TOM by its names.

    Parameters
    ----------
    target : BaseTarget
    targets_url : str
        Address of the list of targets of its REST API.
    headers : mapping
    auth : (str, str)
        User name and password.

    Returns
    -------
    (int or list or None, object)
        Key of the target there, the targets if there are several, None without; and what was answered.

    Raises
    ------
    RemoteError
    """
    service = RemoteService("The other TOM", targets_url, headers=headers, auth=auth)
    said = service.get_json("", {"name": ",".join(target.names)})
    rows = said.get("results", []) if isinstance(said, dict) else said or []
    found = [row for row in rows if bears_a_name(row, target.names)]
    if len(found) > 1:
        return found, said
    return (found[0]["id"] if found else None), said


def get_sharing_destination_options(include_download: bool = True) -> tuple[Any, ...]:
    """Return the destinations of the setting as choices of a form; topics of one as a group of choices."""
    found: list[Any] = [("download", "download")] if include_download else []
    usable = destinations.destinations()
    for key, entry in conf.data_sharing().items():
        if key not in usable:
            continue
        label = destinations.label_of(key)
        topics = entry.get("USER_TOPICS") or ()
        if topics:
            found.append((label, tuple((f"{key}:{topic}", topic) for topic in topics)))
        else:
            found.append((key, label))
    return tuple(found)


def sharing_feedback_converter(response: Any) -> str:
    """Return in words what sharing answered, our dict or a response; ``ERROR`` starts a failure."""
    if isinstance(response, Mapping):
        return str(response.get("message", ""))
    status = getattr(response, "status_code", None)
    try:
        said = response.json()
    except ValueError:
        said = None
    words = str(said["message"]) if isinstance(said, dict) and "message" in said else plain_words(said)
    if status is not None and status >= 400:
        return f"ERROR: answered {status}{': ' + words if words else ''}"
    return words or "Shared."


def sharing_feedback_handler(response: Any, request: Any) -> None:
    """Show what sharing answered as a message on the next page."""
    words = sharing_feedback_converter(response)
    (messages.error if words.upper().startswith("ERROR") else messages.success)(request, words)


def _cell(value: Any) -> Any:
    return no_formula(value) if isinstance(value, str) else value


def download_data(form_data: Mapping[str, Any], selected_data: Iterable[Any]) -> StreamingHttpResponse:
    """Return chosen photometry as CSV; ``share_title`` names the file, ``share_message`` comes first."""
    rows = PhotometryReducedDatum.objects.filter(pk__in=list(selected_data)).order_by("timestamp", "pk")

    def lines() -> Iterable[str]:
        text = " ".join(str(form_data.get("share_message") or "").split())
        if text:
            yield f"# {text}\r\n"
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(_COLUMNS)
        for row in rows.values_list(*_COLUMNS).iterator():
            writer.writerow([row[0].isoformat(), *map(_cell, row[1:])])
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()

    name = slugify(str(form_data.get("share_title") or "")) or "data"
    response = StreamingHttpResponse(lines(), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
