"""The facts block of a target's page: what is known of it, as label and text, made in Python."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.astro.galactic import galactic_from_icrs
from tom_common.templatetags.front_end import moment
from tom_targets import formats
from tom_targets.models import BaseTarget
from tom_targets.summaries import summary_of

# Units of the fields, as the model's help texts say, and short labels.
_FIELDS: dict[str, tuple[str, str]] = {
    "epoch": ("Epoch", ""),
    "pm_ra": ("Proper motion RA", "mas/yr"),
    "pm_dec": ("Proper motion Dec", "mas/yr"),
    "parallax": ("Parallax", "mas"),
    "distance": ("Distance", "pc"),
    "epoch_of_elements": ("Epoch of elements", "MJD"),
    "inclination": ("Inclination", "°"),
    "lng_asc_node": ("Ascending node", "°"),
    "arg_of_perihelion": ("Arg. of perihelion", "°"),
    "eccentricity": ("Eccentricity", ""),
    "mean_anomaly": ("Mean anomaly", "°"),
    "semimajor_axis": ("Semimajor axis", "au"),
    "mean_daily_motion": ("Daily motion", "°/day"),
    "perihdist": ("Perihelion distance", "au"),
    "epoch_of_perihelion": ("Perihelion", "MJD"),
    "abs_mag": ("Absolute mag. H", "mag"),
    "slope": ("Slope G", ""),
    "ephemeris_period": ("Period", "d"),
    "ephemeris_epoch": ("Ephemeris epoch", "MJD"),
}
_ERRORS = {
    "distance": "distance_err",
    "ephemeris_period": "ephemeris_period_err",
    "ephemeris_epoch": "ephemeris_epoch_err",
}


@dataclass(frozen=True)
class Fact:
    """One line of the facts block; `copy` is what its button copies."""

    label: str
    text: str | SafeString
    copy: str = ""


def position_facts(target: BaseTarget) -> list[Fact]:
    """Return position of a target: sexagesimal, degrees, Galactic; nothing without coordinates."""
    if target.ra is None or target.dec is None:
        return []
    hms, dms = ra_to_hms(target.ra), dec_to_dms(target.dec)
    degrees = f"{target.ra:.6f} {target.dec:+.6f}"
    lng_deg, lat_deg = galactic_from_icrs(target.ra, target.dec)
    facts = [
        Fact("RA, Dec", formats.with_minus(f"{hms} {dms}"), f"{hms} {dms}"),
        Fact("in degrees", formats.with_minus(degrees), degrees),
        Fact("Galactic l, b", formats.with_minus(f"{float(lng_deg):.4f}° {float(lat_deg):+.4f}°")),
    ]
    if target.type == BaseTarget.NON_SIDEREAL:
        facts = [Fact("Last position", facts[0].text, facts[0].copy), *facts[1:]]
    return facts


def brightness_facts(target: BaseTarget) -> list[Fact]:
    """Return what the stored light-curve summary says, without looking at the light curve."""
    summary = summary_of(target)
    if summary is None or not summary.point_count:
        return []
    facts = []
    if summary.last_mag is not None:
        mag = formats.with_error(summary.last_mag, summary.last_mag_error)
        facts.append(Fact("Magnitude", f"{summary.last_band} {mag} mag".strip()))
    if summary.last_detection is not None:
        facts.append(Fact("Last detection", moment(summary.last_detection)))
    if change := formats.change(summary.rate_mag_per_day):
        facts.append(Fact("Change", change))
    if summary.peak_mag is not None:
        facts.append(Fact("Peak", f"{summary.peak_band} {summary.peak_mag:.2f} mag".strip()))
    if summary.first_detection is not None:
        facts.append(Fact("First detection", moment(summary.first_detection)))
    facts.append(
        Fact("Photometry", f"{summary.point_count:,} points, {summary.detection_count:,} detections")
    )
    return facts


def field_facts(target: BaseTarget) -> list[Fact]:
    """Return the other fields of a target that are filled in, with their units."""
    facts = []
    if target.scheme:
        facts.append(Fact("Elements", target.get_scheme_display()))
    for name, (label, unit) in _FIELDS.items():
        value = getattr(target, name)
        if value is None:
            continue
        text = formats.with_minus(formats.significant(value, 8))
        error = getattr(target, _ERRORS[name]) if name in _ERRORS else None
        if error is not None:
            text = f"{text} ± {formats.significant(error, 2)}"
        facts.append(Fact(label, f"{text}{unit}" if unit == "°" else f"{text} {unit}".strip()))
    facts += own_field_facts(target)
    return facts


def own_field_facts(target: BaseTarget) -> list[Fact]:
    """Return the fields that a project's own target class adds, without those with ``hidden = True``."""
    facts = []
    base = {field.name for field in BaseTarget._meta.get_fields()}
    for field in target._meta.concrete_fields:
        if field.name in base or field.is_relation or getattr(field, "hidden", False):
            continue
        value = getattr(target, field.name)
        if value not in (None, ""):
            text = formats.with_minus(formats.significant(value)) if isinstance(value, float) else str(value)
            facts.append(Fact(str(field.verbose_name).capitalize(), text))
    return facts


def target_facts(target: BaseTarget) -> list[Fact]:
    """Return all facts of a target in the order of the page."""
    return [
        *position_facts(target),
        *brightness_facts(target),
        *field_facts(target),
        Fact("Added", moment(target.created)),
    ]


def understood_position(ra_deg: float, dec_deg: float) -> SafeString:
    """Say how a typed position was understood: sexagesimal, degrees, Galactic."""
    lng_deg, lat_deg = galactic_from_icrs(ra_deg, dec_deg)
    return format_html(
        "{} {} = {}°, {}° (Galactic {}°, {}°)",
        ra_to_hms(ra_deg),
        formats.with_minus(dec_to_dms(dec_deg)),
        f"{ra_deg:.6f}",
        formats.with_minus(f"{dec_deg:+.6f}"),
        f"{float(lng_deg):.3f}",
        formats.with_minus(f"{float(lat_deg):+.3f}"),
    )
