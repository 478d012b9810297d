"""Reads: the spectra of a target that a user may see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast

from tom_dataproducts.models import ReducedDatum, SpectroscopyReducedDatum
from tom_dataproducts.permissions import rows_of_visible_target
from tom_dataproducts.spectra import (
    FRAMES,
    MEDIA,
    Spectrum,
    SpectrumError,
    SpectrumFacts,
    joined,
    one_of,
    spectrum,
    with_superseded,
)
from tom_dataproducts.values import SpectrumValue

SHOWN = 8
MOST_SHOWN = 30
"""So many spectra are sent at once, and at most."""
_COMMON = (
    "pk",
    "timestamp",
    "telescope",
    "instrument",
    "source_name",
    "reduction_version",
    "data_product_id",
)


@dataclass(frozen=True)
class SpectraPage:
    """Facts of all spectra, newest first; points of those that were asked for, or why there are none.

    `digest` changes when anything of it does.
    """

    facts: list[SpectrumFacts]
    shown: dict[str, Spectrum | SpectrumError]
    digest: str


def spectra_facts(target: Any, *, user: Any, product_pk: int | None = None) -> list[SpectrumFacts]:
    """Return what is known of the spectra of a target, newest first, in two queries.

    Parameters
    ----------
    target : BaseTarget
        One that the user sees.
    user : User or AnonymousUser
    product_pk : int, optional
        Only spectra from this file.
    """
    typed = _typed(target, user, product_pk).values(
        *_COMMON,
        "setup",
        "exposure_time",
        "wavelength_unit",
        "flux_unit",
        medium=F("value__wavelength_medium"),
        frame=F("value__frame"),
    )
    facts = [_facts("s", row) for row in typed]
    facts += [_facts("r", row) for row in _generic(target, user, product_pk).values(*_COMMON)]
    return with_superseded(sorted(facts, key=lambda one: (one.time, one.key), reverse=True))


def _facts(letter: str, row: dict[str, Any]) -> SpectrumFacts:
    return SpectrumFacts(
        key=f"{letter}{row['pk']}",
        time=row["timestamp"],
        telescope=row["telescope"],
        instrument=row["instrument"],
        setup=row.get("setup", ""),
        exposure_s=row.get("exposure_time"),
        source=row["source_name"],
        version=row["reduction_version"],
        product_pk=row["data_product_id"],
        wavelength_unit=row.get("wavelength_unit", ""),
        flux_unit=row.get("flux_unit", ""),
        medium=one_of(row.get("medium"), MEDIA),
        frame=one_of(row.get("frame"), FRAMES),
    )


def _typed(target: Any, user: Any, product_pk: int | None) -> QuerySet:
    return _of(SpectroscopyReducedDatum.objects.all(), target, user, product_pk)


def _generic(target: Any, user: Any, product_pk: int | None) -> QuerySet:
    rows = ReducedDatum.objects.filter(data_type__iexact="spectroscopy")
    return _of(rows, target, user, product_pk)


def _of(rows: QuerySet, target: Any, user: Any, product_pk: int | None) -> QuerySet:
    rows = rows_of_visible_target(user, rows.filter(target=target.pk))
    return rows if product_pk is None else rows.filter(data_product=product_pk)


def spectra_page(
    target: Any, *, user: Any, keys: list[str] | None = None, product_pk: int | None = None
) -> SpectraPage:
    """Return facts of all spectra of a target, and the points of some.

    Parameters
    ----------
    target : BaseTarget
        One that the user sees.
    user : User or AnonymousUser
    keys : list of str, optional
        Which spectra are sent with their points, at most `MOST_SHOWN`; the newest `SHOWN` that are not
        superseded without. Keys that are not there are passed over.
    product_pk : int, optional
        Only spectra from this file.
    """
    facts = spectra_facts(target, user=user, product_pk=product_pk)
    by_key = {one.key: one for one in facts}
    if keys is None:
        keys = [one.key for one in facts if not one.is_superseded][:SHOWN]
    wanted = [key for key in dict.fromkeys(keys) if key in by_key][:MOST_SHOWN]
    digest = hashlib.sha256(repr(facts).encode())
    typed = _typed_points(target, user, wanted, by_key, digest)
    generic = _generic_points(target, user, wanted, by_key, digest)
    shown = {key: (typed | generic)[key] for key in wanted if key in typed or key in generic}
    return SpectraPage([by_key[one.key] for one in facts], shown, digest.hexdigest())


def _pks(wanted: list[str], letter: str) -> list[int]:
    return [int(key[1:]) for key in wanted if key.startswith(letter)]


def _typed_points(
    target: Any, user: Any, wanted: list[str], by_key: dict[str, SpectrumFacts], digest: Any
) -> dict[str, Spectrum | SpectrumError]:
    """Read points as the text that is stored: quicker to read, and what the digest is made of."""
    pks = _pks(wanted, "s")
    if not pks:
        return {}
    columns = [Cast(name, TextField()) for name in ("wavelength", "flux", "error", "value__mask")]
    rows = _typed(target, user, None).filter(pk__in=pks).order_by("pk").values_list("pk", *columns)
    found: dict[str, Spectrum | SpectrumError] = {}
    for pk, *texts in rows:
        facts = by_key[f"s{pk}"]
        digest.update(repr(texts).encode())
        try:
            wavelength, flux, error, mask = (_read(text) for text in texts)
            found[facts.key] = spectrum(
                wavelength,
                flux,
                error=error,
                mask=mask,
                wavelength_unit=facts.wavelength_unit,
                flux_unit=facts.flux_unit,
            )
        except SpectrumError as problem:
            found[facts.key] = problem
    return found


def _read(text: str | None) -> Any:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SpectrumError("its points are not stored as a list of numbers") from error


def _generic_points(
    target: Any, user: Any, wanted: list[str], by_key: dict[str, SpectrumFacts], digest: Any
) -> dict[str, Spectrum | SpectrumError]:
    pks = _pks(wanted, "r")
    found: dict[str, Spectrum | SpectrumError] = {}
    if not pks:
        return found
    rows = _generic(target, user, None).filter(pk__in=pks).order_by("pk").values_list("pk", "value")
    for pk, value in rows:
        key = f"r{pk}"
        digest.update(repr(value).encode())
        pieces = SpectrumValue.pieces(value)
        try:
            found[key] = joined(
                [
                    spectrum(
                        piece.wavelength,
                        piece.flux,
                        error=piece.error,
                        wavelength_unit=piece.wavelength_unit,
                        flux_unit=piece.flux_unit,
                    )
                    for piece in pieces
                ]
            )
        except SpectrumError as problem:
            found[key] = problem
        if pieces:
            by_key[key] = replace(
                by_key[key],
                wavelength_unit=pieces[0].wavelength_unit,
                flux_unit=pieces[0].flux_unit,
                telescope=by_key[key].telescope or pieces[0].telescope,
                instrument=by_key[key].instrument or pieces[0].instrument,
            )
    return found


def redshift_of(target: Any) -> float | None:
    """Return the redshift of a target: its own field, or its extra field ``redshift``."""
    own = getattr(target, "redshift", None)
    if isinstance(own, (int, float)):
        return float(own)
    value = (
        target.targetextra_set.filter(key__iexact="redshift").values_list("float_value", flat=True).first()
    )
    return None if value is None else float(value)
