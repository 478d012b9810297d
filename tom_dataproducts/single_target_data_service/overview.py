"""Reads for pages: which services there are, what was asked of them, what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.http import urlencode

from tom_common.job_links import attach_jobs
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.permissions import may_change_query, service_queries_for_user
from tom_dataproducts.single_target_data_service.registry import absent_built_in, registry
from tom_dataproducts.single_target_data_service.remote_data_service import RemoteDataService
from tom_dataproducts.single_target_data_service.single_target_data_service import get_service_classes
from tom_targets.models import BaseTarget
from tom_targets.permissions import may

_SHOWN = 25


@dataclass(frozen=True)
class ServiceLine:
    """One service on a page: what it is, what is missing before it can be asked, where its form is."""

    name: str
    label: str
    missing: str
    ask_url: str = ""
    key_url: str = ""
    info_url: str = ""
    notes: str = ""
    last: ServiceQuery | None = None

    @property
    def needs_key(self) -> bool:
        """Whether a key of the user is all that is missing."""
        return bool(self.key_url) and self.missing.startswith("It needs your ")


def service_lines(
    user: Any, *, target: BaseTarget | None = None, queries: list[ServiceQuery] | None = None
) -> list[ServiceLine]:
    """Return the services of the settings, then ours that the settings do not name."""
    lines = []
    last: dict[str, ServiceQuery] = {}
    for query in queries or []:
        last.setdefault(query.service, query)
    for name, cls in get_service_classes().items():
        service = cls()
        lines.append(
            ServiceLine(
                name=name,
                label=service_label(name),
                missing=service.missing(user) if isinstance(service, RemoteDataService) else "",
                ask_url=ask_url(name, target.pk) if target is not None else "",
                key_url=key_url(service) if isinstance(service, RemoteDataService) else "",
                info_url=cls.info_url or "",
                notes=cls.service_notes or "",
                last=last.get(name),
            )
        )
    for name, path in absent_built_in():
        text = f"Not set up in this TOM: SINGLE_TARGET_DATA_SERVICES in the settings does not name {path}."
        lines.append(ServiceLine(name=name, label=name, missing=text))
    return lines


def key_url(service: Any) -> str:
    """Return where a user gives an own key for a service; empty where it asks for none."""
    if any(field.is_personal for field in service.credential_fields):
        return reverse("dataproducts:data-service-key", args=[service.name])
    return ""


def ask_url(service: str, target_id: int) -> str:
    """Return the address of the form that asks a service about a target."""
    path = reverse("dataproducts:single-target-data-service-query", args=[service])
    return f"{path}?{urlencode({'target_id': target_id})}"


def service_label(name: str) -> str:
    """Return what pages call a service, also one that the settings name no more."""
    cls = get_service_classes().get(name)
    label = getattr(cls, "verbose_name", "") if cls is not None else ""
    return str(label or name)


def broken_services() -> list[str]:
    """Return a sentence for each entry of the settings that cannot be used."""
    return registry.problems()


def queries_of(target: BaseTarget, *, user: Any) -> list[ServiceQuery]:
    """Return the newest queries about a target that a user may see, with their jobs."""
    rows = service_queries_for_user(user, ServiceQuery.objects.filter(target=target.pk))
    return prepared(rows.select_related("user", "product").order_by("-pk")[:_SHOWN], user)


def prepared(rows: Any, user: Any) -> list[ServiceQuery]:
    """Return queries as pages show them: with label, job, and whether the user may cancel and retry."""
    found = list(attach_jobs(rows))
    for query in found:
        query.label = service_label(query.service)
        query.may_change = may_change_query(user, query)
    return found


def listed_queries(user: Any) -> QuerySet[ServiceQuery]:
    """Return the queries that a user has made about targets that the user may see; for staff everybody's."""
    rows = service_queries_for_user(user, ServiceQuery.objects.all())
    if not user.is_authenticated:
        return rows.none()
    return rows if user.is_staff else rows.filter(user=user)


def query_or_404(user: Any, pk: int) -> ServiceQuery:
    """Return a query as pages show it.

    Raises
    ------
    Http404
        If there is none that the user may see.
    """
    rows = service_queries_for_user(user, ServiceQuery.objects.filter(pk=pk))
    found = prepared(rows.select_related("user", "product", "target"), user)
    if not found:
        raise Http404("There is no such query, or you may not see it.")
    return found[0]


def target_section(context: Any) -> dict[str, Any] | None:
    """Return what the section of a target's page shows; None for visitors who are not logged in."""
    user, target = context["request"].user, context["target"]
    if not user.is_authenticated:
        return None
    queries = queries_of(target, user=user)
    may_ask = bool(getattr(target, "may_change_target", None) or may(user, "change_target", target))
    return {
        "lines": service_lines(user, target=target, queries=queries),
        "queries": queries,
        "is_moving": any(query.is_open and not query.needs_answer for query in queries),
        "may_ask": may_ask,
        "section_url": reverse("targets:section", args=[target.pk, "data-services"]),
    }
