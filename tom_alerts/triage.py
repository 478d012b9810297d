"""Judging candidates: the queue, decisions, and how they are undone.

What one member of a team decides holds for the team: the state belongs to the filter, which is shared with
groups (``docs/decisions/0287``).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tom_alerts import conf
from tom_alerts.actions import put_on_list
from tom_alerts.candidate_targets import CandidateError, make_target
from tom_alerts.filter_models import Candidate, Decision
from tom_alerts.permissions import candidates_for_user
from tom_targets.models import Target, TargetList
from tom_targets.permissions import target_lists_for_user, targets_for_user
from tom_targets.services import remove_from_list
from tom_targets.trash import move_to_trash

State = Candidate.State
DECISIONS = (State.SAVED, State.REJECTED, State.DEFERRED)


@dataclass(frozen=True)
class Made:
    """The target that was made for a decision, and the alert of which it was."""

    target_pk: int | None = None
    content: Any = None


@dataclass(frozen=True)
class _Said:
    state: str
    user: Any
    reason: str
    target_list: TargetList | None


def open_candidates(rows: QuerySet) -> QuerySet:
    """Return the candidates of a queryset that wait for a decision: new, or deferred until now."""
    return rows.filter(Candidate.waiting())


def queue_for(user: Any, *, filter_pk: int | None = None, state: str = "open") -> QuerySet:
    """Return the candidates that a user sees, of one filter or all, in one state or open.

    An object that several filters let through stands there once.
    """
    rows = visible = candidates_for_user(user, Candidate.objects.all())
    if filter_pk is not None:
        rows = rows.filter(alert_filter=filter_pk)
    rows = open_candidates(rows) if state == "open" else rows.filter(state=state)
    if filter_pk is None:
        same = open_candidates(visible) if state == "open" else visible.filter(state=state)
        newer = same.filter(name=OuterRef("name"), pk__gt=OuterRef("pk"))
        rows = rows.filter(~Exists(newer.order_by()))
    return rows.select_related("alert_filter", "decided_by", "target").defer("content")


def decide(
    candidate: Candidate, state: str, *, user: Any, reason: str = "", target_list: TargetList | None = None
) -> list[Decision]:
    """Decide about a candidate, and about the same object in the other filters of whoever decides.

    Parameters
    ----------
    candidate : Candidate
        One that the user sees.
    state : str
        ``saved`` makes a target if there is none, ``rejected`` keeps the object away for good, ``deferred``
        brings it back later or with the next alert.
    user : User
    reason : str
        Why it is rejected.
    target_list : TargetList, optional
        Where a saved one is put.

    Raises
    ------
    CandidateError
        If somebody else decided meanwhile, or it cannot be saved; the candidate stays as it is, and a target
        that was made for it goes to the trash.
    """
    if state not in DECISIONS:
        raise CandidateError(f"“{state}” is no decision; expected {', '.join(DECISIONS)}.")
    mine = candidates_for_user(user, Candidate.objects.filter(pk=candidate.pk))
    chosen = _judged(mine.select_related("alert_filter", "decided_by").first(), candidate)
    content = chosen.content
    # A service may be asked here: before any row is locked.
    is_made = state == State.SAVED and make_target(chosen, user=user, with_data=False)
    made = Made(chosen.target_id, content) if is_made else Made()
    try:
        return _written(chosen, _Said(state, user, reason[:200], target_list), made)
    except (CandidateError, DatabaseError):
        if is_made:
            _take_back(chosen.pk, made, user)
        raise


def _judged(row: Candidate | None, asked: Candidate) -> Candidate:
    """Return a candidate as it is now, if it can be judged still."""
    if row is None:
        raise CandidateError(f"{asked.name} is not there any more.")
    if not row.may_be_judged:
        raise CandidateError(f"{row.name} was {row.state} by {row.decided_by or 'somebody'}.")
    return row


def _written(chosen: Candidate, said: _Said, made: Made) -> list[Decision]:
    """Write a decision down, and put the target on the list, in one transaction."""
    with transaction.atomic():
        rows = candidates_for_user(said.user, Candidate.objects.filter(name=chosen.name))
        keys = [*rows.values_list("pk", flat=True), chosen.pk]
        rows = Candidate.objects.filter(pk__in=keys).select_related("decided_by")
        locked = _locked(rows.defer("content"))
        now = timezone.now()
        current = _judged(next((row for row in locked if row.pk == chosen.pk), None), chosen)
        listed = said.target_list if said.state == State.SAVED else None
        if listed is not None and not put_on_list(chosen, listed, user=said.user):
            listed = None
        together = uuid.uuid4().hex
        decisions = [
            Decision(
                candidate=row,
                user=said.user,
                state=said.state,
                reason=said.reason,
                together=together,
                before=row.decision(),
                content=made.content if row is current else None,
                made_target=made.target_pk if row is current else None,
                put_on_list=listed.pk if listed is not None and row is current else None,
            )
            for row in locked
            if row.may_be_judged
        ]
        Candidate.objects.filter(pk__in=[decision.candidate_id for decision in decisions]).update(
            state=said.state,
            reason=said.reason,
            decided_by=said.user,
            decided_at=now,
            deferred_until=now + dt.timedelta(hours=conf.defer_hours())
            if said.state == State.DEFERRED
            else None,
        )
        return Decision.objects.bulk_create(decisions)


def _locked(rows: QuerySet) -> list[Any]:
    """Return rows as they are once they are locked: plain locks, which each engine knows."""
    keys = rows.model._default_manager.filter(pk__in=rows.order_by().values("pk"))
    list(keys.select_for_update().order_by("pk").values_list("pk"))
    return list(rows.order_by("pk"))


def standing_decisions(user: Any) -> QuerySet[Decision]:
    """Return the decisions of a user that hold still: not undone, not decided anew, on candidates he sees.

    Who left the team takes nothing back; what an alert brought back into the queue, or a colleague has
    decided since, is passed over.
    """
    mine = candidates_for_user(user, Candidate.objects.order_by())
    rows = Decision.objects.filter(user=user, undone=None, candidate__in=mine.values("pk"))
    return rows.filter(candidate__state=F("state"), candidate__decided_by=user).select_related("candidate")


def last_decision(user: Any) -> Decision | None:
    """Return the newest decision of a user that can be undone."""
    return standing_decisions(user).defer("content", "candidate__content").order_by("-pk").first()


def undo(decision: Decision, *, user: Any) -> str:
    """Take a decision of a user back, with all that it did; return what was done, as a sentence.

    A target that it made goes to the trash, unless somebody has worked on it since. In filters in which it
    holds no more, it stays so.

    Raises
    ------
    CandidateError
        If it holds no more: it is undone already, or somebody decided anew meanwhile.
    """
    with transaction.atomic():
        same = standing_decisions(user).filter(together=decision.together)
        keys = same.order_by("candidate_id").values_list("candidate_id", flat=True)
        candidates = Candidate.objects.filter(pk__in=list(keys)).defer("content")
        by_key = {one.pk: one for one in _locked(candidates)}
        rows: Sequence[Decision] = _locked(same.filter(candidate__in=by_key).defer("candidate__content"))
        if not rows:
            name = decision.candidate.name
            raise CandidateError(
                f"What you decided about {name} holds no more: it is undone, or decided anew."
            )
        told = [f"{decision.candidate.name} is {_word(rows[0].before)} again"]
        for row in rows:
            _restore(by_key[row.candidate_id], row.before)
            if row.put_on_list:
                told += _off_the_list(row, user)
            if row.made_target:
                told += _trashed(row.candidate_id, Made(row.made_target, row.content), user, row.created)
        Decision.objects.filter(pk__in=[row.pk for row in rows]).update(undone=timezone.now())
    return "; ".join(told) + "."


def _word(before: dict[str, Any]) -> str:
    return str(State(before["state"]).label).lower()


def _restore(candidate: Candidate, before: dict[str, Any]) -> None:
    candidate.state, candidate.reason = before["state"], before["reason"]
    candidate.decided_by_id = before["decided_by_id"]
    for name in ("decided_at", "deferred_until"):
        setattr(candidate, name, parse_datetime(before[name]) if before[name] else None)
    candidate.save(update_fields=["state", "reason", "decided_by", "decided_at", "deferred_until"])


def _off_the_list(row: Decision, user: Any) -> list[str]:
    lists = TargetList.objects.filter(pk=row.put_on_list)
    target_list = target_lists_for_user(user, lists, "change_targetlist").first()
    if target_list is None or row.candidate.target_id is None:
        return []
    remove_from_list(target_list, Target.objects.filter(pk=row.candidate.target_id))
    return [f"it is off the list {target_list}"]


def _trashed(candidate_pk: int, made: Made, user: Any, since: dt.datetime) -> list[str]:
    """Move the target of a decision to the trash, and give the candidate its alert back."""
    rows = Target._default_manager.filter(pk=made.target_pk)
    target = targets_for_user(user, rows, "delete_target").first()
    if target is None:
        return []
    if target.targetlist_set.exists() or target.modified > since + dt.timedelta(minutes=10):
        return ["its target stays, since somebody works with it"]
    move_to_trash(target, user=user)
    Candidate.objects.filter(pk=candidate_pk, target=None).update(content=made.content)
    return ["its target is in the trash"]


def _take_back(candidate_pk: int, made: Made, user: Any) -> None:
    """Remove a target whose decision did not come about, unless a colleague has saved it."""
    with transaction.atomic():
        if not Candidate.objects.filter(target=made.target_pk, state=State.SAVED).exists():
            _trashed(candidate_pk, made, user, timezone.now())
