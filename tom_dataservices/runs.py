"""Asks outside services in the background and keeps what they answer: for the pages of queries.

``start_run`` makes the row and the job, ``fetch_now`` is what the job does. No page waits for a service; an
answer is used again while it is current. ``made_targets`` makes targets of results.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import nh3
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.html import conditional_escape

from tom_common.background import JobCancelled, JobTimedOut, RunAgain
from tom_dataservices import conf
from tom_dataservices.forms import SAVING_FIELDS
from tom_dataservices.ingest.screening import tell_result_screens
from tom_dataservices.kept_answers import packed, plain
from tom_dataservices.models import ROW, QueryResult, QueryRun
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.providers import Found, Provider, close_if_possible, provider

_BATCH = 25
MOST_RESULTS = 10_000
"""Results that a run has at most, however often more of them are asked for."""
CANCELLED = "The query was cancelled: these are the results that had come by then."
"""What a run says that somebody cancelled; it is no failure."""
_TOO_LONG = "The query took too long: these are the results that had come by then."


def runs_for_user(user: Any) -> QuerySet[QueryRun]:
    """Return the runs that a user may see: their own; a superuser sees all."""
    if not user.is_authenticated:
        return QueryRun.objects.none()
    return QueryRun.objects.all() if user.is_superuser else QueryRun.objects.filter(user=user)


def digest_of(kind: str, name: str, parameters: Any) -> str:
    """Return what two equal questions have in common, whatever they are called."""
    asked = plain(parameters)
    if isinstance(asked, dict):
        asked = {key: value for key, value in asked.items() if key not in SAVING_FIELDS}
    text = json.dumps([kind, name, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def start_run(
    asked: Provider,
    parameters: dict[str, Any],
    *,
    query: Any = None,
    again: bool = False,
    in_background: bool = True,
    wanted: int | None = None,
) -> QueryRun:
    """Ask a service in the background, unless its answer to the same question is still current.

    Parameters
    ----------
    asked : Provider
    parameters : dict
        Cleaned data of its form.
    query : SavedQuery, optional
        Which kept query this is.
    again : bool
        Ask in any case.
    in_background : bool
        Make the job; without, the caller fetches.
    wanted : int, optional
        Results that are fetched before it stops; as many as a page shows at once without.
    """
    from tom_dataservices.tasks import run_query, run_query_quietly

    digest = digest_of(asked.kind, asked.name, parameters)
    if not again:
        since = timezone.now() - dt.timedelta(seconds=asked.results_valid_s)
        same = QueryRun.objects.filter(user=asked.user, digest=digest, created__gte=since, error="")
        if query is not None:  # what is new, and what filters see, belongs to one kept query
            same = same.filter(query_id=query.pk)
        for run in same[:1]:
            if run.finished or (run.job is not None and not run.job.is_finished):
                return run
    with transaction.atomic():
        run = QueryRun.objects.create(
            user=asked.user,
            kind=asked.kind,
            provider=asked.name,
            parameters=plain(parameters),
            digest=digest,
            query_id=query.pk if query is not None else None,
            title=query.name if query is not None else "",
            wanted=wanted or conf.results_shown(),
        )
        if query is not None:
            type(query)._default_manager.filter(pk=query.pk).update(last_run=timezone.now())
        if in_background:
            task = run_query_quietly if asked.is_quiet else run_query
            run.job = task.submit(user=asked.user, title=f"{asked.title}: {run}"[:200], run_pk=run.pk)
            run.save(update_fields=["job_id"])
    run.refresh_from_db()
    return run


def fetch_more(run: QueryRun) -> QueryRun:
    """Fetch as many results again as a run shows at once."""
    from tom_dataservices.tasks import run_query

    if run.wanted >= MOST_RESULTS or not run.has_more:
        return run
    with transaction.atomic():
        same = QueryRun.objects.filter(pk=run.pk, wanted=run.wanted, finished__isnull=False)
        if not same.update(wanted=run.wanted + conf.results_shown(), finished=None):
            return run  # asked for twice; one job is enough
        run.job = run_query.submit(user=run.user, title=f"More of {run}"[:200], run_pk=run.pk)
        run.save(update_fields=["job_id"])
    run.refresh_from_db()
    return run


def fetch_now(run: QueryRun, tell: Callable[[int], None] = lambda count: None) -> QueryRun:
    """Ask the service of a run, and keep its answer in batches as it comes; safe to run twice.

    What is kept already is left out of the new answer, wherever it stands there by now: nothing is lost and
    nothing comes twice where the service has found something new meanwhile. Results that the iterator would
    still give are not asked for.

    Raises
    ------
    PluginFailedError
        With a sentence for the user, if the service did not answer, or not as promised.
    """
    try:
        return _fetch(run, tell)
    except (PluginFailedError, JobCancelled, RunAgain):
        raise
    except Exception as error:  # whatever it was: a run that ended says so
        run.error = run.error or f"It was not run to its end: {error or type(error).__name__}"
        run.finished = run.finished or timezone.now()
        how = {name: getattr(run, name) for name in ("has_more", "feedback", "error", "finished")}
        QueryRun.objects.filter(pk=run.pk).update(**how)
        raise


def _fetch(run: QueryRun, tell: Callable[[int], None]) -> QueryRun:
    asked = provider(run.kind, run.provider, run.user)
    kept = Counter(run.results.order_by().values_list("result_id", flat=True))
    run.found = kept.total()
    before = _before(run)
    run.has_more = False
    batch: list[QueryResult] = []
    try:
        with plugin_reported(asked.title), closing_if_possible(asked.find(dict(run.parameters))) as answer:
            for number, found in enumerate(_without(answer, kept), start=run.found):
                if number >= run.wanted:
                    run.has_more = True
                    break
                batch.append(_row(run, number, found, before))
                if len(batch) == _BATCH:
                    _keep(run, batch)
                    tell(run.found)
    except PluginFailedError as problem:
        _end(run, batch, asked, error=str(problem))
        raise
    except RunAgain:  # it goes on later: what has come by now is shown meanwhile
        _keep(run, batch)
        raise
    except (JobCancelled, JobTimedOut) as stop:
        _end(run, batch, asked, error=CANCELLED if isinstance(stop, JobCancelled) else _TOO_LONG)
        raise
    _end(run, batch, asked)
    return run


def _end(run: QueryRun, batch: list[QueryResult], asked: Provider, *, error: str = "") -> None:
    """Keep what came last, and how the run ended.

    The screens are told before that: a job that was stopped meanwhile comes to them again.
    """
    _keep(run, batch)
    run.feedback = _cleaned(asked.feedback)
    run.error = error
    if run.query_id is not None:
        tell_result_screens(run)
    run.finished = timezone.now()
    run.save(update_fields=["found", "has_more", "feedback", "error", "finished"])


@contextmanager
def closing_if_possible(iterator: Iterator[Found]) -> Iterator[Iterator[Found]]:
    """Close an iterator at the end, if it can be."""
    try:
        yield iterator
    finally:
        close_if_possible(iterator)


def _cleaned(html: Any) -> str:
    """Return feedback of a plugin as harmless HTML."""
    return nh3.clean(str(conditional_escape(html))) if html else ""


def _without(answer: Iterator[Found], kept: Counter[str]) -> Iterator[Found]:
    """Yield what is not kept yet; a service may give several results of one id."""
    for found in answer:
        if kept[found.result_id[:255]] > 0:
            kept[found.result_id[:255]] -= 1
        else:
            yield found


def _row(run: QueryRun, number: int, found: Found, before: _Before | None) -> QueryResult:
    return QueryResult(
        run=run,
        number=number,
        result_id=found.result_id[:255],
        name=found.name[:255],
        ra=found.ra_deg,
        dec=found.dec_deg,
        values=plain(found.values),
        raw=packed(found.raw),
        is_new=before is not None and before.lacks(number, found.result_id[:255]),
    )


def _keep(run: QueryRun, batch: list[QueryResult]) -> None:
    if batch:
        QueryResult.objects.bulk_create(batch, ignore_conflicts=True)
        run.found = batch[-1].number + 1
        QueryRun.objects.filter(pk=run.pk).update(found=run.found)
        batch.clear()


@dataclass(frozen=True)
class _Before:
    """What an earlier run found, and how many places of the answer it looked at; None for all."""

    ids: frozenset[str]
    reach: int | None

    def lacks(self, number: int, result_id: str) -> bool:
        """Tell whether the earlier run looked where a result stands now, and had it not."""
        return result_id not in self.ids and (self.reach is None or number < self.reach)


def _before(run: QueryRun) -> _Before | None:
    """Return what earlier runs found that asked the same of the same query for the same user.

    That is what the last complete one found, with all that later ones added; of runs of which none was
    complete, the last.
    """
    if run.query_id is None:
        return None
    earlier = QueryRun.objects.filter(
        kind=run.kind,
        query_id=run.query_id,
        user=run.user_id,
        digest=run.digest,
        pk__lt=run.pk,
        error="",
        finished__isnull=False,
    )
    complete = earlier.filter(has_more=False).order_by("-pk").first()
    last = complete or earlier.order_by("-pk").first()
    if last is None:
        return None
    rows = QueryResult.objects.filter(run__in=earlier.filter(pk__gte=last.pk).order_by().values("pk"))
    ids = frozenset(rows.order_by().values_list("result_id", flat=True).distinct())
    return _Before(ids, last.found if last.has_more else None)


def chosen(run: QueryRun, ids: Iterable[str] | None) -> QuerySet[QueryResult]:
    """Return results of a run by their ``row_id``, or what the service knows them by; all for None.

    Tables of plugins choose rows by the latter.
    """
    if ids is None:
        return run.results.all()
    wanted = [str(one) for one in ids]
    rows = [one.removeprefix(ROW) for one in wanted if one.startswith(ROW)]
    keys = [int(one) for one in rows if one.isdecimal() and len(one) < 19]
    return run.results.filter(Q(result_id__in=wanted) | Q(pk__in=keys))


def throw_away_old() -> int:
    """Delete runs that are older than results are kept, and return how many."""
    before = timezone.now() - dt.timedelta(days=conf.results_kept_days())
    return QueryRun.objects.filter(created__lt=before).delete()[1].get(QueryRun._meta.label, 0)
