"""What the forms of reports start with: the target, its discovery, the limit before it, the user's habits."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from tom_alerts.models import ReporterDefaults
from tom_alerts.reports import destinations, value_lists
from tom_dataproducts.models import PhotometryReducedDatum, SpectroscopyReducedDatum
from tom_dataproducts.permissions import reduced_data_for_user
from tom_dataproducts.values import brightness_unit
from tom_dataservices.tns_list import covered_until
from tom_dataservices.tns_list_search import search

OFFICIAL_NAME = re.compile(r"^(AT|SN|TDE|FRB|FBOT)?\s*(\d{4}[A-Za-z]{1,8})$")
KEPT_FIELDS = (
    "reporter",
    "reporting_group",
    "data_source_group",
    "classifier",
    "group",
    "authors",
    "observer",
)
NEAR_ARCSEC = 3.0
_MOST_NEAR = 5
_MIN_SNR = 5.0
_LOOKED_AT = 500


def official_name(target: Any) -> str:
    """Return the name of a target on TNS without its prefix, empty if it has none."""
    for name in target.names:
        found = OFFICIAL_NAME.match(name.strip())
        if found:
            return found.group(2)
    return ""


def known_to_tns(target: Any) -> list[tuple[str, str]]:
    """Return what TNS may know a target as: pairs of a name and how that is known here.

    Asks nobody: the names of the target, and the daily list where it is kept, speak.
    """
    found = [(name, "its name") for name in target.names if OFFICIAL_NAME.match(name.strip())]
    if target.ra is None or target.dec is None or covered_until() is None:
        return found
    place = {"ra_deg": target.ra, "dec_deg": target.dec, "radius_arcsec": NEAR_ARCSEC, "with_frb": True}
    for one in islice(search(place), _MOST_NEAR):
        if all(name.replace(" ", "") != one.name.replace(" ", "") for name, _ in found):
            found.append((one.name, f"{one.separation_arcsec:.1f}″ away in the daily list of TNS"))
    return found


def points_of(target: Any, user: Any) -> Any:
    """Return the photometry of a target that a user may see, by time."""
    rows = PhotometryReducedDatum.objects.filter(target=target)
    return reduced_data_for_user(user, rows).order_by("timestamp", "pk")


def spectra_of(target: Any, user: Any) -> Any:
    """Return the spectra of a target that a user may see, newest first."""
    rows = SpectroscopyReducedDatum.objects.filter(target=target)
    return reduced_data_for_user(user, rows).order_by("-timestamp", "-pk")


def magnitude_of(point: Any) -> tuple[float | None, float | None]:
    """Return AB magnitude and error of a point; (None, None) if it is no clear detection."""
    from tom_common.astro.photometry import flux_njy_to_ab_mag

    unit = brightness_unit(point.unit)
    if unit.flux_njy is None:
        return (point.brightness, point.brightness_error) if unit.is_magnitude else (None, None)
    if not point.brightness or not point.brightness_error:
        return None, None
    scale = unit.flux_njy
    mag, error = flux_njy_to_ab_mag(
        [point.brightness * scale], [point.brightness_error * scale], min_snr=_MIN_SNR
    )
    return (None, None) if mag[0] != mag[0] else (float(mag[0]), float(error[0]))


def discovery_and_limit(target: Any, user: Any) -> tuple[Any, Any]:
    """Return the first detection of a target and the last limit before it, each None if there is none."""
    points = points_of(target, user)
    found = points.filter(brightness__isnull=False).exclude(reduction_version="forced")
    first = next((point for point in found[:_LOOKED_AT] if magnitude_of(point)[0] is not None), None)
    limits = points.filter(brightness__isnull=True, limit__isnull=False)
    if first is not None:
        limits = limits.filter(timestamp__lt=first.timestamp)
    return first, limits.last()


def reporter_defaults(user: Any) -> dict[str, Any]:
    """Return what a user fills in each time; names and affiliation of the account at first."""
    kept = ReporterDefaults.objects.filter(user=user).first()
    name = user.get_full_name() or user.get_username()
    affiliation = getattr(getattr(user, "profile", None), "affiliation", "") or ""
    own = f"{name} ({affiliation})" if affiliation else name
    tns, hermes = destinations.tns_settings(), destinations.hermes_settings()
    authors = str(tns.get("default_authors") or own)
    group = next(iter(tns.get("group_names") or ()), "")
    number = value_lists.number_of("groups", str(group)) if group else ""
    return {
        "reporter": authors,
        "classifier": authors,
        "authors": str(hermes["authors"] or own),
        "reporting_group": number,
        "group": number,
        **(kept.values if kept else {}),
    }


def keep_defaults(user: Any, values: dict[str, Any]) -> None:
    """Keep what a user filled in for the next report."""
    wanted = {name: values[name] for name in KEPT_FIELDS if values.get(name) not in (None, "")}
    row, _ = ReporterDefaults.objects.get_or_create(user=user)
    row.values = {**row.values, **wanted}
    row.save(update_fields=["values"])


def discovery_values(target: Any, user: Any) -> dict[str, Any]:
    """Return what the form of a discovery report starts with."""
    first, limit = discovery_and_limit(target, user)
    habits = reporter_defaults(user)
    values = {**habits, "ra": target.ra, "dec": target.dec, "internal_name": target.name, **_host(target)}
    if first is not None:
        mag, error = magnitude_of(first)
        where = (first.instrument, first.telescope, first.source_name)
        values |= {
            "discovery_datetime": first.timestamp,
            "obsdate": first.timestamp,
            "flux": round(float(mag or 0.0), 3),
            "flux_error": None if error is None else round(error, 3),
            "filter": value_lists.filter_number(first.bandpass, *where),
            "instrument": value_lists.instrument_number(first.instrument, *where[1:]),
            "exptime": first.exposure_time,
        }
        values.setdefault("data_source_group", value_lists.source_number(*where))
    if limit is not None:
        where = (limit.instrument, limit.telescope, limit.source_name)
        values |= {
            "limit_obsdate": limit.timestamp,
            "limiting_flux": _limit_mag(limit),
            "limit_filter": value_lists.filter_number(limit.bandpass, *where),
            "limit_instrument": value_lists.instrument_number(limit.instrument, *where[1:]),
            "limit_exptime": limit.exposure_time,
        }
    return values


def _limit_mag(point: Any) -> float | None:
    import math

    unit = brightness_unit(point.unit)
    if unit.flux_njy is None:
        return round(point.limit, 3)
    flux_njy = point.limit * unit.flux_njy
    return round(31.4 - 2.5 * math.log10(flux_njy), 3) if flux_njy > 0 else None


def _host(target: Any) -> dict[str, Any]:
    extras = {**target.tags, **target.extra_fields}
    names = {"host_name": ("host_name", "host"), "host_redshift": ("host_redshift",)}
    found = {
        name: next((extras[key] for key in keys if extras.get(key)), None) for name, keys in names.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def classification_values(target: Any, user: Any) -> dict[str, Any]:
    """Return what the form of a classification report starts with."""
    extras = {**target.tags, **target.extra_fields}
    newest = spectra_of(target, user).values_list("pk", flat=True).first()
    return {
        **reporter_defaults(user),
        "name": official_name(target),
        "redshift": extras.get("redshift"),
        "object_type": value_lists.number_of("object_types", str(extras.get("classification") or "")),
        "spectra": [newest] if newest else [],
    }


def hermes_values(target: Any, user: Any) -> dict[str, Any]:
    """Return what the form of a message starts with."""
    return {**reporter_defaults(user), "title": target.name, "topic": destinations.hermes_topics()[0]}
