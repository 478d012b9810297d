"""What filters do with new candidates, each action once: run in the background, after the batch is stored."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from tom_alerts.candidate_targets import CandidateError, TryAgainError, add_data, make_target
from tom_alerts.filter_models import Candidate, CandidateAction
from tom_alerts.telling import tell_due
from tom_alerts.webhooks import send
from tom_common.background import JobCancelled, JobTimedOut, current_job
from tom_common.remote.errors import RemoteError, RemoteRejected
from tom_dataservices.ingest.targets import upsert_extras
from tom_targets.models import Target, TargetExtra, TargetList
from tom_targets.permissions import target_lists_for_user, targets_for_user
from tom_targets.services import add_to_list

logger = logging.getLogger(__name__)

Kind = CandidateAction.Kind
MAX_ATTEMPTS = 6
_ON_TARGET = (Kind.LIST, Kind.NOTE)
_FIRST_WAIT_S = 60
_CLAIM_S = 900
_WEBHOOKS_S = 30.0
_AFTER_TARGET = dt.timedelta(seconds=5)
_URL = "candidate__alert_filter__webhook_url"
_ORDER = {kind: place for place, kind in enumerate(Kind.values)}


def act_on_due(*, limit: int = 2000) -> dict[str, int]:
    """Do what is due, and return how many actions were done, and failed.

    Each is claimed for some minutes by moving its time on, done, and marked: no lock is held meanwhile. Where
    a process ends between doing and marking it is done again, which changes nothing; a webhook is sent again
    with the same number.
    """
    counts = {"done": tell_due(), "failed": 0}  # news do not wait for slow services
    job = current_job()
    for pk in _due(limit):
        job.check_cancelled()
        word = _act(pk)
        if word:
            counts[word] += 1
    _send_webhooks(limit, counts)
    return counts


def _waiting() -> Any:
    return CandidateAction.objects.filter(state=CandidateAction.State.WAITING, due__lte=timezone.now())


def _due(limit: int) -> list[int]:
    rows = _waiting().exclude(kind__in=(Kind.TELL, Kind.WEBHOOK)).order_by("candidate_id")
    found = rows.values_list("candidate_id", "kind", "pk")[:limit]
    return [pk for _, _, pk in sorted(found, key=lambda row: (row[0], _ORDER[row[1]]))]


def _send_webhooks(limit: int, counts: dict[str, int]) -> None:
    """Send what is due to other programs, after all else and for some time: one that hangs holds up nobody.

    Receivers take turns. Where one did not take a webhook, its others are left for the next time, and come
    after those of all others until it has taken what it did not.
    """
    job = current_job()
    until = time.monotonic() + _WEBHOOKS_S
    silent: set[str] = set()
    troubled = _troubled()
    for pk, url in _by_turns(troubled)[:limit]:
        if url in silent:
            continue
        if time.monotonic() > until:
            if url not in troubled:
                from tom_alerts.tasks import act_soon

                act_soon()
            return
        job.check_cancelled()
        word = _act(pk)
        if word:
            counts[word] += 1
        else:
            silent.add(url)


def _troubled() -> set[str]:
    """Return the addresses that have not taken a webhook which is to be sent again."""
    rows = CandidateAction.objects.filter(kind=Kind.WEBHOOK, state=CandidateAction.State.WAITING)
    return set(rows.filter(attempts__gt=0).order_by().values_list(_URL, flat=True).distinct())


def _by_turns(troubled: set[str]) -> Any:
    """Return (key, address) of webhooks that are due: the first of each address, then the second, and so on.

    Those of troubled addresses follow all others.
    """
    rows = _waiting().filter(kind=Kind.WEBHOOK)
    turn = Window(RowNumber(), partition_by=[F(_URL)], order_by=(F("due").asc(), F("pk").asc()))
    # An empty set in ORDER BY would be a bare 0, which PostgreSQL takes for the place of a column.
    last = [Case(When(**{f"{_URL}__in": troubled}, then=1), default=0)] if troubled else []
    return rows.annotate(turn=turn).order_by(*last, "turn", "due", "pk").values_list("pk", _URL)


def _act(pk: int) -> str:
    now = timezone.now()
    waiting = CandidateAction.objects.filter(pk=pk, state=CandidateAction.State.WAITING)
    claimed = waiting.filter(due__lte=now).update(
        due=now + dt.timedelta(seconds=_CLAIM_S), attempts=F("attempts") + 1
    )
    action = waiting.select_related("candidate__alert_filter__user").first() if claimed else None
    if action is None or _waits_for_target(action):
        return ""
    try:
        problem = _problem_of(action)
    except (JobCancelled, JobTimedOut):
        waiting.update(due=timezone.now() + dt.timedelta(seconds=_FIRST_WAIT_S))
        raise
    if problem is None:
        waiting.update(state=CandidateAction.State.DONE, error="", finished=timezone.now())
        if action.kind == Kind.TARGET:
            _bring_forward(action)
        return "done"
    if problem.may_pass and action.attempts < MAX_ATTEMPTS:
        wait_s = max(_FIRST_WAIT_S * 4 ** (action.attempts - 1), problem.wait_s)
        waiting.update(due=timezone.now() + dt.timedelta(seconds=wait_s), error=problem.text[:300])
        return ""
    waiting.update(state=CandidateAction.State.FAILED, error=problem.text[:300], finished=timezone.now())
    return "failed"


def _bring_forward(making: CandidateAction) -> None:
    """Have done now what was put off until there is a target, maybe by another worker."""
    rows = CandidateAction.objects.filter(candidate=making.candidate_id, kind__in=_ON_TARGET)
    now = timezone.now()
    rows.filter(state=CandidateAction.State.WAITING, due__gt=now).update(due=now)


@dataclass(frozen=True)
class _Problem:
    """Why an action was not done, and whether it may be done later."""

    text: str
    may_pass: bool = False
    wait_s: float = 0.0


def _problem_of(action: CandidateAction) -> _Problem | None:
    """Do an action, and return what was in the way."""
    try:
        _DO[action.kind](action.candidate)
    except (JobCancelled, JobTimedOut):
        raise
    except CandidateError as error:
        return _Problem(str(error), isinstance(error, TryAgainError))
    except RemoteError as error:
        may_pass = not isinstance(error, RemoteRejected)
        return _Problem(str(error), may_pass, getattr(error, "retry_after_s", 0) or 0)
    except Exception as error:  # the edge of the loop: the others are done
        logger.exception("%s cannot be done", action)
        return _Problem(f"{type(error).__name__}: {error}", may_pass=True)
    return None


def _waits_for_target(action: CandidateAction) -> bool:
    """Tell whether an action has to wait for the one that makes the target; it is put off, if so."""
    if action.kind not in _ON_TARGET or action.candidate.target_id is not None:
        return False
    making = CandidateAction.objects.filter(
        candidate=action.candidate_id, kind=Kind.TARGET, state=CandidateAction.State.WAITING
    ).first()
    if making is None:
        return False
    later = max(making.due, timezone.now()) + _AFTER_TARGET
    CandidateAction.objects.filter(pk=action.pk).update(due=later, attempts=F("attempts") - 1)
    return True


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
