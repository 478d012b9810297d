"""The numbers by which TNS calls groups, filters, instruments, classes: as it told them, else a few we know.

They are asked for in the background, once a day at most, when somebody writes a report.

References
----------
The numbers given here stand in the published value lists of TNS (read November 2026).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from tom_alerts.models import TnsValueList
from tom_alerts.reports import destinations
from tom_common.background import InputRefused, background_task
from tom_common.remote import RemoteError
from tom_common.turns import turn
from tom_dataservices.exceptions import NotConfiguredError

VALID = dt.timedelta(days=1)
_ASK_AGAIN_S = 600

KNOWN: dict[str, dict[str, str]] = {
    "at_types": {
        "1": "PSN, possible supernova",
        "2": "NUC, in a nucleus",
        "3": "PNV, possible nova",
        "4": "AGN",
    },
    "object_types": {"3": "SN Ia", "10": "SN II"},
    "groups": {"48": "ZTF", "165": "LSST"},
    "filters": {
        "110": "g-ZTF",
        "111": "r-ZTF",
        "112": "i-ZTF",
        "71": "cyan-ATLAS",
        "72": "orange-ATLAS",
        **dict(zip(("20", "21", "22", "23", "24"), (f"{band}-Sloan" for band in "ugriz"), strict=True)),
        "26": "w-PS1",
        **dict(zip(("56", "57", "58", "59"), (f"{band}-PS1" for band in "griz"), strict=True)),
        "75": "G-Gaia",
        **dict(
            zip(
                (str(number) for number in range(160, 166)),
                (f"{band}-LSST" for band in "ugrizy"),
                strict=True,
            )
        ),
    },
    "instruments": {"196": "ZTF-Cam", "287": "LSST", "163": "Gaia", "153": "ATLAS"},
    "units": {"1": "ABMag"},
}
_SURVEYS = (
    ("ZTF", ("ztf", "p48")),
    ("ATLAS", ("atlas",)),
    ("LSST", ("lsst", "rubin", "simonyi")),
    ("PS1", ("ps1", "panstarrs", "pan-starrs")),
    ("Gaia", ("gaia",)),
)
_INSTRUMENTS = {"ZTF": "196", "LSST": "287", "Gaia": "163", "ATLAS": "153"}
_SOURCES = {"ZTF": "48", "LSST": "165"}


def lists() -> dict[str, dict[str, str]]:
    """Return names by number, by kind of list."""
    kept = TnsValueList.objects.filter(url=destinations.tns_url()).first()
    return {**KNOWN, **(kept.lists if kept else {}), "at_types": KNOWN["at_types"]}


def choices(kind: str, *, beside: Any = None, first: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return the choices of a list by name, those of the names in `first` first.

    `beside` is a number that stays possible although the list lacks it.
    """
    found = dict(lists().get(kind, {}))
    if beside not in (None, "") and str(beside) not in found:
        found[str(beside)] = f"number {beside}"
    order = {name.lower(): place for place, name in enumerate(first)}
    return sorted(found.items(), key=lambda one: (order.get(one[1].lower(), len(order)), one[1].lower()))


def number_of(kind: str, name: str) -> str:
    """Return the number of a name, empty if the list lacks it."""
    wanted = name.strip().lower()
    return next((number for number, known in lists().get(kind, {}).items() if known.lower() == wanted), "")


def fetched() -> Any:
    """Return when TNS told its lists last; None if it never did."""
    return TnsValueList.objects.filter(url=destinations.tns_url()).values_list("fetched", flat=True).first()


def fetch_if_old(user: Any) -> None:
    """Ask TNS for its lists in the background, unless they are fresh or were asked for just now."""
    last = fetched()
    if last is not None and last > timezone.now() - VALID:
        return
    url = destinations.tns_url()
    own = destinations.tns_settings()
    if not (own.get("report_api_key") or own.get("api_key")):
        return
    if cache.add(f"tns-values:{url}", 1, _ASK_AGAIN_S):
        fetch_value_lists.submit(user=None, title="Value lists of TNS")


@background_task(title="Value lists of TNS")
def fetch_value_lists() -> dict[str, Any]:
    """Ask TNS for its lists and keep them; safe to run twice."""
    try:
        with turn("TNS"):
            found = destinations.tns().value_lists()
    except (RemoteError, NotConfiguredError) as error:
        raise InputRefused(str(error)) from error
    TnsValueList.objects.update_or_create(
        url=destinations.tns_url(), defaults={"lists": found, "fetched": timezone.now()}
    )
    return {"lists": len(found)}


# --- our words into their numbers


def survey_of(*words: str) -> str:
    """Return which survey the names of telescope, instrument and source speak of, empty for none we know."""
    text = " ".join(words).lower()
    return next((survey for survey, marks in _SURVEYS if any(mark in text for mark in marks)), "")


def filter_number(band: str, *where: str) -> str:
    """Return the number of a band of a telescope, instrument or source; empty if it cannot be told."""
    mapped = (destinations.tns_settings().get("filter_mapping") or {}).get(band)
    if mapped not in (None, ""):
        return str(mapped) if str(mapped).isdecimal() else number_of("filters", str(mapped))
    survey = survey_of(band, *where)
    words = [word for word in re.split(r"[^A-Za-z]+", band) if word.lower() != survey.lower()]
    letter = words[-1] if words else ""
    letter = {"gp": "g", "rp": "r", "ip": "i", "zs": "z", "cyan": "c", "orange": "o"}.get(letter, letter)
    name = {"c": "cyan", "o": "orange"}.get(letter, letter)
    if survey == "Gaia":
        name = "G"
    return number_of("filters", f"{name}-{survey or 'Sloan'}") if name else ""


def instrument_number(instrument: str, *where: str) -> str:
    """Return the number of an instrument; empty if it cannot be told."""
    mapped = (destinations.tns_settings().get("instrument_mapping") or {}).get(instrument)
    if mapped not in (None, ""):
        return str(mapped) if str(mapped).isdecimal() else number_of("instruments", str(mapped))
    return number_of("instruments", instrument) or _INSTRUMENTS.get(survey_of(instrument, *where), "")


def source_number(*where: str) -> str:
    """Return the number of the group that the data come from; empty if it cannot be told."""
    return _SOURCES.get(survey_of(*where), "")
