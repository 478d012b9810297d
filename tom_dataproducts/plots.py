"""Figures in the schema of plotly.js, as plain dicts, for plugins that draw with it. Pure: arrays in.

Our own pages draw light curves with uPlot from the columns of the endpoint (docs/decisions).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tom_common.astro.bands import LIMIT_MARKER, band_style
from tom_dataproducts.light_curves import Kind, LightCurveColumns


def light_curve_figure(curve: LightCurveColumns) -> dict[str, Any]:
    """Return magnitude against time, brighter up: detections, forced points and limits of each band.

    Parameters
    ----------
    curve : LightCurveColumns
        Photometry of one target.

    Returns
    -------
    dict
        ``{"data": [...], "layout": {...}}`` in plotly.js's schema; limits are hollow triangles pointing down.
    """
    data = []
    for code, band in enumerate(curve.band.values):
        in_band = curve.band.codes == code
        measured = in_band & np.isfinite(curve.mag)
        for kind in (Kind.DETECTION, Kind.FORCED):
            rows = np.flatnonzero(measured & (curve.kind == kind))
            if len(rows):
                data.append(_trace(curve, rows, band, is_forced=kind == Kind.FORCED))
        limits = np.flatnonzero(in_band & ~np.isfinite(curve.mag) & np.isfinite(curve.limit))
        if len(limits):
            data.append(_limits(curve, limits, band))
    return {
        "data": data,
        "layout": {
            "xaxis": {"title": {"text": "MJD (UTC)"}},
            "yaxis": {"title": {"text": "Magnitude (AB)"}, "autorange": "reversed"},
        },
    }


def _trace(curve: LightCurveColumns, rows: np.ndarray, band: str, *, is_forced: bool) -> dict[str, Any]:
    style = band_style(band)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{band} forced" if is_forced else band,
        "legendgroup": band,
        "x": curve.mjd_utc[rows].tolist(),
        "y": curve.mag[rows].tolist(),
        "error_y": {"type": "data", "array": _nulls(curve.mag_err[rows]), "thickness": 1, "width": 0},
        "marker": {"color": style.colour, "symbol": style.marker, "size": 5 if is_forced else 7},
    }


def _limits(curve: LightCurveColumns, rows: np.ndarray, band: str) -> dict[str, Any]:
    style = band_style(band)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{band} limit",
        "legendgroup": band,
        "x": curve.mjd_utc[rows].tolist(),
        "y": curve.limit[rows].tolist(),
        "marker": {"color": style.colour, "symbol": LIMIT_MARKER, "size": 7},
        "opacity": 0.6,
    }


def _nulls(column: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in column.tolist()]
