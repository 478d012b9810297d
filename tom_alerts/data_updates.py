"""Asks services again for the data of stored targets: by the command, and by a job for each service.

A service is asked about a target as often as its own answers change (``results_valid_s``), no oftener.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tom_alerts.alerts import GenericBroker
from tom_alerts.models import ServiceUpdate
from tom_alerts.providers import BrokerProvider
from tom_alerts.registry import brokers
from tom_dataproducts.models import REDUCED_DATUM_MODELS
from tom_dataservices.dataservices import DataService
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.models import ObjectClassification, QueryResult
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.providers import DataServiceProvider, Provider, provider
from tom_dataservices.registry import data_services
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

_BATCH = 200
_NOTES = 50


@dataclass
class UpdateReport:
    """What came of asking one service about targets."""

    asked: int = 0
    skipped: int = 0
    rows: int = 0
    failed: int = 0
    notes: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return the report in one line."""
        text = f"{self.asked} targets asked for, {self.rows} rows of data"
        if self.skipped:
            text += f", {self.skipped} asked for lately and left alone"
        return f"{text}, {self.failed} failed" if self.failed else text

    def note(self, text: str) -> None:
        """Keep one of the first notes."""
        self.failed += 1
        if len(self.notes) < _NOTES:
            self.notes.append(text)


def updaters() -> list[tuple[str, str]]:
    """Return (kind, name) of the services that can be asked for the data of a stored target.

    Of a broker and a data service of one name the data service is asked.
    """
    found = [
        (DataServiceProvider.kind, name)
        for name, cls in data_services.all().items()
        if hasattr(cls, "build_query_parameters_from_target") and _gives_data(cls)
    ]
    names = {name.lower() for _, name in found}
    default = GenericBroker.process_reduced_data
    for name, cls in brokers.all().items():
        own = getattr(cls, "process_reduced_data", default)
        if own is not default and name.lower() not in names:
            found.append((BrokerProvider.kind, name))
    return found


def _gives_data(service: Any) -> bool:
    """Tell whether a data service makes measurements; catalogues make names only."""
    makers = ("create_reduced_datums_from_query", "to_reduced_datums")
    return any(getattr(service, name, None) is not getattr(DataService, name) for name in makers)


def fed_by(name: str, targets: QuerySet, *, among: Sequence[int] | None = None) -> QuerySet:
    """Return the targets that have data or classifications of a service, or were made of its results.

    A broker's measurements are stored as those of the survey that made them (ZTF, LSST), since several
    brokers give the same: they do not tell who gave them.

    Parameters
    ----------
    name : str
        Of the service.
    targets : QuerySet of targets
    among : sequence of int, optional
        Their keys, if they are few: nothing else is looked through then.
    """
    told: list[QuerySet] = [
        model._default_manager.filter(source_name=name).order_by() for model in REDUCED_DATUM_MODELS
    ]
    told += [
        ServiceUpdate.objects.filter(Q(has_given=True) | Q(rows__gt=0), service=name),
        ObjectClassification.objects.filter(service=name).order_by(),
        QueryResult.objects.filter(
            run__provider=name, run__kind__in=(DataServiceProvider.kind, BrokerProvider.kind)
        )
        .exclude(target=None)
        .order_by(),
    ]
    fed = Q()
    for rows in told:
        if among is not None:
            rows = rows.filter(target_id__in=among)
        fed |= Q(pk__in=rows.values("target_id"))
    return targets.filter(fed)


def update(
    kind: str,
    name: str,
    targets: QuerySet,
    *,
    user: Any = None,
    force: bool = False,
    tell: Callable[[UpdateReport, int], None] = lambda report, total: None,
) -> UpdateReport:
    """Ask a service about targets, one after the other, and keep what it says.

    Parameters
    ----------
    kind, name : str
        Of the provider, see `updaters`.
    targets : QuerySet of targets
    user : User, optional
        Only targets that this user may change; credentials may be this user's.
    force : bool
        Ask also where it was asked lately.
    tell : callable
        Called after each target with the report and how many targets there are.

    Raises
    ------
    ImportError
        If there is no such service.
    """
    asked = provider(kind, name, user)
    if user is not None:
        targets = targets_for_user(user, targets, "change_target")
    keys = list(targets.order_by("pk").values_list("pk", flat=True).distinct())
    report = UpdateReport()
    for start in range(0, len(keys), _BATCH):
        some = keys[start : start + _BATCH]
        fresh = set() if force else _asked_lately(kind, name, some, asked.results_valid_s)
        found = Target.objects.in_bulk(some)
        of_some = fed_by(name, Target.objects.filter(pk__in=some), among=some)
        fed = set(of_some.values_list("pk", flat=True))
        for key in some:
            # Another job may be at the same targets: what it has just asked is not asked twice.
            if key in fresh or (not force and _asked_lately(kind, name, [key], asked.results_valid_s)):
                report.skipped += 1
            elif key in found:
                _update_one(asked, found[key], report, has_given=key in fed)
            tell(report, len(keys))
    return report


def _asked_lately(kind: str, name: str, keys: Sequence[int], valid_s: float) -> set[int]:
    since = timezone.now() - dt.timedelta(seconds=valid_s)
    rows = ServiceUpdate.objects.filter(target__in=keys, kind=kind, service=name, asked__gt=since, error="")
    return set(rows.values_list("target_id", flat=True))


def _update_one(asked: Provider, target: Any, report: UpdateReport, *, has_given: bool) -> None:
    report.asked += 1
    rows, error = 0, ""
    nothing = (MissingDataException, NotImplementedError)
    try:
        with plugin_reported(asked.title, letting=nothing):
            rows = asked.bring_data(target, None)
    except nothing:
        rows = 0
    except PluginFailedError as problem:
        error = str(problem)
        report.note(f"{target.name}: {error}")
    report.rows += rows
    ServiceUpdate.objects.update_or_create(
        target_id=target.pk,
        kind=asked.kind,
        service=asked.name,
        defaults={
            "asked": timezone.now(),
            "rows": rows,
            "has_given": has_given or rows > 0,
            "error": error,
        },
    )


def wanted(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the updaters of some names, all without any.

    Raises
    ------
    LookupError
        If one of them cannot be asked; the text names those that can.
    """
    known = updaters()
    asked_for = [name.lower() for name in names]
    missing = [name for name in names if name.lower() not in {one.lower() for _, one in known}]
    if missing:
        there = ", ".join(name for _, name in known) or "none"
        raise LookupError(f"{', '.join(missing)} cannot be asked for data of targets; these can: {there}")
    return [(kind, name) for kind, name in known if not asked_for or name.lower() in asked_for]
