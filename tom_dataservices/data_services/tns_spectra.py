"""Spectra of the Transient Name Server into rows: their ASCII files are read, each once."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tom_common.astro.time import mjd_utc_to_datetime, parse_mjd_utc
from tom_common.remote import RemoteBadReply, RemoteError, RemotePaused
from tom_dataproducts.models import SpectroscopyReducedDatum
from tom_dataservices.clients.broker import mjd_of_jd, number, text
from tom_dataservices.clients.shapes import name_in
from tom_dataservices.job_log import tell_job

logger = logging.getLogger(__name__)

_FEWEST_POINTS = 2


def store_spectra(
    target: Any, rows: Iterable[Mapping[str, Any]], *, read: Callable[[str], str]
) -> list[SpectroscopyReducedDatum]:
    """Store spectra of a target and return their rows, those that were there already among them.

    Parameters
    ----------
    target : Target
    rows : iterable of mappings
        ``spectra`` of an answer of ``get/object``.
    read : callable
        Gives the text of a file at an address.

    A file that is not there, does not come, or is no table of numbers is left out, which the job tells; the
    next time it is asked for again. None is asked for further while the server is left alone.
    """
    stored = []
    is_paused = False
    for row in rows:
        address = text(row.get("asciifile"))
        mjd = _mjd(row)
        if address is None or mjd is None:
            continue
        known = SpectroscopyReducedDatum.objects.filter(target=target, source_location=address[:200]).first()
        if known is not None:
            stored.append(known)
            continue
        if is_paused:
            continue
        try:
            columns = spectrum_columns(read(address))
        except RemoteError as error:
            logger.warning("a spectrum of %s was left out: %s", target, error)
            tell_job(f"The spectrum {address.rpartition('/')[2]} was left out: {error}")
            is_paused = is_paused or isinstance(error, RemotePaused)
            continue
        made, _ = SpectroscopyReducedDatum.objects.get_or_create(
            target=target,
            timestamp=mjd_utc_to_datetime(mjd),
            telescope=name_in(row.get("telescope")) or "",
            instrument=name_in(row.get("instrument")) or "",
            source_name="TNS",
            source_location=address[:200],
            wavelength=columns[0],
            flux=columns[1],
            error=columns[2],
            wavelength_unit="Angstrom",
            exposure_time=number(row.get("exptime")),
        )
        stored.append(made)
    return stored


def spectrum_columns(content: str) -> tuple[list[float], list[float], list[float]]:
    """Return wavelength, flux and error (empty without one) of a table in text.

    Lines that do not begin with two numbers are headers.

    Raises
    ------
    RemoteBadReply
        If there is no table.
    """
    rows = []
    for line in content.splitlines():
        values = [_float(one) for one in re.split(r"[\s,;]+", line.strip()) if one]
        if len(values) >= 2 and math.isfinite(values[0]) and math.isfinite(values[1]):
            rows.append(values)
    if len(rows) < _FEWEST_POINTS:
        raise RemoteBadReply("TNS gave a spectrum that is no table of wavelength and flux.")
    with_error = all(len(row) >= 3 and math.isfinite(row[2]) and row[2] > 0 for row in rows)
    return (
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows] if with_error else [],
    )


def _float(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


def _mjd(row: Mapping[str, Any]) -> float | None:
    jd = mjd_of_jd(row.get("jd"))
    if jd is not None:
        return jd
    try:
        return parse_mjd_utc(str(row["obsdate"])) if row.get("obsdate") else None
    except ValueError:
        return None
