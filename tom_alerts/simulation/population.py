"""Which objects the simulated sky holds: class mix, places, names. Light curves come from `classes`.

Public names: `CLASS_MIX`, `SimulatedObject`, `draw_population`, `object_name`.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation import classes, sky
from tom_alerts.simulation.classes import Circumstances, Drawing, Host
from tom_alerts.simulation.light_curves import LightCurve
from tom_alerts.simulation.night import Exposures, SurveyPlan
from tom_alerts.simulation.solar_system import Elements, draw_asteroid, ephemeris

SOLAR_SYSTEM_CLASS = "Solar System object"
EXTRAGALACTIC_LATITUDE_DEG = 15.0
TRANSIENT_CLASSES = ("SN Ia", "SN II", "SN Ibc", "CV")
NEW_TONIGHT_EVERY = 8  # one in so many transients is found in the last night
ATTEMPTS = 60


@dataclass(frozen=True)
class ClassSpec:
    """How one class is drawn and where it may stand."""

    weight: float
    draw: Drawing
    lowest_latitude_deg: float = 0.0
    highest_latitude_deg: float = 90.0


# Weights for 300 objects: a stream after a filter for what is worth following up, not the raw mix of alerts.
CLASS_MIX: dict[str, ClassSpec] = {
    "SN Ia": ClassSpec(74, classes.draw_type_ia, EXTRAGALACTIC_LATITUDE_DEG),
    "SN II": ClassSpec(30, classes.draw_type_ii, EXTRAGALACTIC_LATITUDE_DEG),
    "SN Ibc": ClassSpec(13, classes.draw_stripped, EXTRAGALACTIC_LATITUDE_DEG),
    "TDE": ClassSpec(8, classes.draw_tidal_disruption, EXTRAGALACTIC_LATITUDE_DEG),
    "CV": ClassSpec(36, classes.draw_dwarf_nova),
    "AGN": ClassSpec(38, classes.draw_active_nucleus, EXTRAGALACTIC_LATITUDE_DEG),
    "RR Lyrae": ClassSpec(34, classes.draw_rr_lyrae, 5.0),
    "Eclipsing binary": ClassSpec(28, classes.draw_eclipsing_binary, 0.0, 35.0),
    "Mira": ClassSpec(18, classes.draw_mira, 0.0, 25.0),
    "M-dwarf flare": ClassSpec(12, classes.draw_flare),
    "Kilonova": ClassSpec(1, classes.draw_kilonova, EXTRAGALACTIC_LATITUDE_DEG),
}
SOLAR_SYSTEM_WEIGHT = 8.0


@dataclass(frozen=True)
class Place:
    """A known place that holds a simulated object whenever it is up."""

    name: str
    ra_deg: float
    dec_deg: float
    class_name: str
    draw: Drawing
    modulus: float | None = None  # mag


# Positions are ICRS of the named objects; the simulated one stands arcminutes away, so that no real source is
# mistaken for it. Distance moduli: NED, rounded.
PLACES = (
    Place("M31", 10.6847, 41.2690, "Nova", classes.draw_nova, 24.4),
    Place("M33", 23.4621, 30.6602, "Nova", classes.draw_nova, 24.7),
    Place("M81", 148.8882, 69.0653, "Nova", classes.draw_nova, 27.8),
    Place("M101", 210.8023, 54.3489, "SN II", classes.draw_type_ii, 29.1),
    Place("Perseus cluster", 49.9507, 41.5117, "SN Ia", classes.draw_type_ia, 34.3),
    Place("Coma cluster", 194.9531, 27.9807, "SN Ia", classes.draw_type_ia, 35.0),
    Place("ER UMa field", 146.7997, 51.9025, "CV", classes.draw_dwarf_nova),
    Place("SS Cyg field", 325.6784, 43.5861, "CV", classes.draw_dwarf_nova),
    Place("U Gem field", 118.7717, 22.0014, "CV", classes.draw_dwarf_nova),
    Place("BL Lac field", 330.6804, 42.2778, "AGN", classes.draw_active_nucleus),
    Place("3C 273 field", 187.2779, 2.0524, "AGN", classes.draw_active_nucleus),
)


@dataclass(frozen=True)
class SimulatedObject:
    """One object of the simulated sky, before it is measured.

    For a moving object `light_curve` is None and `elements` are set; the position is that of the last
    exposure.
    """

    index: int
    name: str
    class_name: str
    ra_deg: float
    dec_deg: float
    exposures: Exposures
    must_be_new: bool = False  # to be detected in the last night for the first time
    light_curve: LightCurve | None = None
    elements: Elements | None = None
    designation: str = ""  # of a moving object
    place: str = ""  # a known place, e.g. "M31"
    host: Host | None = None
    redshift: float | None = None


def object_name(night: datetime.date, seed: int, index: int) -> str:
    """Return the name of a simulated object.

    Parameters
    ----------
    night : datetime.date
        Night of the survey.
    seed : int
        Seed of the survey, its remainder by 676 goes in.
    index : int
        Number of the object, below 17576.

    Returns
    -------
    str
        ``SIM``, two digits of the year and seven letters: two for the day of the year, two for the seed,
        three for the object. Surveys of different nights do not share names.

    Raises
    ------
    ValueError
        If the index is out of range.
    """
    if not 0 <= index < 26**3:
        raise ValueError(f"object number {index} is not below {26**3}")
    number = (night.timetuple().tm_yday * 676 + seed % 676) * 26**3 + index
    letters = ""
    for _ in range(7):
        number, digit = divmod(number, 26)
        letters = chr(ord("a") + digit) + letters
    return f"SIM{night.year % 100:02d}{letters}"


def class_counts(objects: int) -> dict[str, int]:
    """Return how many objects of each class to draw.

    Parameters
    ----------
    objects : int
        Number of all objects.

    Returns
    -------
    dict of str to int
        At least one of each class where there are enough, moving objects included; sums up to ``objects``.
    """
    weights = {name: spec.weight for name, spec in CLASS_MIX.items()} | {
        SOLAR_SYSTEM_CLASS: SOLAR_SYSTEM_WEIGHT
    }
    quota = {name: objects * weight / sum(weights.values()) for name, weight in weights.items()}
    counts = {name: int(share) for name, share in quota.items()}
    by_remainder = sorted(quota, key=lambda name: counts[name] - quota[name])
    for name in by_remainder[: objects - sum(counts.values())]:
        counts[name] += 1
    if objects >= 2 * len(counts):
        for name in [name for name, count in counts.items() if not count]:
            counts[name] += 1
            counts[max(counts, key=lambda other: counts[other])] -= 1
    return counts


@dataclass(frozen=True)
class _Slot:
    class_name: str
    ra_deg: float
    dec_deg: float
    place: Place | None = None


def draw_population(
    plan: SurveyPlan,
    *,
    night: datetime.date,
    seed: int,
    objects: int,
    accepts: Callable[[SimulatedObject], bool],
) -> list[SimulatedObject]:
    """Draw all objects of a survey.

    Parameters
    ----------
    plan : SurveyPlan
        When the survey looks.
    night : datetime.date
        Night of the survey.
    seed : int
        Seed of all random numbers.
    objects : int
        Number of objects.
    accepts : callable
        Says whether an object would be noticed; if not, its light curve is drawn again, at most 60 times.

    Returns
    -------
    list of SimulatedObject
        Objects that the survey notices, static ones first.
    """
    rng = np.random.default_rng([seed, night.toordinal(), 1])
    counts = class_counts(objects)
    moving = counts.pop(SOLAR_SYSTEM_CLASS)
    slots = _draw_slots(rng, plan, counts)
    asteroids = [draw_asteroid(rng, mjd_utc=plan.last_mjd + 0.35) for _ in range(moving)]
    tracks = [_fields_on_track(plan, elements) for elements in asteroids]
    wanted = {sky.field_at(slot.ra_deg, slot.dec_deg) for slot in slots}.union(*map(set, tracks))
    exposures = plan.observe(wanted)
    found = []
    for index, slot in enumerate(slots):
        found += _draw_static(index, slot, exposures, (night, seed), accepts)
    for number, (elements, track) in enumerate(zip(asteroids, tracks, strict=True)):
        found += _make_moving(len(slots) + number, elements, track, exposures, (night, seed), accepts)
    return found


def _draw_slots(rng: np.random.Generator, plan: SurveyPlan, counts: dict[str, int]) -> list[_Slot]:
    """Give each object a class and a place: known places first, then fields of the season."""
    left = dict(counts)
    slots = []
    for place in PLACES:
        charged = (
            place.class_name if place.class_name in left else "CV"
        )  # novae take the place of dwarf novae
        if plan.is_up(place.ra_deg, place.dec_deg) and left[charged] > 1:
            left[charged] -= 1
            east, north = rng.choice([-1, 1], 2) * rng.uniform(60, 150, 2)
            ra_near, dec_near = sky.offset_position(place.ra_deg, place.dec_deg, east, north)
            slots.append(_Slot(place.class_name, float(ra_near), float(dec_near), place))
    season = [field for field in range(1, sky.field_count() + 1) if plan.is_up(*sky.field_centre(field))]
    latitudes = {field: abs(sky.galactic_latitude_deg(*sky.field_centre(field))) for field in season}
    # A survey area of a quarter of the visible sky keeps the night's exposures few.
    area = sorted(rng.choice(season, size=max(1, len(season) // 4), replace=False).tolist())
    for class_name, count in left.items():
        spec = CLASS_MIX[class_name]
        fits = [f for f in area if spec.lowest_latitude_deg <= latitudes[f] <= spec.highest_latitude_deg]
        for _ in range(count):
            ra_centre, dec_centre = sky.field_centre(int(rng.choice(fits or area)))
            width = 3.3 / np.cos(np.radians(dec_centre))
            ra, dec = ra_centre + rng.uniform(-width, width), dec_centre + rng.uniform(-3.3, 3.3)
            slots.append(_Slot(class_name, float(ra % 360.0), float(dec)))
    return slots


def _draw_static(
    index: int,
    slot: _Slot,
    exposures: dict[int, Exposures],
    survey: tuple[datetime.date, int],
    accepts: Callable[[SimulatedObject], bool],
) -> list[SimulatedObject]:
    """Draw light curves until one is noticed; an empty list if none is."""
    night, seed = survey
    seen = exposures[sky.field_at(slot.ra_deg, slot.dec_deg)]
    if not len(seen):
        return []
    draw = slot.place.draw if slot.place else CLASS_MIX[slot.class_name].draw
    may_be_new = (
        slot.place is None and slot.class_name in TRANSIENT_CLASSES and index % NEW_TONIGHT_EVERY == 0
    )
    for attempt in range(ATTEMPTS):
        is_new = may_be_new and attempt < ATTEMPTS // 2
        circumstances = Circumstances(
            exposure_mjd=seen.mjd_utc,
            modulus=slot.place.modulus if slot.place else None,
            is_young=is_new,
            is_bright=slot.place is not None,
        )
        rng = np.random.default_rng([seed, night.toordinal(), 2, index, attempt])
        drawn = draw(rng, circumstances)
        found = SimulatedObject(
            index=index,
            name=object_name(night, seed, index),
            class_name=slot.class_name,
            ra_deg=round(slot.ra_deg, 7),
            dec_deg=round(slot.dec_deg, 7),
            exposures=seen,
            must_be_new=is_new,
            light_curve=drawn.light_curve,
            place=slot.place.name if slot.place else "",
            host=drawn.host,
            redshift=drawn.redshift,
        )
        if accepts(found):
            return [found]
    return []


def _fields_on_track(plan: SurveyPlan, elements: Elements) -> dict[int, set[int]]:
    """Return the fields that an asteroid crosses, each with the nights (MJD) it is there."""
    track: dict[int, set[int]] = {}
    places = ephemeris(elements, plan.night_mjds.astype(np.float64) + 0.35)
    for mjd, ra_deg, dec_deg in zip(plan.night_mjds, places.ra_deg, places.dec_deg, strict=True):
        track.setdefault(sky.field_at(float(ra_deg), float(dec_deg)), set()).add(int(mjd))
    return track


def _make_moving(
    index: int,
    elements: Elements,
    track: dict[int, set[int]],
    exposures: dict[int, Exposures],
    survey: tuple[datetime.date, int],
    accepts: Callable[[SimulatedObject], bool],
) -> list[SimulatedObject]:
    """Collect the exposures that hold an asteroid; an empty list if it is never noticed."""
    parts = []
    for field, nights in track.items():
        there = np.isin(np.floor(exposures[field].mjd_utc), list(nights))
        parts.append(exposures[field].take(there))
    seen = Exposures.joined(parts)
    if not len(seen):
        return []
    last = ephemeris(elements, seen.mjd_utc[-1:])
    name = object_name(*survey, index)
    found = SimulatedObject(
        index=index,
        name=name,
        class_name=SOLAR_SYSTEM_CLASS,
        ra_deg=round(float(last.ra_deg[0]), 7),
        dec_deg=round(float(last.dec_deg[0]), 7),
        exposures=seen,
        elements=elements,
        designation=f"{name[:9].upper()}-{index}",
    )
    return [found] if accepts(found) else []
