"""Babamul (BOOM) as a broker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms

from tom_dataservices.clients.babamul import MAX_RADIUS_ARCSEC, SURVEYS, Babamul, asked, babamul_object
from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm
from tom_dataservices.data_services.broker_cutouts import CutoutsService
from tom_dataservices.exceptions import MissingDataException

_ZTF = re.compile(r"ZTF\d{2}[a-z]{7}")
_EITHER = (("", "either"), ("yes", "yes"), ("no", "no"))


class BabamulFields(BrokerFields):
    """What Babamul can be asked for."""

    service_name = "Babamul"
    offers = ("objects", "cone", "time", "magnitude")
    max_radius_arcsec = MAX_RADIUS_ARCSEC
    rows_a_page = Babamul.page_size
    object_words = "ZTF names, or Rubin numbers (diaObjectId); one a line, or with commas or blanks between."
    own_fieldsets: ClassVar[Any] = (
        ("Survey", ("alert_survey",)),
        (
            "Kind of source",
            (
                "drb_min",
                "drb_max",
                "is_positive",
                "is_rock",
                "is_star",
                "is_near_brightstar",
                "is_stationary",
            ),
        ),
    )

    alert_survey = forms.ChoiceField(
        label="Survey", choices=[("ZTF", "ZTF"), ("LSST", "LSST (Rubin)")], required=False, initial="ZTF"
    )
    drb_min = forms.FloatField(label="Smallest drb", required=False, min_value=0.0, max_value=1.0)
    drb_max = forms.FloatField(label="Largest drb", required=False, min_value=0.0, max_value=1.0)
    is_positive = forms.ChoiceField(label="Brighter than its reference", choices=_EITHER, required=False)
    is_rock = forms.ChoiceField(label="Solar System object", choices=_EITHER, required=False)
    is_star = forms.ChoiceField(label="On a star", choices=_EITHER, required=False)
    is_near_brightstar = forms.ChoiceField(label="Near a bright star", choices=_EITHER, required=False)
    is_stationary = forms.ChoiceField(label="Seen at one place for long", choices=_EITHER, required=False)

    def clean(self) -> dict[str, Any]:
        """Hold the two limits of drb against each other."""
        cleaned = super().clean()
        low, high = cleaned.get("drb_min"), cleaned.get("drb_max")
        if low is not None and high is not None and low > high:
            self.add_error("drb_max", "This is the largest drb: it cannot be below the smallest.")
        return cleaned


class BabamulForm(BabamulFields, BrokerQueryForm):
    """The query form of Babamul."""


class BabamulService(CutoutsService):
    """Alerts of ZTF and Rubin as BOOM joins them."""

    name = "Babamul"
    verbose_name = "Babamul (BOOM)"
    client = Babamul
    form = BabamulForm
    object_pattern = r"(ZTF\d{2}[a-z]{7}|LSST-P-DO-\d+)"
    service_notes = "Alerts of ZTF and Rubin, joined, with the scores of BOOM. Needs a token of your TOM."

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield each object once, with its newest alert of a page."""
        client = self.client()
        for object_id in query["ids"]:
            try:
                yield self.known(object_id)
            except MissingDataException:
                continue
        if query["ids"]:
            return
        survey = query.get("alert_survey") or SURVEYS[0]
        given: set[str] = set()
        alerts = client.alerts(survey, asked(query, survey))
        for found in self.each(alerts, lambda alert: babamul_object(alert, survey)):
            if found.object_id not in given:
                given.add(found.object_id)
                yield found

    def known(self, object_id: str) -> BrokerObject:
        """Return one object with its light curve."""
        survey = _survey_of(object_id)
        plain = object_id.removeprefix("LSST-P-DO-")
        return babamul_object(self.client().object(survey, plain), survey)

    def completed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a result; a body of the Solar System comes without an orbit, and makes no target.

        Raises
        ------
        MissingDataException
        """
        if result.get("type") == "NON_SIDEREAL" and not result.get("orbit"):
            raise MissingDataException(
                f"{result['name']} is a body of the Solar System, and Babamul gives no orbit of it: look its"
                " designation up at the Minor Planet Center or JPL under Catalogues."
            )
        return result

    def cutout(self, result: dict[str, Any], role: str) -> tuple[bytes, str] | None:
        """Return an image of the newest alert of a result."""
        candid = (result.get("cutouts") or {}).get(role)
        if not candid:
            return None
        content = self.client().cutout(_survey_of(result["id"]), result["id"], candid, role)
        return None if content is None else (content, "image/fits")

    def image(self, found: BrokerObject, role: str) -> bytes | None:
        """Return an image of the newest alert as FITS."""
        survey = _survey_of(found.object_id)
        return self.client().cutout(survey, found.object_id, found.cutouts[role], role)


def _survey_of(object_id: str) -> str:
    return "ZTF" if _ZTF.fullmatch(object_id) else "LSST"
