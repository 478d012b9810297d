"""What the published module calls the parameters of a query, from and into the words of our own service."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tom_common.astro.time import datetime_to_mjd_utc
from tom_fink.questions import MOST_BY_DATE, QuestionError, query_of

_DATE = "%Y-%m-%d %H:%M:%S.%f"


def parameters_of(form_output: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the one question of a form.

    Returns
    -------
    dict
        ``objectId``, empty where it is not asked for; with it ``ra``, ``dec`` and ``radius``, or ``class``
        with ``n`` or with ``start`` and ``end`` (UTC), or ``n_or_d``; as texts, as they were typed.

    Raises
    ------
    QuestionError
        If none or several were asked, or the text cannot be read.
    """
    query_of(form_output)
    typed = {name: str(text) for name, text in form_output.items() if str(text or "").strip()}
    found = {"objectId": typed.get("objectId", "").strip()}
    if "conesearch" in typed:
        found["ra"], found["dec"], found["radius"] = typed["conesearch"].split(",")
    elif "classsearch" in typed:
        found["class"], _, found["n"] = typed["classsearch"].rpartition(",")
    elif "classsearchdate" in typed:
        found["class"], _, days = typed["classsearchdate"].rpartition(",")
        now = dt.datetime.now(dt.UTC)
        found["start"] = f"{now - dt.timedelta(days=float(days)):{_DATE}}"
        found["end"] = f"{now:{_DATE}}"
    elif "ssosearch" in typed:
        found["n_or_d"] = typed["ssosearch"].strip()
    return found


def parameters_of_words(words: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters for the question about a target that our own service asks."""
    if words["ids"]:
        return {"objectId": words["ids"][0]}
    place = {"ra": words["ra_deg"], "dec": words["dec_deg"], "radius": words["radius_arcsec"]}
    return {"objectId": "", **{name: repr(float(value)) for name, value in place.items()}}


def words_of(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the question of some parameters in the words of our own service.

    Raises
    ------
    QuestionError
        If they ask for nothing, or cannot be read.
    """
    given = {name: str(text).strip() for name, text in parameters.items() if text not in (None, "")}
    if {"ra", "dec", "radius"} <= given.keys() and "objectId" not in given:
        return query_of({"conesearch": f"{given['ra']},{given['dec']},{given['radius']}"})
    if "class" not in given or "objectId" in given:
        return query_of({"objectId": given.get("objectId"), "ssosearch": given.get("n_or_d")})
    words = query_of({"classsearch": f"{given['class']},{given.get('n', MOST_BY_DATE)}"})
    if "start" in given and "end" in given:
        words |= {"mjd_min": _mjd_utc(given["start"]), "mjd_max": _mjd_utc(given["end"])}
    return words


def _mjd_utc(text: str) -> float:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise QuestionError(f"The time {text!r} cannot be read; expected ISO 8601, UTC.") from error
    return datetime_to_mjd_utc(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))
