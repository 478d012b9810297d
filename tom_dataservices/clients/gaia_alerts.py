"""The archive of Gaia Science Alerts: one table of all alerts, and a light curve for each.

Gaia observes no more since January 2025; the table does not change, and is kept for a week.
"""

from __future__ import annotations

import csv
import io
import zlib
from typing import Any

from django.core.cache import cache

from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    magnitude,
    number,
    point,
    text,
)
from tom_dataservices.exceptions import MissingDataException

KEPT_S = 7 * 86_400
SURVEY = "Gaia"
_COLUMNS = ("Name", "Date", "RaDeg", "DecDeg", "AlertMag")


class GaiaAlerts(BrokerClient):
    """The archive at Cambridge; nobody has to be known to it.

    References
    ----------
    https://gsaweb.ast.cam.ac.uk/alerts/ (alerts.csv, alert/<name>/lightcurve.csv), read 2026.
    """

    name = "Gaia Alerts"
    base_url = "https://gsaweb.ast.cam.ac.uk"
    info_url = "https://gsaweb.ast.cam.ac.uk/alerts/"

    def table(self) -> list[dict[str, str]]:
        """Return all alerts as the archive writes them, by column name.

        Raises
        ------
        RemoteError
        """
        key = f"gaia-alerts:{self.setting('base_url', self.base_url)}"
        kept = cache.get(key)
        if kept is None:
            written = self.service().get_text("alerts/alerts.csv")
            rows = _rows(written)
            cache.set(key, zlib.compress(written.encode()), KEPT_S)
            return rows
        return _rows(zlib.decompress(kept).decode())

    def alert(self, name: str) -> BrokerObject:
        """Return one alert with its light curve.

        Raises
        ------
        MissingDataException
            If there is none of this name.
        RemoteError
        """
        wanted = name.strip().lower()
        row = next((row for row in self.table() if row["Name"].lower() == wanted), None)
        if row is None:
            raise MissingDataException(f"The archive of Gaia alerts has none named {name}.")
        return gaia_alert(row, self.light_curve(row["Name"]))

    def light_curve(self, name: str) -> list[dict[str, Any]]:
        """Return the points of an alert: G, Vega system, without errors, since the archive gives none."""
        return light_curve(self.service().get_text(f"alerts/alert/{name}/lightcurve.csv"))


def gaia_alert(row: dict[str, str], points: list[dict[str, Any]] | None = None) -> BrokerObject:
    """Return a row of the table as brokers' objects are given."""
    class_name = text(row.get("Class"))
    mjd = _mjd_of(row.get("Date"))
    tns = text(row.get("TNSid"))
    is_class = class_name is not None
    return BrokerObject(
        object_id=row["Name"],
        name=row["Name"],
        ra_deg=number(row.get("RaDeg")),
        dec_deg=number(row.get("DecDeg")),
        mjd_utc=mjd,
        mag=magnitude(row.get("AlertMag")),
        band="G",
        class_name=class_name,
        classifier="Gaia Alerts" if is_class else None,
        aliases=(tns,) if tns else (),
        extras={
            "gaia_historic_mag": magnitude(row.get("HistoricMag")),
            "gaia_historic_std_dev": number(row.get("HistoricStdDev")),
            "gaia_comment": text(row.get("Comment")),
            "gaia_published": text(row.get("Published")),
        },
        classifications=({"classifier": "Gaia Alerts", "class_name": class_name, "mjd_utc": mjd},)
        if is_class
        else (),
        points=tuple(points or ()),
        url=f"{GaiaAlerts.info_url}alert/{row['Name']}/",
    )


def light_curve(table: str) -> list[dict[str, Any]]:
    """Return the points of a light curve; ``null`` and ``untrusted`` values are no points.

    The times are Julian dates in TCB, and become UTC.

    Raises
    ------
    RemoteBadReply
        If the table has not its header.
    """
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(table)) if row]
    start = next((index for index, row in enumerate(rows) if row[0].lower().startswith("#date")), None)
    if start is None:
        raise RemoteBadReply("Gaia Alerts answered with something that is no light curve.")
    measured = [
        (jd, mag)
        for row in rows[start + 1 :]
        if len(row) >= 3 and (jd := number(row[1])) is not None and (mag := magnitude(row[2])) is not None
    ]
    times = _mjd_utc_of_jd_tcb([jd for jd, _ in measured])
    found = (
        point(mjd=mjd, band="G", mag=mag, survey=SURVEY)
        for mjd, (_, mag) in zip(times, measured, strict=True)
    )
    return [one for one in found if one is not None]


def _rows(table: str) -> list[dict[str, str]]:
    reader = csv.reader(io.StringIO(table.removeprefix("\ufeff")), skipinitialspace=True)
    try:
        header = [cell.strip().lstrip("#").strip() for cell in next(reader, [])]
        if any(column not in header for column in _COLUMNS):
            raise RemoteBadReply("Gaia Alerts answered with something that is not its table of alerts.")
        listed = (dict(zip(header, (cell.strip() for cell in row), strict=False)) for row in reader)
        return [row for row in listed if row.get("Name")]
    except csv.Error as error:
        raise RemoteBadReply(
            f"Gaia Alerts answered with a table that cannot be read: line {reader.line_num}: {error}."
        ) from error


def _mjd_of(date: Any) -> float | None:
    from tom_common.astro.time import parse_mjd_utc

    try:
        return parse_mjd_utc(str(date))
    except ValueError:
        return None


def _mjd_utc_of_jd_tcb(jd: list[float]) -> list[float]:
    if not jd:
        return []
    from astropy.time import Time

    return Time(jd, format="jd", scale="tcb").utc.mjd.tolist()
