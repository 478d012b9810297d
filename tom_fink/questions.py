"""The questions that the published module asks Fink, one text field each, and how Fink is asked them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from tom_common.astro.angles import parse_dec_deg, parse_ra_deg
from tom_common.astro.time import datetime_to_mjd_utc
from tom_dataservices.clients.broker import iso_utc
from tom_dataservices.exceptions import QueryServiceError

COLUMNS = "i:candid,d:rf_snia_vs_nonia,i:ra,i:dec,i:jd,i:magpsf,i:objectId,d:cdsxmatch"
SSO_COLUMNS = "i:ssnamenr,i:candid,i:ra,i:dec,i:jd,i:magpsf,i:objectId,d:roid"
QUESTIONS = ("objectId", "conesearch", "classsearch", "classsearchdate", "ssosearch")
MOST_BY_DATE = 1000
ENDED = (
    "Fink ended its search by date alone in January 2025: empty this field, and ask for a class by date or a"
    " cone."
)


class QuestionError(QueryServiceError, NotImplementedError, ValueError):
    """A question that Fink cannot be asked; callers of the published module catch any of the three kinds."""


class QuestionFields(forms.Form):
    """One of five questions about alerts of ZTF."""

    offers = ("objects", "cone", "class")

    help_objectid = "Such as ZTF19acmdpyr, or several with commas."
    help_conesearch = "Right ascension, declination, radius in arcsec: 12h55m17s, +02d53m50s, 5."
    help_classsearch = "Class, number: Early SN Ia candidate, 10."
    help_classsearchdate = "Class, days back: SN candidate, 3."
    help_ssosearch = "Number or designation: 8467, 10P."

    objectId = forms.CharField(  # noqa: N815  public name
        required=False, label="ZTF object", help_text=help_objectid
    )
    conesearch = forms.CharField(required=False, label="Cone", help_text=help_conesearch)
    classsearch = forms.CharField(
        required=False, label="Newest alerts of a class", help_text=help_classsearch
    )
    classsearchdate = forms.CharField(
        required=False, label="Alerts of a class by date", help_text=help_classsearchdate
    )
    ssosearch = forms.CharField(required=False, label="Body of the Solar System", help_text=help_ssosearch)

    def clean(self) -> dict[str, Any]:
        """Take one question, and one that Fink can be asked."""
        cleaned = super().clean() or {}
        try:
            query_of(cleaned)
        except QuestionError as error:
            raise ValidationError(str(error)) from error
        return cleaned


def query_of(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the one question of a form in the words of our own service of Fink.

    Returns
    -------
    dict
        ``ids``; or ``ra_deg``, ``dec_deg``, ``radius_arcsec``; or ``class_name`` and ``max_results``, perhaps
        ``mjd_min`` and ``mjd_max``; or ``solar_system``.

    Raises
    ------
    QuestionError
        If none or several were asked, or the text cannot be read.
    """
    if str(parameters.get("datesearch") or "").strip():
        raise QuestionError(ENDED)
    asked = {name: text for name in QUESTIONS if (text := str(parameters.get(name) or "").strip())}
    if len(asked) != 1:
        raise QuestionError(
            "Fill in one field: ZTF object, cone, class by number or by date, or body of the Solar System."
        )
    ((name, text),) = asked.items()
    if name == "objectId":
        return {"ids": [one.strip() for one in text.split(",") if one.strip()], "max_results": MOST_BY_DATE}
    if name == "ssosearch":
        return {"ids": [], "solar_system": text}
    if name == "conesearch":
        return {"ids": [], **_cone(text)}
    class_name, number = _class_and_number(text)
    if name == "classsearch":
        return {"ids": [], "class_name": class_name, "max_results": max(1, int(number))}
    now = timezone.now()
    return {
        "ids": [],
        "class_name": class_name,
        "max_results": MOST_BY_DATE,
        "mjd_min": _mjd(now - dt.timedelta(days=number)),
        "mjd_max": _mjd(now),
    }


def _cone(text: str) -> dict[str, float]:
    parts = [part.strip() for part in text.split(",")]
    try:
        ra, dec, radius = parts
        found = {"ra_deg": parse_ra_deg(ra), "dec_deg": parse_dec_deg(dec), "radius_arcsec": float(radius)}
    except ValueError as error:
        raise QuestionError(
            f"The cone {text!r} cannot be read; expected right ascension, declination, radius in arcsec."
        ) from error
    if not 0 < found["radius_arcsec"] <= 18_000:
        raise QuestionError(f"The radius is {parts[2]} arcsec; Fink takes more than 0 and up to 18,000.")
    return found


def _class_and_number(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition(",")
    try:
        found = float(number)
    except ValueError:
        found = 0.0
    if not name.strip() or not 0 < found < 100_000:
        raise QuestionError(f"{text!r} cannot be read; expected a class, a comma and a number above 0.")
    return name.strip(), found


def _mjd(moment: dt.datetime) -> float:
    return datetime_to_mjd_utc(moment)


def request_of(query: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the endpoint of Fink and its arguments for a question of `query_of`."""
    if query.get("ids"):
        return "objects", {"objectId": ",".join(query["ids"]), "columns": COLUMNS}
    if "ra_deg" in query:
        place = {"ra": query["ra_deg"], "dec": query["dec_deg"], "radius": query["radius_arcsec"]}
        return "conesearch", place
    if query.get("solar_system"):
        return "sso", {"n_or_d": query["solar_system"], "columns": SSO_COLUMNS}
    window = {"startdate": iso_utc(query.get("mjd_min")), "stopdate": iso_utc(query.get("mjd_max"))}
    window = {key: value.removesuffix("Z") for key, value in window.items() if value}
    return "latests", {"class": query["class_name"], "n": query["max_results"], **window}
