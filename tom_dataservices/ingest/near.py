"""Objects of a batch that lie on a stored target of another name: told, and taken in as the person chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from tom_dataservices.ingest.options import IngestOptions
from tom_dataservices.ingest.report import IngestReport
from tom_targets.cross_match import pairs_within
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

if TYPE_CHECKING:
    from tom_dataservices.ingest.targets import ObjectFacts

_DONE = {"create": "both are kept", "merge": "its data go there", "skip": "it is left out"}


@dataclass(frozen=True)
class NearTarget:
    """A stored target near a new object; the distance is in arcsec."""

    pk: int
    name: str
    separation_arcsec: float


def near_targets(missing: Sequence[ObjectFacts], options: IngestOptions) -> dict[str, NearTarget]:
    """Return for new objects the nearest stored target within ``options.near_arcsec``, by object name.

    A user is told of targets only that this user may see.
    """
    fixed = [facts for facts in missing if facts.newest.is_sidereal]
    if not fixed or options.near_arcsec <= 0.0:
        return {}
    among: QuerySet = Target._default_manager.all()
    if options.user is not None:
        among = targets_for_user(options.user, among, "view_target")
    near = pairs_within(
        among,
        ra_deg=[facts.newest.ra_deg for facts in fixed],
        dec_deg=[facts.newest.dec_deg for facts in fixed],
        radius_arcsec=options.near_arcsec,
        nearest=True,
    )
    names = dict(Target._default_manager.filter(pk__in=set(near.pk.tolist())).values_list("pk", "name"))
    rows = zip(near.row.tolist(), near.pk.tolist(), near.separation_arcsec.tolist(), strict=True)
    return {fixed[row].name: NearTarget(pk, names[pk], distance) for row, pk, distance in rows if pk in names}


def tell_near(name: str, near: NearTarget, options: IngestOptions, report: IngestReport) -> None:
    """Report that a new object lies near a stored target, and what is done with it."""
    report.tell_near(
        f"{name} is {near.separation_arcsec:.2f} arcsec from {near.name}: {_DONE[options.on_near]}"
    )
