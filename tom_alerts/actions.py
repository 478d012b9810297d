"""What filters do with new candidates, each action once: run in the background, after the batch is stored."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from django.db.models import F
from django.utils import timezone

from tom_alerts.candidate_targets import CandidateError, add_data, make_target
from tom_alerts.filter_models import Candidate, CandidateAction
from tom_alerts.telling import tell_due
from tom_alerts.webhooks import send
from tom_common.background import current_job
from tom_common.remote.errors import RemoteError, RemoteRejected
from tom_dataservices.ingest.targets import upsert_extras
from tom_targets.models import Target, TargetExtra, TargetList
from tom_targets.permissions import target_lists_for_user, targets_for_user
from tom_targets.services import add_to_list

logger = logging.getLogger(__name__)

Kind = CandidateAction.Kind
MAX_ATTEMPTS = 6
_FIRST_WAIT_S = 60
_CLAIM_S = 900
_ORDER = {kind: place for place, kind in enumerate(Kind.values)}


def act_on_due(*, limit: int = 2000) -> dict[str, int]:
    """Do what is due, and return how many actions were done, and failed.

    Each is claimed for some minutes by moving its time on, done, and marked: no lock is held meanwhile. Where
    a process ends between doing and marking it is done again, which changes nothing; a webhook is sent again
    with the same number.
    """
    counts = {"done": 0, "failed": 0}
    job = current_job()
    for pk in _due(limit):
        job.check_cancelled()
        word = _act(pk)
        if word:
            counts[word] += 1
    counts["done"] += tell_due()
    return counts


def _due(limit: int) -> list[int]:
    rows = CandidateAction.objects.filter(state=CandidateAction.State.WAITING, due__lte=timezone.now())
    found = rows.exclude(kind=Kind.TELL).order_by("candidate_id").values_list("candidate_id", "kind", "pk")
    return [pk for _, _, pk in sorted(found[:limit], key=lambda row: (row[0], _ORDER[row[1]]))]


def _act(pk: int) -> str:
    now = timezone.now()
    waiting = CandidateAction.objects.filter(pk=pk, state=CandidateAction.State.WAITING)
    claimed = waiting.filter(due__lte=now).update(
        due=now + dt.timedelta(seconds=_CLAIM_S), attempts=F("attempts") + 1
    )
    action = waiting.select_related("candidate__alert_filter__user").first() if claimed else None
    if action is None:
        return ""
    error = ""
    try:
        _DO[action.kind](action.candidate)
    except CandidateError as problem:
        error = str(problem)
    except RemoteError as problem:
        error = str(problem)
        if not isinstance(problem, RemoteRejected) and action.attempts < MAX_ATTEMPTS:
            wait_s = max(
                _FIRST_WAIT_S * 4 ** (action.attempts - 1), getattr(problem, "retry_after_s", 0) or 0
            )
            waiting.update(due=timezone.now() + dt.timedelta(seconds=wait_s), error=error[:300])
            return ""
    except Exception as problem:  # the edge of the loop: the others are done
        logger.exception("%s cannot be done", action)
        error = f"{type(problem).__name__}: {problem}"
    state = CandidateAction.State.FAILED if error else CandidateAction.State.DONE
    waiting.update(state=state, error=error[:300], finished=timezone.now())
    return "failed" if error else "done"


def _make(candidate: Candidate) -> None:
    make_target(candidate, user=candidate.alert_filter.user)


def _add(candidate: Candidate) -> None:
    add_data(candidate, user=candidate.alert_filter.user)


def put_on_list(candidate: Candidate, target_list: TargetList, *, user: Any) -> bool:
    """Put the target of a candidate on a list; return whether it was not on it before.

    Raises
    ------
    CandidateError
        If there is no target, or the user may not see it or may not change the list.
    """
    if candidate.target_id is None:
        raise CandidateError(f"{candidate.name} has no target that could be put on the list {target_list}.")
    lists = TargetList.objects.filter(pk=target_list.pk)
    if not target_lists_for_user(user, lists, "change_targetlist").exists():
        raise CandidateError(f"{user} may not change the list {target_list}.")
    rows = targets_for_user(user, Target._default_manager.filter(pk=candidate.target_id), "view_target")
    if not rows.exists():
        raise CandidateError(f"{user} may not see the target of {candidate.name}.")
    return add_to_list(target_list, rows) > 0


def _list(candidate: Candidate) -> None:
    one = candidate.alert_filter
    if one.target_list is not None:
        put_on_list(candidate, one.target_list, user=one.user)


def _note(candidate: Candidate) -> None:
    one = candidate.alert_filter
    rows = Target._default_manager.filter(pk=candidate.target_id)
    if candidate.target_id is None or not targets_for_user(one.user, rows, "change_target").exists():
        raise CandidateError(f"{candidate.name} has no target that {one.user} may annotate.")
    extra = TargetExtra(target_id=candidate.target_id, key=one.note_key, value=one.note)
    extra.set_typed_values()
    upsert_extras([extra])


_DO: dict[str, Callable[[Candidate], None]] = {
    Kind.TARGET: _make,
    Kind.DATA: _add,
    Kind.LIST: _list,
    Kind.NOTE: _note,
    Kind.WEBHOOK: send,
}
