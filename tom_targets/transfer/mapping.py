"""Which column of a file means what: the places that a value can go to, and a proposal by name and unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import models

from tom_targets import conf
from tom_targets.field_names import IGNORE_FIELDS, NON_SIDEREAL_FIELDS, SIDEREAL_FIELDS
from tom_targets.models import Target
from tom_targets.transfer.input_table import InputColumn

IGNORE, ALIAS, ALIASES, LISTS, GROUPS, EXTRA = "", "alias", "aliases", "target_lists", "groups", "extra:"
MANY = (ALIASES, LISTS, GROUPS)
MAX_PROPOSED_TAGS = 40
KEY_LENGTH = 200

# Units in which the columns of targets are stored; a column of a file may have any that converts.
UNITS = {
    **dict.fromkeys(
        (
            "ra",
            "dec",
            "galactic_lng",
            "galactic_lat",
            "mean_anomaly",
            "arg_of_perihelion",
            "lng_asc_node",
            "inclination",
        ),
        "deg",
    ),
    "pm_ra": "mas / yr",
    "pm_dec": "mas / yr",
    "parallax": "mas",
    "distance": "pc",
    "distance_err": "pc",
    "epoch": "yr",
    "mean_daily_motion": "deg / d",
    "semimajor_axis": "AU",
    "perihdist": "AU",
    "abs_mag": "mag",
    **dict.fromkeys(
        (
            "epoch_of_elements",
            "epoch_of_perihelion",
            "ephemeris_period",
            "ephemeris_period_err",
            "ephemeris_epoch",
            "ephemeris_epoch_err",
        ),
        "d",
    ),
}

# Headers of catalogues and brokers, without case, blanks, dashes, underscores and parentheses.
_SYNONYMS = {
    "name": "name target targetname object objectname objname objectid objid mainid designation sourceid"
    " starname id identifier oid diaobjectid source iauname tnsname fullname pdes",
    "ra": "ra rightascension radeg raj2000 rajdeg raicrs alpha meanra ramean raepoch2000 sra ramed alphaj2000"
    " rah rahms",
    "dec": "dec declination decdeg dej2000 decj2000 dejdeg deicrs decicrs delta de meandec decmean sdec"
    " decmed deltaj2000 decdms",
    "epoch": "epoch refepoch equinoxepoch",
    "pm_ra": "pmra pmracosdec properMotionRA mura pmrastar propermotionra pmrac",
    "pm_dec": "pmdec pmde mudec propermotiondec",
    "parallax": "parallax plx",
    "galactic_lng": "galacticlng glon gallon galacticlongitude",
    "galactic_lat": "galacticlat glat gallat galacticlatitude",
    "distance": "distance dist distancepc",
    "distance_err": "distanceerr distanceerror edistance disterr",
    "type": "type targettype",
    "permissions": "permissions visibility",
    "scheme": "scheme orbitalelementscheme",
    "epoch_of_elements": "epochofelements epochmjd epochelements",
    "mean_anomaly": "meananomaly",
    "arg_of_perihelion": "argofperihelion argperi argumentofperihelion peri",
    "eccentricity": "eccentricity ecc",
    "lng_asc_node": "lngascnode longascnode node longitudeascnode om",
    "inclination": "inclination incl orbinc",
    "mean_daily_motion": "meandailymotion meanmotion dailymot",
    "semimajor_axis": "semimajoraxis sma",
    "epoch_of_perihelion": "epochofperihelion epochofperih tp timeperihelion",
    "perihdist": "perihdist periheliondistance qperi",
    "abs_mag": "absmag absolutemagnitude",
    "slope": "slope slopeparameter",
    ALIASES: "aliases othernames internalnames internalname synonyms",
    ALIAS: "alias",
    LISTS: "targetlists targetlist lists list",
    GROUPS: "groups",
}
_NUMBERED_ALIAS = re.compile(r"(?:name|alias)_?\d+", re.IGNORECASE)
_EXPLICIT = ("extra:", "tag:")


@dataclass(frozen=True)
class Mapped:
    """Where one column of a file goes: ``place`` is a field, ``alias``, ``extra:KEY``, ... or ''."""

    column: str
    place: str
    unit: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return what is stored as JSON."""
        return asdict(self)


def simple(header: str) -> str:
    """Return a header without case, blanks and punctuation, as headers are compared."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def fields_by_name() -> dict[str, models.Field]:
    """Return the fields of a target that a file can fill: those of the class in use, but what it derives."""
    return {
        field.name: field
        for field in Target._meta.concrete_fields
        if field.editable
        and field.name not in IGNORE_FIELDS
        and not field.is_relation
        and isinstance(field, (models.FloatField, models.CharField, models.BooleanField, models.IntegerField))
        or field.name in ("name", "type")
    }


def ordered_fields() -> list[str]:
    """Return the names of these fields as people expect them: names, position, motion, elements, the rest."""
    known = fields_by_name()
    wanted = dict.fromkeys([*SIDEREAL_FIELDS, *NON_SIDEREAL_FIELDS, "permissions", *known])
    return [name for name in wanted if name in known]


_BY_HEADER = {simple(word): place for place, words in _SYNONYMS.items() for word in words.split()}


def place_of(header: str) -> str:
    """Return where a column goes by its header alone; an extra field where nothing else fits."""
    text = header.strip()
    for prefix in _EXPLICIT:
        if text.lower().startswith(prefix):
            return EXTRA + text[len(prefix) :].strip()
    if text in fields_by_name():
        return text
    if _NUMBERED_ALIAS.fullmatch(text):
        return ALIAS
    declared = {str(field["name"]): EXTRA + str(field["name"]) for field in conf.extra_fields()}
    if text in declared:
        return declared[text]
    if found := _BY_HEADER.get(simple(text)):
        return found
    return EXTRA + text[:KEY_LENGTH]


def propose(columns: Sequence[InputColumn], sample: Mapping[str, Sequence[Any]]) -> list[Mapped]:
    """Propose where the columns of a file go.

    Parameters
    ----------
    columns : sequence of InputColumn
    sample : mapping from str to sequence
        First values of each column.

    Returns
    -------
    list of Mapped
        One for each column. A field is proposed once, for the column whose header says it most plainly. Of a
        file with very many other columns these are left out rather than made tags.
    """
    exact = set(fields_by_name())
    taken: dict[str, str] = {}
    for column in sorted(columns, key=lambda one: one.name not in exact):
        place = place_of(column.name)
        if place == "type" and not _holds_types(sample.get(column.name, ())):
            continue  # the class of a transient
        if place not in (ALIAS, *MANY) and place not in taken and not place.startswith(EXTRA):
            taken[place] = column.name
    derived = {field.name for field in Target._meta.get_fields()}
    found = []
    for column in columns:
        place = place_of(column.name)
        if place == "type" and taken.get("type") != column.name:
            place = EXTRA + "classification"
        elif place == "name" and taken.get("name") != column.name:
            place = ALIAS if _looks_like_names(sample.get(column.name, ())) else EXTRA + column.name
        elif place in taken and taken[place] != column.name:
            place = EXTRA + column.name if place not in exact or column.name not in exact else IGNORE
        if place == EXTRA + column.name and (column.name.startswith("column ") or column.name in derived):
            place = IGNORE  # without a header; or keys and times in the export of another TOM
        found.append(Mapped(column.name, place, column.unit))
    declared = {EXTRA + str(field["name"]) for field in conf.extra_fields()}
    tags = [
        one
        for one in found
        if one.place.startswith(EXTRA)
        and one.place not in declared
        and not one.column.lower().startswith(_EXPLICIT)
    ]
    if len(tags) > MAX_PROPOSED_TAGS:
        found = [Mapped(one.column, IGNORE, one.unit) if one in tags else one for one in found]
    return found


def _holds_types(values: Sequence[Any]) -> bool:
    texts = {type_of(str(value)) for value in values if str(value).strip()}
    return not texts or bool(texts & {Target.SIDEREAL, Target.NON_SIDEREAL})


def type_of(text: str) -> str:
    """Return the type of target that a text means, or the text itself."""
    plain = text.strip().upper().replace("-", "_").replace(" ", "_")
    return "NON_SIDEREAL" if plain == "NONSIDEREAL" else plain


def _looks_like_names(values: Sequence[Any]) -> bool:
    texts = [str(value).strip() for value in values if str(value).strip()]
    return bool(texts) and all(re.search(r"[A-Za-z]", text) and len(text) <= 100 for text in texts)


def check_mapping(mapping: Sequence[Mapped]) -> list[str]:
    """Return what is wrong with a mapping as a whole, in sentences."""
    problems = []
    known = {*fields_by_name(), *MANY, ALIAS, IGNORE}
    places = [one.place for one in mapping]
    for one in mapping:
        if one.place.startswith(EXTRA):
            key = one.place.removeprefix(EXTRA)
            if not key or len(key) > KEY_LENGTH:
                problems.append(
                    f"Column {one.column}: an extra field needs a key of 1 to {KEY_LENGTH} characters."
                )
            elif key in {field.name for field in Target._meta.get_fields()}:
                problems.append(f"Column {one.column}: {key} is a field of targets, not an extra field.")
        elif one.place not in known:
            problems.append(f"Column {one.column}: there is no place {one.place!r} in a target.")
    for place in dict.fromkeys(places):
        if place not in (IGNORE, ALIAS, *MANY) and places.count(place) > 1:
            columns = ", ".join(one.column for one in mapping if one.place == place)
            problems.append(f"The columns {columns} all go to {place.removeprefix(EXTRA)}; choose one.")
    if "name" not in places:
        problems.append("No column goes to the name of the target; choose one.")
    return problems
