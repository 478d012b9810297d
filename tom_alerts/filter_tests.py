"""Filters tried on past alerts, before they may be switched on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from tom_alerts.alert_tables import BatchTable, ResultTable
from tom_alerts.expressions import ExpressionError, compiled
from tom_alerts.filter_models import AlertFilter, FilterTest
from tom_alerts.filter_rules import NoSourceError, check_source
from tom_alerts.samples import SAMPLE, stored_alerts
from tom_alerts.screening import names_of, rows_passing
from tom_dataservices.models import QueryResult

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
        for table, names, keys in _tables(one):
            rows = rows_passing(one, table)
            test.sampled += len(table)
            test.passed += len(rows)
            times += [value for value in table.column("mjd") if value is not None and math.isfinite(value)]
            _note(test.examples, MAX_EXAMPLES, rows, table, names, keys, fields)
            missed = sorted(set(range(len(table))) - set(rows))[:MAX_MISSES]
            _note(test.near_misses, MAX_MISSES, missed, table, names, keys, fields)
            tell(test.sampled)
    except (ExpressionError, NoSourceError) as error:
        test.error = str(error)
    test.oldest_mjd, test.newest_mjd = (min(times), max(times)) if times else (None, None)
    test.finished = timezone.now()
    test.save()
    return test


def _tables(one: AlertFilter) -> Iterator[tuple[Any, list[str], list[int | None]]]:
    if one.query_id is not None:
        rows = QueryResult.objects.filter(run__kind=one.query_kind, run__query_id=one.query_id)
        results = list(rows.order_by("-pk").defer("raw")[:SAMPLE])
        yield ResultTable(results), [names_of(row) for row in results], [row.target_id for row in results]
        return
    for batch in stored_alerts(one.user, survey=one.survey):
        names = [alert.name for alert in batch.objects]
        yield BatchTable(batch), names, [alert.number for alert in batch.objects]


def _note(
    into: list[Any],
    most: int,
    rows: list[int],
    table: Any,
    names: list[str],
    keys: list[Any],
    fields: list[str],
) -> None:
    for row in rows[: most - len(into)]:
        values = {field: _shown(table.column(field)[row]) for field in fields}
        into.append({"name": names[row], "target": keys[row], "values": values})


def _shown(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) and abs(value) < 10_000 else value
