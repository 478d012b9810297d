"""One box for everything: says what somebody means by a text, a name, a position or a tag, and finds it.

Called by the search page, its suggestions, and the filter ``query`` of target lists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from tom_common import conf as common_conf
from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.astro.typed_position import TypedPosition, read_position
from tom_common.hooks import import_method
from tom_targets.derived import simplify_name
from tom_targets.extra_search import has_extra
from tom_targets.formats import with_minus
from tom_targets.models import Target
from tom_targets.name_search import Hit, Place, first_named, named, named_like
from tom_targets.sky_search import MAX_RADIUS_ARCSEC, cone

POSITION_RADIUS_ARCSEC = 60.0
"""How near a target has to be to a position that was typed without a radius."""
NAME, POSITION, TAG, OWN, NOTHING = "name", "position", "tag", "own", "nothing"
_TAG = re.compile(r"^(?:#|tag\s*[:=])\s*(?P<tag>.+)$", re.IGNORECASE)
_KEY_VALUE = re.compile(r"^(?P<key>[A-Za-z_][\w .-]*?)\s*=\s*(?P<value>.+)$")
_MAX_LENGTH = 200


@dataclass(frozen=True)
class Meaning:
    """What a text means: kind, the position or the tag behind it, and the text as a name."""

    kind: str
    text: str
    position: TypedPosition | None = None
    key: str = ""
    value: str = ""

    @property
    def radius_arcsec(self) -> float:
        """Radius around the position."""
        typed = self.position.radius_arcsec if self.position else None
        return POSITION_RADIUS_ARCSEC if typed is None else min(typed, MAX_RADIUS_ARCSEC)

    @property
    def words(self) -> str:
        """The meaning in words, for whoever typed it."""
        if self.kind == POSITION and self.position:
            place = f"{ra_to_hms(self.position.ra_deg)} {dec_to_dms(self.position.dec_deg)}"
            degrees = f"{self.position.ra_deg:.6f}°, {self.position.dec_deg:+.6f}°"
            return with_minus(f"the position {place} ({degrees}, ICRS), within {angle(self.radius_arcsec)}")
        if self.kind == TAG:
            if self.key and self.value:
                return f"the tag or extra field {self.key} with a value that contains {self.value}"
            return f"the tag or extra field {self.key}"
        if self.kind == OWN:
            return f"{self.text}, by the search of this TOM"
        return f"the name or alias {self.text}"


@dataclass
class Found:
    """What one means by a text, and the first targets that fit."""

    meaning: Meaning
    hits: list[Hit] = field(default_factory=list)
    has_more: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether exactly one target bears the name that was typed."""
        return self.meaning.kind == NAME and sum(hit.is_exact for hit in self.hits) == 1


def angle(arcsec: float) -> str:
    """Write a small angle in the unit that suits it."""
    if arcsec < 60.0:
        return f"{arcsec:.3g}″"
    return f"{arcsec / 60.0:.3g}′" if arcsec < 3600.0 else f"{arcsec / 3600.0:.4g}°"


def meaning_of(text: str) -> Meaning:
    """Say what a text looks like; whether a target bears it as a name, nobody has looked yet."""
    text = " ".join(str(text).split())[:_MAX_LENGTH]
    if not text:
        return Meaning(NOTHING, "")
    if own_search() is not None:
        return Meaning(OWN, text)
    if found := _TAG.match(text):
        key, _, value = found["tag"].partition("=")
        return Meaning(TAG, text, key=key.strip(), value=value.strip())
    if position := read_position(text):
        return Meaning(POSITION, text, position=position)
    if found := _KEY_VALUE.match(text):
        return Meaning(TAG, text, key=found["key"], value=found["value"].strip())
    return Meaning(NAME, text)


def find(targets: QuerySet, text: str, *, limit: int) -> Found:
    """Return what a text means, and the first targets that fit.

    A name that a target bears comes before everything that a text may look like: ``2004 12`` and
    ``J123456-123456`` are names where somebody gave them.

    Parameters
    ----------
    targets : QuerySet of targets
        Those to look among.
    text : str
    limit : int
        How many targets to return.
    """
    meaning = meaning_of(text)
    if meaning.kind == NOTHING:
        return Found(meaning)
    if meaning.kind == OWN:
        return _found(meaning, [Hit(target) for target in search(targets, text)[: limit + 1]], limit)
    if meaning.kind == TAG:
        return _found(meaning, _tagged_hits(targets, meaning, limit), limit)
    as_name = Meaning(NAME, meaning.text)
    hits = first_named(targets, meaning.text, limit=limit + 1)
    if meaning.kind == POSITION and not any(hit.is_exact for hit in hits):
        near = _around(targets, meaning).order_by("separation", "pk")[: limit + 1]
        found = [Hit(target, separation_arcsec=target.separation * 3600.0) for target in near]
        return _found(meaning, found, limit) if found or not hits else _found(as_name, hits, limit)
    if not hits:
        as_tag = Meaning(TAG, meaning.text, key=meaning.text)
        if tagged := _tagged_hits(targets, as_tag, limit):
            return _found(as_tag, tagged, limit)
    return _found(as_name, hits, limit)


def search(targets: QuerySet, text: str) -> QuerySet:
    """Return the targets that a text means, for a list; the annotation ``separation`` comes with a position.

    A project replaces it by ``GENERAL_SEARCH_FUNCTIONS = {"tom_targets.Target": "path.of.function"}``.
    """
    meaning = meaning_of(text)
    if own := own_search():
        return own(targets, "query", text)
    if meaning.kind == NOTHING:
        return targets
    if meaning.kind == TAG:
        return targets.filter(_is_tagged(meaning))
    if meaning.kind == POSITION:
        near = _around(targets, meaning)
        exact = Target.matches.match_fuzzy_name(meaning.text, targets)
        if not exact.exists() and (near.exists()):
            return near
        return named_like(targets, meaning.text, Place.BEGINNING)
    by_name = named(targets, meaning.text)
    if by_name.exists():
        return by_name
    return targets.filter(_is_tagged(Meaning(TAG, meaning.text, key=meaning.text)))


def own_search() -> Any:
    """Return the function with which a project replaces the search, or None."""
    functions = common_conf.general_search_functions()
    for label in (f"{Target._meta.app_label}.{Target.__name__}", "tom_targets.Target"):
        if label in functions:
            return import_method(functions[label])
    return None


def _found(meaning: Meaning, hits: Sequence[Hit], limit: int) -> Found:
    return Found(meaning, list(hits[:limit]), len(hits) > limit)


def _around(targets: QuerySet, meaning: Meaning) -> QuerySet:
    if meaning.position is None:
        return targets.none()
    return cone(
        targets,
        ra_deg=meaning.position.ra_deg,
        dec_deg=meaning.position.dec_deg,
        radius_arcsec=meaning.radius_arcsec,
    )


def _is_tagged(meaning: Meaning) -> Q:
    return has_extra(key=meaning.key, value=meaning.value)


def _tagged_hits(targets: QuerySet, meaning: Meaning, limit: int) -> list[Hit]:
    if not simplify_name(meaning.key):
        return []
    return [
        Hit(target, why=meaning.key)
        for target in targets.filter(_is_tagged(meaning)).order_by("-pk")[: limit + 1]
    ]


def place(target: Any) -> str:
    """Write the position of a target, empty without one."""
    if target.ra is None or target.dec is None:
        return ""
    return with_minus(f"{ra_to_hms(target.ra, decimals=2)} {dec_to_dms(target.dec, decimals=1)}")
