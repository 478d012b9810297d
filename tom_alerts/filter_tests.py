"""Filters tried on past alerts, before they may be switched on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from tom_alerts.alert_tables import BatchTable
from tom_alerts.expressions import ExpressionError, compiled
from tom_alerts.filter_models import AlertFilter, FilterTest
from tom_alerts.filter_rules import NoSourceError, check_source
from tom_alerts.result_tables import ResultTable
from tom_alerts.samples import SAMPLE, stored_alerts
from tom_alerts.screening import names_of, rows_passing
from tom_dataservices.models import QueryResult
from tom_dataservices.runs import runs_for_user
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

MAX_EXAMPLES = 30
MAX_MISSES = 10
_SHOWN = ("mag", "band", "mjd")


def start_test(one: AlertFilter, *, user: Any) -> FilterTest:
    """Try a filter in the background on what its owner may see."""
    from tom_alerts.tasks import try_filter

    with transaction.atomic():
        test = FilterTest.objects.create(alert_filter=one, user=user, mark=one.mark())
        test.job = try_filter.submit(user=user, title=f"Test of the filter {one}"[:200], test_pk=test.pk)
        test.save(update_fields=["job_id"])
    return test


def run_test(test: FilterTest, tell: Callable[[int], None] = lambda count: None) -> FilterTest:
    """Try a filter now; safe to run twice."""
    one = test.alert_filter
    test.sampled = test.passed = 0
    test.examples, test.near_misses, test.error = [], [], ""
    test.mark = one.mark()
    times: list[float] = []
    try:
        check_source(one)
        fields = [*dict.fromkeys((*_SHOWN, *compiled(one.expression).fields))]
        for table, names, sources in _tables(one):
            rows = rows_passing(one, table)
            test.sampled += len(table)
            test.passed += len(rows)
            times += [value for value in table.column("mjd") if value is not None and math.isfinite(value)]
            _note(test.examples, MAX_EXAMPLES, rows, table, names, sources, fields)
            missed = sorted(set(range(len(table))) - set(rows))[:MAX_MISSES]
            _note(test.near_misses, MAX_MISSES, missed, table, names, sources, fields)
            tell(test.sampled)
    except (ExpressionError, NoSourceError) as error:
        test.error = str(error)
    test.oldest_mjd, test.newest_mjd = (min(times), max(times)) if times else (None, None)
    test.finished = timezone.now()
    test.save()
    return test


def shown_to(user: Any, test: FilterTest) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the examples and near misses of a trial that a user may see.

    A trial looks at what the owner of the filter may see. Others see of it the targets that they see, and
    results of queries only where they see the run.
    """
    rows = [*test.examples, *test.near_misses]
    keys = {row["target"] for row in rows} - {None}
    targets = targets_for_user(user, Target._default_manager.filter(pk__in=keys), "view_target")
    seen = set(targets.values_list("pk", flat=True))
    is_owner = user.pk == test.alert_filter.user_id
    asked = {row.get("run") for row in rows} - {None}
    runs = set(runs_for_user(user).filter(pk__in=asked).values_list("pk", flat=True))

    def is_shown(row: dict[str, Any]) -> bool:
        if row["target"] is not None and row["target"] not in seen:
            return False
        return is_owner or row.get("run") in runs or (row.get("run") is None and row["target"] in seen)

    return [row for row in test.examples if is_shown(row)], [row for row in test.near_misses if is_shown(row)]


def _tables(one: AlertFilter) -> Iterator[tuple[Any, list[str], list[dict[str, int | None]]]]:
    if one.query_id is not None:
        rows = QueryResult.objects.filter(run__kind=one.query_kind, run__query_id=one.query_id)
        results = list(rows.order_by("-pk").defer("raw")[:SAMPLE])
        sources = [{"target": row.target_id, "run": row.run_id} for row in results]
        yield ResultTable(results), [names_of(row) for row in results], sources
        return
    for batch in stored_alerts(one.user, survey=one.survey):
        names = [alert.name for alert in batch.objects]
        yield BatchTable(batch), names, [{"target": alert.number} for alert in batch.objects]


def _note(
    into: list[Any],
    most: int,
    rows: list[int],
    table: Any,
    names: list[str],
    sources: Sequence[dict[str, int | None]],
    fields: list[str],
) -> None:
    for row in rows[: most - len(into)]:
        values = {field: _shown(table.column(field)[row]) for field in fields}
        into.append({"name": names[row], **sources[row], "values": values})


def _shown(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) and abs(value) < 10_000 else value
