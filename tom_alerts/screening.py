"""Filters that are on look at what comes in: one pass over a batch, one statement for its candidates.

Registered with ``tom_dataservices.ingest.screening``; runs within the transaction of the batch, so that a
batch that is stored twice gives its candidates once. What is done with them is done later, by ``tasks``.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import DatabaseError, transaction
from django.db.models import Count, F, Prefetch, Q
from django.utils import timezone

from tom_alerts.alert_tables import BatchTable
from tom_alerts.expressions import ExpressionError, compiled
from tom_alerts.filter_models import AlertFilter, Candidate, CandidateAction
from tom_alerts.filter_rules import QUERY_HIDDEN, WATCHLIST_HIDDEN, NoSourceError, check_source
from tom_alerts.kept_alerts import packed
from tom_alerts.permissions import with_watchlist_shown
from tom_alerts.result_tables import ResultTable
from tom_alerts.values import finite_or_none
from tom_alerts.watching import watched
from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.background import JobCancelled, JobTimedOut
from tom_common.upserts import upsert
from tom_dataservices.ingest.options import IngestOptions
from tom_dataservices.ingest.targets import chunks
from tom_dataservices.models import QueryResult, QueryRun
from tom_dataservices.packets.batch import AlertBatch
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

logger = logging.getLogger(__name__)

KEPT_FACTS = (
    "mag", "mag_err", "band", "real_bogus", "class", "class_prob", "rate_mag_per_d", "n_detections",
    "duration_d", "gal_lat", "star_score", "star_dist_arcsec", "solar_system_name", "simulated",
)  # fmt: skip
_HOUR = dt.timedelta(hours=1)
_UPDATED = ("survey", "alert_id", "ra", "dec", "mjd", "facts", "target", "result_id", "content", "seen")
_CHUNK = 500


def rows_passing(one: AlertFilter, table: Any) -> list[int]:
    """Return the rows of a table that a filter lets through, ascending.

    Raises
    ------
    ExpressionError
        If its expression is not understood (any more).
    """
    rows = compiled(one.expression).passing(table)
    if not rows or one.watchlist is None:
        return rows
    places = np.array(
        [[_or_nan(table.column(name)[row]) for row in rows] for name in ("ra", "dec")], dtype=np.float64
    )
    inside = watched(one.watchlist, places[0], places[1])
    return [row for row, is_inside in zip(rows, inside.tolist(), strict=True) if is_inside]


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


@dataclass
class Hits:
    """What one filter let through: row of the table by the name of the object, the newest alert of each."""

    one: AlertFilter
    rows: dict[str, int] = field(default_factory=dict)


class Known(NamedTuple):
    """What is stored of a candidate."""

    mjd: float | None
    state: str
    target_id: int | None


class BatchVerdict:
    """What the filters say of a batch; see ``tom_dataservices.ingest.screening.Verdict``."""

    def __init__(self, batch: AlertBatch, options: IngestOptions, table: Any, hits: Sequence[Hits]) -> None:
        self.batch = batch
        self.options = options
        self.table = table
        self.hits = hits

    def keep(self, found: Mapping[str, int]) -> int:
        """Store the candidates and what is to be done with them; return how many are new."""
        wanted = {found[name] for hit in self.hits for name in hit.rows if name in found}
        hidden = _hidden(self.hits, wanted)
        return keep_candidates(self.hits, [self._row(hit, found, hidden) for hit in self.hits])

    def _row(self, hit: Hits, found: Mapping[str, int], hidden: Mapping[int, set[int]]) -> list[Candidate]:
        rows = []
        for name, row in hit.rows.items():
            alert = self.batch.objects[row]
            target_id = found.get(name)
            if target_id in hidden.get(hit.one.user_id, ()):
                target_id = None
            rows.append(
                Candidate(
                    alert_filter=hit.one,
                    survey=self.batch.survey,
                    name=name,
                    alert_id=alert.alert_id,
                    ra=finite_or_none(alert.ra_deg),
                    dec=finite_or_none(alert.dec_deg),
                    mjd=alert.mjd_utc,
                    facts=facts_of(self.table, row),
                    target_id=target_id,
                    content=packed(self.batch, row, self.options) if target_id is None else None,
                )
            )
        return rows


def _hidden(hits: Sequence[Hits], wanted: set[int]) -> dict[int, set[int]]:
    """Return which targets the owner of a filter may not see, by owner: another team's do not count."""
    private: set[int] = set()
    for keys in chunks(wanted):
        rows = Target._default_manager.filter(pk__in=keys, permissions=Target.Permissions.PRIVATE)
        private.update(rows.values_list("pk", flat=True))
    hidden: dict[int, set[int]] = {}
    for owner in {hit.one.user_id: hit.one.user for hit in hits}.values() if private else ():
        hidden[owner.pk] = set(private)
        for keys in chunks(private):
            seen = targets_for_user(owner, Target._default_manager.filter(pk__in=keys), "view_target")
            hidden[owner.pk].difference_update(seen.values_list("pk", flat=True))
    return hidden


def facts_of(table: Any, row: int) -> dict[str, Any]:
    """Return the common fields of one alert that are known, as plain values."""
    found = {}
    for name in KEPT_FACTS:
        value = table.column(name)[row]
        if value is not None:
            found[name] = round(value, 4) if isinstance(value, float) else value
    return found


def active_filters() -> list[AlertFilter]:
    """Return the filters that are on and look at alerts; one short statement where there is none."""
    groups = Group.objects.only("pk")
    rows = AlertFilter.objects.filter(is_on=True, query_id=None).select_related(
        "user", "watchlist__user", "watchlist__region", "watchlist__target_list"
    )
    return list(with_watchlist_shown(rows).prefetch_related(Prefetch("groups", queryset=groups)))


def screen(batch: AlertBatch, options: IngestOptions) -> BatchVerdict | None:
    """Return what the filters that are on say of a batch, None where none is on."""
    filters = active_filters() if batch.objects else []
    if not filters:
        return None
    table = BatchTable(batch)
    hits = []
    fitting = [one for one in filters if one.survey in ("", batch.survey) and _may_look(one)]
    for one in _allowed(fitting, options):
        rows = _rows_of(one, table)
        newest: dict[str, int] = {}
        for row in rows:
            alert = batch.objects[row]
            best = newest.get(alert.name)
            if best is None or alert.mjd_utc >= batch.objects[best].mjd_utc:
                newest[alert.name] = row
        if newest:
            hits.append(Hits(one, newest))
    return BatchVerdict(batch, options, table, hits)


def _allowed(filters: Sequence[AlertFilter], options: IngestOptions) -> list[AlertFilter]:
    """Return the filters that may look at alerts; at private ones, those that show them to nobody else.

    All groups of a filter have to be among those that get the new targets, and its owner is who brings the
    alerts, a member of one of these groups, or a superuser: a candidate is seen by all of them, before there
    is a target that could be hidden.
    """
    if options.permissions != "PRIVATE":
        return list(filters)
    groups = set(options.group_ids)
    fitting = [one for one in filters if {group.pk for group in one.groups.all()} <= groups]
    owners = get_user_model()._default_manager.filter(pk__in={one.user_id for one in fitting}, is_active=True)
    told = Q(is_superuser=True) | Q(pk=getattr(options.user, "pk", None)) | Q(groups__in=groups)
    allowed = set(owners.filter(told).values_list("pk", flat=True)) if fitting else set()
    return [one for one in fitting if one.user_id in allowed]


def _rows_of(one: AlertFilter, table: Any) -> list[int]:
    try:
        return rows_passing(one, table)
    except ExpressionError as error:
        _tell_problem(one, str(error))
    except (DatabaseError, JobCancelled, JobTimedOut):
        raise
    except Exception as error:  # the edge of the loop: the ingest and the other filters go on
        logger.exception("filter %s failed", one.pk)
        _tell_problem(
            one, f"It fails on some alerts, and lets none through: {error or type(error).__name__}."
        )
    return []


def _tell_problem(one: AlertFilter, text: str) -> None:
    if one.problem != text[:300]:
        logger.error("filter %s cannot be used: %s", one.pk, text)
        AlertFilter.objects.filter(pk=one.pk).update(problem=text[:300])


def keep_candidates(hits: Sequence[Hits], rows: Sequence[list[Candidate]]) -> int:
    """Store what filters let through: new ones, and newer alerts of known ones; return how many are new.

    Parameters
    ----------
    hits : sequence of Hits
    rows : sequence of list of Candidate
        Unsaved, of each filter.
    """
    candidates = [row for part in rows for row in part]
    if not candidates:
        return 0
    now = timezone.now()
    known = _known(candidates)
    room = _room([hit.one for hit in hits], now)
    chosen, left_out = [], dict.fromkeys((hit.one.pk for hit in hits), 0)
    new = []
    for row in candidates:
        stored = known.get((row.alert_filter_id, row.name))
        row.created = row.seen = now
        if stored is not None:
            row.target_id = row.target_id or stored.target_id
            row.content = None if row.target_id else row.content
            if (row.mjd or 0.0) > (stored.mjd or 0.0):
                chosen.append(row)
            continue
        if room[row.alert_filter_id] <= 0:
            left_out[row.alert_filter_id] += 1
            continue
        room[row.alert_filter_id] -= 1
        chosen.append(row)
        new.append(row)
    upsert(
        Candidate,
        chosen,
        unique_fields=("alert_filter", "name"),
        update_fields=_UPDATED,
        batch_size=_CHUNK,
    )
    _bring_back(chosen, known)
    _plan_actions(new, now)
    for pk, count in left_out.items():
        if count:
            AlertFilter.objects.filter(pk=pk).update(left_out=F("left_out") + count)
    return len(new)


def _known(candidates: Sequence[Candidate]) -> dict[tuple[int, str], Known]:
    found: dict[tuple[int, str], Known] = {}
    names = sorted({row.name for row in candidates})
    filters = {row.alert_filter_id for row in candidates}
    for start in range(0, len(names), _CHUNK):
        rows = Candidate.objects.filter(alert_filter__in=filters, name__in=names[start : start + _CHUNK])
        columns = ("alert_filter_id", "name", "mjd", "state", "target_id")
        for pk, name, *known in rows.values_list(*columns):
            found[pk, name] = Known(*known)
    return found


def _room(filters: Sequence[AlertFilter], now: dt.datetime) -> dict[int, int]:
    """Return how many new candidates each filter may have still in this hour."""
    rows = Candidate.objects.filter(
        alert_filter__in=[one.pk for one in filters], created__gt=now - _HOUR
    ).order_by()
    used = dict(rows.values_list("alert_filter").annotate(count=Count("pk")))
    return {one.pk: one.max_per_hour - used.get(one.pk, 0) for one in filters}


def _bring_back(rows: Sequence[Candidate], known: Mapping[tuple[int, str], Known]) -> None:
    """Put what was deferred back into the queue where a newer alert has come; what is rejected stays so."""
    deferred = [
        row.pk
        for row in rows
        if (was := known.get((row.alert_filter_id, row.name))) and was.state == Candidate.State.DEFERRED
    ]
    if deferred:
        Candidate.objects.filter(pk__in=deferred, state=Candidate.State.DEFERRED).update(
            state=Candidate.State.NEW, deferred_until=None
        )


def _plan_actions(new: Sequence[Candidate], now: dt.datetime) -> None:
    """Write down what is to be done with new candidates; the database keeps each to once."""
    actions = [
        CandidateAction(candidate_id=row.pk, kind=kind, due=due_of(row.alert_filter, kind, now))
        for row in new
        for kind in row.alert_filter.actions()
    ]
    if not actions:
        return
    CandidateAction.objects.bulk_create(actions, ignore_conflicts=True, batch_size=_CHUNK)
    if any(action.due <= now for action in actions):
        from tom_alerts.tasks import act_soon

        transaction.on_commit(act_soon)


def due_of(one: AlertFilter, kind: str, now: dt.datetime) -> dt.datetime:
    """Return when an action is due: at once, but news at the next full hour or day (UTC) if so chosen."""
    if kind != CandidateAction.Kind.TELL or one.digest == AlertFilter.Digest.NOW:
        return now
    hour = now.replace(minute=0, second=0, microsecond=0)
    if one.digest == AlertFilter.Digest.HOUR:
        return hour + _HOUR
    return hour.replace(hour=0) + dt.timedelta(days=1)


def screen_results(run: QueryRun) -> None:
    """Let the filters of a kept query look at the results of a run of it."""
    filters = list(
        AlertFilter.objects.filter(is_on=True, query_kind=run.kind, query_id=run.query_id).select_related(
            "user", "watchlist__user", "watchlist__region", "watchlist__target_list"
        )
    )
    filters = [one for one in filters if _may_look(one)]
    if not filters:
        return
    results: list[QueryResult] = list(run.results.defer("raw"))
    table = ResultTable(results)
    hits = [Hits(one, {names_of(results[row]): row for row in _rows_of(one, table)}) for one in filters]
    hidden = _hidden(hits, {one.target_id for one in results if one.target_id is not None})
    with transaction.atomic():
        keep_candidates(hits, [_of_results(hit, run, results, table, hidden) for hit in hits])


def _may_look(one: AlertFilter) -> bool:
    try:
        check_source(one)
    except NoSourceError as error:
        _tell_problem(one, str(error))
        return False
    if one.problem in (WATCHLIST_HIDDEN, QUERY_HIDDEN):  # it is seen again
        AlertFilter.objects.filter(pk=one.pk, problem=one.problem).update(problem="")
    return True


def names_of(result: QueryResult) -> str:
    """Return what a result is called."""
    return (result.name or result.result_id)[:100]


def _of_results(
    hit: Hits,
    run: QueryRun,
    results: Sequence[QueryResult],
    table: ResultTable,
    hidden: Mapping[int, set[int]],
) -> list[Candidate]:
    unseen = hidden.get(hit.one.user_id, set())
    return [
        Candidate(
            alert_filter=hit.one,
            survey=run.provider[:20],
            name=name,
            alert_id=results[row].result_id[:64],
            ra=results[row].ra,
            dec=results[row].dec,
            mjd=table.column("mjd")[row],
            facts=facts_of(table, row),
            target_id=None if results[row].target_id in unseen else results[row].target_id,
            result_id=results[row].pk,
        )
        for name, row in hit.rows.items()
    ]


def time_of(candidate: Candidate) -> dt.datetime | None:
    """Return when the newest alert of a candidate was taken."""
    return None if candidate.mjd is None else mjd_utc_to_datetime(candidate.mjd)
