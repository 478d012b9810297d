"""Light curves of ZTF's public releases, as IRSA gives them: PSF magnitudes of the objects near a position.

References
----------
https://irsa.ipac.caltech.edu/docs/program_interface/ztf_lightcurve_api.html (contracts/services.md 1.4).
"""

from __future__ import annotations

import re
from typing import Any

from django import forms

from tom_common.remote import RemoteService
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service import remote_data_service as remote
from tom_dataproducts.single_target_data_service.epochs import EpochsForm, span_of
from tom_dataproducts.single_target_data_service.positions import asked_position
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
)
from tom_dataproducts.single_target_data_service.ztf_forced import FIRST_MJD, SOUTHERNMOST_DEG
from tom_targets.models import BaseTarget

READ_TIMEOUT_S = 180.0
BAD_EPOCHS = 32768
_PATH = "cgi-bin/ZTF/nph_light_curves"
_ERROR = re.compile(r"<INFO[^>]*QUERY_STATUS[^>]*ERROR[^>]*>(.*?)</INFO>|<title>(.*?)</title>", re.I | re.S)


class ZTFLightCurveQueryForm(EpochsForm):
    """Around what, when, in which bands."""

    radius_arcsec = forms.FloatField(
        initial=1.5, min_value=0.5, max_value=5.0, label="Radius", help_text="Arcsec, 0.5 to 5."
    )
    bands = forms.MultipleChoiceField(
        choices=(("g", "g"), ("r", "r"), ("i", "i")),
        initial=["g", "r", "i"],
        widget=forms.CheckboxSelectMultiple,
    )
    good_only = forms.BooleanField(
        required=False, initial=True, label="Good epochs only", help_text="Leaves out what ZTF flags as bad."
    )
    fieldsets = (
        ("When", ("min_date", "max_date", "all_history")),
        ("What", ("radius_arcsec", "bands", "good_only")),
    )


class ZTFLightCurveService(remote.RemoteDataService):
    """Magnitudes of ZTF's data releases."""

    name = "ZTF light curves"
    verbose_name = "ZTF light curves"
    info_url = "https://irsa.ipac.caltech.edu/docs/program_interface/ztf_lightcurve_api.html"
    service_notes = "PSF magnitudes of the public releases in g, r, i, of what is detected here."
    data_service_type = "Catalogue"
    default_url = "https://irsa.ipac.caltech.edu"

    def get_form(self) -> type[ZTFLightCurveQueryForm]:
        """Return the form with radius, time and bands."""
        return ZTFLightCurveQueryForm

    def get_data_product_type(self) -> str:
        """Return the type of the tables."""
        return "ztf_light_curve"

    def get_initial(self, target: BaseTarget) -> dict[str, Any]:
        """Return what the form begins with: releases end months ago, so all there is."""
        return {"all_history": True}

    def position_note(self, target: BaseTarget) -> str:
        """Return what the form says about a target that moves."""
        if target.type == BaseTarget.NON_SIDEREAL:
            return "It moves: these are light curves of what stays in its place."
        if target.pm_ra or target.pm_dec:
            return "Its proper motion is applied: the circle lies where it was in the middle of the time."
        return ""

    def prepare(self, cleaned: dict[str, Any], target: BaseTarget) -> remote.Ask:
        """Return circle, time and bands."""
        if target.type == BaseTarget.NON_SIDEREAL:
            raise SingleTargetDataServiceException(
                f"{target.name} moves, and these are light curves of what stays: ask for forced photometry."
            )
        span = span_of(cleaned, first_mjd=FIRST_MJD)
        place = asked_position(target, mjd_from=span.begin, mjd_to=span.last)
        if place.dec_deg < SOUTHERNMOST_DEG:
            raise SingleTargetDataServiceException(
                f"ZTF does not see declination {place.dec_deg:.1f}°: its limit is {SOUTHERNMOST_DEG:.0f}°."
            )
        radius = float(cleaned.get("radius_arcsec") or 1.5)
        bands = ",".join(cleaned.get("bands") or ["g", "r", "i"])
        task = {
            "POS": f"CIRCLE {place.ra_deg:.6f} {place.dec_deg:.6f} {radius / 3600:.6f}",
            "BANDNAME": bands,
            "FORMAT": "csv",
        }
        if not cleaned.get("all_history"):
            task["TIME"] = f"{span.begin:.5f} {span.last:.5f}"
        if cleaned.get("good_only", True):
            task["BAD_CATFLAGS_MASK"] = str(BAD_EPOCHS)
        key = f"{place.ra_deg:.4f} {place.dec_deg:+.4f}"
        moving = f", {place.words}" if place.words else ""
        words = f"{key}, {radius:g}″, {bands}, {span.words}{moving}"
        return remote.Ask({"task": task}, key, words)

    def fetch(self, query: ServiceQuery) -> remote.ResultFile | None:
        """Ask, and return the table; None where nothing is there."""
        service = RemoteService(
            "IRSA", self.url, headers={"Accept": "*/*"}, read_timeout_s=READ_TIMEOUT_S, tries=1
        )
        content = service.get_bytes(_PATH, query.parameters["task"])
        lines = content.strip().splitlines()
        if not lines or not lines[0].lower().startswith(b"oid,"):
            found = _ERROR.search(content[:20_000].decode(errors="replace"))
            words = " ".join((found[1] or found[2] or "").split()) if found else ""
            if found and found[1] is not None:
                raise remote.NotTaken(f"IRSA refuses this: {words or 'it does not say why'}")
            raise remote.NotWhole(f"IRSA did not answer with a light curve{': ' + words if words else ''}.")
        if len(lines) > 1 and lines[-1].count(b",") != lines[0].count(b","):
            raise remote.NotWhole("The light curve that IRSA gave breaks off in a row.")
        return remote.ResultFile(f"ztf_light_curve_{query.pk}.csv", content) if len(lines) > 1 else None
