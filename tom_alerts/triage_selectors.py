"""What the page of triage shows of a candidate: facts, images, surroundings, what others decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from numpy.typing import NDArray

from tom_alerts.filter_models import Candidate
from tom_alerts.kept_alerts import unpacked
from tom_alerts.permissions import candidates_for_user, shared_for_user
from tom_alerts.point_photometry import magnitudes_of
from tom_alerts.screening import time_of
from tom_alerts.surroundings import outside_pages, tonight
from tom_alerts.values import plain_column
from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.astro.galactic import galactic_from_icrs
from tom_common.astro.time import datetime_to_mjd_utc, unix_us_to_mjd_utc
from tom_dataproducts.file_selectors import cutouts_of
from tom_dataservices.packets.batch import AlertBatch
from tom_targets.cross_match import pairs_within
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

NEAR_ARCSEC = 60.0
_MOST_NEAR = 4


@dataclass(frozen=True)
class Fact:
    """One line of the card."""

    label: str
    text: str
    copy: str = ""


@dataclass(frozen=True)
class Near:
    """A known target near the candidate."""

    name: str
    url: str
    separation_arcsec: float


def waiting_counts(filter_keys: Sequence[int]) -> Counter[int]:
    """Return how many candidates wait for a decision, by the key of their filter.

    Two statements: what is new is counted in the index ``tom_alerts_candidate_queue`` alone, what is deferred
    is few.
    """
    found: Counter[int] = Counter()
    rows = Candidate.objects.filter(alert_filter__in=filter_keys).order_by()
    due = {"state": Candidate.State.DEFERRED, "deferred_until__lte": timezone.now()}
    for some in (rows.filter(state=Candidate.State.NEW), rows.filter(**due)):
        found.update(dict(some.values_list("alert_filter").annotate(count=Count("pk"))))
    return found


def facts_of_candidate(candidate: Candidate) -> list[Fact]:
    """Return what the newest alert says, in the field's words and units."""
    told = candidate.facts
    found: list[Fact | None] = [
        _fact("Magnitude", told, "mag", "{:.2f}", told.get("band", ""), told.get("mag_err")),
        _plain("Class", told.get("class"), told.get("class_prob")),
        _number("Real", told, "real_bogus", "{:.2f}"),
        _number("Rate of change", told, "rate_mag_per_d", "{:+.3f} mag/day"),
        _number("Detections", told, "n_detections", "{:.0f}"),
        _number("Since first", told, "duration_d", "{:.1f} d"),
        _host(told),
        _plain("Solar system", told.get("solar_system_name")),
    ]
    return [fact for fact in [*found, *position_facts(candidate)] if fact is not None]


def _fact(label: str, told: Any, name: str, form: str, band: str, error: Any) -> Fact | None:
    if name not in told:
        return None
    error_text = f" ± {error:.2f}" if isinstance(error, float) else ""
    return Fact(label, f"{band} {form.format(told[name])}{error_text} AB".strip())


def _number(label: str, told: Any, name: str, form: str) -> Fact | None:
    value = told.get(name)
    return Fact(label, form.format(value).replace("-", "−")) if isinstance(value, float | int) else None


def _plain(label: str, value: Any, probability: Any = None) -> Fact | None:
    if value in (None, ""):
        return None
    return Fact(label, f"{value} ({probability:.0%})" if isinstance(probability, float) else str(value))


def _host(told: Any) -> Fact | None:
    distance, score = told.get("star_dist_arcsec"), told.get("star_score")
    if not isinstance(distance, float | int):
        return None
    kind = "" if not isinstance(score, float | int) else " (star)" if score > 0.5 else " (galaxy)"
    return Fact("Nearest source", f"{distance:.2f}″{kind}")


def position_facts(candidate: Candidate) -> list[Fact]:
    """Return where on the sky it is."""
    if candidate.ra is None or candidate.dec is None:
        return []
    lng, lat = (float(value) for value in galactic_from_icrs(candidate.ra, candidate.dec))
    degrees = f"{candidate.ra:.6f} {candidate.dec:+.6f}"
    return [
        Fact("Position", f"{ra_to_hms(candidate.ra)} {dec_to_dms(candidate.dec)}", degrees),
        Fact("Galactic", f"{lng:.3f}° {lat:+.3f}°"),
    ]


def near_candidate(user: Any, candidate: Candidate) -> list[Near]:
    """Return the known targets within an arcminute that a user may see, but its own; nearest first."""
    if candidate.ra is None or candidate.dec is None:
        return []
    among = targets_for_user(
        user, Target._default_manager.exclude(pk=candidate.target_id or 0), "view_target"
    )
    pairs = pairs_within(among, ra_deg=[candidate.ra], dec_deg=[candidate.dec], radius_arcsec=NEAR_ARCSEC)
    keys = pairs.pk.tolist()[:_MOST_NEAR]
    names = Target._default_manager.only("pk", "name").in_bulk(keys) if keys else {}
    return [
        Near(names[pk].name, names[pk].get_absolute_url(), distance)
        for pk, distance in zip(keys, pairs.separation_arcsec.tolist(), strict=False)
        if pk in names
    ]


def images_of(user: Any, candidate: Candidate) -> list[dict[str, str]]:
    """Return role and address of each image of the newest alert."""
    if candidate.target_id is not None:
        return [
            {"role": cutout.role, "url": reverse("dataproducts:image", args=[cutout.product.pk])}
            for cutout in cutouts_of(candidate.target, user=user)
        ]
    if candidate.content is None:
        return []
    return [
        {"role": cutout.role, "url": reverse("alerts:candidate-image", args=[candidate.pk, cutout.role])}
        for cutout in unpacked(candidate.content).objects[0].cutouts
    ]


def curve_of(batch: AlertBatch) -> dict[str, Any]:
    """Return the points of an alert that is kept with its candidate, as the plot takes those of a target."""
    points = batch.points
    size = len(points)
    mag, mag_err = magnitudes_of(points)
    columns: dict[str, NDArray[Any]] = {
        "mjd": unix_us_to_mjd_utc(points.time_us),
        "band": points.band,
        "source": np.zeros(size, dtype=np.int64),
        "version": np.zeros(size, dtype=np.int64),
        "kind": points.kind,
        "mag": mag,
        "mag_err": mag_err,
        "limit": points.limit,
        "flux": np.where(points.is_flux, points.brightness, np.nan),
        "flux_err": np.where(points.is_flux, points.brightness_error, np.nan),
        "negative": points.is_negative.astype(np.int64),
    }
    return {
        "target": batch.objects[0].name,
        "count": size,
        "bands": batch.bands,
        "sources": [batch.survey],
        "versions": [""],
        "points": {name: plain_column(column) for name, column in columns.items()},
    }


def card_of(user: Any, candidate: Candidate) -> dict[str, Any]:
    """Return all that the card of a candidate shows."""
    if candidate.target_id is not None:
        curve_url = reverse("dataproducts:photometry", args=[candidate.target_id])
    elif candidate.content is not None:
        curve_url = reverse("alerts:candidate-photometry", args=[candidate.pk])
    else:
        curve_url = ""
    others = candidates_for_user(user, Candidate.objects.filter(name=candidate.name))
    same = others.exclude(pk=candidate.pk).select_related("alert_filter", "decided_by").defer("content")
    filters = shared_for_user(user, type(candidate.alert_filter)._default_manager.all())
    return {
        "candidate": candidate,
        "facts": facts_of_candidate(candidate),
        "near": near_candidate(user, candidate),
        "tonight": tonight(user, candidate, mjd_utc=float(datetime_to_mjd_utc(timezone.now()))),
        "pages": outside_pages(candidate),
        "images": images_of(user, candidate),
        "curve_url": curve_url,
        "time": time_of(candidate),
        "others": list(same.order_by("pk")[:5]),
        "may_open_filter": filters.filter(pk=candidate.alert_filter_id).exists(),
        "is_forgotten": candidate.target_id is None
        and candidate.content is None
        and candidate.result_id is None,
        "is_open": candidate.may_be_judged,
    }
