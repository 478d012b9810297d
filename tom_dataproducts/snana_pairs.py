"""HEAD and PHOT files of SNANA that come in together: finds the rows of the target among the light curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tom_common.astro.sky_match import separation_arcsec
from tom_dataproducts.formats import FormatError, Mapping, recognise
from tom_dataproducts.formats.snana import SnanaHead, SnanaObject, head_of_file, is_phot
from tom_dataproducts.upload_forms import PLAIN

NEAR_ARCSEC = 2.0


@dataclass(frozen=True)
class Plan:
    """How one file of a pair is taken: as which type, by which mapping; or why it is refused."""

    type_choice: str | None = None
    mapping: Mapping | None = None
    refusal: str = ""


def plans_for(files: Sequence[Any], target: Any) -> dict[int, Plan]:
    """Return how files of SNANA among those of one upload are taken, by their place; nothing for others.

    Parameters
    ----------
    files : sequence of UploadedFile
    target : BaseTarget
        Its object is found by a name, else as the nearest within `NEAR_ARCSEC`.
    """
    if len(files) < 2:
        return {}
    heads: dict[int, SnanaHead] = {}
    phots: list[int] = []
    for place, file in enumerate(files):
        try:
            if (head := head_of_file(file)) is not None:
                heads[place] = head
            elif is_phot(file):
                phots.append(place)
        except FormatError:
            continue  # what is wrong with it is said where it is read
    plans: dict[int, Plan] = {}
    for place, head in heads.items():
        phot = _phot_of(head, files, phots, alone=len(heads) == 1)
        if phot is not None:
            plans |= _plans_of_pair(place, head, phot, files, target)
    return plans


def _phot_of(head: SnanaHead, files: Sequence[Any], phots: list[int], *, alone: bool) -> int | None:
    wanted = _stem(head.phot_file)
    named = next((place for place in phots if _stem(str(files[place].name)) == wanted), None)
    return phots[0] if named is None and alone and len(phots) == 1 else named


def _stem(name: str) -> str:
    return name.rpartition("/")[2].lower().removesuffix(".gz").removesuffix(".fz")


def _plans_of_pair(
    place: int, head: SnanaHead, phot: int, files: Sequence[Any], target: Any
) -> dict[int, Plan]:
    found = object_of(head, target)
    if found is None:
        text = f"{files[place].name}: {_none_text(head, target)} Nothing of it is stored."
        said = f"{files[phot].name}: belongs to {files[place].name}; not stored either."
        return {place: Plan(refusal=text), phot: Plan(refusal=said)}
    file = files[phot]
    try:
        proposed = recognise(file, str(file.name), "photometry").mapping()
    except FormatError as error:
        return {phot: Plan(refusal=f"{file.name}: {error}")}
    finally:
        file.seek(0)
    rows = f"{found.first_row}-{found.last_row}"
    return {
        place: Plan(type_choice=PLAIN),
        phot: Plan(mapping=replace(proposed, options={**proposed.options, "rows": rows})),
    }


def object_of(head: SnanaHead, target: Any) -> SnanaObject | None:
    """Return the object of a HEAD file that is a target: by a name, else the nearest; None if none is."""
    names = {_plain(name) for name in target.names}
    for one in head.objects:
        if names & {_plain(name) for name in one.names}:
            return one
    near = [(away, one) for one in head.objects if (away := _away(one, target)) <= NEAR_ARCSEC]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _plain(name: str) -> str:
    return "".join(str(name).split()).lower()


def _away(one: SnanaObject, target: Any) -> float:
    """Return how far an object is from a target in arcsec; infinitely far where a position is not known."""
    if target.ra is None or target.dec is None or not math.isfinite(one.ra_deg + one.dec_deg):
        return math.inf
    return float(separation_arcsec(one.ra_deg, one.dec_deg, target.ra, target.dec))


def _none_text(head: SnanaHead, target: Any) -> str:
    if not head.objects:
        return "it holds no object."
    away, nearest = min(((_away(one, target), one) for one in head.objects), key=lambda pair: pair[0])
    name = nearest.names[0] if nearest.names else "one without a name"
    distance = f" (the nearest, {name}, is {_angle(away)} away)" if math.isfinite(away) else ""
    return (
        f"none of its {len(head.objects):,} objects is {target.name}, by a name or within"
        f" {NEAR_ARCSEC:g} arcsec{distance}. Upload the files to the target of their object, or give that"
        " target the SNID as an alias."
    )


def _angle(arcsec: float) -> str:
    return f"{arcsec:.1f} arcsec" if arcsec < 3600 else f"{arcsec / 3600:.1f} deg"
