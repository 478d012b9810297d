"""What can be done with other TOMs: share once, rehearse it, share persistently; tasks and pages call it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from tom_common.background import current_job
from tom_common.models import Job
from tom_common.remote import RemoteError
from tom_dataproducts.models import PersistentShareState
from tom_dataproducts.sharing import destinations
from tom_dataproducts.sharing.client import RemoteTom
from tom_dataproducts.sharing.report import Report
from tom_dataproducts.sharing.request import DATA_PARTS, ShareRequest
from tom_dataproducts.sharing.run import Sharing
from tom_targets.models import PersistentShare, Target, TargetList
from tom_targets.permissions import target_lists_for_user, targets_for_user

_CHUNK = 100
PERSISTENT_PARTS = (*DATA_PARTS, "files")
TRIES = 6
FIRST_RETRY_S = 60
LONGEST_RETRY_S = 3600


def shareable_targets(user: Any, request: ShareRequest) -> QuerySet:
    """Return the targets of a request that a user may share: those that the user may change."""
    if request.list_id is not None:
        lists = target_lists_for_user(user, TargetList.objects.filter(pk=request.list_id))
        rows = Target._default_manager.filter(targetlist__in=lists)
    else:
        rows = Target._default_manager.filter(pk__in=request.target_ids)
    return targets_for_user(user, rows, "change_target").order_by("pk")


def share_once(request: ShareRequest, *, user: Any, dry_run: bool) -> Report:
    """Share what a request names.

    Parameters
    ----------
    request : ShareRequest
    user : User
        Only targets that this user may change, and data that this user may see, go out.
    dry_run : bool
        Whether to say only what would happen.

    Raises
    ------
    ImproperlyConfigured
        If the settings have no such destination (any more).
    """
    tom = RemoteTom(destinations.destination(request.destination))
    targets = shareable_targets(user, request)
    return Sharing(tom, request, user=user, dry_run=dry_run).share_all(_in_chunks(targets), targets.count())


def _in_chunks(targets: QuerySet) -> Iterator[Any]:
    """Yield targets with their names and extra fields, a hundred at a time: sharing them takes long."""
    keys = list(targets.values_list("pk", flat=True))
    for start in range(0, len(keys), _CHUNK):
        rows = Target._default_manager.filter(pk__in=keys[start : start + _CHUNK]).order_by("pk")
        yield from rows.prefetch_related("aliases", "targetextra_set")


def run_request(values: dict[str, Any], *, user_id: int, dry_run: bool) -> dict[str, Any]:
    """Share in a job and return what the job keeps: the report, and the request for another run."""
    user = get_user_model().objects.get(pk=user_id)
    report = share_once(ShareRequest(**values), user=user, dry_run=dry_run)
    result = report.as_result(values)
    if pk := current_job().pk:
        result["links"] = [{"label": "Report", "url": reverse("dataproducts:share-report", args=[pk])}]
    return result


def start(request: ShareRequest, *, user: Any, dry_run: bool, what: str) -> Job:
    """Start a job that shares, or rehearses it.

    Parameters
    ----------
    request : ShareRequest
    user : User
    dry_run : bool
    what : str
        What is shared, for the title of the job.
    """
    from tom_dataproducts.tasks import share_with_tom

    verb = "Dry run: share" if dry_run else "Share"
    title = f"{verb} {what} with {destinations.label_of(request.destination)}"
    return share_with_tom.submit(
        user=user, title=title, request=request.as_values(), user_id=user.pk, dry_run=dry_run
    )


# --- persistent shares


def request_of(share: PersistentShare) -> ShareRequest:
    """Return what a persistent share sends: the target where it is missing, and all data that are missing."""
    parts = ["target", "aliases", "extras", *PERSISTENT_PARTS]
    return ShareRequest(destination=share.destination, target_ids=[share.target_id], parts=parts)


def run_share(share_id: int, attempt: int = 1) -> str:
    """Send what a persistent share has not sent yet; what came out is kept for its page.

    Parameters
    ----------
    share_id : int
    attempt : int
        How often it was tried in a row; a share that fails is tried again later, `TRIES` times in all.

    Returns
    -------
    str
        What happened, in words.
    """
    share = PersistentShare.objects.select_related("user", "target").filter(pk=share_id).first()
    if share is None:
        return "The share was ended meanwhile."
    if problem := _may_not(share):
        _note(share, error=problem)
        return problem
    try:
        report = share_once(request_of(share), user=share.user, dry_run=False)
        error = report.stopped or _first_refusal(report)
        stopped, summary = bool(report.stopped), report.summary()
        asked_s = report.retry_after_s or 0.0
    except (ImproperlyConfigured, RemoteError) as failure:
        error, stopped, summary, asked_s = str(failure), False, "", 0.0
    retry_at = None
    if stopped and attempt < TRIES:
        delay_s = min(LONGEST_RETRY_S, max(asked_s, FIRST_RETRY_S * 2 ** (attempt - 1)))
        retry_at = timezone.now() + dt.timedelta(seconds=delay_s)
        _retry_later(share.pk, attempt + 1, delay_s)
    _note(
        share, summary=summary, error=error, came_through=not stopped and bool(summary), next_try_at=retry_at
    )
    return error or summary


def _may_not(share: PersistentShare) -> str:
    """Return why a persistent share may not run: its user is gone, or may not share the target any more."""
    if share.user is None or not share.user.is_active:
        return "Nobody answers for this share any more: its user is gone. Make it anew."
    rows = Target._default_manager.filter(pk=share.target_id)
    if not targets_for_user(share.user, rows, "change_target").exists():
        return f"{share.user.get_username()}, who made this share, may not share the target any more."
    return ""


def _first_refusal(report: Report) -> str:
    found = [item for item in report.items if item.outcome == "refused"]
    if not found:
        return ""
    more = f" And {report.refused - found[0].count} more." if report.refused > found[0].count else ""
    return f"{found[0].what}: {found[0].text}{more}"


def _retry_later(share_id: int, attempt: int, delay_s: float) -> None:
    from tom_dataproducts.tasks import share_new_data

    share_new_data.send_with_options(args=(share_id, attempt), delay=int(delay_s * 1000))


def _note(
    share: PersistentShare,
    *,
    summary: str = "",
    error: str = "",
    came_through: bool = False,
    next_try_at: Any = None,
) -> None:
    now = timezone.now()
    values: dict[str, Any] = {"tried_at": now, "error": error, "next_try_at": next_try_at}
    if came_through:
        values |= {"succeeded_at": now}
    if summary:
        values["summary"] = summary[:300]
    if PersistentShare.objects.filter(pk=share.pk).exists():
        PersistentShareState.objects.update_or_create(share=share, defaults=values)
