"""The rows of an export: measurements of targets that one user may see, batch by batch, as columns.

Memory does not grow with their number: typed rows come by a cursor. Photometry that has to be compared with
other points of its target (generic rows, several versions of a reduction) is read target by target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.urls import reverse

from tom_common.astro.time import datetime_to_unix_us, unix_us_to_datetime64, unix_us_to_mjd_utc
from tom_dataproducts.exports.columns import Column, columns_of
from tom_dataproducts.light_curves import FORCED_VERSION, Coded, Kind, Measurements, converted
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    DataProduct,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
    try_parse_reduced_datum,
)
from tom_dataproducts.permissions import data_products_for_user, rows_of_visible_target
from tom_dataproducts.selectors import (
    GENERIC_COLUMNS,
    TYPED_COLUMNS,
    generic_measurements,
    joined,
    measurements,
)
from tom_dataproducts.superseding import superseded
from tom_dataproducts.values import brightness_unit

Batch = dict[str, Any]
"""Columns by name: arrays of float, or lists of text or of lists of float; NaN and None stand for nothing."""

_ROWS = 4000
_SPECTRA = 100
_TARGETS = 500
_MODELS: dict[str, Any] = {
    "photometry": PhotometryReducedDatum,
    "spectroscopy": SpectroscopyReducedDatum,
    "astrometry": AstrometryReducedDatum,
}
_KIND_WORDS = np.array([kind.name.lower() for kind in sorted(Kind)], dtype=object)


class Export:
    """Measurements of one kind of some targets, to be written to a file.

    Parameters
    ----------
    targets : QuerySet of targets
        Those that the user may see; written by age, the oldest first.
    user : User or AnonymousUser
    kind : str
        A key of ``KINDS``.
    with_arrays : bool
        Whether spectra are written with their samples; else what describes them.
    with_superseded : bool
        Whether photometry is among it for which there is some of a newer reduction.
    root : str
        Address of this TOM, put before the addresses of files: ``https://tom.example.org``.
    """

    def __init__(
        self,
        targets: QuerySet,
        *,
        user: Any,
        kind: str,
        with_arrays: bool = True,
        with_superseded: bool = False,
        root: str = "",
    ) -> None:
        self.user, self.kind, self.root = user, kind, root
        self.with_superseded = with_superseded
        self.with_arrays = with_arrays
        self.columns: list[Column] = columns_of(kind, with_arrays=with_arrays)
        keys = targets.order_by().values_list("pk", flat=True)
        self.pks = np.unique(np.fromiter(keys.iterator(chunk_size=10_000), dtype=np.int64))
        self._targets = targets.model._default_manager

    def batches(self) -> Iterator[Batch]:
        """Yield the rows, some thousand at a time; targets in the order of their keys, each by time."""
        for start in range(0, len(self.pks), _TARGETS):
            pks = self.pks[start : start + _TARGETS].tolist()
            names = dict(self._targets.filter(pk__in=pks).values_list("pk", "name"))
            generic = self._with_generic(pks)
            plain = [pk for pk in pks if pk not in generic]
            if self.kind == "photometry":
                whole = generic | self._with_versions(plain)
                yield from self._photometry([pk for pk in plain if pk not in whole], names)
                for pk in sorted(whole):
                    yield from self._whole_photometry(pk, names)
            else:
                for rows in self._objects(pks, generic):
                    yield self._described(rows, names)

    def _rows(self, model: Any, pks: Sequence[int]) -> QuerySet:
        return rows_of_visible_target(self.user, model.objects.filter(target__in=pks))

    def _with_generic(self, pks: Sequence[int]) -> set[int]:
        found = ReducedDatum.objects.filter(target__in=pks, data_type__iexact=self.kind).order_by()
        return set(found.values_list("target_id", flat=True).distinct())

    def _with_versions(self, pks: Sequence[int]) -> set[int]:
        """Return the targets of which points may supersede others."""
        if self.with_superseded:
            return set()
        rows = PhotometryReducedDatum.objects.filter(target__in=pks).order_by()
        versioned = rows.exclude(reduction_version__in=("", FORCED_VERSION))
        return set(versioned.values_list("target_id", flat=True).distinct())

    # --- photometry

    def _photometry(self, pks: Sequence[int], names: dict[int, str]) -> Iterator[Batch]:
        rows = self._rows(PhotometryReducedDatum, pks).order_by("target_id", "timestamp", "pk")
        stream = rows.values_list("target_id", "exposure_time", *TYPED_COLUMNS).iterator(chunk_size=_ROWS)
        while found := list(islice(stream, _ROWS)):
            yield _photometry_batch(
                measurements([row[2:] for row in found]),
                [names.get(row[0], "") for row in found],
                np.array([row[1] for row in found], float),
            )

    def _whole_photometry(self, pk: int, names: dict[int, str]) -> Iterator[Batch]:
        """Yield the photometry of a target whose points have to be compared with one another."""
        by_time = ("timestamp", "pk")
        typed = self._rows(PhotometryReducedDatum, [pk]).order_by(*by_time)
        found = list(typed.values_list("exposure_time", *TYPED_COLUMNS))
        generic = self._rows(ReducedDatum, [pk]).filter(data_type__iexact="photometry").order_by(*by_time)
        points = joined(
            measurements([row[1:] for row in found]),
            generic_measurements(generic.values_list(*GENERIC_COLUMNS)),
        )
        exposure = np.full(len(points), np.nan)
        exposure[: len(found)] = np.array([row[0] for row in found], float)
        order = np.argsort(points.time_us, kind="stable")
        if not self.with_superseded:
            gone = superseded(points)
            order = order[~gone[order]]
        for start in range(0, len(order), _ROWS):
            rows = order[start : start + _ROWS]
            part = Measurements(
                points.time_us[rows],
                Coded(points.label.values, points.label.codes[rows]),
                points.brightness[rows],
                points.error[rows],
                points.limit[rows],
                points.negative[rows],
            )
            yield _photometry_batch(part, [names.get(pk, "")] * len(rows), exposure[rows])

    # --- spectra and positions

    def _objects(self, pks: Sequence[int], generic: set[int]) -> Iterator[list[Any]]:
        """Yield rows as objects of the typed model, the generic ones made into such."""
        size = _SPECTRA if self.kind == "spectroscopy" else _ROWS
        rows = self._rows(_MODELS[self.kind], pks).order_by("target_id", "timestamp", "pk")
        stream = rows.defer("value").iterator(chunk_size=size)
        while found := list(islice(stream, size)):
            yield found
        if not generic:
            return
        others = self._rows(ReducedDatum, sorted(generic)).filter(data_type__iexact=self.kind)
        stream = others.order_by("target_id", "timestamp", "pk").iterator(chunk_size=size)
        while found := list(islice(stream, size)):
            made = [_typed(row, _MODELS[self.kind]) for row in found]
            yield [row for row in made if row is not None]

    def _described(self, rows: list[Any], names: dict[int, str]) -> Batch:
        time_us = np.array([datetime_to_unix_us(row.timestamp) for row in rows], dtype=np.int64)
        batch: Batch = {
            "target": [names.get(row.target_id, "") for row in rows],
            **_times(time_us),
            "telescope": [row.telescope for row in rows],
            "instrument": [row.instrument for row in rows],
            "source": [row.source_name for row in rows],
            "reduction_version": [row.reduction_version for row in rows],
        }
        if self.kind == "astrometry":
            for name in ("ra", "dec", "ra_error", "dec_error"):
                batch[name] = np.array([getattr(row, name) for row in rows], float)
            batch["ra_error_unit"] = [row.ra_error_units for row in rows]
            batch["dec_error_unit"] = [row.dec_error_units for row in rows]
            return batch
        return batch | self._spectra(rows)

    def _spectra(self, rows: list[Any]) -> Batch:
        waves = [_finite(row.wavelength) for row in rows]
        batch: Batch = {
            "setup": [row.setup for row in rows],
            "exposure_s": np.array([row.exposure_time for row in rows], float),
            "samples": [len(row.flux or []) for row in rows],
            "wavelength_min": np.array([wave.min() if len(wave) else np.nan for wave in waves]),
            "wavelength_max": np.array([wave.max() if len(wave) else np.nan for wave in waves]),
            "wavelength_unit": [row.wavelength_unit for row in rows],
            "flux_unit": [row.flux_unit for row in rows],
            "file": self._addresses([row.data_product_id for row in rows]),
        }
        if self.with_arrays:
            batch["wavelength"] = [list(row.wavelength or []) for row in rows]
            batch["flux"] = [list(row.flux or []) for row in rows]
            batch["flux_error"] = [list(row.error or []) for row in rows]
        return batch

    def _addresses(self, pks: list[int | None]) -> list[str]:
        """Return the addresses of files, '' where there is none that the user may have."""
        known = {pk for pk in pks if pk is not None}
        seen = set()
        if known:
            rows = data_products_for_user(self.user, DataProduct.objects.filter(pk__in=known))
            seen = set(rows.order_by().values_list("pk", flat=True))
        return [
            f"{self.root}{reverse('dataproducts:download', args=[pk])}" if pk in seen else "" for pk in pks
        ]


def _typed(row: ReducedDatum, model: Any) -> Any:
    """Return a generic row as one of the typed model, not stored; None where its JSON makes none."""
    if not isinstance(row.value, dict):
        return None
    made = try_parse_reduced_datum({"data_type": row.data_type, **row.value})
    if not isinstance(made, model):
        return None
    for name in ("target_id", "data_product_id", "timestamp", "source_name", "reduction_version"):
        setattr(made, name, getattr(row, name))
    made.telescope, made.instrument = row.telescope or made.telescope, row.instrument or made.instrument
    try:
        made.clean_fields(exclude=["target", "data_product", "flux_digest", "value"])
    except (ValueError, TypeError):
        return None
    return made


def _finite(column: Any) -> np.ndarray:
    values = np.array(column or [], float)
    return values[np.isfinite(values)]


def _times(time_us: np.ndarray) -> Batch:
    iso = np.datetime_as_string(unix_us_to_datetime64(time_us), unit="us", timezone="UTC").tolist()
    return {"time_utc": iso, "mjd_utc": np.round(unix_us_to_mjd_utc(time_us), 9)}


def _photometry_batch(points: Measurements, targets: list[str], exposure_s: np.ndarray) -> Batch:
    """Return points as they are stored: magnitudes in their system, fluxes in nJy."""
    labels, codes = points.label.values, points.label.codes
    units = [brightness_unit(label.unit) for label in labels]
    scale = np.array([np.nan if unit.flux_njy is None else unit.flux_njy for unit in units], float)[codes]
    is_magnitude = np.array([unit.is_magnitude for unit in units], bool)[codes]
    is_other = ~is_magnitude & np.isnan(scale)
    curve = converted(points)

    def text(name: str) -> list[str]:
        return points.label.mapped(lambda label: getattr(label, name)).expanded()

    systems = points.label.mapped(lambda label: magnitude_system(label.unit)).expanded()
    return {
        "target": targets,
        **_times(points.time_us),
        "band": text("band"),
        "kind": _KIND_WORDS[curve.kind].tolist(),
        "magnitude": np.where(is_magnitude, points.brightness, np.nan),
        "magnitude_error": np.where(is_magnitude, points.error, np.nan),
        "limit": np.where(is_magnitude, points.limit, np.nan),
        "magnitude_system": systems,
        "flux_njy": points.brightness * scale,
        "flux_error_njy": points.error * scale,
        "flux_limit_njy": points.limit * scale,
        "negative": points.negative.astype(int).tolist(),
        "exposure_s": exposure_s,
        "telescope": text("telescope"),
        "instrument": text("instrument"),
        "source": text("source"),
        "reduction_version": text("version"),
        "stored_unit": text("unit"),
        "other_brightness": np.where(is_other, points.brightness, np.nan),
        "other_error": np.where(is_other, points.error, np.nan),
    }


def magnitude_system(unit: str) -> str:
    """Return the system of magnitudes of a unit: ``AB``, ``Vega``, ...; '' for a unit of something else."""
    known = brightness_unit(unit)
    if not known.is_magnitude:
        return ""
    if known.is_ab:
        return "AB"
    word = unit.lower()
    return next((name for name in ("Vega", "ST") if name.lower() in word), unit)
