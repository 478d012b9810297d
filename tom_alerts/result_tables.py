"""The results of a query as a table that filters judge. Pure but for its input."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tom_alerts.expressions.tree import NUMBER
from tom_alerts.expressions.vocabulary import EXTRAS, field_named
from tom_alerts.field_values import floats_of, of_kind
from tom_alerts.values import finite_or_none, plain_column
from tom_common.astro.galactic import galactic_from_icrs
from tom_common.astro.time import JD_OF_MJD_0, datetime_to_mjd_utc


class ResultTable:
    """What a query found, as its page shows it: name, position, magnitude, time, score and whatever else.

    Parameters
    ----------
    results : sequence of QueryResult
    """

    def __init__(self, results: Sequence[Any]) -> None:
        self.results = results
        self._columns: dict[str, Sequence[Any]] = {}

    def __len__(self) -> int:
        return len(self.results)

    def column(self, key: str) -> Sequence[Any]:
        """Return the values of a field, one for each result; what a query does not tell is missing."""
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = self._made(key)
        return found

    def _made(self, key: str) -> Sequence[Any]:
        if key == "object":
            return [result.name or result.result_id for result in self.results]
        if key in ("ra", "dec"):
            return [getattr(result, key) for result in self.results]
        if key == "mjd":
            return [mjd_of(result.values.get("timestamp")) for result in self.results]
        if key in ("gal_lon", "gal_lat"):
            ra, dec = (floats_of(self.column(name)) for name in ("ra", "dec"))
            return plain_column(np.asarray(galactic_from_icrs(ra, dec)[int(key == "gal_lat")]))
        name = key.removeprefix(EXTRAS)
        values = (result.values.get(name) for result in self.results)
        field = field_named(key)
        if field is not None and field.kind == NUMBER:
            return [_number(value) for value in values]
        return of_kind(list(values), key)


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return finite_or_none(found)


def mjd_of(value: Any) -> float | None:
    """Return a broker's time as MJD: an ISO date, a Julian date, an MJD; None for anything else."""
    number = _number(value)
    if number is not None:
        return number - JD_OF_MJD_0 if number > 2_000_000 else number if 15_000 < number < 150_000 else None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return float(datetime_to_mjd_utc(moment))
