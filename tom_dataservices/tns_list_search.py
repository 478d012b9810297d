"""What the table of the daily list of TNS knows: transients that fit a query, or bear a name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q, QuerySet

from tom_common.astro.sky_match import separation_arcsec
from tom_common.astro.time import datetime_to_mjd_utc, mjd_utc_to_datetime
from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.clients.tns_search import page_of
from tom_dataservices.models import TnsName, TnsObject
from tom_dataservices.tns_list import plain_key
from tom_targets.derived import simplify_name
from tom_targets.sky_search import index_ranges

_CHUNK = 1000


def numbers_of(name_keys: Iterable[str]) -> dict[str, list[int]]:
    """Return the numbers of the transients that bear names (`plain_key`), by name."""
    found: dict[str, list[int]] = {}
    keys = list(dict.fromkeys(name_keys))
    for start in range(0, len(keys), _CHUNK):
        rows = TnsName.objects.filter(name_key__in=keys[start : start + _CHUNK])
        for key, objid in rows.order_by("objid").values_list("name_key", "objid"):
            found.setdefault(key, []).append(objid)
    return found


def official_names(name: str) -> list[str]:
    """Return the official names (without prefix) of the transients that bear a name."""
    numbers = numbers_of([plain_key(simplify_name(name))])
    found = [objid for some in numbers.values() for objid in some]
    return list(TnsObject.objects.filter(pk__in=found).order_by("pk").values_list("name", flat=True))


def search(query: dict[str, Any]) -> Iterator[BrokerObject]:
    """Yield the transients that fit a query of the form of TNS, the newest first, of a cone the nearest.

    The form refuses what the list does not tell: host galaxy, spectra, the last non-detection.
    """
    rows = _fitting(query)
    if query.get("ra_deg") is None:
        for row in rows.order_by("-discovered", "-objid").iterator(chunk_size=500):
            yield as_object(row)
        return
    place = {key: float(query[key]) for key in ("ra_deg", "dec_deg", "radius_arcsec")}
    near = []
    for row in rows.filter(_in_circle(**place)):
        distance = float(separation_arcsec(place["ra_deg"], place["dec_deg"], row.ra, row.dec))
        if distance <= place["radius_arcsec"]:
            near.append((distance, row))
    for distance, row in sorted(near, key=lambda one: (one[0], one[1].objid)):
        yield as_object(row, distance)


def _in_circle(*, ra_deg: float, dec_deg: float, radius_arcsec: float) -> Q:
    condition = Q()
    for first, last in index_ranges(ra_deg=ra_deg % 360.0, dec_deg=dec_deg, radius_arcsec=radius_arcsec):
        condition |= Q(sky_index__gte=first, sky_index__lte=last)
    return condition


def _fitting(query: dict[str, Any]) -> QuerySet[TnsObject]:
    rows = TnsObject.objects.all()
    if query.get("ids"):
        keys = [plain_key(simplify_name(one)) for one in query["ids"]]
        rows = rows.filter(objid__in=[objid for some in numbers_of(keys).values() for objid in some])
    time = "modified" if query.get("time_of") == "changed" else "discovered"
    limits: dict[str, Any] = {
        f"{time}__gte": _moment(query.get("mjd_min")),
        f"{time}__lte": _moment(query.get("mjd_max")),
        "discovery_mag__gte": query.get("mag_min"),
        "discovery_mag__lte": query.get("mag_max"),
        "redshift__gte": query.get("redshift_min"),
        "redshift__lte": query.get("redshift_max"),
        "type_id" if str(query.get("class_name", "")).isdecimal() else "type_name": query.get("class_name"),
        "name__istartswith": query.get("name_like"),
        "internal_names__icontains": query.get("internal_like"),
    }
    rows = rows.filter(**{key: value for key, value in limits.items() if value not in (None, "")})
    if query.get("classified") == "yes":
        rows = rows.exclude(type_name="")
    elif query.get("classified") == "no":
        rows = rows.filter(type_name="")
    is_with_bursts = query.get("with_frb") or query.get("ids")  # one that is named is asked for
    return rows if is_with_bursts else rows.exclude(prefix="FRB")


def _moment(mjd_utc: Any) -> dt.datetime | None:
    return None if mjd_utc is None else mjd_utc_to_datetime(float(mjd_utc))


def as_object(row: TnsObject, separation: float | None = None) -> BrokerObject:
    """Return a row of the table as brokers' objects are given."""
    discovered = None if row.discovered is None else float(datetime_to_mjd_utc(row.discovered))
    changed = float(datetime_to_mjd_utc(row.modified))
    said = {"classifier": "TNS", "class_name": row.type_name, "mjd_utc": changed}
    return BrokerObject(
        object_id=row.name,
        name=row.full_name,
        ra_deg=row.ra,
        dec_deg=row.dec,
        mjd_utc=discovered,
        mag=row.discovery_mag,
        band=row.discovery_filter or None,
        class_name=row.type_name or None,
        classifier="TNS" if row.type_name else None,
        aliases=tuple(row.internal),
        extras={
            "redshift": row.redshift,
            "classification": row.type_name or None,
            "discovery_date": row.discovered.isoformat(timespec="seconds") if row.discovered else None,
            "discovery_mag": row.discovery_mag,
            "discovery_filter": row.discovery_filter or None,
            "reporting_group": row.reporting_group or None,
            "discovery_data_source": row.source_group or None,
        },
        classifications=(said,) if row.type_name else (),
        url=page_of(row.name),
        separation_arcsec=separation,
    )
