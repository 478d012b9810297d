"""Says under a field of a query form what was understood of a position or time, while it is typed."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.astro.time import mjd_utc_to_datetime, parse_mjd_utc
from tom_common.astro.typed_position import read_position

POSITION, TIME = "position", "time"


def understood_words(kind: str, typed: str) -> str:
    """Return in words what a text is taken for; empty for an empty one.

    Parameters
    ----------
    kind : str
        `POSITION` or `TIME`.
    typed : str
    """
    typed = typed.strip()
    if not typed:
        return ""
    return _position_words(typed) if kind == POSITION else _time_words(typed)


def _position_words(typed: str) -> str:
    found = read_position(typed)
    if found is None:
        return "Not understood as a position yet."
    place = f"{ra_to_hms(found.ra_deg, decimals=2)} {dec_to_dms(found.dec_deg, decimals=1)}"
    radius = "" if found.radius_arcsec is None else f", within {found.radius_arcsec:g}″"
    return f"Understood as {place} ({found.ra_deg:.6f}° {found.dec_deg:+.6f}°){radius}."


def _time_words(typed: str) -> str:
    try:
        mjd = parse_mjd_utc(typed)
        moment = mjd_utc_to_datetime(mjd)
    except (ValueError, OverflowError):
        return "Not understood as a time yet."
    return f"Understood as {moment:%Y-%m-%d %H:%M:%S} UTC, MJD {mjd:.5f}."


def show_understood(field: Any, name: str, kind: str, value: Any = "") -> None:
    """Let a field of a form tell below itself what was understood, where this TOM has the address for it.

    Parameters
    ----------
    field : Field
    name : str
    kind : str
        `POSITION` or `TIME`.
    value : object
        What stands in it now.
    """
    try:
        address = reverse("dataservices:understood")
    except NoReverseMatch:
        return
    field.widget.attrs.update(
        {
            "hx-get": f"{address}?kind={kind}&field={name}",
            "hx-trigger": "input changed delay:300ms",
            "hx-target": f"#understood-{name}",
            "hx-sync": "this:replace",
        }
    )
    field.help_text = format_html(
        '{} <span class="d-block" id="understood-{}" aria-live="polite">{}</span>',
        field.help_text,
        name,
        understood_words(kind, str(value or "")),
    )
