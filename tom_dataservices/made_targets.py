"""Makes targets of what a query found: the one way, for the pages, the commands, filters and brokers.

``targets_for`` asks who may do so, and for whom; ``make_targets`` makes them one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from tom_common.background import current_job
from tom_common.grants import grant_access
from tom_dataservices.duplicates import Duplicates, LeftOutError, keep_result
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.kept_answers import AnswerLostError, unpacked
from tom_dataservices.models import QueryResult
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.providers import Access, Provider, provider
from tom_dataservices.result_pages import names_of
from tom_dataservices.results import (
    KeptTarget,
    NameTakenError,
    NotOnSkyError,
    may_add_data,
    noting_new_targets,
)
from tom_targets.models import Target, TargetList
from tom_targets.permissions import may_create_targets, target_lists_for_user, targets_for_user
from tom_targets.selectors import groups_to_share_with
from tom_targets.services import add_to_list, list_or_new

_AT_A_TIME = 200
"""Results that are in memory at once."""


class MadeTarget(NamedTuple):
    """A target that was made of a result, or found there."""

    pk: int
    name: str


class NotAllowedError(Exception):
    """Targets cannot be made for this user; the text says why."""


@dataclass(frozen=True)
class Wanted:
    """What was chosen once, for all targets that are made of results.

    Attributes
    ----------
    group_ids : sequence of int
        Groups that get access; of them those to which the user may give it.
    permissions : str or None
        Who else may see new targets; the default of the TOM for None.
    list_name : str
        Target list that they are put on, made if there is none; empty for none.
    with_data : bool
        Bring along what the service knows of them.
    on_near : str or None
        What becomes of a result that a stored target may be (``duplicates.CHOICES``).
    near_arcsec : float or None
    """

    group_ids: Sequence[int] = ()
    permissions: str | None = None
    list_name: str = ""
    with_data: bool = True
    on_near: str | None = None
    near_arcsec: float | None = None


@dataclass
class MadeTargets:
    """What became of results: targets made and found there, rows of data, notes.

    So many were left out as was chosen, and of so many the plugin failed.
    """

    made: list[MadeTarget] = field(default_factory=list)
    there: list[MadeTarget] = field(default_factory=list)
    left_out: int = 0
    failed: int = 0
    data_rows: int = 0
    notes: list[str] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    """Keys of the targets, in the order in which they came."""

    def add(self, target: Any, *, is_new: bool) -> None:
        """Note a target that was made, or found there."""
        (self.made if is_new else self.there).append(MadeTarget(int(target.pk), str(target.name)))
        self.keys.append(int(target.pk))

    @property
    def all(self) -> list[MadeTarget]:
        """The targets, those made before those found there."""
        return [*self.made, *self.there]

    def words(self) -> str:
        """Return the counts in words."""
        made, there = len(self.made), len(self.there)
        words = f"{made} target{'s' * (made != 1)} made, {there} there already, {self.left_out} left out"
        return f"{words}, {self.data_rows} rows of data"


def targets_for(
    user: Any, results: QuerySet[QueryResult], wanted: Wanted, *, unattended: bool = False
) -> MadeTargets:
    """Make targets of results with the rights of a user, as was chosen, and put them on a list.

    Parameters
    ----------
    user : User or None
        None is for what a program keeps for nobody: only where `unattended`.
    results : QuerySet of QueryResult
    wanted : Wanted
    unattended : bool
        Nobody asked for it just now.

    Raises
    ------
    NotAllowedError
        If the user may not add targets.
    """
    access = access_for(user, wanted, unattended=unattended)
    duplicates = Duplicates.chosen(wanted.on_near, wanted.near_arcsec)
    report = MadeTargets()
    job = current_job()
    pieces = _InPieces(results)
    listed = 0
    is_done = False
    try:
        for index, result in enumerate(pieces, start=1):
            job.check_cancelled()
            _make_of(result, access, duplicates, report, with_data=wanted.with_data, goes_on=True)
            if index % _AT_A_TIME == 0:
                listed = _list_new(wanted, report, listed, user)
            job.progress(index, len(pieces), f"{len(report.made)} targets made")
        is_done = True
    finally:  # of a job that was cancelled, say: what it made stays, and the next run may never come
        _list_new(wanted, report, listed, user)
        if not is_done:
            for note in report.notes:
                job.log(note)
    return report


def _list_new(wanted: Wanted, report: MadeTargets, listed: int, user: Any) -> int:
    """Put the targets that came since `listed` on the list, if there is one; return how many are on it."""
    keys = report.keys[listed:]
    if wanted.list_name and keys:
        put_on_list(wanted.list_name, keys, user, report.notes)
    return len(report.keys)


def access_for(user: Any, wanted: Wanted, *, unattended: bool = False) -> Access:
    """Return who gets access to targets that are made for a user; see `targets_for`.

    Raises
    ------
    NotAllowedError
    """
    if user is None and unattended:
        groups: QuerySet[Group] = Group.objects.order_by("name")
    elif may_create_targets(user):
        groups = groups_to_share_with(user)
    else:
        who = "You" if not unattended else str(user)
        raise NotAllowedError(f"{who} may not add targets.")
    return Access(user, list(groups.filter(pk__in=wanted.group_ids)), wanted.permissions)


def put_on_list(name: str, keys: Sequence[int], user: Any, notes: list[str]) -> None:
    """Put targets on the list of a name, made if there is none, if the user may change it."""
    lists = TargetList.objects.filter(name=name).order_by("pk")
    found = _changed_by(user, lists).first()
    if found is None:
        found, is_new = list_or_new(name)
        if is_new and user is not None:
            grant_access(user, found)
        elif not is_new and not _changed_by(user, lists.filter(pk=found.pk)).exists():
            refusal = f"You may not change the list {name}."
            notes += [] if refusal in notes else [refusal]
            return
    for start in range(0, len(keys), 1000):
        add_to_list(found, Target.objects.filter(pk__in=keys[start : start + 1000]))


def _changed_by(user: Any, lists: QuerySet[TargetList]) -> QuerySet[TargetList]:
    return lists if user is None else target_lists_for_user(user, lists, "change_targetlist")


class _InPieces:
    """Results by their place, some in memory at a time: no list of all, no cursor that a connection holds."""

    def __init__(self, results: QuerySet[QueryResult]) -> None:
        self._rows = results.select_related("run").defer("raw").order_by("run", "number", "pk")
        self._keys = list(self._rows.values_list("pk", flat=True))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[QueryResult]:
        for start in range(0, len(self._keys), _AT_A_TIME):
            yield from self._rows.filter(pk__in=self._keys[start : start + _AT_A_TIME])


def make_targets(
    results: Sequence[QueryResult],
    access: Access,
    *,
    with_data: bool = True,
    duplicates: Duplicates | None = None,
) -> MadeTargets:
    """Make targets of results, one by one, and bring along what the service knows of them.

    A result that cannot be used does not keep the others out; the user is told why. `duplicates` says what
    becomes of one that a stored target may be; the settings do without. A target that was there gets data
    only if the user may change it. No transaction is open while the service is asked.
    """
    chosen_for_known = duplicates or Duplicates.chosen()
    report = MadeTargets()
    job = current_job()
    for index, result in enumerate(results, start=1):
        job.check_cancelled()
        _make_of(result, access, chosen_for_known, report, with_data=with_data)
        job.progress(index, len(results), f"{len(report.made)} targets made")
    return report


def _make_of(
    result: QueryResult,
    access: Access,
    duplicates: Duplicates,
    report: MadeTargets,
    *,
    with_data: bool,
    goes_on: bool = False,
) -> None:
    """Make a target of one result, and note it there before its data are asked for.

    A new one is noted in the transaction that stores it. A job that was interrupted and `goes_on` takes what
    it noted itself as it left it.
    """
    asked = provider(result.run.kind, result.run.provider, access.user)
    try:
        raw = unpacked(_answer_of(result))
    except AnswerLostError as error:
        report.notes.append(f"{result}: {error}")
        return
    job_pk = current_job().pk
    target = _kept_by(result, job_pk, access.user) if goes_on else None
    if target is not None:
        report.add(target, is_new=result.is_made)
        if result.data_rows is not None:
            report.data_rows += result.data_rows
            return
    else:
        names = names_of(result) or [result.result_id]
        with noting_new_targets(then=partial(_note_made, result, job_pk)):
            kept = _keep(asked, raw, names, (result.ra, result.dec), access, duplicates, report)
        if kept is None:
            return
        target = kept.target
        _note(result, target=target.pk, kept_by=job_pk, is_made=kept.is_new, data_rows=None)
    if with_data:
        rows = _bring(asked, target, raw, access, report)
        report.data_rows += rows or 0
        _note(result, data_rows=rows if rows is None else max(0, rows))


def _note(result: QueryResult, **values: Any) -> None:
    QueryResult.objects.filter(pk=result.pk).update(**values)


def _note_made(result: QueryResult, job_pk: int | None, target: Any) -> None:
    _note(result, target=target.pk, kept_by=job_pk, is_made=True, data_rows=None)


def _kept_by(result: QueryResult, job_pk: int | None, user: Any) -> Any:
    """Return the target that a job made of a result, or found for it, in an earlier run; None without."""
    if job_pk is None or result.kept_by != job_pk or result.target_id is None:
        return None
    rows: Any = Target._default_manager.filter(pk=result.target_id)
    return (rows if user is None else targets_for_user(user, rows, "view_target")).first()


def make_target(
    asked: Provider,
    raw: Any,
    names: Sequence[str],
    place: tuple[float | None, float | None],
    access: Access,
    duplicates: Duplicates,
    *,
    report: MadeTargets,
    with_data: bool = True,
) -> MadeTarget | None:
    """Make a target of what a provider gave, with its data, and note in a report what became of it.

    Parameters
    ----------
    asked : Provider
    raw : object
        What it gave.
    names : sequence of str
        The name, and others.
    place : (float or None, float or None)
        ICRS, deg.
    access : Access
    duplicates : Duplicates
    report : MadeTargets
        Of all that are made.
    with_data : bool

    Returns
    -------
    MadeTarget or None
        None where there is none; the report says why.
    """
    kept = _keep(asked, raw, names, place, access, duplicates, report)
    if kept is None:
        return None
    if with_data:
        report.data_rows += _bring(asked, kept.target, raw, access, report) or 0
    return MadeTarget(int(kept.target.pk), str(kept.target.name))


def _keep(
    asked: Provider,
    raw: Any,
    names: Sequence[str],
    place: tuple[float | None, float | None],
    access: Access,
    duplicates: Duplicates,
    report: MadeTargets,
) -> KeptTarget | None:
    """Make a target, or find it, and note it in the report; None where there is none."""
    try:
        with plugin_reported(asked.title, letting=(NameTakenError, LeftOutError, NotOnSkyError)):
            kept = keep_result(
                asked,
                raw,
                names=names,
                ra_deg=place[0],
                dec_deg=place[1],
                access=access,
                duplicates=duplicates,
            )
    except LeftOutError as error:
        report.left_out += 1
        report.notes.append(str(error))
        return None
    except (NameTakenError, NotOnSkyError, PluginFailedError) as error:
        report.failed += isinstance(error, PluginFailedError)
        report.notes.append(f"{names[0]}: {error}")
        return None
    report.notes += kept.notes
    report.add(kept.target, is_new=kept.is_new)
    return kept


def _answer_of(result: QueryResult) -> str:
    """Read the packed answer: thousands of results are handed over without, and none is kept here."""
    return QueryResult.objects.filter(pk=result.pk).values_list("raw", flat=True).first() or ""


def _bring(asked: Provider, target: Any, raw: Any, access: Access, report: MadeTargets) -> int | None:
    """Return how many rows of data came; None where none could be asked for, of which the report tells."""
    if not may_add_data(access.user, target):
        report.notes.append(f"Data of {target} were not added: you may not change it.")
        return None
    nothing = (MissingDataException, NotImplementedError)
    try:
        with plugin_reported(asked.title, letting=nothing):
            return asked.bring_data(target, raw)
    except nothing:
        return 0
    except PluginFailedError as error:
        report.notes.append(f"Data of {target}: {error}")
        return None
