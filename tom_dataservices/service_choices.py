"""Lists that services keep themselves (classes, tags), as they were read last: forms open without asking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from tom_dataservices.models import QueryRun, ServiceChoices

VALID = dt.timedelta(days=1)

Choices = Sequence[tuple[Any, Any]]


def kept_choices(service: str, kind: str, default: Choices = ()) -> list[tuple[Any, Any]]:
    """Return a list of a service as it was read last, `default` where it never was."""
    try:
        row = ServiceChoices.objects.filter(service=service, kind=kind).first()
    except DatabaseError:  # a form may be made before the tables are
        row = None
    return [tuple(pair) for pair in (row.choices if row and row.choices else default)]


def keep_choices(service: str, lists: Mapping[str, Choices]) -> None:
    """Keep lists of a service by their kind."""
    for kind, choices in lists.items():
        ServiceChoices.objects.update_or_create(
            service=service,
            kind=kind,
            defaults={"choices": [list(pair) for pair in choices], "read_at": timezone.now()},
        )


def services_to_read() -> list[str]:
    """Return the services that somebody asked lately and whose lists are old, or were never read."""
    fresh = ServiceChoices.objects.filter(read_at__gte=timezone.now() - VALID).values_list(
        "service", flat=True
    )
    used = set(QueryRun.objects.values_list("provider", flat=True).distinct())
    return sorted(used - set(fresh))
