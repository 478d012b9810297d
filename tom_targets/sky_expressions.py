"""Conditions and distances on the sky as single database expressions.

Put together from Django's functions they would take longer to compile than the database takes to answer.
Called by ``sky_search`` and ``sky_regions``, which check the numbers: they stand in the statement as such.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.db.models import F, FloatField, Func

from tom_targets.list_expressions import Condition, is_page

# Added to angles, in degrees, before they are subtracted: PostgreSQL refuses to square numbers like 1e-200,
# the difference of two positions that nobody can tell apart.
RA_OFFSET, DEC_OFFSET = 512.0, 128.0
_RADIAN = math.pi / 180.0
_DEEPEST = 100
_SKY = 12 * 4**29


def _literal(number: float) -> str:
    return f"({float(number)!r})"


class Separation(Func):
    """Great-circle distance of a row from a position, in degrees.

    The haversine formula is exact up to 90 degrees and loses milliarcseconds near 180; with that of the
    opposite point (`is_far`) it is exact everywhere.
    """

    output_field = FloatField()

    def __init__(self, ra_deg: float, dec_deg: float, *, is_far: bool) -> None:
        super().__init__(F("ra"), F("dec"))
        self.ra_deg, self.dec_deg, self.is_far = ra_deg, dec_deg, is_far

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return the formula for this row and position."""
        ra, dec = (compiler.compile(source)[0] for source in self.get_source_expressions())
        half = _literal(_RADIAN / 2.0)
        half_dec = f"(({dec} + {DEC_OFFSET}) - {_literal(self.dec_deg + DEC_OFFSET)}) * {half}"
        half_ra = f"(({ra} + {RA_OFFSET}) - {_literal(self.ra_deg + RA_OFFSET)}) * {half}"
        cosines = (
            f"COS((({dec} + {DEC_OFFSET}) - {DEC_OFFSET}) * {_literal(_RADIAN)})"
            f" * {_literal(math.cos(math.radians(self.dec_deg)))}"
        )
        near = f"POWER(SIN({half_dec}), 2.0) + {cosines} * POWER(SIN({half_ra}), 2.0)"
        degrees = _literal(360.0 / math.pi)
        if not self.is_far:
            least = "MIN" if connection.vendor == "sqlite" else "LEAST"
            return f"(ASIN(SQRT({least}({near}, 1.0))) * {degrees})", []
        middle_dec = f"(({dec} + {DEC_OFFSET}) + {_literal(self.dec_deg - DEC_OFFSET)}) * {half}"
        far = f"POWER(SIN({middle_dec}), 2.0) + {cosines} * POWER(COS({half_ra}), 2.0)"
        return f"(ATAN2(SQRT({near}), SQRT({far})) * {degrees})", []


class InIndexRanges(Condition):
    """Whether the sky index of a row lies in one of some ranges, both ends included.

    Parameters
    ----------
    ranges : sequence of (int, int)
    are_many : bool
        Whether so many rows lie there that a page of a list is found sooner in the order of the list.
    """

    def __init__(self, ranges: Sequence[tuple[int, int]], *, are_many: bool = False) -> None:
        super().__init__(F("sky_index"))
        self.ranges = [(int(first), int(last)) for first, last in ranges]
        self.are_many = are_many

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return one comparison a range, each of which the index answers."""
        index, _parameters = compiler.compile(self.get_source_expressions()[0])
        if walked := self.are_many and is_page(compiler):
            index = f"(+{index})"
            found = [f"({index} >= {first} AND {index} <= {last})" for first, last in self.ranges]
        elif connection.vendor == "sqlite":
            found = [_likely_range(index, first, last) for first, last in self.ranges]
        else:
            found = [f"({index} >= {first} AND {index} <= {last})" for first, last in self.ranges]
        while len(found) > _DEEPEST:  # SQLite refuses a thousand in one chain
            found = [
                f"({' OR '.join(found[place : place + _DEEPEST])})"
                for place in range(0, len(found), _DEEPEST)
            ]
        sql = f"({' OR '.join(found) or '1 = 0'})"
        return self.on_the_way(sql, connection) if walked else sql, []


def _likely_range(index: str, first: int, last: int) -> str:
    """Return a range with what SQLite does not know of it: which part of the sky it is.

    Without, a list in the order of another column is walked through to find the few rows of a small circle.
    """
    part = min(max(math.sqrt((last - first + 1) / _SKY), 1e-6), 1.0)
    return f"(likelihood({index} >= {first}, {part:.9f}) AND likelihood({index} <= {last}, {part:.9f}))"


class _Exact(Condition):
    def _written(self, sql: str, compiler: Any, connection: Any) -> str:
        return self.on_the_way(sql, connection) if self.are_many and is_page(compiler) else sql


class InBox(_Exact):
    """Whether a position lies between two meridians and two parallels, borders included.

    Opaque to the planner on purpose: the indices of ``ra`` and ``dec`` alone would give it a whole belt.
    """

    def __init__(self, ra_from: float, ra_to: float, dec_from: float, dec_to: float) -> None:
        super().__init__(F("ra"), F("dec"))
        self.ra_from, self.ra_to, self.dec_from, self.dec_to = ra_from, ra_to, dec_from, dec_to

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return the comparisons; right ascensions are stored from 0 to 360, or as they came."""
        ra, dec = (f"({compiler.compile(source)[0]} + 0.0)" for source in self.get_source_expressions())
        parallels = f"{dec} >= {_literal(self.dec_from)} AND {dec} <= {_literal(self.dec_to)}"
        if self.ra_to - self.ra_from >= 360.0:
            return self._written(f"({parallels})", compiler, connection), []
        turns = (
            f"({ra} >= {_literal(self.ra_from + turn)} AND {ra} <= {_literal(self.ra_to + turn)})"
            for turn in (0.0, -360.0, 360.0)
        )
        return self._written(f"({parallels} AND ({' OR '.join(turns)}))", compiler, connection), []


class InPolygon(_Exact):
    """Whether a position lies in one of some spherical triangles, its border included."""

    def __init__(self, triangles: Sequence[Any]) -> None:
        super().__init__(F("ra"), F("dec"))
        self.triangles = tuple(
            tuple(tuple(float(one) for one in side) for side in sides) for sides in triangles
        )

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return, for each triangle, on which side of three great circles a position has to lie."""
        ra, dec = (compiler.compile(source)[0] for source in self.get_source_expressions())
        x, y, z = self._vector(ra, dec)
        found = []
        for sides in self.triangles:
            tests = (f"({x} * ({a!r}) + {y} * ({b!r}) + {z} * ({c!r})) >= -1e-15" for a, b, c in sides)
            found.append(f"({' AND '.join(tests)})")
        return self._written(f"({' OR '.join(found)})", compiler, connection), []

    @staticmethod
    def _vector(ra: str, dec: str) -> tuple[str, str, str]:
        radian = _literal(_RADIAN)
        ra_rad = f"((({ra} + {RA_OFFSET}) - {RA_OFFSET}) * {radian})"
        dec_rad = f"((({dec} + {DEC_OFFSET}) - {DEC_OFFSET}) * {radian})"
        return f"COS({dec_rad}) * COS({ra_rad})", f"COS({dec_rad}) * SIN({ra_rad})", f"SIN({dec_rad})"
