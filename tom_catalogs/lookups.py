"""Looks a name or a place up in catalogues, all at once, in the background."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from tom_catalogs import conf
from tom_catalogs.models import CatalogueLookup
from tom_catalogs.providers import HarvesterProvider
from tom_catalogs.registry import harvesters
from tom_common.job_links import attach_jobs
from tom_common.plugins import PluginError
from tom_dataservices.clients.small_bodies import is_surely_small_body
from tom_dataservices.models import QueryRun
from tom_dataservices.runs import digest_of, start_run

_OF_BODIES = ("JPL SBDB", "MPC Explorer", "MPC", "JPL Horizons", "Scout")
_OF_TRANSIENTS = ("TNS",)
_TRANSIENT = re.compile(r"^(AT|SN|FRB|TDE)?\s*(19|20)\d\d(\d{4})?[a-z]+$", re.IGNORECASE)


def lookups_for_user(user: Any) -> QuerySet[CatalogueLookup]:
    """Return the lookups that a user may see: their own; a superuser sees all."""
    if not user.is_authenticated:
        return CatalogueLookup.objects.none()
    return CatalogueLookup.objects.all() if user.is_superuser else CatalogueLookup.objects.filter(user=user)


def look_up(
    term: str,
    *,
    user: Any,
    services: Sequence[str] | None = None,
    again: bool = False,
    target: Any = None,
) -> CatalogueLookup:
    """Ask catalogues for a term, all of them without `services`; each is a job of its own.

    An answer that is still current is used again, and so is a question that is under way even where it is to
    be asked `again`. `target` is the one that is to be completed.
    """
    term = term.strip()
    asked = [HarvesterProvider(name, user) for name in best_first(services or harvesters.names(), term)]
    lookup = CatalogueLookup.objects.create(user=user, term=term, target=target)
    under_way = _under_way(asked, {"term": term})
    runs = [under_way.get(one.name) or start_run(one, {"term": term}, again=again) for one in asked]
    lookup.run_ids = [run.pk for run in runs]
    lookup.save(update_fields=["run_ids"])
    return lookup


def ask_one(lookup: CatalogueLookup, run_pk: int, term: str = "") -> str:
    """Ask one catalogue of a lookup again, for another term perhaps; its answer takes the place of the old.

    A catalogue that is being asked is not asked twice. Returned is why it cannot be asked, if so.
    """
    run = QueryRun.objects.filter(pk=run_pk).first()
    if run is None or run_pk not in lookup.run_ids:
        return ""
    try:
        asked = HarvesterProvider(run.provider, lookup.user)
    except PluginError:
        return f"{run.provider} cannot be asked now: this TOM has it no more, or its plugin is broken."
    parameters = {"term": term.strip() or str(run.parameters["term"])}
    new = _under_way([asked], parameters).get(asked.name) or start_run(asked, parameters, again=not term)
    with transaction.atomic():
        held = CatalogueLookup.objects.select_for_update().get(pk=lookup.pk)
        held.run_ids = [new.pk if pk == run_pk else pk for pk in held.run_ids]
        held.save(update_fields=["run_ids"])
    lookup.run_ids = held.run_ids
    return ""


def state_of(lookup: CatalogueLookup) -> str:
    """Return what changes when an answer comes; the same as that of its comparison."""
    found = QueryRun.objects.in_bulk(lookup.run_ids)
    runs = attach_jobs([found[key] for key in lookup.run_ids if key in found])
    return "-".join(str(run.pk) for run in runs if not run.is_asking)


def _under_way(asked: Sequence[HarvesterProvider], parameters: dict[str, Any]) -> dict[str, QueryRun]:
    """Return the runs by catalogue that ask the same for the same user now."""
    digests = [digest_of(one.kind, one.name, parameters) for one in asked]
    user = asked[0].user if asked else None
    runs = QueryRun.objects.filter(user=user, digest__in=digests, finished=None, error="")
    return {run.provider: run for run in attach_jobs(list(runs)) if run.is_asking}


def best_first(names: Sequence[str], term: str) -> list[str]:
    """Return catalogues in the order in which they are believed for a term.

    Those of small bodies come first for the number or designation of one, TNS for a transient's name; for a
    number before a word, as in 61 Cyg and 433 Eros, none does.
    """
    preferred: tuple[str, ...] = ()
    if is_surely_small_body(term):
        preferred = _OF_BODIES
    elif _TRANSIENT.match(term):
        preferred = _OF_TRANSIENTS
    return sorted(names, key=lambda name: name not in preferred)


def form_url(
    columns: Mapping[str, Any],
    names: Sequence[str],
    *,
    extras: Mapping[str, Any] | None = None,
    taken: str = "",
) -> str:
    """Return the address of the form of a new target that holds values of columns, and further names.

    ``taken`` tells of which lookup the values are, so that the target knows whose they are.
    """
    words = {key: value for key, value in columns.items() if value not in (None, "")}
    words |= {f"extra-{key}": value for key, value in (extras or {}).items()}
    if names:
        words["names"] = ",".join(names)
    if taken:
        words["taken"] = taken
    return f"{reverse('targets:create')}?{urlencode(words)}"


def throw_away_old() -> int:
    """Delete lookups that are older than they are kept, and return how many; whose values are stays known."""
    before = timezone.now() - dt.timedelta(days=conf.lookups_kept_days())
    return CatalogueLookup.objects.filter(created__lt=before).delete()[0]
