"""The archive of Gaia Science Alerts as a broker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from django import forms

from tom_common.astro.sky_match import separation_arcsec
from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.clients.gaia_alerts import GaiaAlerts, gaia_alert
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm, BrokerService

_CLASSES = ("AGN", "CV", "QSO", "SN II", "SN Ia", "SN Ic", "TDE", "ULENS", "YSO", "unknown")


class GaiaAlertsFields(BrokerFields):
    """What the archive can be asked for; the table is searched here."""

    service_name = "Gaia Alerts"
    offers = ("objects", "cone", "time", "magnitude", "class")
    max_radius_arcsec = 180.0 * 3600.0
    default_classes = tuple((name, name) for name in _CLASSES)
    object_words = "Such as Gaia18aak; one a line, or with commas or blanks between."
    rows_a_page = 100_000
    own_fieldsets = (("Comment", ("comment",)),)

    comment = forms.CharField(
        label="Words of the comment",
        required=False,
        max_length=200,
        help_text="Part of what Gaia's team wrote.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("probability_min", None)


class GaiaAlertsForm(GaiaAlertsFields, BrokerQueryForm):
    """The query form of the archive."""


class GaiaAlertsService(BrokerService):
    """Alerts of Gaia, 2014 to 2025."""

    name = "Gaia Alerts"
    client = GaiaAlerts
    form = GaiaAlertsForm
    survey = "Gaia"
    object_pattern = r"(Gaia\d{2}[a-z]{3,4})"
    service_notes = (
        "The archive of Gaia Science Alerts. Gaia observes no more since January 2025: nothing new comes."
    )
    results_valid_s = 86_400.0

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield alerts that fit, the newest first, or the nearest where a place was given."""
        rows = self.client().table()
        names = {name.lower() for name in query["ids"]}
        words = str(query.get("comment") or "").lower()
        kind = str(query.get("class_name") or "").lower()
        found = [
            gaia_alert(row)
            for row in rows
            if (not names or row["Name"].lower() in names)
            and words in str(row.get("Comment") or "").lower()
            and (not kind or str(row.get("Class") or "").lower() == kind)
        ]
        if query.get("ra_deg") is not None:
            yield from _within(found, query)
            return
        yield from sorted(found, key=lambda one: -(one.mjd_utc or 0.0))

    def known(self, object_id: str) -> BrokerObject:
        """Return one alert with its light curve."""
        return self.client().alert(object_id)


def _within(found: list[BrokerObject], query: dict[str, Any]) -> list[BrokerObject]:
    """Return the objects in a circle, the nearest first."""
    placed = [one for one in found if one.ra_deg is not None and one.dec_deg is not None]
    ra_deg = np.array([one.ra_deg for one in placed], dtype=np.float64)
    dec_deg = np.array([one.dec_deg for one in placed], dtype=np.float64)
    distances = separation_arcsec(ra_deg, dec_deg, query["ra_deg"], query["dec_deg"])
    near = [
        replace(one, separation_arcsec=float(distance))
        for one, distance in zip(placed, distances, strict=True)
        if distance <= query["radius_arcsec"]
    ]
    return sorted(near, key=lambda one: one.separation_arcsec or 0.0)
