"""Pan-STARRS1 through the catalogue API of MAST: what it measured of an object, each time or in the mean.

References
----------
https://catalogs.mast.stsci.edu/docs/panstarrs.html (contracts/services.md 1.2, read 2026-11-21).
"""

from __future__ import annotations

from typing import Any

from django import forms

from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service import remote_data_service as remote
from tom_dataproducts.single_target_data_service.credentials import CredentialField
from tom_dataproducts.single_target_data_service.panstarrs_service.client import MASTClient, PS1Object
from tom_dataproducts.single_target_data_service.positions import asked_position
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    BaseSingleTargetDataServiceQueryForm,
    SingleTargetDataServiceException,
)
from tom_targets.models import BaseTarget

FIRST_MJD, LAST_MJD = 54983.0, 57113.0
"""The survey: 2009-06 to 2015-04."""
SOUTHERNMOST_DEG = -31.0
TABLES = (
    ("detection", "Detections: each exposure, a light curve"),
    ("mean", "Mean: one magnitude a band"),
    ("stack", "Stack: one magnitude a band, the deepest"),
    ("forced_mean", "Forced mean: one magnitude a band, measured on each exposure at its place on the stack"),
)
ONLY_IN_DR2 = frozenset({"detection", "forced_mean"})


class PanstarrsSingleTargetQueryForm(BaseSingleTargetDataServiceQueryForm):
    """Which table, and around what."""

    table = forms.ChoiceField(choices=TABLES, initial="detection")
    release = forms.ChoiceField(choices=(("dr2", "DR2"), ("dr1", "DR1")), initial="dr2")
    radius_arcsec = forms.FloatField(
        initial=2.0, min_value=0.1, max_value=60.0, label="Radius", help_text="Arcsec, up to 60."
    )
    min_detections = forms.IntegerField(
        initial=2,
        min_value=1,
        max_value=1000,
        label="Detections at least",
        help_text="2 leaves out most artefacts.",
    )
    good_only = forms.BooleanField(
        required=False,
        initial=True,
        label="Good detections only",
        help_text="Positive flux, and at least 90 % of the PSF on good pixels.",
    )
    object_id = forms.RegexField(
        r"^\d{1,19}$",
        required=False,
        label="objID",
        help_text="Where several objects are near and it is not the nearest that is meant.",
    )
    fieldsets = (
        ("What", ("table", "release", "good_only")),
        ("Which object", ("radius_arcsec", "min_detections", "object_id")),
    )

    def clean(self) -> dict[str, Any]:
        """Look whether the release has the table."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("table") in ONLY_IN_DR2 and cleaned.get("release") == "dr1":
            label = dict(TABLES)[cleaned["table"]].partition(":")[0]
            self.add_error("release", f"DR1 has no such table: {label} is in DR2 only.")
        return cleaned


class PanstarrsSingleTargetDataService(remote.RemoteDataService):
    """Magnitudes of the object nearest to a target in the catalogue of Pan-STARRS1."""

    name = "PanSTARRS"
    verbose_name = "Pan-STARRS1 catalogue"
    info_url = "https://catalogs.mast.stsci.edu/docs/panstarrs.html"
    service_notes = "Detections from 2009 to 2015 in g, r, i, z, y, or mean, stack and forced magnitudes."
    data_service_type = "Catalog"
    default_url = "https://catalogs.mast.stsci.edu/api/v0.1/panstarrs"
    credential_fields = (
        CredentialField("api_key", "MAST token", "api_key", is_needed=False, is_personal=False),
    )

    def get_form(self) -> type[PanstarrsSingleTargetQueryForm]:
        """Return the form with table and radius."""
        return PanstarrsSingleTargetQueryForm

    def get_data_product_type(self) -> str:
        """Return the type that `PanstarrsProcessor` reads."""
        return "panstarrs_photometry"

    def position_note(self, target: BaseTarget) -> str:
        """Return what the form says about a target that moves."""
        if target.type == BaseTarget.NON_SIDEREAL:
            return "It moves: the catalogue holds what stays in its place."
        if target.pm_ra or target.pm_dec:
            return "Its proper motion is applied: the circle lies where it was in 2012, between the epochs."
        return ""

    def prepare(self, cleaned: dict[str, Any], target: BaseTarget) -> remote.Ask:
        """Return table, circle and cuts."""
        if target.type == BaseTarget.NON_SIDEREAL:
            raise SingleTargetDataServiceException(
                f"{target.name} moves, and the catalogue of Pan-STARRS holds what stays in its place."
            )
        place = asked_position(target, mjd_from=FIRST_MJD, mjd_to=LAST_MJD)
        if place.dec_deg < SOUTHERNMOST_DEG:
            raise SingleTargetDataServiceException(
                f"Pan-STARRS does not see declination {place.dec_deg:.1f}°: its limit is"
                f" {SOUTHERNMOST_DEG:.0f}°."
            )
        task = {
            "table": cleaned.get("table") or "detection",
            "release": cleaned.get("release") or "dr2",
            "ra": round(place.ra_deg, 7),
            "dec": round(place.dec_deg, 7),
            "radius_arcsec": float(cleaned.get("radius_arcsec") or 2.0),
            "min_detections": int(cleaned.get("min_detections") or 2),
            "good_only": bool(cleaned.get("good_only", True)),
            "object_id": str(cleaned.get("object_id") or ""),
        }
        key = f"{place.ra_deg:.4f} {place.dec_deg:+.4f}"
        table = str(task["table"]).replace("_", " ")
        what = f"{table} table of {str(task['release']).upper()}, {task['radius_arcsec']:g}″"
        moving = f", {place.words}" if place.words else ""
        return remote.Ask({"task": task}, key, f"{key}, {what}{moving}")

    def fetch(self, query: ServiceQuery) -> remote.ResultFile | None:
        """Find the object, and return its rows; None where there is none, or it has no rows."""
        task = query.parameters["task"]
        client = MASTClient(self.url, token=self.credentials(query.user)["api_key"])
        near = client.objects_near(
            task["ra"],
            task["dec"],
            radius_arcsec=task["radius_arcsec"],
            release=task["release"],
            min_detections=task["min_detections"],
        )
        chosen = _chosen(near, task["object_id"])
        if chosen is None:
            return None
        self.remark = _others(near, chosen)
        content = client.rows_of(
            chosen, table=task["table"], release=task["release"], good_only=task["good_only"]
        )
        if len(content.strip().splitlines()) < 2:
            return None
        return remote.ResultFile(f"panstarrs_{task['table']}_{chosen.number}.csv", content)


def _chosen(near: list[PS1Object], number: str) -> PS1Object | None:
    if number:
        return next((found for found in near if found.number == number), None)
    return near[0] if near else None


def _others(near: list[PS1Object], chosen: PS1Object) -> str:
    """Return in words which object was taken, and which others there are."""
    text = f"Object {chosen.number}, {chosen.distance_arcsec:.2f}″ away."
    others = [f"{found.number} ({found.distance_arcsec:.2f}″)" for found in near if found != chosen]
    return f"{text} Also near: {', '.join(others[:3])}." if others else text
