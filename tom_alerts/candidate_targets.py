"""Candidates into targets and data, with the rights of one user. Called by actions and by triage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group

from tom_alerts.filter_models import AlertFilter, Candidate
from tom_alerts.kept_alerts import access_of, unpacked
from tom_common.history import change_run
from tom_dataproducts.summaries import refresh_summaries
from tom_dataservices.duplicates import CREATE, Duplicates
from tom_dataservices.ingest import IngestOptions
from tom_dataservices.ingest.run import ingest_batch
from tom_dataservices.ingest.targets import known_targets, merge_objects
from tom_dataservices.made_targets import make_targets
from tom_dataservices.models import QueryResult
from tom_dataservices.providers import Access
from tom_dataservices.results import NameTakenError, known_by_name
from tom_targets.models import Target
from tom_targets.permissions import may, may_create_targets, targets_for_user


class CandidateError(Exception):
    """Why something cannot be done with a candidate, as a sentence."""


class TryAgainError(CandidateError):
    """A service or its plugin failed; later it may do."""


class HiddenTargetError(CandidateError):
    """A target of this name is there, and the user may not see it."""


def make_target(candidate: Candidate, *, user: Any, with_data: bool = True) -> bool:
    """See to it that a candidate has a target; return whether it was made now.

    The filter says who may see the target; its maker may do everything with it.

    Parameters
    ----------
    candidate : Candidate
        Its target is set.
    user : User
    with_data : bool
        For the result of a query: ask its service for data, too.

    Raises
    ------
    CandidateError
        If the user may make no targets, there is nothing to make one of, or the target of this name is hidden
        from the user.
    """
    if candidate.target_id is not None:
        return False
    there = _stored(candidate, user)
    if there is not None:
        if with_data and _lacks_data(candidate, there):
            as_named = Duplicates.chosen(CREATE)
            _of_result(candidate, candidate.alert_filter, (), user, with_data=True, duplicates=as_named)
        _set_target(candidate, there)
        return False
    if not may_create_targets(user):
        raise CandidateError(f"{user} may not make targets.")
    one = candidate.alert_filter
    groups = list(one.target_groups.all())
    if candidate.content is not None:
        made = _of_alert(candidate, one, groups, user)
    else:
        made = _of_result(candidate, one, groups, user, with_data=with_data)
    _set_target(candidate, made)
    return True


def _lacks_data(candidate: Candidate, pk: int) -> bool:
    """Tell whether a target was made of the result of a candidate by a process that ended before its data."""
    if candidate.content is not None or candidate.result_id is None:
        return False
    rows = QueryResult.objects.filter(pk=candidate.result_id, target=pk, is_made=True, data_rows=None)
    return rows.exists()


def _set_target(candidate: Candidate, pk: int) -> None:
    """Note the target of a candidate, and of the same object in other filters whose owners may see it.

    The others keep their alert, until a newer one comes: they need it if the target goes.
    """
    candidate.target_id = pk
    Candidate.objects.filter(pk=candidate.pk).update(target=pk, content=None)
    same = Candidate.objects.filter(name=candidate.name, survey=candidate.survey, target=None)
    by_owner: dict[Any, list[int]] = defaultdict(list)
    for row in same.select_related("alert_filter__user").defer("content"):
        by_owner[row.alert_filter.user].append(row.pk)
    target = Target._default_manager.filter(pk=pk)
    for owner, keys in by_owner.items():
        if targets_for_user(owner, target, "view_target").exists():
            Candidate.objects.filter(pk__in=keys, target=None).update(target=pk)


def _stored(candidate: Candidate, user: Any) -> int | None:
    """Return the target of this name that there is by now.

    Raises
    ------
    HiddenTargetError
        If the user may not see it.
    """
    if candidate.content is not None:
        merged = merge_objects(unpacked(candidate.content).objects)
        pk = next(iter(known_targets(merged).values()), None)
        if pk is not None and not may(user, "view_target", Target(pk=pk)):
            raise HiddenTargetError(
                f"A target named {candidate.name} is there already, and {user} may not see it."
            )
        return pk
    try:
        known = known_by_name([candidate.name], user=user)
    except NameTakenError as error:
        raise HiddenTargetError(str(error)) from error
    return None if known is None else int(known.pk)


def _allowed(candidate: Candidate, one: AlertFilter, groups: Sequence[Group]) -> tuple[str, tuple[int, ...]]:
    """Return who may see the target of an alert: those to whom the filter shows it, and its ingest, too."""
    wanted = tuple(group.pk for group in groups)
    access = access_of(candidate.content)
    if access is None:
        return one.permissions, wanted
    levels = list(Target.Permissions)  # the most open first
    strictest = max(
        (Target.Permissions(one.permissions), Target.Permissions(access.permissions)), key=levels.index
    )
    if access.permissions != Target.Permissions.PRIVATE:
        return strictest.value, wanted
    if one.permissions == Target.Permissions.PRIVATE:
        return strictest.value, tuple(pk for pk in wanted if pk in access.group_ids)
    there = Group.objects.filter(pk__in=access.group_ids).order_by("pk")
    return strictest.value, tuple(there.values_list("pk", flat=True))


def _of_alert(candidate: Candidate, one: AlertFilter, groups: Sequence[Group], user: Any) -> int:
    permissions, group_ids = _allowed(candidate, one, groups)
    options = IngestOptions(user=user, permissions=permissions, group_ids=group_ids)
    batch = unpacked(candidate.content)
    run = change_run(user, kind="ingest", title=f"{candidate.name}: from the filter {one.name}"[:200])
    report, changed = ingest_batch(batch, options, run, screens=False)
    found = known_targets(merge_objects(batch.objects))
    if not found:
        reason = report.reasons[0] if report.reasons else "the alert makes no target"
        raise CandidateError(f"{candidate.name}: {reason}")
    if changed:
        refresh_summaries(sorted(changed))
    return next(iter(found.values()))


def _of_result(
    candidate: Candidate,
    one: AlertFilter,
    groups: Sequence[Group],
    user: Any,
    *,
    with_data: bool,
    duplicates: Duplicates | None = None,
) -> int:
    if candidate.result_id is None:
        raise CandidateError(f"{candidate.name}: its alert is not kept any more; it comes with the next one.")
    result = QueryResult.objects.select_related("run").filter(pk=candidate.result_id).first()
    if result is None:
        raise CandidateError(f"{candidate.name}: the answer of the query is not kept any more; run it again.")
    access = Access(user, groups, one.permissions)
    report = make_targets([result], access, with_data=with_data, duplicates=duplicates)
    targets = report.all
    if not targets:
        error = TryAgainError if report.failed else CandidateError
        raise error(report.notes[0] if report.notes else f"{candidate.name} makes no target.")
    return targets[0].pk


def add_data(candidate: Candidate, *, user: Any) -> None:
    """Give the target of a candidate the data of its alert; nothing where there is no target.

    Raises
    ------
    CandidateError
        If the user may not change the target.
    """
    try:
        pk = candidate.target_id or _stored(candidate, user)
    except HiddenTargetError:  # for this user there is none
        return
    if pk is None:
        return
    if not targets_for_user(user, Target._default_manager.filter(pk=pk), "change_target").exists():
        raise CandidateError(f"{user} may not add data to the target {candidate.name}.")
    if candidate.content is not None:
        run = change_run(user, kind="ingest", title=f"Data of {candidate.name}"[:200])
        options = IngestOptions(user=user, only_known=True)
        _, changed = ingest_batch(unpacked(candidate.content), options, run, screens=False)
        if changed:
            refresh_summaries(sorted(changed))
    elif candidate.result_id is not None:
        _of_result(candidate, candidate.alert_filter, (), user, with_data=True)
    _set_target(candidate, pk)
