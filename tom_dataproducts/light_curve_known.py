"""What is known of a target that its light curve can be corrected by: dust, distance, periods.

Values are looked for in the fields of the target, in those of a project's own target class, and in extra
fields.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from tom_common.astro.distance import MAX_REDSHIFT
from tom_common.astro.extinction import DEFAULT_R_V, MAX_EBV
from tom_dataproducts.models import GalacticDust, PeriodSearch
from tom_dataproducts.periods import searches_of
from tom_targets.models import BaseTarget

_CANDIDATES = 3

# Names without case and signs, the most trusted first.
_EXCESS = ("ebvsf11", "ebvmw", "mwebv", "galacticebv", "ebvgal", "ebv", "reddening")
_EXTINCTION_V = ("avmw", "mwav", "avgal", "av")
_REDSHIFT = (
    "redshift", "specz", "zspec", "zhelio", "zcmb", "hostredshift", "redshifthost", "zhost", "hostz",
    "photoz", "zphot", "z",
)  # fmt: skip
_MODULUS = ("distancemodulus", "distmod", "mu")


@dataclass(frozen=True)
class Value:
    """A number and where it is from; `kind` says what of a distance: ``z``, ``pc``, ``plx`` or ``mu``."""

    value: float
    words: str
    kind: str = ""
    error: float | None = None


@dataclass
class Known:
    """What the viewer of a light curve may start from; the first of each is proposed."""

    excesses: list[Value] = field(default_factory=list)
    distances: list[Value] = field(default_factory=list)
    periods: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def known_of(target: BaseTarget, *, user: Any, dust: GalacticDust | None) -> Known:
    """Return what is known of a target that the user sees; two queries.

    Parameters
    ----------
    target : BaseTarget
    user : User or AnonymousUser
    dust : GalacticDust, optional
        What was fetched for the target.
    """
    named = dict(_named_values(target))
    known = Known(_excesses(named), _distances(target, named))
    if dust is not None and dust.ebv_sf11_mag is not None and dust.is_of(target):
        words = f"IRSA, Schlafly & Finkbeiner (2011), fetched {dust.fetched:%Y-%m-%d}"
        known.excesses.append(Value(dust.ebv_sf11_mag, words))
    if target.ephemeris_period:
        period = {"period_d": target.ephemeris_period, "words": "ephemeris of the target"}
        known.periods.append({**period, "epoch_mjd": target.ephemeris_epoch})
    for search in searches_of(target, user=user).exclude(result=None)[:5]:
        known.periods += _periods_of(search, user)
    return known


def _periods_of(search: PeriodSearch, user: Any) -> Iterator[dict[str, Any]]:
    result = search.result or {"candidates": []}
    who = (
        "" if search.user is None or search.user_id == user.pk else f", found by {search.user.get_username()}"
    )
    for number, found in enumerate(result["candidates"][:_CANDIDATES], 1):
        remark = f", {found['remark']}" if found["remark"] else ""
        words = f"{search.bands.replace(',', ' ')}, no. {number}{remark}{who}"
        yield {"period_d": found["period_d"], "words": words, "epoch_mjd": None}


def _named_values(target: BaseTarget) -> Iterator[tuple[str, tuple[float, str]]]:
    """Yield numbers of extra fields and of a project's own columns, by simplified name."""
    for extra in target.targetextra_set.all():
        value = extra.float_value if extra.float_value is not None else _number(extra.value)
        if value is not None:
            yield _simple(extra.key), (value, f"extra field {extra.key}")
    base = {column.name for column in BaseTarget._meta.concrete_fields}
    for column in target._meta.concrete_fields:
        value = None if column.name in base or column.is_relation else _number(getattr(target, column.name))
        if value is not None:
            yield _simple(column.name), (value, f"field {column.name}")


def _simple(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _excesses(named: dict[str, tuple[float, str]]) -> list[Value]:
    found = [Value(*named[key]) for key in _EXCESS if key in named and 0.0 <= named[key][0] <= MAX_EBV]
    for key in _EXTINCTION_V:
        if key in named and 0.0 <= named[key][0] <= MAX_EBV:
            value, words = named[key]
            found.append(Value(round(value / DEFAULT_R_V, 5), f"{words} = A_V, divided by {DEFAULT_R_V:g}"))
    return found


def _distances(target: BaseTarget, named: dict[str, tuple[float, str]]) -> list[Value]:
    found = []
    if target.distance is not None and target.distance > 0:
        found.append(Value(target.distance, "distance of the target", "pc", target.distance_err))
    found += [Value(*named[key], kind="mu") for key in _MODULUS if key in named]
    for key in _REDSHIFT:
        if key in named and 0.0 < named[key][0] <= MAX_REDSHIFT:
            found.append(Value(*named[key], kind="z"))
    if target.parallax is not None and target.parallax > 0:
        found.append(Value(target.parallax, "parallax of the target", "plx"))
    return found
